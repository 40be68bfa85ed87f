"""Words and a matrix side by side, what readers give and writers take, and the checks that hold for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

_NUMBERS_AT_ONCE = 1 << 17  # tested for being finite; bounds the memory that it takes


@dataclass(frozen=True)
class VectorTable:
    """The words and the numbers of a file, not yet checked.

    Attributes:
        words: The words, one for each row.
        matrix: Shape (vocab, dim), float32.
        metadata: Notes kept with the vectors; only safetensors files hold them.
    """

    words: Sequence[str]
    matrix: NDArray[np.float32]
    metadata: Mapping[str, str] = field(default_factory=dict)


def float_matrix(matrix: ArrayLike, rows: int) -> NDArray[np.float32]:
    """Give a read-only float32 view of a matrix; another type is copied.

    Args:
        matrix: Numbers.
        rows: How many rows it must have.

    Returns:
        Shape (rows, dim).

    Raises:
        ValueError: If the shape is another, or dim is 0.
    """
    with np.errstate(over="ignore"):  # what becomes infinite is found by `check_finite`
        array = np.asarray(matrix, dtype=np.float32)
    if array.ndim != 2 or array.shape[0] != rows or array.shape[1] < 1:
        raise ValueError(
            f"matrix must have shape (words, dim), a row for each of the {rows} words, got {array.shape}; "
            "check that words and matrix belong together"
        )
    view: NDArray[np.float32] = array.view()
    view.flags.writeable = False
    return view


def frozen_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Give a read-only copy of metadata.

    Raises:
        TypeError: If a key or a value is no str.
    """
    if not all(isinstance(text, str) for pair in metadata.items() for text in pair):
        raise TypeError(f"metadata must map str to str, got {dict(metadata)!r}; turn its values into str")
    return MappingProxyType(dict(metadata))


def index_words(words: Sequence[str]) -> dict[str, int]:
    """Give the row of each word.

    Args:
        words: The words, one for each row.

    Returns:
        The rows by word.

    Raises:
        TypeError: If one is no str.
        ValueError: If one is there twice.

    >>> index_words(["a", "b"])
    {'a': 0, 'b': 1}
    """
    index = dict(zip(words, range(len(words)), strict=True))
    strange = next((word for word in words if not isinstance(word, str)), None)
    if strange is not None:
        raise TypeError(f"words must be str, got {strange!r}; turn each into a str")
    if len(index) < len(words):
        # The dict holds the last row of each word, so the first word whose row is another one is repeated.
        row, word = next((row, word) for row, word in enumerate(words) if index[word] != row)
        raise ValueError(
            f"words must be there once each, got {word!r} in rows {row} and {index[word]}; leave one of them out"
        )
    return index


def check_finite(table: VectorTable) -> None:
    """Make sure that all numbers are finite. Reads the whole matrix, a piece at a time.

    Args:
        table: The vectors.

    Raises:
        ValueError: If a number is not finite; names the word.
    """
    step = max(1, _NUMBERS_AT_ONCE // table.matrix.shape[1])
    for start in range(0, len(table.matrix), step):
        finite = np.isfinite(table.matrix[start : start + step])
        if not finite.all():
            row = start + int(np.argmin(finite.all(axis=1)))
            raise ValueError(
                f"matrix must be finite, got {table.matrix[row][~np.isfinite(table.matrix[row])][0]} in "
                f"the vector of {table.words[row]!r} (row {row}); leave the word out, or train with a "
                "lower learning rate"
            )
