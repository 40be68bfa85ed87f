"""Windows of a text that is read from both ends at once, for bidirectional language models."""

from collections.abc import Iterator

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import TwoWayBatch


class TwoWayBatches:
    """Pairs the windows of a text with those of the reversed text, each in the order of its own streams.

    The window of step k has the k-th tokens of each stream and the k-th from its end, so that the state of either
    direction is carried through all of the text. Every token but the first of a stream is predicted once per epoch from
    those before it, and every token but the last once from those after it.

    Args:
        forward: Batches of the text.
        backward: Batches of the reversed text, with the same options.

    Attributes:
        predictions: Number of tokens predicted per epoch by each direction, in all streams.

    >>> text = [0, 1, 2, 3]
    >>> forward, backward = (BpttBatches(ids, batch_size=1, window=2) for ids in (text, text[::-1]))
    >>> for batch in TwoWayBatches(forward, backward).epoch():
    ...     print(batch.forward.inputs.tolist(), batch.forward.targets.tolist(), end=" and ")
    ...     print(batch.backward.inputs.tolist(), batch.backward.targets.tolist())
    [[0, 1]] [[1, 2]] and [[3, 2]] [[2, 1]]
    [[2]] [[3]] and [[1]] [[0]]
    """

    def __init__(self, forward: BpttBatches, backward: BpttBatches) -> None:
        self.forward, self.backward = forward, backward
        self.predictions = forward.predictions

    def epoch(self, epoch: int = 0) -> Iterator[TwoWayBatch]:
        """Yield the windows of an epoch.

        Args:
            epoch: Number of the epoch, from 0; it only affects random windows, whose lengths both directions share.
        """
        for forward, backward in zip(self.forward.epoch(epoch), self.backward.epoch(epoch), strict=True):
            yield TwoWayBatch(forward=forward, backward=backward)

    def steps(self, epoch: int = 0) -> int:
        """Return the number of windows of an epoch, without reading any."""
        return self.forward.steps(epoch)
