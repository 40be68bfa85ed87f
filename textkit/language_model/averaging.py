"""NT-ASGD: once a held-out loss no longer falls, the mean of all weights from there on is better than the last ones."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


class TriggeredAverage:
    """The mean of the weights after every step since a held-out loss stopped falling.

    Source: Merity et al. 2018, "Regularizing and Optimizing LSTM Language Models", algorithm 1, with an epoch as the
    logging interval.

    Args:
        weights: The weights that are trained.
        non_monotone: The average begins when a loss is above the best of those more than so many epochs ago.

    Attributes:
        count: How many weights are averaged; 0 before the average begins.
        means: The averages, one for each weight; empty before.
        losses: The held-out losses so far, until the average begins.
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
        """Take in the weights after a step, if the average has begun."""
        if self.count:
            self.count += 1
            for mean, weight in zip(self.means, self.weights, strict=True):
                mean.lerp_(weight, 1 / self.count)

    @torch.no_grad()
    def observe(self, loss: float) -> None:
        """Take note of a held-out loss; begin with the weights of now if it is a reason to."""
        if self.count:
            return
        before = self.losses[: max(len(self.losses) - self.non_monotone, 0)]
        if before and loss > min(before):
            self.means = [weight.detach().clone() for weight in self.weights]
            self.count = 1
        self.losses.append(loss)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages in the place of the weights while the block runs, if there are any."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        if self.count:
            for mean, weight in zip(self.means, self.weights, strict=True):
                kept = weight.clone()
                weight.copy_(mean)
                mean.copy_(kept)
