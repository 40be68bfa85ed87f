"""Count the characters, bytes and words of a corpus while it is read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from textkit.data.corpus import Corpus
from textkit.data.sources import Documents, Part, Piece, TextFile

_IS_SPACE = np.isin(np.arange(256), list(b" \t\n\r\x0b\x0c"))


@dataclass
class TextSize:
    """The size of the text read so far.

    Attributes:
        characters: Number of code points, including one line end per document.
        utf8_bytes: Number of bytes in UTF-8, including one line end per document.
        words: Number of words between white space of ASCII, and of line ends; None if they are not counted.
    """

    characters: int = 0
    utf8_bytes: int = 0
    words: int | None = 0

    def add(self, text: str) -> None:
        """Add the size of a text."""
        encoded = text.encode(errors="surrogatepass")
        self.characters += len(text)
        self.utf8_bytes += len(encoded)
        self._count(count_words(encoded))

    def add_line_end(self) -> None:
        """Add the line end after a document."""
        self.characters += 1
        self.utf8_bytes += 1
        self._count(1)

    def add_block(self, block: bytes) -> None:
        """Add the size of complete lines in UTF-8; a carriage return before a line feed is not counted."""
        # Searching for one byte is ten times as fast as counting two.
        carriage_returns = block.count(b"\r\n") if b"\r" in block else 0
        self.utf8_bytes += len(block) - carriage_returns
        self.characters += len(block) - carriage_returns - (0 if block.isascii() else _continuation_bytes(block))
        self._count(count_words(block) + block.count(b"\n"))

    def _count(self, words: int) -> None:
        if self.words is not None:
            self.words += words


def with_size(corpus: Corpus) -> tuple[Corpus, TextSize]:
    """Return the same corpus, and its size, which is complete once the corpus has been read to its end."""
    size = TextSize()
    return Corpus([_with_size(part, size) for part in corpus.parts], corpus.name), size


def _with_size(part: Part, size: TextSize) -> Part:
    if isinstance(part, TextFile):
        return _SizedFile(part.path, part.encoding, part.errors, size, begin=part.begin, end=part.end)
    return _SizedDocuments(part.open, part.path, size)


@dataclass(frozen=True)
class _SizedFile(TextFile):
    size: TextSize = field(default_factory=TextSize)

    def blocks(self, block_bytes: int) -> Iterator[bytes]:
        block = b"\n"
        for block in super().blocks(block_bytes):
            self.size.add_block(block)
            yield block
        # The last line of a file may lack its line ending, which counts all the same.
        if not block.endswith(b"\n"):
            self.size.add_line_end()


@dataclass(frozen=True)
class _SizedDocuments(Documents):
    size: TextSize = field(default_factory=TextSize)

    def pieces(self) -> Iterator[Piece]:
        for piece in super().pieces():
            self.size.add(piece.content if isinstance(piece.content, str) else " ".join(piece.content))
            if piece.last:
                self.size.add_line_end()
            yield piece


def count_words(text: bytes) -> int:
    """Count the words of a text in UTF-8, separated by white space of ASCII.

    >>> count_words(b" to be  or")
    3
    """
    is_space = _IS_SPACE[np.frombuffer(text, np.uint8)]
    # A word begins where there is no white space, after white space or at the start.
    return int(np.count_nonzero(is_space[:-1] > is_space[1:])) + int(len(text) > 0 and not is_space[0])


def _continuation_bytes(block: bytes) -> int:
    """Count the UTF-8 continuation bytes, 10xxxxxx, which do not start a character."""
    return int(np.count_nonzero((np.frombuffer(block, np.uint8) & 0xC0) == 0x80))
