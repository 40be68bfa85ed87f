"""What the model card of a classifier says."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from textkit.classifier.run import ClassifierReport
from textkit.hub.card import Card
from textkit.models.classifier import Classifier
from textkit.text.vocabulary import Vocabulary

_SHOWN = 20  # classes


def classifier_card(
    model: Classifier,
    vocabulary: Vocabulary,
    classes: Sequence[Any],
    *,
    tokenizer: str,
    multi_label: bool,
    trained: Mapping[str, Any],
    history: Sequence[ClassifierReport],
) -> Card:
    """Describe a classifier.

    Args:
        model: The network.
        vocabulary: Its vocabulary.
        classes: Its classes.
        tokenizer: Name of its tokenizer.
        multi_label: Whether a text may have any number of labels.
        trained: How it was trained; empty if unknown.
        history: A report for each epoch.
    """
    shown = ", ".join(map(str, classes[:_SHOWN])) + (", ..." if len(classes) > _SHOWN else "")
    return Card(
        what=f"text classifier with {len(classes)} classes",
        name="classifier",
        example=['classifier.predict(["a text"])', 'classifier.predict_proba(["a text"])'],
        task="text-classification",
        tags=[re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(model.config).__name__.removesuffix("Config")).lower()],
        facts={
            "network": str(model.config),
            "classes": shown,
            "labels of a text": "any number" if multi_label else "one",
            "vocabulary": len(vocabulary),
            "training tokens": int(vocabulary.counts.sum()),
            "tokenizer": tokenizer,
        },
        validation=_validation(history, keep_best=bool(trained.get("settings", {}).get("keep_best"))),
        trained=trained,
    )


def _validation(history: Sequence[ClassifierReport], *, keep_best: bool) -> dict[str, float]:
    """Return the figures of the epoch whose weights were kept."""
    validated = [report for report in history if report.valid_accuracy is not None and report.valid_loss is not None]
    if not validated:
        return {}
    kept = validated[-1]
    if keep_best:
        kept = max(validated, key=lambda report: (report.valid_score or 0.0, -(report.valid_loss or 0.0)))
    return {"accuracy": kept.valid_accuracy or 0.0, "loss": kept.valid_loss or 0.0}
