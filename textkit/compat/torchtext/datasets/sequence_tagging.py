"""Sentences with a tag for each word."""

import random
from collections.abc import Sequence
from typing import Any, ClassVar

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.text_lines import text_lines
from textkit.compat.torchtext.datasets.files import OWN, NamedDataset


class SequenceTaggingDataset(Dataset):
    """Columns of words and tags: a word in each line, an empty line between sentences.

    Args:
        path: The file, compressed or not.
        fields: A (name, field) pair for each column.
        encoding: Encoding of the file.
        separator: What separates the columns.
        **kwargs: Arguments of `Dataset`.
    """

    @staticmethod
    def sort_key(example: Any) -> int:
        """Return the length of the first field in the order of their names."""
        return len(getattr(example, min(vars(example))))

    def __init__(
        self, path: str, fields: Sequence[Any], encoding: str = "utf-8", separator: str = "\t", **kwargs: Any
    ) -> None:
        examples = []
        columns: list[list[str]] = []
        for line in text_lines(path, encoding):
            if line := line.strip():
                for index, cell in enumerate(line.split(separator)):
                    if index == len(columns):
                        columns.append([])
                    columns[index].append(cell)
            elif columns:
                examples.append(Example.fromlist(columns, fields))
                columns = []
        if columns:
            examples.append(Example.fromlist(columns, fields))
        super().__init__(examples, fields, **kwargs)


class UDPOS(NamedDataset, SequenceTaggingDataset):
    """Universal Dependencies, English: ``root/udpos/en-ud-v2/en-ud-tag.v2.train.txt`` and so on."""

    name = "udpos"
    dirname = "en-ud-v2"
    files: ClassVar = {
        "train": "en-ud-tag.v2.train.txt",
        "validation": "en-ud-tag.v2.dev.txt",
        "test": "en-ud-tag.v2.test.txt",
    }
    urls: ClassVar = ["https://universaldependencies.org"]

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        fields: Sequence[Any],
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            fields: (name, field) pairs of the words and of the tags of two kinds.
            root: Folder of all data sets.
            train: File of the training data; `OWN` for that of the class, None for none.
            validation: File of the validation data.
            test: File of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.
        """
        names = {"train": train, "validation": validation, "test": test}
        return cls.named_splits(root, names, fields=fields, **kwargs)


class CoNLL2000Chunking(NamedDataset, SequenceTaggingDataset):
    """CoNLL 2000, words with parts of speech and chunks: ``root/conll2000/train.txt`` and ``test.txt``."""

    name = "conll2000"
    files: ClassVar = {"train": "train.txt", "test": "test.txt"}
    urls: ClassVar = ["https://www.clips.uantwerpen.be/conll2000/chunking/"]

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        fields: Sequence[Any],
        root: str = ".data",
        train: str = OWN,
        test: str = OWN,
        validation_frac: float = 0.1,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits; a part of the training data becomes the validation data, always the same one.

        Args:
            fields: (name, field) pairs of the words, the parts of speech and the chunks.
            root: Folder of all data sets.
            train: File of the training data; `OWN` for that of the class.
            test: File of the test data.
            validation_frac: Fraction of the training data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.
        """
        names = {"train": train, "test": test}
        whole, last = cls.named_splits(root, names, fields=fields, separator=" ", **kwargs)
        first, validation = whole.split(1 - validation_frac, random_state=random.Random(0).getstate())
        return first, validation, last
