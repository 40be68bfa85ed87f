"""The loss of a classifier."""

import torch
from torch.nn import functional as F


class Criterion:
    """Cross entropy, softmax for one class per text or sigmoid for several; computed in float32 or higher precision.

    Args:
        weights: (classes,) class weights; None for equal weights.
        label_smoothing: Fraction of the target probability spread over all classes (Szegedy et al. 2016, section 7).
    """

    def __init__(self, weights: torch.Tensor | None = None, label_smoothing: float = 0.0) -> None:
        self.weights, self.label_smoothing = weights, label_smoothing

    def __call__(
        self, scores: torch.Tensor, labels: torch.Tensor, sample_weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Compute the loss, summed over the batch.

        Args:
            scores: (batch, classes) logits.
            labels: (batch,) int64 class indices; or (batch, classes) float32, 1 for each class of a text.
            sample_weights: (batch,) factor of the loss of each text; None for equal weights.

        Returns:
            () in nats; where a text may have several classes, also summed over the classes.

        Raises:
            IndexError: If a class index is out of range, on a CPU.
        """
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = None if self.weights is None else self.weights.to(scores.device)
        reduction = "sum" if sample_weights is None else "none"
        if labels.ndim == 1:
            try:
                loss = F.cross_entropy(
                    scores, labels, weights, reduction=reduction, label_smoothing=self.label_smoothing
                )
            except IndexError as error:  # only on a CPU; a GPU stops the process
                classes = scores.shape[1]
                wrong = labels[(labels < 0) | (labels >= classes)][0].item()
                raise IndexError(
                    f"labels must be from 0 to {classes - 1}, got {wrong}; number the classes from 0"
                ) from error
            return loss if sample_weights is None else _weighted(loss, sample_weights)
        # Each class is a decision between two outcomes, so half of the smoothed probability goes to each.
        smoothed = labels * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        loss = F.binary_cross_entropy_with_logits(scores, smoothed, pos_weight=weights, reduction=reduction)
        return loss if sample_weights is None else _weighted(loss.sum(1), sample_weights)


def _weighted(losses: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (losses * weights.to(losses)).sum()
