"""NT-ASGD: average the weights of all steps once the validation loss stops improving."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class TriggeredAverage:
    """Running mean of the weights after each step, started when the validation loss stops improving.

    Source: Merity et al. 2018, "Regularizing and Optimizing LSTM Language Models", algorithm 1, with an epoch as the
    logging interval.

    Args:
        weights: The trained weights.
        non_monotone: Averaging starts when the validation loss is worse than the best of the epochs more than this
            many epochs ago.

    Attributes:
        count: Number of steps averaged; 0 before averaging starts.
        means: The mean of each weight; empty before averaging starts.
        losses: Validation losses of the epochs before averaging started.
    """

    def __init__(self, weights: Iterable[nn.Parameter], non_monotone: int = 5) -> None:
        if non_monotone < 0:
            raise ValueError(f"non_monotone must be at least 0 epochs, got {non_monotone}; 5 is usual")
        self.weights = list(weights)
        self.non_monotone = non_monotone
        self.count = 0
        self.means: list[torch.Tensor] = []
        self.losses: list[float] = []

    @torch.no_grad()
    def step(self) -> None:
        """Add the weights after a step to the mean, if averaging has started."""
        if self.count:
            self.count += 1
            for mean, weight in zip(self.means, self.weights, strict=True):
                mean.lerp_(weight, 1 / self.count)

    @torch.no_grad()
    def observe(self, loss: float) -> None:
        """Record a validation loss; start averaging with the current weights if it triggers that."""
        if self.count:
            return
        earlier = self.losses[: max(len(self.losses) - self.non_monotone, 0)]
        if earlier and loss > min(earlier):
            self.means = [weight.detach().clone() for weight in self.weights]
            self.count = 1
        self.losses.append(loss)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace the weights by their means within the block, if averaging has started."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        if self.count:
            for mean, weight in zip(self.means, self.weights, strict=True):
                current = weight.clone()
                weight.copy_(mean)
                mean.copy_(current)
