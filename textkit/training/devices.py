"""Check a device, and set the number of torch threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def usable_device(device: torch.device | str) -> torch.device:
    """Return the device if it is usable on this machine; "auto" is a GPU if there is one.

    Raises:
        ValueError: If it is not.
    """
    # torch raises RuntimeError or AssertionError for a device that it lacks, depending on the kind of device.
    try:
        usable = torch.device(("cuda" if has_gpu() else "cpu") if device == "auto" else device)
        torch.empty(0, device=usable)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"device must be one that works here, got {str(device)!r} ({reason}); use 'cpu'") from error
    return usable


def resolved_precision(precision: Precision, device: torch.device) -> Literal["float32", "bfloat16"]:
    """Resolve "auto": mixed precision on a GPU that has bfloat16, float32 elsewhere."""
    if precision != "auto":
        return precision
    return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"


def has_gpu() -> bool:
    """Whether torch can use an NVIDIA GPU."""
    return torch.cuda.is_available()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Set the number of torch threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
