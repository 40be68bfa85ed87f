"""Batches of examples of similar length under a token budget, which keeps padding low."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count, check_integers, is_finite


class BucketBatches:
    """Groups examples of similar length into batches, different ones and in a different order in each epoch.

    Every example occurs exactly once per epoch. The class is also a batch sampler for torch, with any number of
    workers: ``DataLoader(texts, batch_sampler=BucketBatches(lengths, budget=8192), collate_fn=PaddingCollator())``;
    call `set_epoch` before each epoch.

    Args:
        lengths: (examples,) number of tokens of each example, at least 0; an empty one counts as one token of padding.
        budget: Maximum number of tokens in a batch, padding included; a longer example forms a batch of its own.
        seed: Seed of the random order.
        shuffle: Whether epochs differ; otherwise batches are the same in every epoch and sorted from short to long.
        max_batch: Maximum number of examples in a batch; None for as many as the budget allows.
        blur: Lengths are sorted as if they were longer or shorter by up to this fraction, so that an example is grouped
            with different ones in each epoch. Padding makes up about the same fraction of the tokens.

    Attributes:
        current_epoch: The epoch to iterate over, see `set_epoch`.

    Raises:
        ValueError: If a number is out of range.
        TypeError: If lengths are not integers.

    >>> batches = BucketBatches([3, 1, 2, 9], budget=6, shuffle=False)
    >>> [batch.tolist() for batch in batches.epoch()]
    [[1, 2], [0], [3]]
    """

    def __init__(
        self,
        lengths: Sequence[int] | NDArray[Any],
        *,
        budget: int,
        seed: int = 0,
        shuffle: bool = True,
        max_batch: int | None = None,
        blur: float = 0.03,
    ) -> None:
        budget = check_count("budget", budget, 1, "token")
        if max_batch is not None:
            max_batch = check_count("max_batch", max_batch, 1, "example", "None is no limit")
        if not is_finite(blur) or not 0 <= blur < 1:
            raise ValueError(f"blur must be at least 0 and below 1, got {blur}")
        self.lengths = check_integers("lengths", lengths, "pass the number of tokens of each example").astype(np.int64)
        if (self.lengths < 0).any():
            raise ValueError(f"lengths must be 0 tokens or more, got {int(self.lengths.min())}")
        self.budget, self.max_batch = budget, max_batch
        self.seed, self.shuffle, self.blur = seed, shuffle, blur
        self.current_epoch = 0
        self._padded_lengths = np.maximum(self.lengths, 1)
        self._cached: tuple[int, list[NDArray[np.intp]]] | None = None  # an epoch and its batches

    def epoch(self, epoch: int = 0) -> list[NDArray[np.intp]]:
        """Return the batches of an epoch.

        Args:
            epoch: Number of the epoch, from 0; each has its own order and its own batches.

        Returns:
            For each batch an array (examples,) of the indices of its examples.
        """
        if not self.shuffle:
            return self._split(np.argsort(self._padded_lengths, kind="stable"))
        random = np.random.default_rng([self.seed, epoch])
        blurred = self._padded_lengths * random.uniform(1 - self.blur, 1 + self.blur, len(self._padded_lengths))
        batches = self._split(np.argsort(blurred, kind="stable"))
        return [batches[index] for index in random.permutation(len(batches))]

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch to iterate over."""
        self.current_epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return (batch.tolist() for batch in self._current())

    def __len__(self) -> int:
        return len(self._current())

    def padding(self, epoch: int = 0) -> float:
        """Return the fraction of padding among the tokens of an epoch, from 0 to 1; 0 if there are no examples."""
        tokens = sum(len(batch) * int(self._padded_lengths[batch].max()) for batch in self.epoch(epoch))
        return 1 - int(self.lengths.sum()) / tokens if tokens else 0.0

    def _current(self) -> list[NDArray[np.intp]]:
        if self._cached is None or self._cached[0] != self.current_epoch:
            self._cached = self.current_epoch, self.epoch(self.current_epoch)
        return self._cached[1]

    def _split(self, order: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Split sorted examples greedily into batches as large as the budget allows."""
        max_batch = self.max_batch or len(order)
        starts = []
        start, longest = 0, 0
        for index, length in enumerate(self._padded_lengths[order].tolist()):
            longest = max(longest, length)
            size = index - start + 1
            if size > 1 and (longest * size > self.budget or size > max_batch):
                starts.append(index)
                start, longest = index, length
        return np.split(order, starts) if len(order) else []
