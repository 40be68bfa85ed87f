"""Matrices of any size, a block of rows at a time: in memory, or in a temporary file that is memory-mapped."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from textkit.files.mapped import release
from textkit.progress import report_position

_NUMBERS = 1 << 20  # of a block


class _Work:
    """One pass through a matrix, for the progress bar; an array has no hash."""


def row_blocks(matrix: NDArray[np.float32], numbers: int) -> Iterator[NDArray[np.float32]]:
    """Go through the rows of a matrix, and report the progress; see `textkit.progress.report_position`.

    Args:
        matrix: Shape (rows, dim), which may be memory-mapped: what has been read does not stay in memory.
        numbers: Most numbers of a block, unless one row has more.

    Yields:
        The blocks of rows, in order.
    """
    step = max(1, numbers // matrix.shape[1])
    work = _Work()
    for start in range(0, len(matrix), step):
        block = matrix[start : start + step]
        yield block
        release(matrix)
        report_position(work, 4 * matrix.shape[1] * (start + len(block)), 4 * matrix.size)


def gathered(matrix: NDArray[Any], rows: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Copy rows of a matrix, which may be memory-mapped, a block at a time.

    Args:
        matrix: Shape (any, dim).
        rows: Numbers of the rows, in any order.

    Yields:
        The blocks.
    """
    step = max(1, _NUMBERS // matrix.shape[1])
    for start in range(0, len(rows), step):
        yield matrix[rows[start : start + step]]
        release(matrix)


def collected(blocks: Iterable[NDArray[Any]], shape: tuple[int, int], spool: BinaryIO | None) -> NDArray[np.float32]:
    """Put blocks of rows together.

    Args:
        blocks: The blocks, in order.
        shape: Rows of all blocks, and their dimension.
        spool: Empty file for the matrix; None to hold it in memory.

    Returns:
        The matrix; memory-mapped from the file.
    """
    if spool is None:
        matrix = np.empty(shape, np.float32)
        start = 0
        for block in blocks:
            matrix[start : start + len(block)] = block
            start += len(block)
        return matrix
    for block in blocks:
        spool.write(np.ascontiguousarray(block, np.float32).tobytes())
    return mapped(spool, shape)


def mapped(spool: BinaryIO, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Map the numbers that a file has; shape (rows, dim)."""
    spool.flush()
    if 0 in shape:  # an empty file cannot be mapped
        return np.empty(shape, np.float32)
    return np.memmap(spool, np.float32, "r", shape=shape)
