"""Probabilities that mean what they say: one number, found on held-out texts, by which all scores are divided."""

import math

import torch

from textkit.models.classification_loss import Criterion
from textkit.models.classifier import Classifier

_BOUNDS = (0.5, 20.0)  # few held-out texts that are all right must not make certain what is not


def temperature(scores: torch.Tensor, targets: torch.Tensor) -> float:
    """The number by which scores are divided for the lowest held-out loss.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.

    Args:
        scores: (texts, classes) logits.
        targets: (texts,) int64, or (texts, classes) float32.

    Returns:
        The temperature, from 0.5 to 20.
    """
    from scipy.optimize import minimize_scalar

    criterion, scores = Criterion(), scores.double()
    targets = targets if targets.ndim == 1 else targets.double()
    low, high = map(math.log, _BOUNDS)
    found = minimize_scalar(
        lambda log: float(criterion(scores / math.exp(log), targets)), bounds=(low, high), method="bounded"
    )
    return math.exp(found.x)


@torch.no_grad()
def calibrate(model: Classifier, scores: torch.Tensor, targets: torch.Tensor) -> None:
    """Divide the scores of a model by their `temperature`; no decision changes.

    Args:
        model: Its output layer is changed.
        scores: (texts, classes) its scores of held-out texts.
        targets: Their classes, as for `temperature`.
    """
    if not scores.isfinite().all():
        return
    divisor = temperature(scores, targets)
    model.output_weight.div_(divisor)
    model.output_bias.div_(divisor)
