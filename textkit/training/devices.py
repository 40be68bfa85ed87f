"""Where to compute, and with how many of torch's threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def usable_device(device: torch.device | str) -> torch.device:
    """The device, if there is one of that name here.

    Raises:
        ValueError: If there is none.
    """
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:  # what torch raises for a device it lacks
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"device must be one that works here, got {str(device)!r} ({reason}); take 'cpu'") from error
    return found


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
