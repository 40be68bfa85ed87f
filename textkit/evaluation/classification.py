"""Evaluate a classifier: accuracy, F1, confusion matrix and calibration, as numbers and as a plot."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textkit.data.label_checks import label_list
from textkit.display.html import block, table
from textkit.display.terminal import at_most_lines, columns_of, pad_to_width
from textkit.evaluation.classification_labels import check_probabilities, label_matrix, label_rows
from textkit.plots.axes import embedded_plot
from textkit.plots.classification import calibration, confusion_matrix, f1_scores, plot_report

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Counts: TypeAlias = NDArray[np.int64]
Probabilities: TypeAlias = NDArray[np.float64]

BINS = 15  # as in Guo et al. 2017
THRESHOLD = 0.5
"""With ``multi_label``, the labels above this probability are predicted."""

_NORMAL_95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution
_COLUMNS = 80
_LISTED = 10  # number of confusions listed if the matrix is too wide to print


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Predictions of about the same probability, and how often they were correct.

    Attributes:
        probability: Mean predicted probability.
        frequency: Fraction of correct predictions, from 0 to 1.
        count: Number of predictions.
    """

    probability: float
    frequency: float
    count: int


@dataclass(frozen=True, kw_only=True)
class ClassificationReport:
    """Results of a classifier on labeled texts.

    The class with the highest probability is predicted; with ``multi_label``, every class with a probability above 0.5,
    or above its tuned threshold.

    Attributes:
        classes: Names of the classes: those of the model, then those in ``unseen``.
        unseen: Labels in the data that the model does not have. Texts with these labels count as errors.
        examples: Number of texts.
        accuracy: Fraction of texts with a correct prediction; with ``multi_label``, correct in every class.
        interval: 95 % confidence interval of the accuracy (Wilson's score interval): for one in twenty test sets of
            this size the interval does not contain the true accuracy.
        macro_f1: Mean F1 of the classes that occur among labels or predictions.
        micro_f1: F1 over all decisions; equal to the accuracy if each text has exactly one label.
        calibration_error: Mean absolute difference between probability and frequency in ``reliability``, weighted by
            count: the expected calibration error of Guo et al. 2017, "On Calibration of Modern Neural Networks".
        precision: Precision of each class; nan for a class without labels and predictions.
        recall: Recall of each class; nan for a class without labels and predictions.
        f1: F1 of each class; nan for a class without labels and predictions.
        support: Number of texts of each class.
        confusion: Confusion matrix: for each class, how many of its texts were predicted as each class; empty with
            ``multi_label``.
        reliability: Predictions in 15 bins of equal width, without empty bins: the probabilities of the predicted
            classes, or with ``multi_label`` of all classes.
        multi_label: Whether a text may have any number of labels instead of exactly one.
        thresholds: Tuned threshold of each class of the model; None for one half.
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
    thresholds: tuple[float, ...] | None = None

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with one row per class and the columns class, precision, recall, f1 and support."""
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
        """Plot the confusion matrix, or with ``multi_label`` the F1 of each class, beside the calibration.

        Args:
            path: File to save the plot to, such as .png, .pdf or .svg; None to save nothing.

        Returns:
            A matplotlib figure that is not attached to a window.

        Raises:
            ImportError: If matplotlib is not installed.
            ValueError: If matplotlib does not support the suffix of the path.
        """
        return plot_report(self, path)

    def __repr__(self) -> str:
        return at_most_lines(str(self))

    def _repr_html_(self) -> str:
        low, high = self.interval
        figures = [
            ("accuracy", f"{self.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f})"),
            ("macro F1", f"{self.macro_f1:.4f}"),
            *([("micro F1", f"{self.micro_f1:.4f}")] if self.multi_label else []),
            ("calibration error", f"{self.calibration_error:.4f}"),
        ]
        classes = zip(self.classes, self.precision, self.recall, self.f1, self.support, strict=True)
        left = confusion_matrix if self.confusion else f1_scores
        return block(
            f"{self.examples:,} texts",
            table([], figures),
            table(["class", "precision", "recall", "F1", "support"], classes),
            embedded_plot(partial(left, self), partial(calibration, self)),
        )

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
            names = pad_to_width(", ".join(self.unseen), _COLUMNS - 2).rstrip()
            count = sum(self.support[-len(self.unseen) :])
            lines += ["", f"labels that the model does not have, counted as errors: {count:,}", f"  {names}"]
        return "\n".join(lines)


def report(
    labels: Sequence[Any] | NDArray[Any],
    probabilities: NDArray[Any] | Sequence[Sequence[float]],
    classes: Sequence[Any] | NDArray[Any],
    *,
    multi_label: bool = False,
    thresholds: NDArray[np.float64] | None = None,
) -> ClassificationReport:
    """Compare predicted probabilities with the true labels.

    Precision, recall, F1 and the confusion matrix are those of scikit-learn. A label that is not among ``classes``
    counts as an error and is listed as a class of its own.

    Args:
        labels: True label of each text; with ``multi_label`` a list of labels per text, possibly empty, or zeros and
            ones (texts, classes) in an array, a sparse matrix or a DataFrame.
        probabilities: (texts, classes), from 0 to 1; the rows sum to 1 unless ``multi_label``.
        classes: Labels of the columns of ``probabilities``.
        multi_label: Whether a text may have any number of labels instead of exactly one.
        thresholds: (classes,) the probabilities above which a label is predicted with ``multi_label``; None for 0.5.

    Raises:
        ValueError: If there is nothing to compare, the lengths differ, a label is None or NaN, no label is among the
            classes, or ``probabilities`` are not probabilities.
        TypeError: If a label is a list, or with ``multi_label`` is not a list.

    >>> print(report(["a", "b", "b"], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], ["a", "b"]).accuracy)
    0.6666666666666666
    """
    labels = label_list(labels, multi_label=multi_label)
    texts = labels.shape[0] if hasattr(labels, "shape") else len(labels)  # a sparse matrix has no len
    checked = check_probabilities(probabilities, texts, len(classes), multi_label)
    if multi_label:
        true, names, unseen = label_matrix(labels, classes)
    else:
        true, names, unseen = label_rows(labels, classes)
    # Unseen labels get columns of probability 0, so that they are never predicted.
    checked = np.pad(checked, ((0, 0), (0, len(unseen))))
    if multi_label:
        limits = np.full(checked.shape[1], THRESHOLD)
        limits[: len(classes)] = THRESHOLD if thresholds is None else thresholds
        predicted = (checked > limits).astype(np.int64)
        correct = (predicted == true).all(axis=1)
        reliability = _reliability(checked[:, : len(classes)].ravel(), true[:, : len(classes)].ravel())
        confusion: tuple[tuple[int, ...], ...] = ()
    else:
        predicted = checked.argmax(axis=1)
        correct = predicted == true
        reliability = _reliability(checked.max(axis=1), correct)
        confusion = _confusion(true, predicted, len(names))
    precision, recall, f1, support, micro = _scores(true, predicted, len(names))
    present = ~np.isnan(f1)
    return ClassificationReport(
        classes=names,
        unseen=unseen,
        examples=len(correct),
        accuracy=float(correct.mean()),
        interval=wilson(int(correct.sum()), len(correct)),
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
        thresholds=None if thresholds is None else tuple(map(float, thresholds)),
    )


def wilson(right: int, examples: int) -> tuple[float, float]:
    """Compute the 95 % score interval of a proportion (Wilson 1927), which unlike the usual one stays within 0 and 1.

    >>> tuple(round(end, 4) for end in wilson(8, 10))
    (0.4902, 0.9433)
    """
    z, proportion = _NORMAL_95, right / examples
    center = proportion + z * z / (2 * examples)
    spread = z * math.sqrt(proportion * (1 - proportion) / examples + z * z / (4 * examples * examples))
    scale = 1 + z * z / examples
    # Exactly 0 and 1 at the extremes, where rounding would leave a small difference.
    low = (center - spread) / scale if right else 0.0
    return low, (center + spread) / scale if right < examples else 1.0


def _scores(
    true: Counts, predicted: Counts, classes: int
) -> tuple[Probabilities, Probabilities, Probabilities, Counts, float]:
    """Compute precision, recall, F1 and support, each (classes,), and the micro F1, with scikit-learn."""
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    # scikit-learn would take a single column for a binary problem with two classes. An additional column, which is not
    # among the requested labels, prevents that.
    if true.ndim == 2:
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


def _reliability(probabilities: Probabilities, correct: NDArray[Any]) -> tuple[ReliabilityBin, ...]:
    """Group predictions into bins of about the same probability."""
    index = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    count, total, hits = (
        np.bincount(index, weights=weights, minlength=BINS) for weights in (None, probabilities, correct)
    )
    return tuple(
        ReliabilityBin(probability=float(total[i] / count[i]), frequency=float(hits[i] / count[i]), count=int(n))
        for i, n in enumerate(count)
        if n
    )


def _calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    distance = sum(bin_.count * abs(bin_.probability - bin_.frequency) for bin_ in bins)
    return float(distance / sum(bin_.count for bin_ in bins))


def _class_lines(report: ClassificationReport) -> list[str]:
    """Format the table of the classes."""
    tuned = report.thresholds is not None
    names = min(max(columns_of("class"), *map(columns_of, report.classes)), _COLUMNS - 43 - 11 * tuned)
    head = f"{'class':{names}}  {'precision':>9}  {'recall':>9}  {'F1':>9}  {'support':>8}"
    lines = [head + f"  {'threshold':>9}" * tuned]
    # Classes that the model does not have, at the end, have no threshold.
    thresholds = [*(report.thresholds or ()), *[math.nan] * len(report.classes)][: len(report.classes)]
    for name, *figures, support, threshold in zip(
        report.classes, report.precision, report.recall, report.f1, report.support, thresholds, strict=True
    ):
        columns = "  ".join(f"{'-' if math.isnan(figure) else f'{figure:.3f}':>9}" for figure in figures)
        line = f"{pad_to_width(name, names)}  {columns}  {support:>8,}"
        lines.append(line + f"  {'-' if math.isnan(threshold) else f'{threshold:.3f}':>9}" * tuned)
    return lines


def _matrix_lines(report: ClassificationReport) -> list[str]:
    """Format the confusion matrix; an empty list if it is too wide."""
    digits = max(len(f"{count:,}") for row in report.confusion for count in row)
    column = max(digits, min(12, max(map(columns_of, report.classes))), 3)
    names = _COLUMNS - (column + 2) * len(report.classes)
    if names < 8:
        return []
    names = min(names, max(map(columns_of, ("true", *report.classes))))
    head = "".join("  " + pad_to_width(name, column, right=True) for name in report.classes)
    lines = ["predicted as:", pad_to_width("true", names) + head]
    for name, row in zip(report.classes, report.confusion, strict=True):
        lines.append(pad_to_width(name, names) + "".join(f"  {count:>{column},}" for count in row))
    return lines


def _confusion_lines(report: ClassificationReport) -> list[str]:
    """Format the most frequent confusions."""
    pairs = [
        (count, true, predicted)
        for true, row in zip(report.classes, report.confusion, strict=True)
        for predicted, count in zip(report.classes, row, strict=True)
        if count and true != predicted
    ]
    pairs.sort(key=lambda pair: -pair[0])
    names = min(max(map(columns_of, ("predicted as", *report.classes))), 32)
    lines = [f"{'count':>9}  {'true':{names}}  predicted as"]
    lines += [
        f"{count:>9,}  {pad_to_width(true, names)}  {pad_to_width(other, names)}"
        for count, true, other in pairs[:_LISTED]
    ]
    if len(pairs) > _LISTED:
        lines.append(f"and {len(pairs) - _LISTED:,} more pairs")
    return [line.rstrip() for line in lines] if pairs else ["no confusions"]
