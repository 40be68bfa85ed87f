"""Tensors of ids and numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_FLOATS = (torch.float16, torch.float32, torch.float64)
_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def id_tensor(ids: NDArray[np.int64], dtype: torch.dtype, device: str | torch.device | None) -> torch.Tensor:
    """Return ids as a contiguous tensor.

    Args:
        ids: Ids of any shape.
        dtype: Type of the tensor.
        device: Device; None for the CPU.

    Raises:
        ValueError: If the type cannot hold the largest id.
    """
    if dtype in _INTEGERS and ids.size and dtype is not torch.int64 and int(ids.max()) > torch.iinfo(dtype).max:
        raise ValueError(f"dtype must hold the id {int(ids.max())}, got {dtype}; use torch.long")
    return torch.from_numpy(np.ascontiguousarray(ids)).to(device=device, dtype=dtype)


def numbers(dtype: torch.dtype) -> Callable[[str], Any]:
    """Return the function that turns a str into a number of a dtype.

    Raises:
        ValueError: If there is none.
    """
    if dtype in _FLOATS:
        return float
    if dtype in _INTEGERS:
        return int
    raise ValueError(f"dtype must be of integers or floats with use_vocab=False, got {dtype}; use torch.long")
