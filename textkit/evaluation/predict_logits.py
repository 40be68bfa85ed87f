"""Compute the logits of many texts in batches, returned in the order of the texts."""

from collections.abc import Callable

import torch

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import pad
from textkit.batches.records import TextBatch
from textkit.models.classifier import PAD, Classifier
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.progress import ProgressBar
from textkit.text.document_ids import DocumentIds

BUDGET = 16384
"""Maximum number of tokens in a batch, padding included."""


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
    return _in_batches(model, documents, model.scores, model.classes, budget=budget, progress=progress)


def class_features(model: Classifier, documents: DocumentIds, *, budget: int = BUDGET) -> torch.Tensor:
    """Compute what the output layer of a model gets for each text.

    Args:
        model: The model; it is switched to evaluation mode and back.
        documents: The texts.
        budget: Maximum number of tokens in a batch, padding included.

    Returns:
        (texts, width) float32, on the CPU.
    """

    def features(batch: TextBatch) -> torch.Tensor:
        return model.features(batch.ids.masked_fill(~batch.mask, PAD), batch.mask)

    return _in_batches(model, documents, features, model.output_weight.shape[1], budget=budget)


def pooled_states(
    model: PretrainedClassifier, documents: DocumentIds, *, training: bool = False, progress: bool = False
) -> torch.Tensor:
    """Compute the pooled states of a language model, from which a classifier computes its features.

    Args:
        model: The model; it is switched to evaluation mode and back.
        documents: The texts.
        training: Whether to stay in training mode, with dropout.
        progress: Whether to show progress on stderr, if it takes more than a second.

    Returns:
        (texts, pooled) float32, on the CPU.
    """

    def pooled(batch: TextBatch) -> torch.Tensor:
        return model.pooled(batch.ids, batch.mask)

    width = len(model.mean)
    return _in_batches(model, documents, pooled, width, budget=BUDGET, training=training, progress=progress)


@torch.no_grad()
def _in_batches(
    model: Classifier,
    documents: DocumentIds,
    compute: Callable[[TextBatch], torch.Tensor],
    width: int,
    *,
    budget: int,
    training: bool = False,
    progress: bool = False,
) -> torch.Tensor:
    device = model.embedding.device
    results = torch.zeros(len(documents), width)
    was_training = model.training
    model.train(training)
    try:
        if len(documents):
            with ProgressBar("scoring", total=len(documents), unit="texts", show=progress, brief=True) as bar:
                for rows in BucketBatches(documents.lengths, budget=budget, shuffle=False).epoch():
                    batch = pad([documents[int(row)] for row in rows], rows)
                    results[batch.rows] = compute(batch.to(device)).float().cpu()
                    bar.move(bar.position + len(rows))
    finally:
        model.train(was_training)
    return results


def class_probabilities(scores: torch.Tensor, *, multi_label: bool) -> torch.Tensor:
    """Convert logits to probabilities.

    Args:
        scores: (texts, classes) logits.
        multi_label: Whether a text may have several classes (sigmoid) or has exactly one (softmax).

    Returns:
        (texts, classes) float64.
    """
    return scores.double().sigmoid() if multi_label else scores.double().softmax(1)
