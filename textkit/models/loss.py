"""What a model answers to a batch when it is trained: a sum and the number of things that were predicted."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The loss of one batch, not yet divided.

    Attributes:
        total: () summed loss in nats, with its gradient.
        count: How many predictions are summed in it. Means over many batches divide the sums once by the counts.
    """

    total: torch.Tensor
    count: int
