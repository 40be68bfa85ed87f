"""Collect rows into a table, with little more memory than the result takes."""

import mmap
from array import array
from collections import deque

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.matrix_blocks import mapped
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.vector_table import VectorTable

MAX_DIM = 1_000_000  # a header with a larger dimension is considered damaged
_BLOCK = 1 << 22  # bytes by which the table grows


class TableBuilder:
    """Collects words and their vectors, without unwanted rows, duplicates and numbers that are not finite.

    Args:
        dim: Dimension of the vectors.
        rows: Expected number of rows, allocated in advance. There may be more; they are collected in blocks, which are
            joined at the end.
        options: Rows to keep, and where.
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
        self._spool = options.spool
        expected = 0 if self._spool else rows if self._max_rows is None else min(rows, self._max_rows)
        self._dim = dim
        self._filled: deque[NDArray[np.float32]] = deque()
        self._block: NDArray[np.float32] = np.empty((expected, dim), dtype=np.float32)
        self._next = 0  # the first free row of the block
        self._counts = array("q")

    def full(self) -> bool:
        """Return whether all requested rows are collected, so that the reader can stop."""
        return self._max_rows is not None and len(self._words) >= self._max_rows

    def wants(self, word: str) -> bool:
        """Return whether to keep the row of a word; the numbers of other words need not be parsed."""
        return self._wanted is None or word in self._wanted

    def add(self, place: int, word: str, row: NDArray[np.float32], count: int | None = None) -> None:
        """Add a row.

        Args:
            place: Line number or byte offset of the row, for messages.
            word: Word of the row.
            row: Vector of the word; shape (dim,).
            count: Number of occurrences of the word; None for all words if unknown.

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
            if self._next == len(self._block):
                self._begin_block()
            self._block[self._next] = row
            self._next += 1
            self._words[word] = None
            if count is not None:
                self._counts.append(count)

    def table(self) -> VectorTable:
        """Return the table. The builder is empty afterwards."""
        self._begin_block()
        words, self._words = tuple(self._words), {}
        counts = np.array(self._counts, dtype=np.int64) if len(self._counts) == len(words) > 0 else None
        if self._spool is not None:
            return VectorTable(words, mapped(self._spool, (len(words), self._dim)), counts=counts)
        if len(self._filled) == 1:
            return VectorTable(words, self._filled.pop(), counts=counts)
        # The pages of an empty array are not in memory before they are written to, and those of a block are given back
        # with it. So the table never exists twice, as it would with ndarray.resize, which copies from NumPy 2.5 on.
        matrix = np.empty((len(words), self._dim), dtype=np.float32)
        end = 0
        while self._filled:
            block = self._filled.popleft()
            start, end = end, end + len(block)
            matrix[start:end] = block
        return VectorTable(words, matrix, counts=counts)

    def _begin_block(self) -> None:
        if self._next and self._spool is not None:
            self._spool.write(self._block[: self._next].tobytes())
        elif self._next:
            self._filled.append(self._block[: self._next])
        # A map of its own goes back to the system at once; malloc may keep what is freed.
        rows = max(_BLOCK // (4 * self._dim), 1)
        self._block = np.frombuffer(mmap.mmap(-1, 4 * rows * self._dim), np.float32).reshape(rows, self._dim)
        self._next = 0
