"""Collect rows into a table, with little more memory than the result takes."""

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.vector_table import VectorTable

MAX_DIM = 1_000_000  # a header with a larger dimension is considered damaged


class TableBuilder:
    """Collects words and their vectors, without unwanted rows, duplicates and numbers that are not finite.

    Args:
        dim: Dimension of the vectors.
        rows: Expected number of rows, allocated in advance. There may be more.
        options: Rows to keep.
        bad: Receives reports of duplicate words and of numbers that are not finite.
    """

    def __init__(self, dim: int, rows: int, options: ReadOptions, bad: BadRows) -> None:
        self._wanted = options.words
        self._max_rows = min(
            (n for n in (options.limit, None if self._wanted is None else len(self._wanted)) if n is not None),
            default=None,
        )
        self._words: dict[str, None] = {}  # an ordered set
        self._bad = bad
        expected = rows if self._max_rows is None else min(rows, self._max_rows)
        self._matrix: NDArray[np.float32] = np.empty((expected, dim), dtype=np.float32)

    def full(self) -> bool:
        """Return whether all requested rows are collected, so that the reader can stop."""
        return self._max_rows is not None and len(self._words) >= self._max_rows

    def wants(self, word: str) -> bool:
        """Return whether to keep the row of a word; the numbers of other words need not be parsed."""
        return self._wanted is None or word in self._wanted

    def add(self, place: int, word: str, row: NDArray[np.float32]) -> None:
        """Add a row.

        Args:
            place: Line number or byte offset of the row, for messages.
            word: Word of the row.
            row: Vector of the word; shape (dim,).

        Raises:
            ValueError: If the row is bad and bad rows are errors.
        """
        if not word:
            self._bad.report(place, "the word is empty")
        elif word in self._words:
            self._bad.report(place, f"the word {word!r} occurs earlier in the file")
        # Called for every row, and twice as fast as all().
        elif not np.logical_and.reduce(np.isfinite(row)):
            self._bad.report(place, f"the vector of {word!r} has a number that is not finite")
        else:
            count = len(self._words)
            if count == len(self._matrix):
                self._resize(count + max(count // 16, 64))
            self._matrix[count] = row
            self._words[word] = None

    def table(self) -> VectorTable:
        """Return the table. The builder is empty afterwards."""
        self._resize(len(self._words))
        words, matrix = tuple(self._words), self._matrix
        self._words, self._matrix = {}, np.empty((0, matrix.shape[1]), dtype=np.float32)
        return VectorTable(words, matrix)

    def _resize(self, rows: int) -> None:
        # On Linux, realloc moves the pages of a large array instead of copying them, so the table never exists twice.
        # No view of the matrix exists before the end, so the reference check is not needed.
        if rows != len(self._matrix):
            self._matrix.resize((rows, self._matrix.shape[1]), refcheck=False)
