"""Pool padded sequences into one vector per text; padding never affects the result."""

from typing import Literal, TypeAlias, get_args

import torch

Pooling: TypeAlias = Literal["mean", "max", "last", "concat"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""Ways to pool the states of a text; "concat" is the last state, the maximum and the mean, side by side."""


class PooledStates:
    """Pools the states of texts that are read in one or several windows.

    "concat" is that of Howard and Ruder 2018, equation 4: h_c = [h_T, maxpool(H), meanpool(H)]. All are 0 for a text
    without a token.

    Args:
        batch: Number of texts.
        width: Number of units of a state.
        device: Device of the states.
    """

    def __init__(self, batch: int, width: int, device: torch.device | str = "cpu") -> None:
        self.lengths = torch.zeros(batch, 1, dtype=torch.int64, device=device)
        self.total = torch.zeros(batch, width, device=device)
        self.largest = torch.full((batch, width), float("-inf"), device=device)
        self.last = torch.zeros(batch, width, device=device)

    @staticmethod
    def width(width: int, pooling: Pooling) -> int:
        """Return the number of values that states of ``width`` units are pooled to."""
        return 3 * width if pooling == "concat" else width

    def add(self, states: torch.Tensor, lengths: torch.Tensor) -> None:
        """Add the next window.

        Args:
            states: (batch, time, width); those at padding must be finite.
            lengths: (batch,) int64, number of real steps of each text in this window, possibly 0; they come first.
        """
        mask = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
        padding = ~mask[:, :, None]
        real = mask.any(1)[:, None]
        largest = states.masked_fill(padding, float("-inf")).amax(1)
        # Not `masked_sum`: under autocast a matrix product would round the sum of hundreds of states to bfloat16.
        self.total = self.total + states.masked_fill(padding, 0.0).sum(1)
        self.largest = torch.maximum(self.largest, largest)
        self.last = torch.where(real, last_step(states, lengths), self.last)
        self.lengths = self.lengths + lengths[:, None]

    def result(self, pooling: Pooling) -> torch.Tensor:
        """Return the pooled states (batch, `width`)."""
        largest = self.largest.masked_fill(self.lengths == 0, 0.0)
        mean = self.total / self.lengths.clamp(min=1)
        if pooling == "concat":
            return torch.cat([self.last, largest, mean], dim=1)
        return {"last": self.last, "max": largest, "mean": mean}[pooling]


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


def flipped_ids(ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Reverse the ids (batch, time) of each text within its length; see `flipped`."""
    return flipped(ids[:, :, None], lengths)[:, :, 0]
