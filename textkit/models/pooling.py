"""Pool padded sequences into one vector per text; padding never affects the result."""

import torch


def masked_sum(sequence: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum over the real steps, and count them.

    Args:
        sequence: (batch, time, dim); the values at padding must be finite.
        mask: (batch, time) bool, True for a real step.

    Returns:
        The sums (batch, dim) and the numbers of steps (batch, 1), both of the dtype of the sequence.

    >>> masked_sum(torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([[True, True, False]]))
    (tensor([[6.]]), tensor([[2.]]))
    """
    weights = mask.to(sequence.dtype)
    # A matrix product needs no masked copy of the sequence.
    return torch.bmm(weights[:, None], sequence)[:, 0], weights.sum(1, keepdim=True)


def masked_max(sequence: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Take the maximum of each unit over the real steps.

    Args:
        sequence: (batch, time, dim).
        mask: (batch, time) bool, True for a real step.

    Returns:
        (batch, dim); 0 for a text without a step.
    """
    largest = sequence.masked_fill(~mask[:, :, None], float("-inf")).amax(1)
    return largest.masked_fill(~mask.any(1)[:, None], 0.0)


def last_step(sequence: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Take the last real step.

    Args:
        sequence: (batch, time, dim).
        lengths: (batch,) int64 on the device of the sequence, number of real steps of each text.

    Returns:
        (batch, dim); 0 for a text without a step.
    """
    index = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, -1, sequence.shape[2])
    return sequence.gather(1, index)[:, 0].masked_fill((lengths == 0)[:, None], 0.0)


def flipped(sequence: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Reverse each text within its length, with padding left at the end. Two flips restore the sequence.

    Args:
        sequence: (batch, time, dim).
        lengths: (batch,) int64 on the device of the sequence, number of real steps of each text.

    Returns:
        (batch, time, dim).

    >>> flipped(torch.tensor([[[1.0], [2.0], [0.0]]]), torch.tensor([2])).flatten()
    tensor([2., 1., 0.])
    """
    positions = torch.arange(sequence.shape[1], device=sequence.device)
    mirrored = lengths[:, None] - 1 - positions  # (batch, time), negative at padding
    source = torch.where(mirrored >= 0, mirrored, positions)
    return sequence.gather(1, source[:, :, None].expand(-1, -1, sequence.shape[2]))
