"""Words with a matrix of vectors, as file readers return and writers accept them, and their validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_integers
from textkit.files.mapped import release

_CHECKED_NUMBERS = 1 << 17  # numbers tested at a time, which bounds the memory for the test


@dataclass(frozen=True)
class VectorTable:
    """The words and vectors of a file, not yet checked.

    Attributes:
        words: Word of each row.
        matrix: Shape (vocab, dim), float32.
        metadata: Metadata of the vectors; only safetensors files can store it.
        counts: Number of occurrences of each word; shape (vocab,), int64. None if unknown.
    """

    words: Sequence[str]
    matrix: NDArray[np.float32]
    metadata: Mapping[str, str] = field(default_factory=dict)
    counts: NDArray[np.int64] | None = None


def float_matrix(matrix: ArrayLike, rows: int) -> NDArray[np.float32]:
    """Return a read-only float32 view of a matrix; other types are copied.

    Args:
        matrix: Matrix of numbers.
        rows: Required number of rows.

    Returns:
        Shape (rows, dim).

    Raises:
        ValueError: If the shape is wrong, or dim is 0.
    """
    # Numbers that overflow become infinite, which `check_finite` reports.
    with np.errstate(over="ignore"):
        array = np.asarray(matrix, dtype=np.float32)
    if array.ndim != 2 or array.shape[0] != rows or array.shape[1] < 1:
        raise ValueError(
            f"matrix must have shape (words, dim), with a row for each of the {rows} words, got {array.shape}; "
            "check that words and matrix belong together"
        )
    view: NDArray[np.float32] = array.view()
    view.flags.writeable = False
    return view


def frozen_counts(counts: ArrayLike | None, rows: int) -> NDArray[np.int64] | None:
    """Return a read-only int64 view of counts; other types are copied.

    Args:
        counts: Number of occurrences of each word; None if unknown.
        rows: Required number of counts.

    Returns:
        Shape (words,), or None.

    Raises:
        TypeError: If a count is not an integer.
        ValueError: If the shape is wrong, or a count is negative or above 64 bits.
    """
    if counts is None:
        return None
    given = check_integers("counts", counts, "count the words")
    if given.shape != (rows,):
        raise ValueError(f"counts must have one number for each of the {rows} words, got {given.shape}; count again")
    least, most = (int(given.min()), int(given.max())) if rows else (0, 0)
    if least < 0 or most > np.iinfo(np.int64).max:
        raise ValueError(f"counts must be from 0 to 2**63 - 1, got {least} to {most}; count again")
    view: NDArray[np.int64] = np.asarray(given, dtype=np.int64).view()
    view.flags.writeable = False
    return view


def frozen_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return a read-only copy of metadata.

    Raises:
        TypeError: If a key or a value is not a str.
    """
    if not all(isinstance(text, str) for pair in metadata.items() for text in pair):
        raise TypeError(f"metadata must map str to str, got {dict(metadata)!r}; convert keys and values to str")
    return MappingProxyType(dict(metadata))


def index_words(words: Sequence[str]) -> dict[str, int]:
    """Map each word to its row.

    Args:
        words: Word of each row.

    Returns:
        The row of each word.

    Raises:
        TypeError: If a word is not a str.
        ValueError: If a word occurs twice.

    >>> index_words(["a", "b"])
    {'a': 0, 'b': 1}
    """
    index = dict(zip(words, range(len(words)), strict=True))
    wrong = next((word for word in words if not isinstance(word, str)), None)
    if wrong is not None:
        raise TypeError(f"words must be str, got {wrong!r}; convert each to a str")
    if len(index) < len(words):
        # The dict maps a word to its last row, so a word in a different row is a duplicate.
        row, word = next((row, word) for row, word in enumerate(words) if index[word] != row)
        raise ValueError(f"words must be distinct, got {word!r} in rows {row} and {index[word]}; remove one of them")
    return index


def check_finite(table: VectorTable) -> None:
    """Check that all numbers are finite. Reads the whole matrix in blocks.

    Args:
        table: Word vectors.

    Raises:
        ValueError: If a number is not finite; the message names the word.
    """
    step = max(1, _CHECKED_NUMBERS // table.matrix.shape[1])
    for start in range(0, len(table.matrix), step):
        finite = np.isfinite(table.matrix[start : start + step])
        release(table.matrix)
        if not finite.all():
            row = start + int(np.argmin(finite.all(axis=1)))
            raise ValueError(
                f"matrix must be finite, got {table.matrix[row][~np.isfinite(table.matrix[row])][0]} in "
                f"the vector of {table.words[row]!r} (row {row}); remove the word, or train with a "
                "lower learning rate"
            )
