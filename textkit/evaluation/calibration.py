"""Calibrate probabilities by temperature scaling on validation texts."""

import math

import torch

from textkit.models.classification_loss import Criterion
from textkit.models.classifier import Classifier

# The lower bound keeps a few validation texts that are all predicted correctly from making every prediction certain.
_BOUNDS = (0.5, 20.0)


def temperature(scores: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None) -> float:
    """Find the temperature: the divisor of the logits with the lowest validation loss.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.

    Args:
        scores: (texts, classes) logits.
        targets: (texts,) int64, or (texts, classes) float32.
        weights: (texts,) weights of the texts; None for equal weights.

    Returns:
        The temperature, from 0.5 to 20.
    """
    from scipy.optimize import minimize_scalar

    criterion, scores = Criterion(), scores.double()
    targets = targets if targets.ndim == 1 else targets.double()
    low, high = map(math.log, _BOUNDS)
    minimum = minimize_scalar(
        lambda log: float(criterion(scores / math.exp(log), targets, weights)), bounds=(low, high), method="bounded"
    )
    return math.exp(minimum.x)


@torch.no_grad()
def calibrate(
    model: Classifier, scores: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None
) -> float:
    """Divide the logits of a model by their `temperature`, which does not change any prediction.

    Scores that are not finite leave the model unchanged.

    Args:
        model: The model; its output layer is changed in place.
        scores: (texts, classes) logits of the validation texts.
        targets: Classes of the validation texts, as for `temperature`.
        weights: (texts,) weights of the validation texts; None for equal weights.

    Returns:
        The temperature; 1 for scores that are not finite.
    """
    divisor = temperature(scores, targets, weights) if scores.isfinite().all() else 1.0
    divide_logits(model, divisor)
    return divisor


@torch.no_grad()
def divide_logits(model: Classifier, divisor: float) -> None:
    """Divide the logits of a model by a temperature."""
    model.output_weight.div_(divisor)
    model.output_bias.div_(divisor)
