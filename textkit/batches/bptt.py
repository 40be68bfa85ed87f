"""One stream of ids cut into windows for truncated backpropagation through time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.records import IGNORED, BpttBatch

_SHARE_OF_FULL, _SPREAD, _SHORTEST = 0.95, 5.0, 5  # of random windows; lengths in tokens


class BpttBatches:
    """A stream folded into parallel streams, which are read side by side, a window at a time.

    Row b of a batch goes on where row b of the batch before ended. Every token but the first of each parallel stream
    is predicted exactly once in an epoch. Streams differ by one token at most; where a shorter one has ended, nothing
    is predicted.

    Args:
        ids: (tokens,) integers, which may be mapped from the disk.
        batch_size: Parallel streams.
        window: Tokens predicted at a time in each stream.
        random_windows: Whether windows differ in length: drawn from a normal distribution around ``window``, or
            around half of it once in 20 times, with a standard deviation of 5 tokens (Merity et al. 2018, section
            5). The learning rate of a batch is to go with its length, for which it has a ``rate``.
        seed: Seed of the lengths; each epoch has its own.

    Attributes:
        predictions: Tokens predicted in an epoch.

    Raises:
        ValueError: If a number is below 1, or a stream would have fewer than 2 tokens.

    >>> for batch in BpttBatches(np.arange(9), batch_size=2, window=3).epoch():
    ...     print(batch.inputs.tolist(), batch.targets.tolist(), batch.first)
    [[0, 1, 2], [4, 5, 6]] [[1, 2, 3], [5, 6, 7]] True
    [[3], [7]] [[-100], [8]] False
    """

    def __init__(
        self, ids: NDArray[Any], *, batch_size: int, window: int, random_windows: bool = False, seed: int = 0
    ) -> None:
        if window < 1:
            raise ValueError(f"window must be at least 1 token, got {window}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1 stream, got {batch_size}")
        if len(ids) < 2:
            raise ValueError(f"ids must hold at least 2 tokens, got {len(ids)}; take more text")
        if batch_size > len(ids) // 2:
            raise ValueError(
                f"batch_size must be at most {len(ids) // 2} streams for {len(ids)} tokens, so that each has something "
                f"to predict, got {batch_size}; lower it, or take more text"
            )
        self.ids = ids
        self.window = window
        self.random_windows = random_windows
        self.seed = seed
        self.bounds = np.arange(batch_size + 1) * len(ids) // batch_size  # the last stream is one of the longest
        self.predictions = len(ids) - batch_size

    def epoch(self, epoch: int = 0) -> Iterator[BpttBatch]:
        """Yield the windows of an epoch, in the order of the text.

        Args:
            epoch: Number of the epoch, from 0; it matters to random windows alone.
        """
        lengths = np.diff(self.bounds)
        last = int(lengths.max()) - 1  # position of the last input
        start = 0
        for length in self._lengths(epoch):
            stop = min(start + length, last)
            tokens = np.asarray(self.ids[self.bounds[:-1, None] + np.arange(start, stop + 1)], dtype=np.int64)
            targets = tokens[:, 1:].copy()
            ended = lengths <= stop
            targets[ended, -1] = IGNORED
            yield BpttBatch(
                inputs=torch.from_numpy(tokens[:, :-1].copy()),
                targets=torch.from_numpy(targets),
                first=start == 0,
                rate=(stop - start) / self.window if self.random_windows else 1.0,
                count=targets.size - int(ended.sum()),
            )
            start = stop
            if start == last:
                return

    def _lengths(self, epoch: int) -> Iterator[int]:
        random = np.random.default_rng([self.seed, epoch])
        while True:
            if self.random_windows:
                center = self.window if random.random() < _SHARE_OF_FULL else self.window / 2
                yield max(min(_SHORTEST, self.window), int(random.normal(center, _SPREAD)))
            else:
                yield self.window
