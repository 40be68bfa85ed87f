"""The matrices of a model file: rows of numbers, or of codes of a product quantizer (Joulin et al. 2016b)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.fields import Fields

CENTROIDS = 256  # of each part of a vector, numbered by a byte


@dataclass(frozen=True, eq=False)
class DenseMatrix:
    """Rows of numbers.

    Attributes:
        numbers: (rows, dim) float32; mapped from a file they may not be aligned.
    """

    numbers: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and dimension."""
        return self.numbers.shape[0], self.numbers.shape[1]

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Copy rows; shape (rows, dim)."""
        return np.ascontiguousarray(self.numbers[rows], np.float32)


@dataclass(frozen=True, eq=False)
class QuantizedMatrix:
    """Rows of codes: part p of row i is ``centroids[p, codes[i, p]]``, times the norm of the row if it has one.

    Attributes:
        codes: (rows, parts) uint8.
        centroids: (dim * 256,) float32: for each part its 256 centroids, one after the other.
        dim: Dimension.
        width: Dimension of a part; the last part may be narrower.
        norm_codes: (rows,) uint8, the numbers of the norms; empty if there are none.
        norms: (256,) float32, the norms; empty if there are none.
    """

    codes: NDArray[np.uint8]
    centroids: NDArray[np.float32]
    dim: int
    width: int
    norm_codes: NDArray[np.uint8]
    norms: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and dimension."""
        return len(self.codes), self.dim

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute rows; shape (rows, dim)."""
        result = np.empty((len(rows), self.dim), np.float32)
        for part in range(self.codes.shape[1]):
            start = part * self.width
            stop = min(start + self.width, self.dim)
            table = self.centroids[start * CENTROIDS : stop * CENTROIDS].reshape(CENTROIDS, stop - start)
            result[:, start:stop] = table[self.codes[rows, part]]
        if len(self.norms):
            result *= self.norms[self.norm_codes[rows]][:, None]
        return result


Matrix = DenseMatrix | QuantizedMatrix


def read_matrix(fields: Fields, name: str, dim: int, *, quantized: bool) -> Matrix:
    """Read a matrix.

    Args:
        fields: The file, at the beginning of the matrix.
        name: What it is, for errors.
        dim: Required dimension.
        quantized: Whether it consists of codes.

    Raises:
        ValueError: If a size is impossible, or the file ends before.
    """
    if not quantized:
        return DenseMatrix(fields.array("<f4", _shape(fields, name, dim), name))
    has_norms = read_flag(fields, f"the flag of norms of {name}")
    rows, _ = _shape(fields, name, dim)
    start = fields.position
    (size,) = fields.numbers("i", name)
    parts = size // rows
    if size != rows * parts or not 1 <= parts <= dim:
        raise fields.error(f"{name} must have as many codes for each of its {rows:,} rows, got {size}", start)
    codes = fields.array("u1", (rows, parts), name)
    width, centroids = _read_quantizer(fields, name, dim, parts)
    norm_codes, norms = np.empty(0, np.uint8), np.empty(0, np.float32)
    if has_norms:
        norm_codes = fields.array("u1", (rows,), name)
        _, norms = _read_quantizer(fields, name, 1, 1)
    return QuantizedMatrix(codes, centroids, dim, width, norm_codes, norms)


def read_flag(fields: Fields, name: str) -> bool:
    """Read a byte that is 0 or 1.

    Raises:
        ValueError: If it is another number.
    """
    start = fields.position
    (value,) = fields.numbers("B", name)
    if value > 1:
        raise fields.error(f"{name} must be 0 or 1, got {value}", start)
    return bool(value)


def _shape(fields: Fields, name: str, dim: int) -> tuple[int, int]:
    start = fields.position
    rows, columns = fields.numbers("qq", f"the size of {name}")
    if rows < 1 or columns != dim:
        raise fields.error(f"{name} must have rows of dimension {dim}, got the shape {(rows, columns)}", start)
    return rows, columns


def _read_quantizer(fields: Fields, name: str, dim: int, parts: int) -> tuple[int, NDArray[Any]]:
    """Read the width of a part, and the centroids."""
    start = fields.position
    sizes = fields.numbers("4i", name)
    width = sizes[2]
    expected = (dim, parts, width, dim - (parts - 1) * width)
    if sizes != expected or not 1 <= expected[3] <= width:
        raise fields.error(f"the quantizer of {name} must have {parts} parts of {dim} numbers, got {sizes}", start)
    # Aligned, for the kernels.
    return width, np.array(fields.array("<f4", (dim * CENTROIDS,), name), np.float32)
