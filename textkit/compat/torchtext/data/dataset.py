"""Data sets: examples and their fields."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch.utils.data

from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.shuffling import RandomShuffler
from textkit.compat.torchtext.data.splitting import split_ratios, split_shuffled, strata


class Dataset(torch.utils.data.Dataset[Example]):
    """Examples, with the fields that describe their values.

    ``dataset.name`` iterates over the values of the field ``name``.

    Args:
        examples: The examples.
        fields: (name, field) pairs, or a dict of them; a name may be a tuple, for a tuple of fields.
        filter_pred: Keeps the examples for which it is true; None keeps all.

    Attributes:
        examples: List of the examples.
        fields: Field of each name.
        sort_key: Key by which iterators sort examples, usually a length.

    >>> from textkit.compat.torchtext.data.field import Field
    >>> fields = [("text", Field())]
    >>> dataset = Dataset([Example.fromlist(["to be"], fields)], fields)
    >>> len(dataset), dataset[0].text, list(dataset.text)
    (1, ['to', 'be'], [['to', 'be']])
    """

    # Subclasses define a static method; instances may have a function of their own.
    sort_key: ClassVar[Any] = None

    def __init__(
        self,
        examples: Iterable[Example],
        fields: Sequence[tuple[Any, Any]] | Mapping[Any, Any],
        filter_pred: Callable[[Example], bool] | None = None,
    ) -> None:
        self.examples = list(examples) if filter_pred is None else list(filter(filter_pred, examples))
        self.fields: dict[str, Any] = {}
        tuples: dict[str, Any] = {}
        for name, field in dict(fields).items():
            if isinstance(name, tuple):
                tuples.update(zip(name, field, strict=False))
            else:
                self.fields[name] = field
        self.fields.update(tuples)

    @classmethod
    def splits(
        cls,
        path: str | None = None,
        root: str = ".data",
        train: str | None = None,
        validation: str | None = None,
        test: str | None = None,
        **kwargs: Any,
    ) -> tuple["Dataset", ...]:
        """Make the data sets of several splits, such as training and test data.

        Args:
            path: Folder of the files, or what their paths begin with; None for ``root/name/dirname`` of the class.
            root: Folder of all data sets.
            train: Path of the training data within ``path``; None for none.
            validation: Path of the validation data; None for none.
            test: Path of the test data; None for none.
            **kwargs: Arguments of the class.

        Returns:
            The data sets that have a path, in this order.
        """
        if path is None:
            path = cls.download(root)
        make: Any = cls
        return tuple(make(str(Path(path, part)), **kwargs) for part in (train, validation, test) if part is not None)

    def split(
        self,
        split_ratio: float | Sequence[float] = 0.7,
        stratified: bool = False,
        strata_field: str = "label",
        random_state: Any = None,
    ) -> tuple["Dataset", ...]:
        """Split the examples at random.

        Args:
            split_ratio: Fraction of the training split, or a list of the relative sizes of training and test split, or
                of training, test and validation split, in this order.
            stratified: Whether all values of ``strata_field`` are split in the same ratio.
            strata_field: Field with the labels.
            random_state: State as from ``random.getstate()``; None for the current one, which is not changed.

        Returns:
            The training split, the validation split, if there are three, and the test split; without empty ones.

        Raises:
            ValueError: If the ratios are out of range, or there is no such field.
        """
        ratios = split_ratios(split_ratio)
        shuffle = RandomShuffler(random_state)
        groups = [self.examples]
        if stratified:
            if strata_field not in self.fields:
                raise ValueError(f"strata_field must be one of {', '.join(self.fields)}, got {strata_field!r}")
            groups = strata(self.examples, strata_field)
        parts = zip(*(split_shuffled(group, ratios, shuffle) for group in groups), strict=True)
        train, test, validation = ([example for group in part for example in group] for part in parts)
        splits = tuple(Dataset(part, self.fields) for part in (train, validation, test) if part)
        if self.sort_key:
            for each in splits:
                each.sort_key = self.sort_key  # type: ignore[misc]
        return splits

    def filter_examples(self, field_names: Sequence[str]) -> None:
        """Drop the words that are not in the vocabulary from all examples.

        Args:
            field_names: Fields to drop them from.
        """
        for name in field_names:
            words = set(self.fields[name].vocab.itos)
            for example in self.examples:
                setattr(example, name, [word for word in getattr(example, name) if word in words])

    @classmethod
    def download(cls, root: str, check: str | None = None) -> str:
        """Return the folder of the data set.

        Args:
            root: Folder of all data sets.
            check: Folder that must exist; None for ``root/name``.

        Returns:
            ``root/name/dirname``.

        Raises:
            FileNotFoundError: If there is no such folder. The addresses of 2019 are gone, so nothing is downloaded.
        """
        name, dirname = getattr(cls, "name", ""), getattr(cls, "dirname", "")  # not here, where columns are called name
        folder = Path(root) / name
        if not (Path(check) if check is not None else folder).is_dir():
            raise FileNotFoundError(f"root must have the data set in {folder}, got no such folder; put the files there")
        return str(Path(root, name, dirname))

    def __getitem__(self, i: Any) -> Any:
        return self.examples[i]

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    def __getattr__(self, attr: str) -> Any:
        fields = self.__dict__.get("fields", {})
        if attr not in fields:
            raise AttributeError(f"dataset must have the field {attr!r}, got {', '.join(fields) or 'no fields'}")
        return (getattr(example, attr) for example in self.examples)
