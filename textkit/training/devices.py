"""Where to compute."""

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
