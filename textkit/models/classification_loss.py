"""What the scores of a classifier cost."""

import torch
from torch.nn import functional as F


class Criterion:
    """Cross entropy, of one class for each text or of every class by itself; summed in the format of float32 at least.

    Args:
        weights: (classes,) how much a class counts; None if all count alike.
        label_smoothing: Share of the probability spread over all classes (Szegedy et al. 2016, section 7).
    """

    def __init__(self, weights: torch.Tensor | None = None, label_smoothing: float = 0.0) -> None:
        self.weights, self.label_smoothing = weights, label_smoothing

    def __call__(self, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The summed cost.

        Args:
            scores: (batch, classes) logits.
            labels: (batch,) int64 numbers of classes; or (batch, classes) float32, 1 for each class that a text has.

        Returns:
            () nats; where a text may have several classes, the sum over them.
        """
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = None if self.weights is None else self.weights.to(scores.device)
        if labels.ndim == 1:
            return F.cross_entropy(scores, labels, weights, reduction="sum", label_smoothing=self.label_smoothing)
        smooth = labels * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        return F.binary_cross_entropy_with_logits(scores, smooth, pos_weight=weights, reduction="sum")
