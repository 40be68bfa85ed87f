"""Texts with a label: IMDB, the Stanford Sentiment Treebank and TREC."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.field import Field
from textkit.compat.torchtext.data.iterator import BucketIterator
from textkit.compat.torchtext.data.pipeline import Pipeline
from textkit.compat.torchtext.data.text_lines import text_lines
from textkit.compat.torchtext.datasets.files import OWN, NamedDataset
from textkit.data.catalog import entry
from textkit.data.catalog_tables import read_table

_SENTIMENTS = {"0": "negative", "1": "negative", "2": "neutral", "3": "positive", "4": "positive"}


class LabeledTexts(NamedDataset):
    """Texts with a label, in the fields "text" and "label"."""

    @staticmethod
    def sort_key(ex: Any) -> int:
        """Return the number of tokens."""
        return len(ex.text)

    @classmethod
    def iters(
        cls, batch_size: int = 32, device: Any = None, root: str = ".data", vectors: Any = None, **kwargs: Any
    ) -> tuple[Any, ...]:
        """Read the splits, build vocabularies of the training data, and return an iterator for each split.

        Args:
            batch_size: Number of examples of a batch.
            device: Device of the tensors; None for the CPU.
            root: Folder of all data sets.
            vectors: Vectors for the vocabulary of the texts; see `Vocab.load_vectors`.
            **kwargs: Arguments of `splits`.
        """
        text, label = Field(), Field(sequential=False)
        read: Any = cls.splits
        splits = read(text, label, root=root, **kwargs)
        text.build_vocab(splits[0], vectors=vectors)
        label.build_vocab(splits[0])
        return BucketIterator.splits(splits, batch_size=batch_size, device=device)


class _TrainAndTest(LabeledTexts):
    """Labeled texts in two splits."""

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        text_field: Any,
        label_field: Any,
        root: str = ".data",
        train: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            text_field: Field of the texts.
            label_field: Field of the labels.
            root: Folder of all data sets.
            train: File or folder of the training data; `OWN` for that of the class, None for none.
            test: File or folder of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training and test data.
        """
        names = {"train": train, "test": test}
        return cls.named_splits(root, names, text_field=text_field, label_field=label_field, **kwargs)


class IMDB(_TrainAndTest):
    """50,000 movie reviews: the folder ``root/imdb/aclImdb``, or the table of textkit's catalog.

    In a folder, reviews are in the order of their names; in torchtext it was that of the file system.

    Args:
        path: Folder with the folders "pos" and "neg", or the table.
        text_field: Field of the reviews.
        label_field: Field of the labels, "pos" and "neg".
        **kwargs: Arguments of `Dataset`.

    Raises:
        FileNotFoundError: If there are no reviews.
    """

    name = "imdb"
    dirname = "aclImdb"
    files: ClassVar = {"train": "train", "test": "test"}
    catalog_name = "imdb"
    urls: ClassVar = ["https://ai.stanford.edu/~amaas/data/sentiment/"]

    def __init__(self, path: str, text_field: Any, label_field: Any, **kwargs: Any) -> None:
        fields = [("text", text_field), ("label", label_field)]
        reviews = _folder(path) if Path(path).is_dir() else _table(path)
        super().__init__([Example.fromlist(review, fields) for review in reviews], fields, **kwargs)


class SST(LabeledTexts):
    """Stanford Sentiment Treebank: ``root/sst/trees/train.txt``, ``dev.txt`` and ``test.txt``.

    Args:
        path: File with a tree in each line.
        text_field: Field of the texts.
        label_field: Field of the labels, whose ``preprocessing`` is replaced.
        subtrees: Whether each phrase is an example, beside the sentences.
        fine_grained: Whether there are five labels, from "very negative" to "very positive", rather than three.
        **kwargs: Arguments of `Dataset`.

    Raises:
        ValueError: If a line is no tree.
    """

    name = "sst"
    dirname = "trees"
    files: ClassVar = {"train": "train.txt", "validation": "dev.txt", "test": "test.txt"}
    urls: ClassVar = ["https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"]

    def __init__(
        self,
        path: str,
        text_field: Any,
        label_field: Any,
        subtrees: bool = False,
        fine_grained: bool = False,
        **kwargs: Any,
    ) -> None:
        fields = [("text", text_field), ("label", label_field)]
        names = dict(_SENTIMENTS)
        if fine_grained:
            names.update({"0": "very negative", "4": "very positive"})
        label_field.preprocessing = Pipeline(names.get)
        examples: list[Example] = []
        for number, line in enumerate(text_lines(path), 1):
            try:
                found = Example.fromtree(line, fields, subtrees)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            examples += found if subtrees else [found]
        super().__init__(examples, fields, **kwargs)

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        text_field: Any,
        label_field: Any,
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        train_subtrees: bool = False,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            text_field: Field of the texts.
            label_field: Field of the labels.
            root: Folder of all data sets.
            train: File of the training data; `OWN` for that of the class, None for none.
            validation: File of the validation data.
            test: File of the test data.
            train_subtrees: Whether each phrase of the training data is an example.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.
        """
        names = {"train": train, "validation": validation, "test": test}
        options = {"train": {"subtrees": train_subtrees}}
        return cls.named_splits(root, names, options, text_field=text_field, label_field=label_field, **kwargs)


class TREC(_TrainAndTest):
    """TREC questions: ``root/trec/train_5500.label`` and ``TREC_10.label``, or those of textkit's catalog.

    Args:
        path: File with a label and a question in each line.
        text_field: Field of the questions.
        label_field: Field of the labels.
        fine_grained: Whether to keep the 50 fine labels, rather than the 6 coarse ones.
        **kwargs: Arguments of `Dataset`.
    """

    name = "trec"
    files: ClassVar = {"train": "train_5500.label", "test": "TREC_10.label"}
    catalog_name = "trec"
    urls: ClassVar = ["https://cogcomp.seas.upenn.edu/Data/QA/QC/"]

    def __init__(self, path: str, text_field: Any, label_field: Any, fine_grained: bool = False, **kwargs: Any) -> None:
        fields = [("text", text_field), ("label", label_field)]
        examples = []
        for line in text_lines(path, "latin-1"):
            label, _, text = _question(line).partition(" ")
            if not fine_grained:
                label = label.partition(":")[0]
            examples.append(Example.fromlist([text, label], fields))
        super().__init__(examples, fields, **kwargs)


def _question(line: str) -> str:
    """Decode a line. One question has the byte f0 for a space, as it is or in UTF-8."""
    content = line.encode("latin-1")
    try:
        return content.decode("utf-8").replace("\u00f0", " ")
    except UnicodeDecodeError:
        return content.replace(b"\xf0", b" ").decode("utf-8")


def _folder(path: str) -> Iterator[tuple[str, str]]:
    found = False
    for label in ("pos", "neg"):
        for file in sorted(Path(path, label).glob("*.txt")):
            found = True
            yield next(text_lines(str(file)), ""), label
    if not found:
        raise FileNotFoundError(
            f"path must have reviews in {path}/pos and {path}/neg, got no .txt files; unpack it there"
        )


def _table(path: str) -> Iterator[tuple[str, str]]:
    for row in read_table(Path(path), entry("imdb").table()):
        yield row["text"], row["label"][:3]  # positive, negative
