"""Zero-copy conversion between Arrow and NumPy that avoids pandas: ``pa.array`` and ``.to_numpy`` import it (0.3 s)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

POOL = pa.system_memory_pool()
"""For large arrays that live briefly: Arrow's own pool would keep their memory."""


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


def dictionary_encode(array: pa.StringArray) -> pa.DictionaryArray:
    """Number the different values in order of first appearance; see ``pa.Array.dictionary_encode``.

    >>> dictionary_encode(pa.array(["b", "a", "b"])).indices.to_pylist()
    [0, 1, 0]
    """
    return pc.call_function("dictionary_encode", [array], memory_pool=POOL)
