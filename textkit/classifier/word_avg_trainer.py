"""`WordAvg` trained on a CPU: only the vectors that a batch uses are read and changed, without padding."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.kernels.word_avg_cpu import bag_means, update_bags
from textkit.models.classification_loss import Criterion
from textkit.models.loss import Loss
from textkit.models.word_avg import WordAvg
from textkit.text.document_ids import DocumentIds


@dataclass(frozen=True, kw_only=True)
class BagBatch:
    """Some of the texts that a `BagObjective` holds.

    Attributes:
        texts: (batch,) int64, which.
        labels: (batch,) int64, or (batch, classes) float32.
    """

    texts: NDArray[np.int64]
    labels: torch.Tensor

    def to(self, device: torch.device | str) -> "BagBatch":
        """The same batch: what it is for runs on a CPU."""
        return self


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """What is kept of a batch from its loss to its step: what `bag_means` gave.

    Attributes:
        rows: (places,) int32, of the tables.
        bounds: (batch, 3) int64, which of them each text has.
        weights: (batch,) float32, of each vector in a mean.
        means: (batch, dim) float32, from which gradients come.
    """

    rows: NDArray[np.int32]
    bounds: NDArray[np.int64]
    weights: NDArray[np.float32]
    means: torch.Tensor


class BagObjective:
    """The loss of a `WordAvg`, whose gradient ends at the means of the texts; `BagOptimizer` takes it from there.

    Args:
        model: The model, on a CPU.
        documents: All texts.
        criterion: What scores cost.
        workers: Threads; the result does not depend on their number.

    Attributes:
        ids: (tokens,) int32, those of ``documents``; may be replaced for an epoch.
    """

    def __init__(self, model: WordAvg, documents: DocumentIds, criterion: Criterion, *, workers: int) -> None:
        self.model, self.criterion, self.workers = model, criterion, workers
        self.ids, self.offsets = documents.ids, documents.offsets
        self.words = model.embedding.detach().numpy()
        none = np.zeros((1, model.config.dim), np.float32)
        self.ngrams = none if model.ngram_embedding is None else model.ngram_embedding.detach().numpy()
        self.squares = np.zeros(len(self.words), np.float32), np.zeros(len(self.ngrams), np.float32)
        self.pool = ThreadPoolExecutor(max(workers - 1, 1))
        self._batch: _Batch | None = None

    def loss(self, batch: BagBatch) -> Loss:
        """The summed loss of a batch."""
        texts, config = batch.texts, self.model.config
        means = np.empty((len(texts), self.words.shape[1]), np.float32)
        weights = np.empty(len(texts), np.float32)
        lengths = self.offsets[texts + 1] - self.offsets[texts]
        ends = (lengths * config.ngrams).cumsum()  # behind the places of each text
        rows = np.empty(ends[-1], np.int32)
        bounds = np.empty((len(texts), 3), np.int64)
        bounds[:, 0] = ends - lengths * config.ngrams
        cuts = [len(texts) * worker // self.workers for worker in range(self.workers + 1)]

        def average(worker: int) -> None:
            part = slice(cuts[worker], cuts[worker + 1])
            bag_means(
                self.ids,
                self.offsets,
                texts[part],
                self.words,
                self.ngrams,
                config.ngrams,
                config.binary,
                means[part],
                weights[part],
                rows,
                bounds[part],
            )

        self._share(average)
        features = torch.from_numpy(means).requires_grad_()
        self._batch = _Batch(rows=rows, bounds=bounds, weights=weights, means=features)
        return Loss(total=self.criterion(self.model.output(features), batch.labels), count=len(texts))

    def step(self, word_rate: float, ngram_rate: float) -> None:
        """Change the vectors of the last batch by its gradient."""
        batch = self._batch
        if batch is None or batch.means.grad is None:
            return
        gradients = batch.means.grad.numpy()
        words, ngrams = self.squares

        def update(worker: int) -> None:
            update_bags(
                batch.rows,
                batch.bounds,
                batch.weights,
                gradients,
                self.words,
                words,
                self.ngrams,
                ngrams,
                word_rate,
                ngram_rate,
                worker,
                self.workers,
            )

        self._share(update)
        self._batch = None

    def _share(self, work: Callable[[int], None]) -> None:
        others = [self.pool.submit(work, worker) for worker in range(1, self.workers)]
        work(0)
        for other in others:
            other.result()

    def parameters(self) -> Iterator[nn.Parameter]:
        """The weights that torch changes: those of the output layer."""
        return iter((self.model.output_weight, self.model.output_bias))

    def train(self, mode: bool = True) -> None:
        """Switch training on or off."""
        self.model.train(mode)


class BagOptimizer(torch.optim.AdamW):
    """AdamW for the output layer, and Adagrad with a rate for each row for the vectors of a `BagObjective`.

    Args:
        objective: Whose vectors are changed.
        learning_rate: Of the output layer.
        vector_rate: Of the vectors.
        weight_decay: Of the output layer.
    """

    def __init__(
        self, objective: BagObjective, *, learning_rate: float, vector_rate: float, weight_decay: float
    ) -> None:
        model = objective.model
        super().__init__(
            [
                {"params": [model.output_weight, model.output_bias], "lr": learning_rate},
                {"params": [model.embedding], "lr": vector_rate},  # torch never sees a gradient of these
            ],
            weight_decay=weight_decay,
            fused=True,
        )
        self.objective = objective

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change all weights by their gradients."""
        super().step(closure)
        rate = self.param_groups[1]["lr"]
        self.objective.step(rate if self.objective.model.embedding.requires_grad else 0.0, rate)


def usable_workers() -> int:
    """How many threads there are for the kernels: as many as torch takes, if there are so many processors."""
    return max(1, min(torch.get_num_threads(), os.cpu_count() or 1))
