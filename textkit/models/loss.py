"""The loss of a batch, as a sum and the number of predictions."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The summed loss of one batch.

    Attributes:
        total: () summed loss in nats, differentiable.
        count: Number of predictions in the sum. A mean over several batches is the sum of totals divided by the sum of
            counts, not a mean of means.
        penalty: () regularization term that is added to ``total`` for the gradient only and never reported; None for no
            penalty. Like ``total`` it is a sum (the penalty per prediction times ``count``), so that both are divided
            by the same number.
        directions: () summed loss of each direction of a bidirectional model, of which ``total`` is the mean; empty for
            other models.
    """

    total: torch.Tensor
    count: int
    penalty: torch.Tensor | None = None
    directions: tuple[torch.Tensor, ...] = ()
