"""Read the fields of a memory-mapped file one after the other; an error names the file, the byte and the field."""

import math
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Fields:
    """The fields of a file, in order.

    Attributes:
        path: Path of the file.
        position: Number of bytes read so far.

    Args:
        path: File to read, of at least one byte.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @property
    def remaining(self) -> int:
        """Number of bytes after the position."""
        return len(self._map) - self.position

    def numbers(self, layout: str, name: str) -> tuple[Any, ...]:
        """Read little-endian numbers.

        Args:
            layout: Their types, as for ``struct``, without a byte order.
            name: What they are, for errors.

        Raises:
            ValueError: If the file ends before.
        """
        layout = f"<{layout}"
        self._require(struct.calcsize(layout), name)
        values = struct.unpack_from(layout, self._map, self.position)
        self.position += struct.calcsize(layout)
        return values

    def array(self, dtype: str, shape: tuple[int, ...], name: str) -> NDArray[Any]:
        """Map an array, which may not be aligned.

        Args:
            dtype: Type of its numbers.
            shape: Its shape.
            name: What it is, for errors.

        Raises:
            ValueError: If a size is negative, or the file ends before.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if min(shape) < 0:
            raise self.error(f"{name} must have sizes of at least 0, got {shape}")
        self._require(size, name)
        start = self.position
        self.position += size
        if size == 0:  # may lie at the end, where nothing can be mapped
            return np.empty(shape, dtype)
        array: NDArray[Any] = np.ndarray(shape, dtype, buffer=self._map, offset=start)
        return array

    def error(self, rule: str, position: int | None = None) -> ValueError:
        """Return the error for a field that breaks a rule.

        Args:
            rule: The rule, and what is there instead.
            position: Byte of the field; None for the present position.
        """
        place = self.position if position is None else position
        return ValueError(f"{self.path}, byte {place}: {rule}; the file is damaged, download or train it again")

    def _require(self, size: int, name: str) -> None:
        if size > self.remaining:
            raise self.error(f"{name} must have {size:,} bytes, got only {self.remaining:,} up to the end of the file")
