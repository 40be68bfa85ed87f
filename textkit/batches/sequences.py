"""Batches of independent documents of similar length, such as poems or names."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.bucketing import BucketBatches
from textkit.batches.records import IGNORED, SequenceBatch
from textkit.checks import check_integers

_BLUR = 0.1  # see `BucketBatches`


class SequenceBatches:
    """Groups documents of similar length into batches, and adds start and end tokens.

    A document x becomes the inputs begin + x and the targets x + end, so that its first token and its end are
    predicted too. Every document occurs once per epoch, in an order that differs between epochs.

    Args:
        documents: Token ids of each document, (tokens,) integers.
        begin: Id of ``<bos>``.
        end: Id of ``<eos>``.
        budget: Maximum number of inputs in a batch, padding included; a longer document forms a batch of its own.
        seed: Seed of the random order.

    Attributes:
        predictions: Number of tokens predicted per epoch, ends included.

    Raises:
        ValueError: If there is no document, or the budget is below 1.
        TypeError: In an epoch, if ids are not integers.

    >>> batches = SequenceBatches([np.array([5, 6]), np.array([7])], begin=2, end=3, budget=6)
    >>> (batch,) = batches.epoch()
    >>> batch.inputs.tolist(), batch.targets.tolist(), batch.lengths.tolist()
    ([[2, 5, 6], [2, 7, 0]], [[5, 6, 3], [7, 3, -100]], [3, 2])
    """

    def __init__(
        self, documents: Sequence[NDArray[Any]], *, begin: int, end: int, budget: int = 4096, seed: int = 0
    ) -> None:
        if not len(documents):
            raise ValueError("documents must hold at least one document, got none; is the corpus empty?")
        self.documents = documents
        self.begin, self.end = begin, end
        self.lengths = np.array([len(document) + 1 for document in documents])
        self._buckets = BucketBatches(self.lengths, budget=budget, seed=seed, blur=_BLUR)
        self.predictions = int(self.lengths.sum())

    def epoch(self, epoch: int = 0) -> Iterator[SequenceBatch]:
        """Yield the batches of an epoch.

        Args:
            epoch: Number of the epoch, from 0; each has its own order and its own batches.
        """
        for indices in self._buckets.epoch(epoch):
            yield self._batch(indices)

    def epoch_part(self, epoch: int, rank: int, size: int) -> Iterator[SequenceBatch | None]:
        """Yield a process's part of each batch of an epoch, every ``size``-th document; None for no document.

        Args:
            epoch: Number of the epoch, from 0.
            rank: Number of the process, from 0.
            size: Number of processes.
        """
        for indices in self._buckets.epoch(epoch):
            own = indices[rank::size]
            yield self._batch(own) if len(own) else None

    def steps(self, epoch: int = 0) -> int:
        """Return the number of batches of an epoch."""
        return sum(1 for _ in self._buckets.epoch(epoch))

    def _batch(self, indices: NDArray[np.intp]) -> SequenceBatch:
        # Longest first, the order into which packing would sort them.
        indices = indices[np.argsort(-self.lengths[indices], kind="stable")]
        lengths = self.lengths[indices]
        inputs = np.zeros((len(indices), lengths[0]), dtype=np.int64)
        targets = np.full_like(inputs, IGNORED)
        for row, (index, length) in enumerate(zip(indices, lengths, strict=True)):
            document = check_integers(f"documents[{index}]", self.documents[index], "encode the documents first")
            inputs[row, 0], inputs[row, 1:length] = self.begin, document
            targets[row, : length - 1], targets[row, length - 1] = document, self.end
        return SequenceBatch(
            inputs=torch.from_numpy(inputs), targets=torch.from_numpy(targets), lengths=torch.from_numpy(lengths)
        )
