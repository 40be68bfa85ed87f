"""Check a device, and set the number of torch threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def usable_device(device: torch.device | str) -> torch.device:
    """Return the device if it is usable on this machine.

    Raises:
        ValueError: If it is not.
    """
    # torch raises RuntimeError or AssertionError for a device that it lacks, depending on the kind of device.
    try:
        usable = torch.device(device)
        torch.empty(0, device=usable)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"device must be one that works here, got {str(device)!r} ({reason}); use 'cpu'") from error
    return usable


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
