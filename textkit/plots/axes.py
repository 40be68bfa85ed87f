"""Axes to draw on, colors, and pictures in files."""

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkit.files.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MISSING = "a picture needs matplotlib, which is not installed; pip install textkit[plots]"

# Distinct for readers with any kind of color blindness (Okabe and Ito 2008, "Color Universal Design").
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MAIN, AGAINST = COLORS[:2]
FAINT = "#999999"

_PANEL = (6.0, 4.5)  # inches
_COLUMNS = 3  # most panels side by side
_DPI = 150
_NOTEBOOK_DPI = 72


def axes_or_new(ax: "Axes | None", size: tuple[float, float] = _PANEL) -> "Axes":
    """Return the axes that were given, or those of a new figure.

    Args:
        ax: Axes to draw on; None for new ones.
        size: Width and height of a new figure in inches.

    Raises:
        ImportError: If matplotlib is not installed.
        TypeError: If ``ax`` is given and is no Axes.
    """
    try:
        import matplotlib.axes
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(MISSING) from error
    if ax is None:
        new: Axes = pyplot.subplots(figsize=size, layout="constrained")[1]
        return new
    if not isinstance(ax, matplotlib.axes.Axes):
        raise TypeError(
            f"ax must be a single Axes of matplotlib, got {type(ax).__name__}; pass one, such as axes[0], or leave it "
            "out for a new figure"
        )
    return ax


def save_plot(path: str | os.PathLike[str], *draws: Callable[..., Any], size: tuple[float, float] = _PANEL) -> "Figure":
    """Draw panels, up to three side by side, and save them as a picture.

    Args:
        path: File to write, such as .png, .pdf or .svg. It is written as a whole or not at all.
        draws: One function per panel, which gets the axes to draw on as ``ax``, such as
            ``functools.partial(plots.calibration, report)``.
        size: Width and height of a panel in inches.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If matplotlib does not support the suffix of the path.
    """
    kind = picture_kind(path)
    from matplotlib.figure import Figure

    columns = min(len(draws), _COLUMNS)
    rows = -(-len(draws) // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    for number, draw in enumerate(draws, start=1):
        draw(ax=figure.add_subplot(rows, columns, number))
    save_figure(figure, path, kind)
    return figure


def embedded_plot(*draws: Callable[..., Any], size: tuple[float, float] = (4.5, 3.4)) -> str:
    """Draw panels side by side, and return them as HTML for a notebook; an empty str without matplotlib.

    Args:
        draws: One function per panel, as for `save_plot`.
        size: Width and height of a panel in inches.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    figure = Figure(figsize=(size[0] * len(draws), size[1]), layout="constrained")
    for number, draw in enumerate(draws, start=1):
        draw(ax=figure.add_subplot(1, len(draws), number))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=_NOTEBOOK_DPI)
    return f'<img alt="plot" src="data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}">'


def save_figure(figure: "Figure", path: str | os.PathLike[str], kind: str) -> None:
    """Write a figure to a file of the given format, as a whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=_DPI)


def picture_kind(path: str | os.PathLike[str]) -> str:
    """Return the image format of a file name's suffix.

    Raises:
        ValueError: If matplotlib does not support the format.
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError as error:
        raise ImportError(MISSING) from error
    kinds = sorted(FigureCanvasBase.get_supported_filetypes())
    if (kind := Path(path).suffix[1:].lower()) not in kinds:
        raise ValueError(f"path must end in an image format, got {str(path)!r}; use one of .{', .'.join(kinds)}")
    return kind
