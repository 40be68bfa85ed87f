"""Train a `WordAvg` on a CPU, without padding, reading and updating only the vectors used by a batch."""

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
from textkit.models.classifier import UNKNOWN
from textkit.models.loss import Loss
from textkit.models.word_avg import WordAvg
from textkit.text.document_ids import DocumentIds


@dataclass(frozen=True, kw_only=True)
class BagBatch:
    """A batch of the texts of a `BagObjective`.

    Attributes:
        texts: (batch,) int64, the numbers of the texts.
        labels: (batch,) int64, or (batch, classes) float32.
    """

    texts: NDArray[np.int64]
    labels: torch.Tensor

    def to(self, device: torch.device | str) -> "BagBatch":
        """Return the same batch; a `BagObjective` runs on the CPU only."""
        return self


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """What `step` needs from `loss`: the output of `bag_means`.

    Attributes:
        rows: (rows,) int32, the embedding rows of all texts; see `bag_means`.
        bounds: (batch, 3) int64, the bounds of each text's rows.
        weights: (batch,) float32, the weight of each vector in the mean of a text.
        means: (batch, dim) float32, the means, which receive the gradient.
    """

    rows: NDArray[np.int32]
    bounds: NDArray[np.int64]
    weights: NDArray[np.float32]
    means: torch.Tensor


class BagObjective:
    """The loss of a `WordAvg`. Autograd stops at the means of the texts; a compiled kernel updates the vectors.

    `BagOptimizer` calls `step` for this update.

    Args:
        model: The model, on the CPU.
        documents: All training texts.
        criterion: Loss of the logits.
        weights: (texts,) weights of the texts; None for equal weights.
        workers: Number of threads; the result does not depend on it.

    Attributes:
        ids: (tokens,) int32, the token ids of ``documents``; may be replaced for an epoch (word dropout).
        squares: Adagrad's sums of squared gradients, one for each row of the words and of the n-grams.
    """

    def __init__(
        self,
        model: WordAvg,
        documents: DocumentIds,
        criterion: Criterion,
        *,
        weights: torch.Tensor | None = None,
        workers: int,
    ) -> None:
        self.model, self.criterion, self.weights, self.workers = model, criterion, weights, workers
        self.ids, self.offsets = documents.ids, documents.offsets
        self.words = model.embedding.detach().numpy()
        unused = np.zeros((1, model.config.dim), np.float32)
        self.ngrams = unused if model.ngram_embedding is None else model.ngram_embedding.detach().numpy()
        self.squares = {
            "words": np.zeros(len(self.words), np.float32),
            "ngrams": np.zeros(len(self.ngrams), np.float32),
        }
        self.pool = ThreadPoolExecutor(max(workers - 1, 1))
        self._batch: _Batch | None = None

    def loss(self, batch: BagBatch) -> Loss:
        """Compute the summed loss of a batch."""
        texts, config = batch.texts, self.model.config
        means = np.empty((len(texts), self.words.shape[1]), np.float32)
        weights = np.empty(len(texts), np.float32)
        lengths = self.offsets[texts + 1] - self.offsets[texts]
        # A text of n tokens has at most n words and n n-grams of each length, so this much space is reserved for it.
        ends = (lengths * config.ngrams).cumsum()
        rows = np.empty(ends[-1], np.int32)
        bounds = np.empty((len(texts), 3), np.int64)
        bounds[:, 0] = ends - lengths * config.ngrams
        splits = [len(texts) * worker // self.workers for worker in range(self.workers + 1)]

        def average(worker: int) -> None:
            part = slice(splits[worker], splits[worker + 1])
            bag_means(
                self.ids,
                self.offsets,
                texts[part],
                self.words,
                self.ngrams,
                config.ngrams,
                config.binary,
                UNKNOWN if config.skip_unknown else -1,
                means[part],
                weights[part],
                rows,
                bounds[part],
            )

        self._run_on_workers(average)
        features = torch.from_numpy(means).requires_grad_()
        self._batch = _Batch(rows=rows, bounds=bounds, weights=weights, means=features)
        of_texts = None if self.weights is None else self.weights[torch.from_numpy(texts)]
        return Loss(total=self.criterion(self.model.output(features), batch.labels, of_texts), count=len(texts))

    def step(self, word_rate: float, ngram_rate: float) -> None:
        """Update the vectors with the gradient of the last batch."""
        batch = self._batch
        if batch is None or batch.means.grad is None:
            return
        gradients = batch.means.grad.numpy()
        word_squares, ngram_squares = self.squares["words"], self.squares["ngrams"]

        def update(worker: int) -> None:
            update_bags(
                batch.rows,
                batch.bounds,
                batch.weights,
                gradients,
                self.words,
                word_squares,
                self.ngrams,
                ngram_squares,
                word_rate,
                ngram_rate,
                worker,
                self.workers,
            )

        self._run_on_workers(update)
        self._batch = None

    def _run_on_workers(self, work: Callable[[int], None]) -> None:
        """Run ``work`` for each worker number; the calling thread is worker 0."""
        futures = [self.pool.submit(work, worker) for worker in range(1, self.workers)]
        work(0)
        for future in futures:
            future.result()

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the weights trained by torch: those of the output layer."""
        return iter((self.model.output_weight, self.model.output_bias))

    def train(self, mode: bool = True) -> None:
        """Switch training mode on or off."""
        self.model.train(mode)


class BagOptimizer(torch.optim.AdamW):
    """AdamW for the output layer, and row-wise Adagrad for the vectors of a `BagObjective`.

    Args:
        objective: The objective whose weights are trained.
        learning_rate: Learning rate of the output layer.
        vector_rate: Learning rate of the vectors.
        weight_decay: Weight decay of the output layer.
    """

    def __init__(
        self, objective: BagObjective, *, learning_rate: float, vector_rate: float, weight_decay: float
    ) -> None:
        model = objective.model
        super().__init__(
            [
                {"params": [model.output_weight, model.output_bias], "lr": learning_rate},
                # The embedding never has a gradient that torch sees. It has a group here so that the schedule sets the
                # learning rate of the vectors too.
                {"params": [model.embedding], "lr": vector_rate},
            ],
            weight_decay=weight_decay,
            fused=True,
        )
        self.objective = objective

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update all weights."""
        super().step(closure)
        rate = self.param_groups[1]["lr"]
        self.objective.step(rate if self.objective.model.embedding.requires_grad else 0.0, rate)


def usable_workers() -> int:
    """Return the number of threads for the kernels: that of torch, but at most the number of processors."""
    return max(1, min(torch.get_num_threads(), os.cpu_count() or 1))
