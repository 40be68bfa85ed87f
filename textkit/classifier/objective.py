"""What the training loop trains: a classifier with its loss, or with the mean of its loss and its adversarial loss."""

from collections.abc import Iterator

import torch
from torch import nn

from textkit.batches.records import TextBatch
from textkit.classifier.settings import ClassifierSettings
from textkit.models.classification_loss import Criterion
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.loss import Loss
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.models.word_avg import WordAvgConfig

_LEAST = 1e-12  # norm of a gradient below which nothing is changed


class Objective:
    """A classifier with its loss.

    Args:
        model: The model.
        criterion: Loss of the logits.
        weights: (texts,) weights of all training texts; None for equal weights.
    """

    def __init__(self, model: Classifier, criterion: Criterion, weights: torch.Tensor | None = None) -> None:
        self.model, self.criterion, self.weights = model, criterion, weights

    def loss(self, batch: TextBatch) -> Loss:
        """Compute the summed loss of a batch.

        Raises:
            ValueError: If the batch has no labels.
        """
        if batch.labels is None:
            raise ValueError("a training batch must have labels, got None")
        weights = None if self.weights is None else self.weights[batch.rows]
        return Loss(total=self.criterion(self.model.scores(batch), batch.labels, weights), count=len(batch))

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over all weights."""
        return self.model.parameters()

    def train(self, mode: bool = True) -> None:
        """Switch training mode on or off."""
        self.model.train(mode)


class AdversarialObjective(Objective):
    """A classifier with the mean of its loss and its adversarial loss (Miyato et al. 2017, equations 5 and 6).

    With the embeddings s = (v_1, ..., v_T) of a text, the adversarial loss is that of s + r, where

        r = a m g / |g|,    g = the gradient of the loss by s,    m^2 = mean of |v_t|^2

    Miyato et al. normalize the embeddings instead of measuring their norm m. A training step takes about twice as long.

    Args:
        model: The model; one that looks up its vectors by `Classifier.embed`, or one on a language model.
        criterion: Loss of the logits.
        weights: (texts,) weights of all training texts; None for equal weights.
        norm: a, the norm of the perturbation of a whole text as a multiple of m.
    """

    def __init__(
        self, model: Classifier, criterion: Criterion, weights: torch.Tensor | None = None, *, norm: float
    ) -> None:
        super().__init__(model, criterion, weights)
        self.norm = norm

    def loss(self, batch: TextBatch) -> Loss:
        """Compute the summed loss of a batch.

        Raises:
            ValueError: If the batch has no labels, or the model does not look up its vectors by `Classifier.embed`.
        """
        model = self.model
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        with torch.no_grad():
            vectors = model.embed(batch.ids).float() * batch.mask[:, :, None]  # (batch, time, dim)
            lengths = batch.mask.sum(1).clamp(min=1)
            largest = self.norm * (vectors.square().sum((1, 2)) / lengths).sqrt()  # (batch,)
        try:
            model.perturbation = torch.zeros_like(vectors, requires_grad=True)
            clean = super().loss(batch).total
            slope, *slopes = torch.autograd.grad(clean, [model.perturbation, *weights], allow_unused=True)
            if slope is None:
                raise ValueError(
                    f"adversarial_norm must be 0 for {type(model).__name__}, got {self.norm}: its features do not come "
                    "from self.embed(ids); call it there, or leave adversarial_norm out"
                )
            slope = slope * batch.mask[:, :, None]
            size = slope.flatten(1).norm(dim=1).clamp(min=_LEAST)
            model.perturbation = slope * (largest / size)[:, None, None]
            adversarial = super().loss(batch).total
        finally:
            model.perturbation = None
        # The gradient of the loss itself is known by now: a linear function has it, which spares a backward pass.
        pairs = zip(weights, slopes, strict=True)
        known = torch.stack([(weight * slope).sum() for weight, slope in pairs if slope is not None]).sum()
        return Loss(total=(clean.detach() + known - known.detach() + adversarial) / 2, count=len(batch))


def check_adversarial(config: ClassifierConfig, settings: ClassifierSettings) -> None:
    """Check that adversarial training is not asked of a model whose embeddings are not looked up in training.

    Raises:
        ValueError: If it is: of a `WordAvg`, or on a language model that stays frozen.
    """
    if not settings.adversarial_norm:
        return
    reason = None
    if isinstance(config, WordAvgConfig):
        reason = "word_avg, whose vectors of words and n-grams are summed"
    elif isinstance(config, PretrainedClassifierConfig) and settings.freeze_epochs is None:
        reason = "a frozen language model, whose states are computed once"
    if reason is not None:
        raise ValueError(f"adversarial_norm must be 0 with {reason}, got {settings.adversarial_norm}; leave it out")
