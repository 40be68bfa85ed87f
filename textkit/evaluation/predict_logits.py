"""Compute the logits of many texts in batches, returned in the order of the texts."""

import torch

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import pad
from textkit.models.classifier import Classifier
from textkit.progress import ProgressBar
from textkit.text.document_ids import DocumentIds

BUDGET = 16384
"""Maximum number of tokens in a batch, padding included."""


@torch.no_grad()
def class_scores(
    model: Classifier, documents: DocumentIds, *, budget: int = BUDGET, progress: bool = False
) -> torch.Tensor:
    """Compute the logits of all texts.

    Args:
        model: The model; it is switched to evaluation mode and back.
        documents: The texts.
        budget: Maximum number of tokens in a batch, padding included.
        progress: Whether to show progress on stderr, if it takes more than a second.

    Returns:
        (texts, classes) float32 logits, on the CPU.
    """
    device = model.embedding.device
    scores = torch.zeros(len(documents), model.classes)
    was_training = model.training
    model.eval()
    try:
        if len(documents):
            with ProgressBar("scoring", total=len(documents), unit="texts", show=progress, brief=True) as bar:
                for rows in BucketBatches(documents.lengths, budget=budget, shuffle=False).epoch():
                    batch = pad([documents[int(row)] for row in rows], rows)
                    scores[batch.rows] = model.scores(batch.to(device)).float().cpu()
                    bar.move(bar.position + len(rows))
    finally:
        model.train(was_training)
    return scores


def class_probabilities(scores: torch.Tensor, *, multi_label: bool) -> torch.Tensor:
    """Convert logits to probabilities.

    Args:
        scores: (texts, classes) logits.
        multi_label: Whether a text may have several classes (sigmoid) or has exactly one (softmax).

    Returns:
        (texts, classes) float64.
    """
    return scores.double().sigmoid() if multi_label else scores.double().softmax(1)
