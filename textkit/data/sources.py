"""Sources of a corpus, a text file or any other documents, read in pieces of bounded size."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

from textkit.data.tables import Document, Missing, fill
from textkit.files.reading import is_seekable_utf8, line_start, utf8_blocks

_PIECE = 1 << 20  # maximum size of a piece, in bytes or characters


class Piece(NamedTuple):
    """A document, or a piece of a long one.

    Attributes:
        content: Text or tokens.
        last: Whether this is the last piece of the document.
    """

    content: Document
    last: bool


@dataclass(frozen=True)
class TextFile:
    """A file with one document per line, or the lines between two byte offsets of it."""

    path: Path
    encoding: str
    errors: str
    begin: int = field(default=0, kw_only=True)
    end: int | None = field(default=None, kw_only=True)

    def blocks(self, block_bytes: int) -> Iterator[bytes]:
        """Yield blocks of the text in UTF-8; see ``utf8_blocks``."""
        return utf8_blocks(
            self.path,
            encoding=self.encoding,
            errors=self.errors,
            block_bytes=block_bytes,
            begin=self.begin,
            end=self.end,
        )

    def share(self, number: int, shares: int) -> "TextFile | Documents":
        """Return one of several shares: a range of bytes if a file can be read from anywhere, else every n-th line."""
        if not is_seekable_utf8(self.path, self.encoding):
            return Documents(lambda: _every(self.pieces(), number, shares))
        size = self.path.stat().st_size
        begin, end = (line_start(self.path, size * each // shares) for each in (number, number + 1))
        return replace(self, begin=begin, end=end)

    def pieces(self) -> Iterator[Piece]:
        """Yield the lines without their line endings; lines of 1 MB or more in several pieces."""
        pending = ""  # the unfinished line at the end of the last block
        for block in self.blocks(_PIECE):
            first_line, *other_lines = block.decode().split("\n")
            if other_lines:
                yield Piece((pending + first_line).removesuffix("\r"), True)
                for line in other_lines[:-1]:
                    yield Piece(line.removesuffix("\r"), True)
                pending = other_lines[-1]
            else:
                if pending:
                    yield Piece(pending, False)
                pending = first_line
        if pending:
            yield Piece(pending, True)


@dataclass(frozen=True)
class Documents:
    """Documents from any other source than a text file.

    Attributes:
        open: Returns an iterator over the documents.
        shared: Opens one of several shares, given its number and how many there are; None to take every n-th document.
        streamed: Whether the documents may be more than a disk holds, so that a process should read its share only.
    """

    open: Callable[[], Iterator[Document]]
    shared: Callable[[int, int], Iterator[Document]] | None = field(default=None, kw_only=True)
    streamed: bool = field(default=False, kw_only=True)

    def pieces(self) -> Iterator[Piece]:
        """Yield the documents; texts of 1 M characters or more in several pieces."""
        for document in self.open():
            if isinstance(document, str) and len(document) >= _PIECE:
                start = 0
                while len(document) - start >= _PIECE:
                    end = document.rfind(" ", start, start + _PIECE) + 1 or start + _PIECE
                    yield Piece(document[start:end], False)
                    start = end
                document = document[start:]
            yield Piece(document, True)

    def share(self, number: int, shares: int) -> "Documents":
        """Return one of several shares; a long text may be divided among them."""
        if self.shared is not None:
            return Documents(partial(self.shared, number, shares))
        return Documents(lambda: _every(self.pieces(), number, shares))


def _every(pieces: Iterator[Piece], number: int, shares: int) -> Iterator[Document]:
    return (piece.content for piece in islice(pieces, number, None, shares))


Part: TypeAlias = TextFile | Documents


class Texts:
    """The documents of an iterable; an iterator can be read only once."""

    def __init__(self, source: Iterable[object], missing: Missing = "error") -> None:
        self.source = source
        self.missing = missing
        self.exhausted = False

    def __call__(self) -> Iterator[Document]:
        """Yield the documents.

        Raises:
            ValueError: If the source is an iterator that has been read before.
            TypeError: If a document is neither a str nor a list of str.
        """
        if self.exhausted:
            raise ValueError(
                "source must be readable more than once, got an iterator that has been read; pass a list, or read the "
                "iterator only once"
            )
        self.exhausted = iter(self.source) is self.source
        for number, document in enumerate(self.source, start=1):
            if (filled := fill(document, f"document {number}", self.missing)) is not None:
                yield filled
