"""The parts of a corpus: a text file, or documents from elsewhere; handed on in pieces of bounded size."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from textkit.data.tables import Document, check_document
from textkit.files.reading import utf8_blocks

_PIECE = 1 << 20  # bytes or characters of a document handed on at a time


class Piece(NamedTuple):
    """A document, or a part of a long one.

    Attributes:
        content: Text, or tokens.
        last: Whether the document ends here.
    """

    content: Document
    last: bool


@dataclass(frozen=True)
class TextFile:
    """A file with a document on each line."""

    path: Path
    encoding: str
    errors: str

    def blocks(self, block_bytes: int) -> Iterator[bytes]:
        """Yield the text as UTF-8; see ``utf8_blocks``."""
        return utf8_blocks(self.path, encoding=self.encoding, errors=self.errors, block_bytes=block_bytes)

    def pieces(self) -> Iterator[Piece]:
        """Yield the lines without their ends; those of 1 MB or more in parts."""
        held = ""
        for block in self.blocks(_PIECE):
            first, *others = block.decode().split("\n")
            if others:
                yield Piece((held + first).removesuffix("\r"), True)
                for line in others[:-1]:
                    yield Piece(line.removesuffix("\r"), True)
                held = others[-1]
            else:
                if held:
                    yield Piece(held, False)
                held = first
        if held:
            yield Piece(held, True)


@dataclass(frozen=True)
class Documents:
    """Documents from anything that is not a text file."""

    open: Callable[[], Iterator[Document]]

    def pieces(self) -> Iterator[Piece]:
        """Yield the documents; texts of 1 M characters or more in parts."""
        for document in self.open():
            if isinstance(document, str) and len(document) >= _PIECE:
                start = 0
                while len(document) - start >= _PIECE:
                    end = document.rfind(" ", start, start + _PIECE) + 1 or start + _PIECE
                    yield Piece(document[start:end], False)
                    start = end
                document = document[start:]
            yield Piece(document, True)


Part: TypeAlias = TextFile | Documents


class Texts:
    """The documents of an iterable; opens an iterator once only."""

    def __init__(self, source: Iterable[object]) -> None:
        self.source = source
        self.spent = False

    def __call__(self) -> Iterator[Document]:
        """Yield the documents.

        Raises:
            ValueError: If they came from an iterator and have been read.
            TypeError: If one is neither a str nor a list of str.
        """
        if self.spent:
            raise ValueError(
                "source must be readable again, got an iterator that has been read; pass a list, or read it once"
            )
        self.spent = iter(self.source) is self.source
        for number, document in enumerate(self.source, start=1):
            yield check_document(document, f"document {number}")
