"""Pairs of a sentence and its translation."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

from textkit.compat.torchtext.data.batching import interleave_keys
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.text_lines import text_lines
from textkit.compat.torchtext.datasets.files import OWN, NamedDataset
from textkit.compat.torchtext.traps import warn_once

_HEADINGS = re.compile(r"<(url|keywords|talkid|description|reviewer|translator|title|speaker)")


class TranslationDataset(Dataset):
    """Pairs of lines of two files, without pairs in which one is empty.

    Args:
        path: What the paths of both files begin with.
        exts: What each path ends with, such as (".de", ".en").
        fields: Fields of "src" and "trg", or (name, field) pairs.
        **kwargs: Arguments of `Dataset`.

    Raises:
        ValueError: If a file is not UTF-8.
    """

    @staticmethod
    def sort_key(ex: Any) -> int:
        """Return a key that joins the lengths of both sentences."""
        return interleave_keys(len(ex.src), len(ex.trg))

    def __init__(self, path: str, exts: Sequence[str], fields: Sequence[Any], **kwargs: Any) -> None:
        if not isinstance(fields[0], tuple | list):
            fields = [("src", fields[0]), ("trg", fields[1])]
        examples = []
        for lines in _pairs(path + exts[0], path + exts[1]):
            stripped = [line.strip() for line in lines]
            if all(stripped):
                examples.append(Example.fromlist(stripped, fields))
        super().__init__(examples, fields, **kwargs)

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        exts: Sequence[str],
        fields: Sequence[Any],
        path: str | None = None,
        root: str = ".data",
        train: str | None = "train",
        validation: str | None = "val",
        test: str | None = "test",
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            exts: What the path of each language ends with.
            fields: Field of each language.
            path: Folder of the files; None for that of the class in ``root``.
            root: Folder of all data sets.
            train: Beginning of the names of the training data; None for none.
            validation: Beginning of the names of the validation data.
            test: Beginning of the names of the test data.
            **kwargs: Arguments of the class.

        Returns:
            The splits that have a name, in this order.
        """
        return super().splits(
            path, root, train or None, validation or None, test or None, exts=exts, fields=fields, **kwargs
        )


class _NamedTranslation(NamedDataset, TranslationDataset):
    """Translations with a name."""

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        exts: Sequence[str],
        fields: Sequence[Any],
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits.

        Args:
            exts: What the path of each language ends with, such as (".de", ".en").
            fields: Field of each language.
            root: Folder of all data sets.
            train: Beginning of the names of the training data; `OWN` for that of the class, None for none.
            validation: Beginning of the names of the validation data.
            test: Beginning of the names of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.

        Raises:
            FileNotFoundError: If there are no files.
        """
        names = {"train": train, "validation": validation, "test": test}
        return cls.named_splits(root, names, exts=exts, fields=fields, **kwargs)

    @classmethod
    def located(cls, root: str, part: str, name: str) -> str:
        """Return what the paths of a split begin with.

        Args:
            root: Folder of all data sets.
            part: "train", "validation" or "test".
            name: Beginning of the names.

        Raises:
            FileNotFoundError: If there is no folder of the data set.
        """
        return str(Path(cls.download(root), name))


class Multi30k(_NamedTranslation):
    """Multi30k: ``root/multi30k/train.de`` and so on."""

    name = "multi30k"
    files: ClassVar = {"train": "train", "validation": "val", "test": "test2016"}
    urls: ClassVar = ["https://www.statmt.org/wmt16/multimodal-task.html"]


class WMT14(_NamedTranslation):
    """WMT 2014, English and German: ``root/wmt14/train.tok.clean.bpe.32000.en`` and so on."""

    name = "wmt14"
    files: ClassVar = {
        "train": "train.tok.clean.bpe.32000",
        "validation": "newstest2013.tok.bpe.32000",
        "test": "newstest2014.tok.bpe.32000",
    }
    urls: ClassVar = ["https://nlp.stanford.edu/projects/nmt/"]


class IWSLT(_NamedTranslation):
    """IWSLT 2016, TED talks: the unpacked archive ``root/iwslt/de-en`` and so on."""

    name = "iwslt"
    files: ClassVar = {"train": "train", "validation": "IWSLT16.TED.tst2013", "test": "IWSLT16.TED.tst2014"}
    urls: ClassVar = ["https://wit3.fbk.eu"]

    @classmethod
    def splits(  # type: ignore[override]
        cls,
        exts: Sequence[str],
        fields: Sequence[Any],
        root: str = ".data",
        train: str | None = OWN,
        validation: str | None = OWN,
        test: str | None = OWN,
        **kwargs: Any,
    ) -> tuple[Dataset, ...]:
        """Read the splits; plain text is extracted from the files of the archive first.

        Args:
            exts: What the path of each language ends with, such as (".de", ".en").
            fields: Field of each language.
            root: Folder of all data sets.
            train: Beginning of the names of the training data; `OWN` for that of the class, None for none.
            validation: Beginning of the names of the validation data.
            test: Beginning of the names of the test data.
            **kwargs: Arguments of the class.

        Returns:
            Training, validation and test data.

        Raises:
            FileNotFoundError: If there are no files.
        """
        pair = f"{exts[0][1:]}-{exts[1][1:]}"
        folder = str(Path(root, cls.name, pair))
        cls.download(root, check=folder)
        cls.clean(folder)
        given = {"train": train, "validation": validation, "test": test}
        names = {part: None if name is None else f"{name or cls.files[part]}.{pair}" for part, name in given.items()}
        return cls.named_splits(root, names, path=folder, exts=exts, fields=fields, **kwargs)

    @staticmethod
    def clean(path: str) -> None:
        """Write the plain text of each ``.xml`` and ``train.tags`` file of a folder beside it.

        Args:
            path: The folder.
        """
        for file in Path(path).glob("*.xml"):
            root = ElementTree.parse(file).getroot()
            segments = [
                (segment.text or "").strip() + "\n" for document in root.iter("doc") for segment in document.iter("seg")
            ]
            file.with_suffix("").write_text("".join(segments), encoding="utf-8")
        for file in Path(path).glob("train.tags*"):
            lines = [line for line in text_lines(str(file)) if not _HEADINGS.search(line)]
            file.with_name(file.name.replace(".tags", "")).write_text("".join(lines), encoding="utf-8")


def _pairs(first: str, second: str) -> Iterator[tuple[str, str]]:
    for source, target in zip_longest(text_lines(first), text_lines(second)):
        if source is None or target is None:
            warn_once(
                "translation",
                f"{first} and {second} differ in length; the other lines are ignored, as in torchtext; align them",
            )
            return
        yield source, target
