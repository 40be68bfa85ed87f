"""Batches of similar length under a budget of tokens, so that little of what is fed is padding."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BucketBatches:
    """Which examples make a batch: neighbors in length, in another order and other company in each epoch.

    Every example comes exactly once in an epoch. It is a batch sampler of torch too, with any number of workers:
    ``DataLoader(texts, batch_sampler=BucketBatches(lengths, budget=8192), collate_fn=PaddingCollator())``; call
    `set_epoch` before each epoch.

    Args:
        lengths: (examples,) tokens of each example, from 0; an empty one is fed as one token of padding.
        budget: The most tokens in a batch, padding included; a longer example is a batch by itself.
        seed: Seed of the orders.
        shuffle: Whether epochs differ; otherwise the batches come from short to long, the same ones every time.
        max_batch: The most examples in a batch; None for as many as the budget allows.
        blur: Lengths are sorted as if longer or shorter by up to this share, so that an example meets others in each
            epoch. About the same share of what is fed is padding.

    Attributes:
        current_epoch: The epoch that is iterated over, see `set_epoch`.

    Raises:
        ValueError: If a number is out of range.

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
        if budget < 1:
            raise ValueError(f"budget must be at least 1 token, got {budget}")
        if max_batch is not None and max_batch < 1:
            raise ValueError(f"max_batch must be at least 1 example, got {max_batch}; None is no limit")
        if not 0 <= blur < 1:
            raise ValueError(f"blur must be a share from 0 to below 1, got {blur}")
        self.lengths = np.asarray(lengths, dtype=np.int64)
        if (self.lengths < 0).any():
            raise ValueError(f"lengths must be 0 tokens or more, got {int(self.lengths.min())}")
        self.budget, self.max_batch = budget, max_batch
        self.seed, self.shuffle, self.blur = seed, shuffle, blur
        self.current_epoch = 0
        self._fed = np.maximum(self.lengths, 1)
        self._made: tuple[int, list[NDArray[np.intp]]] | None = None

    def epoch(self, epoch: int = 0) -> list[NDArray[np.intp]]:
        """The batches of an epoch.

        Args:
            epoch: Number of the epoch, from 0; each has its own order and its own batches.

        Returns:
            For each batch (examples of it,), the numbers of its examples.
        """
        if not self.shuffle:
            return self._groups(np.argsort(self._fed, kind="stable"))
        random = np.random.default_rng([self.seed, epoch])
        blurred = self._fed * random.uniform(1 - self.blur, 1 + self.blur, len(self._fed))
        groups = self._groups(np.argsort(blurred, kind="stable"))
        return [groups[number] for number in random.permutation(len(groups))]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is iterated over from now on."""
        self.current_epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return (batch.tolist() for batch in self._current())

    def __len__(self) -> int:
        return len(self._current())

    def padding(self, epoch: int = 0) -> float:
        """The share of the tokens fed in an epoch that is padding, from 0 to 1; 0 if nothing is fed."""
        fed = sum(len(batch) * int(self._fed[batch].max()) for batch in self.epoch(epoch))
        return 1 - int(self.lengths.sum()) / fed if fed else 0.0

    def _current(self) -> list[NDArray[np.intp]]:
        if self._made is None or self._made[0] != self.current_epoch:
            self._made = self.current_epoch, self.epoch(self.current_epoch)
        return self._made[1]

    def _groups(self, order: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Cut an order into batches, each as long as the budget allows."""
        most = self.max_batch or len(order)
        starts = []
        first, longest = 0, 0
        for place, length in enumerate(self._fed[order].tolist()):
            longest = max(longest, length)
            size = place - first + 1
            if size > 1 and (longest * size > self.budget or size > most):
                starts.append(place)
                first, longest = place, length
        return np.split(order, starts) if len(order) else []
