"""Zero-copy conversion between Arrow and NumPy that avoids pandas: ``pa.array`` and ``.to_numpy`` import it (0.3 s)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def to_numpy(array: pa.Array) -> npt.NDArray[Any]:
    """View an Arrow array of integers, without nulls, as a NumPy array.

    >>> to_numpy(pa.array([3, 1], pa.int32())[1:]).tolist()
    [1]
    """
    dtype = np.dtype(str(array.type))
    values = np.frombuffer(array.buffers()[1] or b"", dtype=dtype)
    return values[array.offset : array.offset + len(array)]


def to_arrow(array: npt.NDArray[np.int64]) -> pa.Int64Array:
    """View an int64 array as an Arrow array.

    >>> to_arrow(np.array([3, 1])).to_pylist()
    [3, 1]
    """
    values = np.ascontiguousarray(array, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
