"""From a padded sequence to one vector for each text, whatever is padded after its end."""

import torch


def masked_sum(sequence: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of the real steps, and their number.

    Args:
        sequence: (batch, time, dim), finite numbers at padding too.
        mask: (batch, time) bool, True for a real step.

    Returns:
        The sums (batch, dim) and the numbers of steps (batch, 1), both of the type of the sequence.

    >>> masked_sum(torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([[True, True, False]]))
    (tensor([[6.]]), tensor([[2.]]))
    """
    weights = mask.to(sequence.dtype)
    # a product of matrices needs no copy of the sequence
    return torch.bmm(weights[:, None], sequence)[:, 0], weights.sum(1, keepdim=True)


def masked_max(sequence: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The largest number of each unit over the real steps.

    Args:
        sequence: (batch, time, dim).
        mask: (batch, time) bool, True for a real step.

    Returns:
        (batch, dim); 0 for a text without a step.
    """
    largest = sequence.masked_fill(~mask[:, :, None], float("-inf")).amax(1)
    return largest.masked_fill(~mask.any(1)[:, None], 0.0)


def last_step(sequence: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The last real step.

    Args:
        sequence: (batch, time, dim).
        lengths: (batch,) int64 on the device of the sequence, real steps of each text.

    Returns:
        (batch, dim); 0 for a text without a step.
    """
    place = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, -1, sequence.shape[2])
    return sequence.gather(1, place)[:, 0].masked_fill((lengths == 0)[:, None], 0.0)


def flipped(sequence: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Each text backwards, its padding still after its end; flipped twice, a sequence is as it was.

    Args:
        sequence: (batch, time, dim).
        lengths: (batch,) int64 on the device of the sequence, real steps of each text.

    Returns:
        (batch, time, dim).

    >>> flipped(torch.tensor([[[1.0], [2.0], [0.0]]]), torch.tensor([2])).flatten()
    tensor([2., 1., 0.])
    """
    places = torch.arange(sequence.shape[1], device=sequence.device)
    backwards = lengths[:, None] - 1 - places  # (batch, time), negative after the end
    source = torch.where(backwards >= 0, backwards, places)
    return sequence.gather(1, source[:, :, None].expand(-1, -1, sequence.shape[2]))
