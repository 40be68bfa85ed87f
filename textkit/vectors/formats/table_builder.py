"""Rows that come one by one, gathered into a table that never takes much more memory than it keeps."""

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.vector_table import VectorTable

MAX_DIM = 1_000_000  # a header that claims more is taken as garbled


class TableBuilder:
    """Gathers words and rows, leaving out what is not wanted, said twice or not finite.

    Args:
        dim: Numbers in a row.
        rows: How many rows are expected; memory for them is taken at once. More may come.
        options: What to keep.
        bad: Where a repeated word or a number that is not finite is reported.
    """

    def __init__(self, dim: int, rows: int, options: ReadOptions, bad: BadRows) -> None:
        self._wanted = options.words
        self._most = min(
            (n for n in (options.limit, None if self._wanted is None else len(self._wanted)) if n is not None),
            default=None,
        )
        self._words: dict[str, None] = {}  # a set that remembers the order
        self._bad = bad
        expected = rows if self._most is None else min(rows, self._most)
        self._matrix: NDArray[np.float32] = np.empty((expected, dim), dtype=np.float32)

    def full(self) -> bool:
        """Whether all that was asked for is there, so that the reader may stop."""
        return self._most is not None and len(self._words) >= self._most

    def wants(self, word: str) -> bool:
        """Tell whether a word's row is to be kept; the numbers of others need not be parsed."""
        return self._wanted is None or word in self._wanted

    def add(self, place: int, word: str, row: NDArray[np.float32]) -> None:
        """Add a row.

        Args:
            place: The line or the byte offset of the row, for messages.
            word: The word.
            row: Shape (dim,).

        Raises:
            ValueError: If the row is bad and bad rows are errors.
        """
        if not word:
            self._bad.report(place, "the word is empty")
        elif word in self._words:
            self._bad.report(place, f"the word {word!r} stands in the file before")
        elif not np.logical_and.reduce(np.isfinite(row)):  # twice as fast as all(), and called for every row
            self._bad.report(place, f"the vector of {word!r} has a number that is not finite")
        else:
            count = len(self._words)
            if count == len(self._matrix):
                self._resize(count + max(count // 16, 64))
            self._matrix[count] = row
            self._words[word] = None

    def table(self) -> VectorTable:
        """Give the table. The builder is empty afterwards."""
        self._resize(len(self._words))
        words, matrix = tuple(self._words), self._matrix
        self._words, self._matrix = {}, np.empty((0, matrix.shape[1]), dtype=np.float32)
        return VectorTable(words, matrix)

    def _resize(self, rows: int) -> None:
        # realloc: on Linux the pages of a large array are moved, not copied, so that the table never exists
        # twice. No view of the matrix is ever handed out before the end, so the reference check is not
        # needed.
        if rows != len(self._matrix):
            self._matrix.resize((rows, self._matrix.shape[1]), refcheck=False)
