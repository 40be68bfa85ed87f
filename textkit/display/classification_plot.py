"""Plot a classification report: confusion matrix or F1 scores, and reliability of the probabilities."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from textkit.display.terminal import pad_to_width
from textkit.files.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MISSING = "a picture needs matplotlib, which is not installed; pip install matplotlib"
_INK, _FAINT = "#1f4e79", "#b0b0b0"
_MAX_NUMBERED = 20  # largest number of classes for which the cells show their counts
_POINT_AREA = 120.0  # of the bin with most predictions, in square points
_NAME_WIDTH = 18  # terminal columns of a class name
# Fonts with Chinese, Japanese and Korean characters. The default font of matplotlib has none, and it warns.
_FAMILIES = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei", "SimHei")


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


def draw(report: PlottedReport, path: str | os.PathLike[str] | None) -> "Figure":
    """Plot a report, and save the plot if there is a path; see `ClassificationReport.plot`.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the suffix of the path is not that of a known picture format.
    """
    kind = None if path is None else picture_kind(path)
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(_MISSING) from error
    size = min(max(4.0, 0.42 * len(report.classes) + 1.6), 24.0)  # inches of the left panel
    with rc_context({"font.family": ["DejaVu Sans", *_installed(_FAMILIES)], "font.size": 9}):
        figure = Figure(figsize=(size + 4.2, max(size, 4.0)), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=[size, 3.8], height_ratios=[3, 1])
        left = figure.add_subplot(grid[:, 0])
        if report.confusion:
            _draw_confusion(left, report)
        else:
            _draw_f1(left, report)
        upper = figure.add_subplot(grid[0, 1])
        _draw_reliability(upper, figure.add_subplot(grid[1, 1], sharex=upper), report)
        if path is not None:
            with atomic_path(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=150)
    return figure


def picture_kind(path: str | os.PathLike[str]) -> str:
    """Return the image format of a file name's suffix.

    Raises:
        ValueError: If matplotlib does not support the format.
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ImportError(_MISSING) from error
    kinds = sorted(FigureCanvasBase.get_supported_filetypes())
    if (kind := Path(path).suffix[1:].lower()) not in kinds:
        raise ValueError(f"path must end in an image format, got {str(path)!r}; use one of .{', .'.join(kinds)}")
    return kind


def _draw_confusion(axes: "Axes", report: PlottedReport) -> None:
    counts = np.array(report.confusion)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)  # of the texts of each true class
    axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    names, positions = _names(report), np.arange(len(report.classes))
    axes.set_xticks(positions, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(positions, names)
    axes.set(xlabel="predicted", ylabel="true", title=f"accuracy {report.accuracy:.4f}, {report.examples:,} texts")
    if len(names) > _MAX_NUMBERED:
        return
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if fractions[row, column] > 0.5 else "black"
            axes.text(column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=7)


def _draw_f1(axes: "Axes", report: PlottedReport) -> None:
    positions = np.arange(len(report.classes))
    axes.barh(positions, np.nan_to_num(np.array(report.f1)), color=_INK, height=0.7)
    axes.set_yticks(
        positions, [f"{name} ({support:,})" for name, support in zip(_names(report), report.support, strict=True)]
    )
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="F1", ylabel="class (texts)", title=f"micro F1 {report.micro_f1:.4f}")


def _draw_reliability(upper: "Axes", lower: "Axes", report: PlottedReport) -> None:
    probability = [bin_.probability for bin_ in report.reliability]
    upper.plot([0, 1], [0, 1], color=_FAINT, linestyle="--", linewidth=1)
    # The area of a point shows how much it can be trusted; a line would join bins of one or two texts by a zigzag.
    counts = np.array([bin_.count for bin_ in report.reliability])
    areas = _POINT_AREA * np.maximum(counts / max(counts.max(initial=0), 1), 0.02)
    upper.scatter(probability, [bin_.frequency for bin_ in report.reliability], s=areas, color=_INK)
    upper.set(
        xlim=(0, 1),
        ylim=(0, 1.02),
        ylabel="observed frequency",
        title=f"calibration error {report.calibration_error:.4f}",
    )
    upper.tick_params(labelbottom=False)
    lower.bar(probability, counts, width=0.04, color=_INK)
    lower.set(ylim=(0, None), xlabel="predicted probability", ylabel="predictions")


def _names(report: PlottedReport) -> list[str]:
    # matplotlib would take a dollar sign as the start of a formula.
    return [pad_to_width(name, _NAME_WIDTH).strip().replace("$", r"\$") for name in report.classes]


def _installed(families: tuple[str, ...]) -> list[str]:
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    return [family for family in families if family in known]
