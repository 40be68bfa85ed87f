"""What a model answers to a batch when it is trained: a sum and the number of things that were predicted."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The loss of one batch, not yet divided.

    Attributes:
        total: () summed loss in nats, with its gradient.
        count: How many predictions are summed in it. Means over many batches divide the sums once by the counts.
        penalty: () what is added to ``total`` for the gradient alone and never reported; None for nothing. It is
            summed like ``total``: the penalty of one prediction times ``count``, so that the two are divided alike.
    """

    total: torch.Tensor
    count: int
    penalty: torch.Tensor | None = None
