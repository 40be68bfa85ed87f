"""The answers of a classifier as rows of the output of ``textkit.predict``."""

from collections.abc import Iterator, Sequence
from typing import Any

from textkit.classifier.predictions import labels_of, most_probable
from textkit.commands.prediction_output import Probability, Row, flat
from textkit.data.tables import Document

_OURS = ("label", "probability")


class Answers:
    """Asks a classifier, and puts the answers in rows.

    Args:
        classifier: A `TextClassifier`.
        top: Number of most probable labels; None for the label and its probability.
        every: Whether to add the probabilities of all classes.
        keep: Columns of the source to keep.

    Attributes:
        columns: Names of the columns of a table of answers.

    Raises:
        ValueError: If two columns would have the same name.
    """

    def __init__(self, classifier: Any, *, top: int | None, every: bool, keep: Sequence[str]) -> None:
        self._classifier, self._top, self._every, self._keep = classifier, top, every, keep
        # A table may have the true labels in a column of this name.
        self._names = {name: f"predicted_{name}" if name in keep else name for name in _OURS}
        self.columns = [*keep, *flat({"text": None, **self._no_answer()})]
        if repeated := [name for name in keep if self.columns.count(name) > 1]:
            raise ValueError(
                f"--keep must name columns that the output does not have, got {repeated[0]!r}; omit or rename it"
            )

    def rows(
        self, batch: Sequence[tuple[Document | None, Sequence[Any]]], max_length: int | None = None
    ) -> Iterator[Row]:
        """Yield a row for each pair of a text, or None for one that is missing, and its values to keep."""
        known = [document for document, _ in batch if document is not None]
        classes = self._classifier.classes_
        probabilities = self._classifier.predict_proba(known, max_length=max_length)
        several, thresholds = self._classifier.multi_label, self._classifier.thresholds_
        labels = labels_of(probabilities, classes, multi_label=several, thresholds=thresholds)
        answers = zip(probabilities, labels, strict=True)
        for document, kept in batch:
            row = dict(zip(self._keep, kept, strict=True)) | {"text": document}
            if document is None:
                yield row | self._no_answer()
                continue
            shares, (label, probability) = next(answers)
            if self._top is not None:
                best = most_probable(shares, classes, self._top)
                yield row | {"top": [(name, Probability(share)) for name, share in best]}
                continue
            row |= {self._names["label"]: label, self._names["probability"]: Probability(probability)}
            if self._every:
                row["probabilities"] = dict(zip(classes.tolist(), map(Probability, shares), strict=True))
            yield row

    def _no_answer(self) -> dict[str, Any]:
        classes = self._classifier.classes_.tolist()
        if self._top is not None:
            return {"top": [(None, None)] * min(self._top, len(classes))}
        row: dict[str, Any] = dict.fromkeys(self._names.values())
        return {**row, "probabilities": dict.fromkeys(classes)} if self._every else row
