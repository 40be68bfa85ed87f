"""Split one stream of ids into windows for truncated backpropagation through time (BPTT)."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.records import IGNORED, BpttBatch
from textkit.checks import check_count, check_integers
from textkit.files.mapped import release, span

# Random windows: probability of the full length rather than half of it, standard deviation and minimum, in tokens.
_FULL_PROBABILITY, _DEVIATION, _MINIMUM = 0.95, 5.0, 5
_READ = 1 << 16  # tokens that are read at once


class BpttBatches:
    """Splits a stream into parallel streams, which are read one window at a time.

    Row b of a batch continues row b of the previous batch. Every token except the first of each parallel stream is
    predicted exactly once per epoch. The lengths of the streams differ by at most one token; after the end of a shorter
    one nothing is predicted.

    Args:
        ids: (tokens,) integers, possibly memory-mapped, or a list of them.
        batch_size: Number of parallel streams.
        window: BPTT length, in tokens.
        random_windows: Whether to randomize the BPTT length: it is drawn from a normal distribution with a standard
            deviation of 5 tokens around ``window``, or around half of it with probability 0.05 (Merity et al. 2018,
            section 5). The learning rate should be proportional to the length, so each batch has a ``rate``.
        seed: Seed of the random lengths, which differ between epochs.
        part: The parallel streams that this process reads; the others are read by other processes.
        longest: Number of tokens of the longest stream of any process, if they have texts of their own.

    Attributes:
        predictions: Number of tokens predicted per epoch, in all streams.
        current_epoch: The epoch to iterate over, see `set_epoch`.

    Raises:
        ValueError: If a number is below 1, or a stream would have fewer than 2 tokens.
        TypeError: If ids are not integers.

    >>> for batch in BpttBatches(np.arange(9), batch_size=2, window=3).epoch():
    ...     print(batch.inputs.tolist(), batch.targets.tolist(), batch.first)
    [[0, 1, 2], [4, 5, 6]] [[1, 2, 3], [5, 6, 7]] True
    [[3], [7]] [[-100], [8]] False
    """

    def __init__(
        self,
        ids: Sequence[int] | NDArray[Any],
        *,
        batch_size: int,
        window: int,
        random_windows: bool = False,
        seed: int = 0,
        part: slice = slice(None),
        longest: int = 0,
    ) -> None:
        ids = check_integers("ids", ids, "encode the text first")
        window = check_count("window", window, 1, "token")
        batch_size = check_count("batch_size", batch_size, 1, "stream")
        if len(ids) < 2:
            raise ValueError(f"ids must hold at least 2 tokens, got {len(ids)}; use more text")
        if batch_size > len(ids) // 2:
            raise ValueError(
                f"batch_size must be at most {len(ids) // 2} streams for {len(ids)} tokens, so that each has something "
                f"to predict, got {batch_size}; lower it, or use more text"
            )
        self.ids = ids
        self.window = window
        self.random_windows = random_windows
        self.seed = seed
        self.bounds = np.arange(batch_size + 1) * len(ids) // batch_size
        self.predictions = len(ids) - batch_size
        self.part = part
        self.longest = max(longest, int(np.diff(self.bounds).max()))
        self.current_epoch = 0

    def epoch(self, epoch: int = 0) -> Iterator[BpttBatch]:
        """Yield the windows of an epoch, in the order of the text.

        Args:
            epoch: Number of the epoch, from 0; it only affects random windows.
        """
        starts, lengths = self.bounds[:-1][self.part, None], np.diff(self.bounds)[self.part, None]
        shortest, unreleased = int(lengths.min()), 0
        tokens, begin, end = np.empty(0), 0, 0  # tokens: those at begin to end of each stream
        for start, stop in self._windows(epoch):
            if stop >= end:  # many windows are read at once, which takes little longer than one
                begin, end = start, min(max(stop, start + _READ // len(starts)), self.longest - 1) + 1
                # A shorter stream is read into the next one; these targets are ignored.
                places = np.minimum(starts + np.arange(begin, end), len(self.ids) - 1)
                tokens = np.asarray(self.ids[places], dtype=np.int64)
                if (unreleased := unreleased + places.size) >= span(len(places)):
                    release(self.ids)
                    unreleased = 0
            inputs = tokens[:, start - begin : stop - begin].copy()
            targets = tokens[:, start - begin + 1 : stop - begin + 1].copy()
            count = targets.size
            if stop >= shortest:
                ended = np.arange(start + 1, stop + 1) >= lengths
                targets[ended] = IGNORED
                count -= int(ended.sum())
            yield BpttBatch(
                inputs=torch.from_numpy(inputs),
                targets=torch.from_numpy(targets),
                first=start == 0,
                rate=(stop - start) / self.window if self.random_windows else 1.0,
                count=count,
            )

    def steps(self, epoch: int = 0) -> int:
        """Return the number of windows of an epoch, without reading any."""
        return sum(1 for _ in self._windows(epoch))

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch to iterate over."""
        self.current_epoch = epoch

    def __iter__(self) -> Iterator[BpttBatch]:
        return self.epoch(self.current_epoch)

    def __len__(self) -> int:
        return self.steps(self.current_epoch)

    def _windows(self, epoch: int) -> Iterator[tuple[int, int]]:
        """Yield the position of the first input of each window, and that of its last target."""
        start, last = 0, self.longest - 1
        for length in self._lengths(epoch):
            stop = min(start + length, last)
            yield start, stop
            if (start := stop) == last:
                return

    def _lengths(self, epoch: int) -> Iterator[int]:
        random = np.random.default_rng([self.seed, epoch])
        while True:
            if self.random_windows:
                center = self.window if random.random() < _FULL_PROBABILITY else self.window / 2
                yield max(min(_MINIMUM, self.window), int(random.normal(center, _DEVIATION)))
            else:
                yield self.window
