"""Train a `WordAvg` on a CPU, without padding, reading and updating only the vectors used by a batch."""

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.kernels.word_avg_cpu import bag_means, count_rows, update_bags
from textkit.models.classification_loss import Criterion
from textkit.models.classifier import UNKNOWN
from textkit.models.loss import Loss
from textkit.models.word_avg import WordAvg
from textkit.text.document_ids import DocumentIds

_COUNTED = 4096  # texts whose rows are counted at a time


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
        weights: (batch,) float32, the weight of each vector in the features of a text.
        means: (batch, dim) float32, the features, which receive the gradient.
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
        factors: Factors of the learning rate of each row of the words and of the n-grams; empty for 1. Those of a
            linear model are the `inverse_frequencies`, so that it learns like a regression on TF-IDF; the root of their
            mean square over the texts is 1.
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
        unused = np.zeros((1, self.words.shape[1]), np.float32)
        self.ngrams = unused if model.ngram_embedding is None else model.ngram_embedding.detach().numpy()
        self.squares = {
            "words": np.zeros(len(self.words), np.float32),
            "ngrams": np.zeros(len(self.ngrams), np.float32),
        }
        self.factors = {name: np.empty(0, np.float32) for name in self.squares}
        self.pool = ThreadPoolExecutor(max(workers - 1, 1))
        self._batch: _Batch | None = None
        if model.linear:
            words, ngrams = self._document_frequencies()
            unscaled = [inverse_frequencies(counts, len(documents)) for counts in (words, ngrams)]
            squares = sum(float(counts @ each**2) for each, counts in zip(unscaled, (words, ngrams), strict=True))
            scale = math.sqrt(squares / max(int(words.sum() + ngrams.sum()), 1)) or 1.0
            for name, each, counts in zip(self.factors, unscaled, (words, ngrams), strict=True):
                self.factors[name] = np.where(counts > 0, each / scale, 1).astype(np.float32)

    def loss(self, batch: BagBatch) -> Loss:
        """Compute the summed loss of a batch."""
        texts = batch.texts
        rows, bounds, weights, means = self._bags(texts, binary=self.model.config.binary)
        if self.model.linear:  # the sums over sqrt(n)
            weights = np.sqrt(weights)
            means /= weights[:, None]
        features = torch.from_numpy(means).requires_grad_()
        self._batch = _Batch(rows=rows, bounds=bounds, weights=weights, means=features)
        of_texts = None if self.weights is None else self.weights[torch.from_numpy(texts)]
        return Loss(total=self.criterion(self.model.output(features), batch.labels, of_texts), count=len(texts))

    def _bags(
        self, texts: NDArray[np.int64], *, binary: bool
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Return the output of `bag_means`: the rows, their bounds, the weights and the means."""
        config = self.model.config
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
                binary,
                UNKNOWN if config.skip_unknown else -1,
                means[part],
                weights[part],
                rows,
                bounds[part],
            )

        self._run_on_workers(average)
        return rows, bounds, weights, means

    def _document_frequencies(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Count the texts with each row of the words and of the n-grams."""
        words, ngrams = np.zeros(len(self.words), np.int32), np.zeros(len(self.ngrams), np.int32)
        count = len(self.offsets) - 1
        for start in range(0, count, _COUNTED):
            rows, bounds, _, _ = self._bags(np.arange(start, min(start + _COUNTED, count)), binary=True)
            count_rows(rows, bounds, words, ngrams)
        return words, ngrams

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
                self.factors["words"],
                self.factors["ngrams"],
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


def inverse_frequencies(counts: NDArray[np.int32], texts: int) -> NDArray[np.float64]:
    """Return the inverse document frequencies as scikit-learn smooths them: log((1 + texts) / (1 + count)) + 1.

    >>> inverse_frequencies(np.array([3, 1], np.int32), texts=3).round(3).tolist()
    [1.0, 1.693]
    """
    return np.asarray(np.log((1 + texts) / (1 + counts.astype(np.float64))) + 1)


def usable_workers() -> int:
    """Return the number of threads for the kernels: that of torch, but at most the number of processors."""
    return max(1, min(torch.get_num_threads(), os.cpu_count() or 1))
