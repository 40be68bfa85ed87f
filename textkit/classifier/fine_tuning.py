"""Train a classifier on a language model: gradual unfreezing, a rate for each layer, or frozen states computed once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from textkit.classifier.data import Examples
from textkit.classifier.settings import ClassifierSettings
from textkit.evaluation.predict_logits import pooled_states
from textkit.models.classification_loss import Criterion
from textkit.models.loss import Loss
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.text.document_ids import DocumentIds
from textkit.training.optimizers import parameter_groups
from textkit.training.ranks import Ranks

_MEASURED = 2000  # texts from which the means and deviations of the pooled states are estimated
_LEAST_DEVIATION = 1e-3  # of a unit that is the same in all texts


@torch.no_grad()
def standardize(model: PretrainedClassifier, documents: DocumentIds, *, dropout: bool) -> None:
    """Set ``mean`` and ``deviation`` of a model to those of the pooled states of training texts.

    Args:
        model: The model; changed in place.
        documents: The training texts, of which up to 2,000 from all places are read.
        dropout: Whether the states have the dropout of training, whose noise would exceed what differs between texts.
    """
    model.mean.zero_()
    model.deviation.fill_(1.0)
    rows = np.unique(np.linspace(0, len(documents) - 1, min(len(documents), _MEASURED)).round().astype(np.int64))
    # Of a seed of its own: the processes that train together have different masks, but must have the same model.
    generator, model.dropout_generator = model.dropout_generator, torch.Generator(model.mean.device).manual_seed(0)
    states = pooled_states(model, documents.take(rows), training=dropout).double()
    model.dropout_generator = generator
    model.mean.copy_(states.mean(0))
    model.deviation.copy_(states.std(0, correction=0).clamp(min=_LEAST_DEVIATION))


def rated_groups(model: PretrainedClassifier, settings: ClassifierSettings) -> list[dict[str, Any]]:
    """Divide the weights into groups with the learning rate of their layer, without those that are never trained.

    Layer l has the rate of layer l + 1 divided by ``layer_decay``; the rate of what is above the language model is
    ``learning_rate`` (discriminative fine-tuning; Howard and Ruder 2018, section 3.2).
    """
    groups = model.groups()[::-1][: 1 if settings.freeze_epochs is None else None]
    return [
        {**group, "lr": settings.learning_rate / settings.layer_decay**depth}
        for depth, weights in enumerate(groups)
        for group in parameter_groups(weights, settings.weight_decay)
    ]


def set_trained(model: PretrainedClassifier, epoch: int, settings: ClassifierSettings, *, pretrained: bool) -> None:
    """Set which weights are trained in an epoch.

    Args:
        model: The model.
        epoch: Number of the epoch, from 0.
        settings: Training settings, with ``freeze_epochs``.
        pretrained: Whether what is above the language model starts at random, so that the language model is unfrozen
            layer by layer, one in each epoch.
    """
    groups, frozen = model.groups(), settings.freeze_epochs
    if frozen is None:
        trained = 1
    elif frozen == 0 or not pretrained:
        trained = len(groups)
    else:
        trained = 1 + max(0, epoch - frozen + 1)
    for depth, weights in enumerate(reversed(groups)):
        for weight in weights:
            weight.requires_grad_(depth < trained)


@dataclass(frozen=True, kw_only=True)
class RowBatch:
    """A batch of texts whose states are known.

    Attributes:
        rows: (batch,) int64, numbers of the texts.
        labels: (batch,) int64, or (batch, classes) float32.
    """

    rows: torch.Tensor
    labels: torch.Tensor

    def to(self, device: torch.device | str) -> "RowBatch":
        """Move the labels to another device."""
        return replace(self, labels=self.labels.to(device))


class FrozenObjective:
    """The loss of a classifier whose language model is not trained: its pooled states are computed once.

    Args:
        model: The model.
        documents: All training texts.
        criterion: Loss of the logits.
        weights: (texts,) weights of the texts; None for equal weights.
        progress: Whether to show progress on stderr.
    """

    def __init__(
        self,
        model: PretrainedClassifier,
        documents: DocumentIds,
        criterion: Criterion,
        weights: torch.Tensor | None = None,
        *,
        progress: bool = False,
    ) -> None:
        self.model, self.criterion, self.weights = model, criterion, weights
        self.states = pooled_states(model, documents, progress=progress)

    def loss(self, batch: RowBatch) -> Loss:
        """Compute the summed loss of a batch."""
        states = self.states[batch.rows].to(self.model.mean.device)  # (batch, pooled)
        weights = None if self.weights is None else self.weights[batch.rows]
        scores = self.model.output(self.model.hidden(states))
        return Loss(total=self.criterion(scores, batch.labels, weights), count=len(batch.rows))

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the weights above the language model."""
        return iter(self.model.groups()[-1])

    def train(self, mode: bool = True) -> None:
        """Switch training mode on or off."""
        self.model.train(mode)


def row_batches(
    examples: Examples, settings: ClassifierSettings, seed: int, ranks: Ranks
) -> tuple[Callable[[int], Iterator[RowBatch | None]], int]:
    """Return the batches of an epoch, of texts in random order, and their number; each process takes its part."""
    size = settings.batch_size

    def batches(epoch: int) -> Iterator[RowBatch | None]:
        order = np.random.default_rng([seed, epoch]).permutation(len(examples))
        for start in range(0, len(order), size):
            whole = order[start : start + size]
            rows = torch.from_numpy(whole[ranks.part(len(whole))])
            yield RowBatch(rows=rows, labels=examples.targets[rows]) if len(rows) else None

    return batches, -(-len(examples) // size)
