"""What a classifier makes of many texts, in the order in which they came."""

import torch

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import pad
from textkit.models.classifier import Classifier
from textkit.text.document_ids import DocumentIds

BUDGET = 16384
"""Tokens in a batch, padding included."""


@torch.no_grad()
def class_scores(model: Classifier, documents: DocumentIds, *, budget: int = BUDGET) -> torch.Tensor:
    """Score every class for every text.

    Args:
        model: The model; it is switched to evaluation and back.
        documents: The texts.
        budget: The most tokens in a batch, padding included.

    Returns:
        (texts, classes) float32 logits, on the CPU.
    """
    device = model.embedding.device
    scores = torch.zeros(len(documents), model.classes)
    was_training = model.training
    model.eval()
    try:
        if len(documents):
            for rows in BucketBatches(documents.lengths, budget=budget, shuffle=False).epoch():
                batch = pad([documents[int(row)] for row in rows], rows)
                scores[batch.rows] = model.scores(batch.to(device)).float().cpu()
    finally:
        model.train(was_training)
    return scores


def class_probabilities(scores: torch.Tensor, *, multi_label: bool) -> torch.Tensor:
    """Turn scores into probabilities, of one class in all or of each class by itself.

    Args:
        scores: (texts, classes) logits.
        multi_label: Whether a text may have several classes.

    Returns:
        (texts, classes) float64.
    """
    return scores.double().sigmoid() if multi_label else scores.double().softmax(1)
