"""Plots of a classifier: confusion matrix, F1 scores, calibration, and the words that decided."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from textkit.plots.axes import AGAINST, FAINT, MAIN, axes_or_new, picture_kind, save_figure
from textkit.plots.fonts import text_style
from textkit.plots.labels import name_ticks, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR = 0.24  # inches of height for a bar and its name
_CELL = 0.42  # inches of a class in a confusion matrix
_MARGIN = 1.6  # inches for what is around
_POINT_AREA = 120.0  # of the bin with most predictions, in square points
_DIGIT = 0.62  # width of a digit, in font sizes


class Reliability(Protocol):
    """A bin of predictions of about the same probability."""

    @property
    def probability(self) -> float:
        """Mean predicted probability."""

    @property
    def frequency(self) -> float:
        """Fraction of correct predictions."""

    @property
    def count(self) -> int:
        """Number of predictions."""


class PlottedReport(Protocol):
    """The fields of a classification report that are plotted; see `ClassificationReport`."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""

    @property
    def examples(self) -> int:
        """Number of texts."""

    @property
    def accuracy(self) -> float:
        """Fraction of texts with a correct prediction."""

    @property
    def micro_f1(self) -> float:
        """F1 over all decisions."""

    @property
    def calibration_error(self) -> float:
        """Expected calibration error."""

    @property
    def f1(self) -> Sequence[float]:
        """F1 of each class."""

    @property
    def support(self) -> Sequence[int]:
        """Number of texts of each class."""

    @property
    def confusion(self) -> Sequence[Sequence[int]]:
        """Confusion matrix; empty for texts with several labels."""

    @property
    def reliability(self) -> Sequence[Reliability]:
        """Bins of predictions."""


class PlottedExplanation(Protocol):
    """The fields of an explanation that are plotted; see `Explanation`."""

    @property
    def label(self) -> Any:
        """The class."""

    @property
    def probability(self) -> float:
        """Probability of the class."""

    @property
    def tokens(self) -> Sequence[str]:
        """Tokens of the text."""

    @property
    def shares(self) -> Sequence[float]:
        """Contribution of each token."""


def confusion_matrix(report: PlottedReport, *, ax: "Axes | None" = None) -> "Axes":
    """Plot a confusion matrix: the darker a cell, the larger the fraction of the texts of its row.

    The cells have the numbers of texts, if there is room for them.

    Args:
        report: Result of `TextClassifier.evaluate`, of a classifier with one label per text.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If the report is one with several labels per text, which has no confusion matrix.
        ImportError: If matplotlib is not installed.
    """
    if not report.confusion:
        raise ValueError("report must be one with a single label per text, got several; use plots.f1_scores")
    side = min(max(4.0, _CELL * len(report.classes) + _MARGIN), 24.0)
    ax = axes_or_new(ax, (side, side))
    counts = np.array(report.confusion)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    ax.set(xlabel="predicted", ylabel="true", title=f"accuracy {report.accuracy:.4f}, {report.examples:,} texts")
    names = list(map(shortened, report.classes))
    name_ticks(ax, "x", names)
    cell = name_ticks(ax, "y", names)
    size = min(9.0, 0.6 * cell, 0.9 * cell / (_DIGIT * len(f"{counts.max():,}")))
    if size < 5:
        return ax
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if fractions[row, column] > 0.5 else "black"
            ax.text(column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=size)
    return ax


def f1_scores(report: PlottedReport, *, ax: "Axes | None" = None) -> "Axes":
    """Plot the F1 of each class.

    Args:
        report: Result of `TextClassifier.evaluate`.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    names = [f"{shortened(name)} ({support:,})" for name, support in zip(report.classes, report.support, strict=True)]
    ax = bars(ax, names, np.nan_to_num(np.array(report.f1)))
    ax.set(xlim=(0, 1), xlabel="F1", ylabel="class (texts)", title=f"micro F1 {report.micro_f1:.4f}")
    return ax


def calibration(report: PlottedReport, *, ax: "Axes | None" = None) -> "Axes":
    """Plot how often predictions of a certain probability are correct; on the diagonal, probabilities are right.

    The area of a point is proportional to its number of predictions.

    Args:
        report: Result of `TextClassifier.evaluate`.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    ax = axes_or_new(ax, (4.5, 4.5))
    ax.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1)
    # A line would join bins of one or two texts by a zigzag.
    counts = np.array([bin_.count for bin_ in report.reliability])
    areas = _POINT_AREA * np.maximum(counts / max(counts.max(initial=0), 1), 0.02)
    probability = [bin_.probability for bin_ in report.reliability]
    ax.scatter(probability, [bin_.frequency for bin_ in report.reliability], s=areas, color=MAIN)
    ax.set(
        xlim=(0, 1.02),
        ylim=(0, 1.04),
        xlabel="predicted probability",
        ylabel="observed frequency",
        title=f"calibration error {report.calibration_error:.4f}",
    )
    return ax


def explanation(explanation: PlottedExplanation, *, k: int = 20, ax: "Axes | None" = None) -> "Axes":
    """Plot the words that decided a classification: those for the class to the right, those against it to the left.

    Args:
        explanation: Result of `TextClassifier.explain`.
        k: Number of tokens, those with the largest contributions, in the order of the text.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If ``k`` is below 1, or the text has no token.
        ImportError: If matplotlib is not installed.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1 token, got {k}")
    if not explanation.tokens:
        raise ValueError("explanation must be of a text with tokens, got none; explain another text")
    shares = np.array(explanation.shares)
    kept = np.sort(np.argsort(-np.abs(shares), kind="stable")[:k])
    ax = bars(ax, [shortened(explanation.tokens[row]) for row in kept], shares[kept])
    ax.axvline(0, color="black", linewidth=0.8)
    label = shortened(explanation.label)
    ax.set_title(f"{label}: probability {explanation.probability:.4f}", **text_style([label]))
    ax.set_xlabel("evidence against and for the class" if (shares[kept] < 0).any() else "evidence for the class")
    return ax


def bars(ax: "Axes | None", names: Sequence[str], values: Any) -> "Axes":
    """Draw a horizontal bar for each name, the first one on top; negative ones in another color."""
    ax = axes_or_new(ax, (6.0, min(max(2.5, _BAR * len(names) + 1.2), 30.0)))
    ax.barh(range(len(names)), values, color=[AGAINST if value < 0 else MAIN for value in values], height=0.7)
    ax.set_ylim(len(names) - 0.5, -0.5)
    name_ticks(ax, "y", names)
    return ax


def plot_report(report: PlottedReport, path: str | os.PathLike[str] | None) -> "Figure":
    """Plot all of a report, and save the plot if there is a path; see `ClassificationReport.plot`.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the suffix of the path is not that of a known picture format.
    """
    kind = picture_kind("all.png" if path is None else path)
    from matplotlib.figure import Figure

    size = min(max(4.0, _CELL * len(report.classes) + _MARGIN), 24.0)  # inches of the left panel
    figure = Figure(figsize=(size + 4.2, max(size, 4.0)), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[size, 3.8], height_ratios=[3, 1])
    left = figure.add_subplot(grid[:, 0])
    upper = calibration(report, ax=figure.add_subplot(grid[0, 1]))
    upper.set_xlabel("")
    upper.tick_params(labelbottom=False)
    lower = figure.add_subplot(grid[1, 1], sharex=upper)
    lower.bar(
        [bin_.probability for bin_ in report.reliability],
        [bin_.count for bin_ in report.reliability],
        width=0.04,
        color=MAIN,
    )
    lower.set(ylim=(0, None), xlabel="predicted probability", ylabel="predictions")
    (confusion_matrix if report.confusion else f1_scores)(report, ax=left)
    if path is not None:
        save_figure(figure, path, kind)
    return figure
