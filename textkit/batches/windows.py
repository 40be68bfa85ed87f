"""Cut one stream of ids into independent windows, read in random order, for models that carry no state."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.records import IGNORED, BpttBatch
from textkit.checks import check_count, check_integers
from textkit.files.mapped import release, span


class WindowBatches:
    """Cuts a stream into windows at places that differ between epochs, and groups them in random order.

    Every token but the first is predicted exactly once per epoch. How much of the text before it a token can see is
    random.

    Args:
        ids: (tokens,) integers, possibly memory-mapped, or a list of them.
        batch_size: Number of windows per batch.
        window: Length of the windows, in tokens.
        seed: Seed of the cuts and of the order.
        part: The windows of each batch that this process reads, as a slice of ``range(batch_size)``; the others are
            read by other processes.
        least_tokens: Number of tokens of the longest stream of any process, if they have texts of their own: an epoch
            has as many batches as there.

    Attributes:
        predictions: Number of tokens predicted per epoch.

    Raises:
        ValueError: If a number is below 1, or there are fewer than 2 tokens.
        TypeError: If ids are not integers.

    >>> for batch in WindowBatches(np.arange(7), batch_size=2, window=4, seed=1).epoch():
    ...     print(batch.inputs.tolist(), batch.targets.tolist())
    [[0, 1, 2, 3], [1, 2, 3, 4]] [[1, -100, -100, -100], [2, 3, 4, 5]]
    [[5, 6, 6, 6]] [[6, -100, -100, -100]]
    """

    def __init__(
        self,
        ids: Sequence[int] | NDArray[Any],
        *,
        batch_size: int,
        window: int,
        seed: int = 0,
        part: slice = slice(None),
        least_tokens: int = 0,
    ) -> None:
        self.ids = check_integers("ids", ids, "encode the text first")
        self.window = check_count("window", window, 1, "token")
        self.batch_size = check_count("batch_size", batch_size, 1, "window")
        if len(self.ids) < 2:
            raise ValueError(f"ids must hold at least 2 tokens, got {len(self.ids)}; use more text")
        self.seed, self.part = seed, part
        self.predictions = len(self.ids) - 1
        self._most_predictions = max(least_tokens - 1, self.predictions)

    def epoch(self, epoch: int = 0) -> Iterator[BpttBatch | None]:
        """Yield the batches of an epoch; None for one without a window for this process.

        Args:
            epoch: Number of the epoch, from 0.
        """
        random = np.random.default_rng([self.seed, epoch])
        cuts = self._cuts(int(random.integers(self.window)), self.predictions)
        starts, ends = cuts[:-1], cuts[1:]
        order = random.permutation(len(starts))
        unreleased = 0
        for step in range(self.steps(epoch)):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            # All processes share the windows of a smaller last batch, too.
            rows = rows[self._own(len(rows))]
            if not len(rows):
                yield None
                continue
            positions = starts[rows, None] + np.arange(self.window + 1)
            tokens = np.asarray(self.ids[np.minimum(positions, self.predictions)], dtype=np.int64)
            # What follows a shorter window is predicted in another one.
            targets = np.where(positions[:, 1:] <= ends[rows, None], tokens[:, 1:], IGNORED)
            if (unreleased := unreleased + tokens.size) >= span(len(tokens)):
                release(self.ids)
                unreleased = 0
            yield BpttBatch(
                inputs=torch.from_numpy(tokens[:, :-1].copy()),
                targets=torch.from_numpy(targets),
                first=True,
                count=int((ends[rows] - starts[rows]).sum()),
            )

    def steps(self, epoch: int = 0) -> int:
        """Return the number of batches of an epoch, which may differ by one between epochs."""
        offset = int(np.random.default_rng([self.seed, epoch]).integers(self.window))
        return -(-(len(self._cuts(offset, self._most_predictions)) - 1) // self.batch_size)

    def _cuts(self, offset: int, predictions: int) -> NDArray[np.int64]:
        """Return where the windows start, and the end of the last one; the first has ``offset`` tokens, or all."""
        return np.unique([0, *range(offset, predictions, self.window), predictions])

    def _own(self, rows: int) -> slice:
        start, stop, _ = self.part.indices(self.batch_size)
        return slice(start * rows // self.batch_size, stop * rows // self.batch_size)
