"""Classification: accuracy, F1, confusions and calibration of predicted probabilities, as numbers and as a picture."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textkit.display.classification_plot import draw
from textkit.display.terminal import columns_of, fitted
from textkit.evaluation.classification_labels import check_probabilities, label_matrix, label_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Counts: TypeAlias = NDArray[np.int64]
Probabilities: TypeAlias = NDArray[np.float64]

BINS = 15  # as in Guo et al. 2017
THRESHOLD = 0.5
"""With several labels a text, those above this probability are predicted."""

_NORMAL_95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution
_COLUMNS = 80
_LISTED = 10  # the confusions listed where the matrix is too wide


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Predictions of about the same probability, and how often they were right.

    Attributes:
        probability: Their mean probability.
        frequency: The share that came true, from 0 to 1.
        count: How many there are.
    """

    probability: float
    frequency: float
    count: int


@dataclass(frozen=True, kw_only=True)
class ClassificationReport:
    """How well a classifier predicts labels that it has not seen.

    The class with the highest probability is predicted; with several labels a text, every class above one half.

    Attributes:
        classes: The names of the classes: those of the model, then those of `unseen`.
        unseen: Labels of the examples that the model does not have. Their examples count as errors.
        examples: How many texts were predicted.
        accuracy: Share of texts whose prediction is right; with several labels a text, right in every class.
        interval: The 95 % interval of the accuracy by Wilson's score: one in twenty test sets of this size leads to
            an interval without the true accuracy.
        macro_f1: Mean F1 of the classes that occur among labels or predictions.
        micro_f1: F1 of all decisions together; equal to the accuracy if each text has one label.
        calibration_error: The mean distance between probability and frequency over `reliability`, each bin weighted
            by its count: the expected calibration error of Guo et al. 2017, "On Calibration of Modern Neural Networks".
        precision: For each class, the share of its predictions that are right; nan if it occurs nowhere.
        recall: The share of its texts that are found; nan if it occurs nowhere.
        f1: The harmonic mean of the two; nan if it occurs nowhere.
        support: How many texts have it.
        confusion: For each class, how many of its texts were predicted as each class; empty if a text may have
            several labels.
        reliability: Predictions in 15 bins of equal width, without the empty ones: the probability of the predicted
            class, or with several labels of every class.
        multi_label: Whether a text may have several labels, or none.
    """

    classes: tuple[str, ...]
    unseen: tuple[str, ...]
    examples: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    micro_f1: float
    calibration_error: float
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    support: tuple[int, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]
    multi_label: bool = False

    def to_frame(self) -> "pd.DataFrame":
        """Give a data frame with one row a class and the columns class, precision, recall, f1 and support."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame(
            {
                "class": self.classes,
                "precision": self.precision,
                "recall": self.recall,
                "f1": self.f1,
                "support": self.support,
            }
        )
        return frame

    def plot(self, path: str | os.PathLike[str] | None = None) -> "Figure":
        """Draw the confusions, or with several labels the F1 of each class, beside the calibration.

        Args:
            path: Where to save the picture: .png, .pdf, .svg; None to save nothing.

        Returns:
            A matplotlib figure that belongs to no window.

        Raises:
            ImportError: If matplotlib is not installed.
            ValueError: If the ending of the path is of no kind that matplotlib writes.
        """
        return draw(self, path)

    def __str__(self) -> str:
        low, high = self.interval
        lines = [
            f"{'accuracy':18}{self.accuracy:8.4f}   95 % interval {low:.4f} to {high:.4f}",
            f"{'macro F1':18}{self.macro_f1:8.4f}",
            *([f"{'micro F1':18}{self.micro_f1:8.4f}"] if self.multi_label else []),
            f"{'calibration error':18}{self.calibration_error:8.4f}",
            f"{'texts':18}{self.examples:>8,}",
            "",
            *_class_lines(self),
        ]
        if self.confusion:
            lines += ["", *(_matrix_lines(self) or _confusion_lines(self))]
        if self.unseen:
            names = fitted(", ".join(self.unseen), _COLUMNS - 2).rstrip()
            count = sum(self.support[-len(self.unseen) :])
            lines += ["", f"labels that the model does not have, counted as errors: {count:,}", f"  {names}"]
        return "\n".join(lines)


def report(
    labels: Sequence[Any] | NDArray[Any],
    probabilities: NDArray[Any] | Sequence[Sequence[float]],
    classes: Sequence[Any] | NDArray[Any],
    *,
    multi_label: bool = False,
) -> ClassificationReport:
    """Compare predicted probabilities with the true labels.

    Precision, recall, F1 and the confusion matrix are those of scikit-learn. A label that is not among ``classes``
    counts as an error and is listed as a class of its own.

    Args:
        labels: The true label of each text; with ``multi_label`` a list of labels each, which may be empty, or an
            array or DataFrame (texts, classes) of zeros and ones.
        probabilities: (texts, classes), from 0 to 1; the rows sum to 1 unless ``multi_label``.
        classes: The labels that the columns of ``probabilities`` stand for.
        multi_label: Whether a text may have several labels, or none.

    Raises:
        ValueError: If there is nothing to compare, the lengths differ, a label is None or NaN, no label is among the
            classes, or what should be probabilities is not.
        TypeError: If a label is a list, or with ``multi_label`` is none.

    >>> print(report(["a", "b", "b"], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], ["a", "b"]).accuracy)
    0.6666666666666666
    """
    chances = check_probabilities(probabilities, len(labels), len(classes), multi_label)
    if multi_label:
        true, names, unseen = label_matrix(labels, classes)
    else:
        true, names, unseen = label_rows(labels, classes)
    chances = np.pad(chances, ((0, 0), (0, len(unseen))))
    if multi_label:
        predicted = (chances > THRESHOLD).astype(np.int64)
        right = (predicted == true).all(axis=1)
        reliability = _reliability(chances[:, : len(classes)].ravel(), true[:, : len(classes)].ravel())
        confusion: tuple[tuple[int, ...], ...] = ()
    else:
        predicted = chances.argmax(axis=1)
        right = predicted == true
        reliability = _reliability(chances.max(axis=1), right)
        confusion = _confusion(true, predicted, len(names))
    precision, recall, f1, support, micro = _scores(true, predicted, len(names))
    present = ~np.isnan(f1)
    return ClassificationReport(
        classes=names,
        unseen=unseen,
        examples=len(right),
        accuracy=float(right.mean()),
        interval=wilson(int(right.sum()), len(right)),
        macro_f1=float(f1[present].mean()) if present.any() else 0.0,
        micro_f1=micro,
        calibration_error=_calibration_error(reliability),
        precision=tuple(precision.tolist()),
        recall=tuple(recall.tolist()),
        f1=tuple(f1.tolist()),
        support=tuple(support.tolist()),
        confusion=confusion,
        reliability=reliability,
        multi_label=multi_label,
    )


def wilson(right: int, examples: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which stays within 0 and 1 where the usual one does not.

    >>> tuple(round(end, 4) for end in wilson(8, 10))
    (0.4902, 0.9433)
    """
    z, share = _NORMAL_95, right / examples
    center = share + z * z / (2 * examples)
    spread = z * math.sqrt(share * (1 - share) / examples + z * z / (4 * examples * examples))
    scale = 1 + z * z / examples
    low = (center - spread) / scale if right else 0.0  # exactly, where rounding leaves a little
    return low, (center + spread) / scale if right < examples else 1.0


def _scores(
    true: Counts, predicted: Counts, classes: int
) -> tuple[Probabilities, Probabilities, Probabilities, Counts, float]:
    """Precision, recall, F1 and support of each class, each (classes,), and the micro F1; by scikit-learn."""
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    if true.ndim == 2:  # one class would be taken for two: a column more, which is asked nothing
        true, predicted = (np.pad(table, ((0, 0), (0, 1))) for table in (true, predicted))
    options: dict[str, Any] = {"labels": np.arange(classes), "zero_division": 0.0}
    precision, recall, f1, support = precision_recall_fscore_support(true, predicted, **options)
    absent = (support == 0) & (_occurrences(predicted, classes)[:classes] == 0)
    for figures in (precision, recall, f1):
        figures[absent] = np.nan
    micro = float(f1_score(true, predicted, average="micro", **options))
    return precision, recall, f1, support.astype(np.int64), micro


def _occurrences(decisions: Counts, classes: int) -> Counts:
    return decisions.sum(axis=0) if decisions.ndim == 2 else np.bincount(decisions, minlength=classes)


def _confusion(true: Counts, predicted: Counts, classes: int) -> tuple[tuple[int, ...], ...]:
    from sklearn.metrics import confusion_matrix

    return tuple(map(tuple, confusion_matrix(true, predicted, labels=np.arange(classes)).tolist()))


def _reliability(chances: Probabilities, right: NDArray[Any]) -> tuple[ReliabilityBin, ...]:
    """Put predictions of about the same probability together."""
    place = np.minimum((chances * BINS).astype(np.int64), BINS - 1)
    count, total, came_true = (
        np.bincount(place, weights=weights, minlength=BINS) for weights in (None, chances, right)
    )
    return tuple(
        ReliabilityBin(probability=float(total[i] / count[i]), frequency=float(came_true[i] / count[i]), count=int(n))
        for i, n in enumerate(count)
        if n
    )


def _calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    distance = sum(part.count * abs(part.probability - part.frequency) for part in bins)
    return float(distance / sum(part.count for part in bins))


def _class_lines(report: ClassificationReport) -> list[str]:
    """The table of the classes."""
    names = min(max(columns_of("class"), *map(columns_of, report.classes)), _COLUMNS - 43)
    lines = [f"{'class':{names}}  {'precision':>9}  {'recall':>9}  {'F1':>9}  {'support':>8}"]
    for name, *figures, support in zip(
        report.classes, report.precision, report.recall, report.f1, report.support, strict=True
    ):
        shown = "  ".join(f"{'-' if math.isnan(figure) else f'{figure:.3f}':>9}" for figure in figures)
        lines.append(f"{fitted(name, names)}  {shown}  {support:>8,}")
    return lines


def _matrix_lines(report: ClassificationReport) -> list[str]:
    """The confusion matrix, or nothing if it is too wide."""
    digits = max(len(f"{count:,}") for row in report.confusion for count in row)
    column = max(digits, min(12, max(map(columns_of, report.classes))), 3)
    names = _COLUMNS - (column + 2) * len(report.classes)
    if names < 8:
        return []
    names = min(names, max(map(columns_of, ("true", *report.classes))))
    head = "".join("  " + fitted(name, column, right=True) for name in report.classes)
    lines = ["predicted as:", fitted("true", names) + head]
    for name, row in zip(report.classes, report.confusion, strict=True):
        lines.append(fitted(name, names) + "".join(f"  {count:>{column},}" for count in row))
    return lines


def _confusion_lines(report: ClassificationReport) -> list[str]:
    """The most frequent confusions."""
    pairs = [
        (count, true, predicted)
        for true, row in zip(report.classes, report.confusion, strict=True)
        for predicted, count in zip(report.classes, row, strict=True)
        if count and true != predicted
    ]
    pairs.sort(key=lambda pair: -pair[0])
    names = min(max(map(columns_of, ("predicted as", *report.classes))), 32)
    lines = [f"{'count':>9}  {'true':{names}}  predicted as"]
    lines += [f"{count:>9,}  {fitted(true, names)}  {fitted(other, names)}" for count, true, other in pairs[:_LISTED]]
    if len(pairs) > _LISTED:
        lines.append(f"and {len(pairs) - _LISTED:,} more pairs")
    return [line.rstrip() for line in lines] if pairs else ["no confusions"]
