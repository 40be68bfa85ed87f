"""Labels that do not overlap."""

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.display.terminal import pad_to_width
from textkit.plots.axes import FAINT
from textkit.plots.fonts import text_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Boxes = NDArray[np.float64]  # (boxes, 4) left, bottom, right and top, in pixels

_FONT_SIZE = 9.0
_MIN_FONT_SIZE = 5.0
_LINE = 1.25  # height of a line of text, in font sizes
_NAME_WIDTH = 24  # terminal columns
_DISTANCES = (5, 7, 10, 14, 20, 28, 38, 50, 64, 80, 100, 130)  # of a label from its point, in typographic points
_LEADER = 10  # labels farther away are joined to their point by a line
_ANGLES = np.deg2rad([0, 180, 90, 270, 45, 135, 315, 225, 22.5, 157.5, 337.5, 202.5, 67.5, 112.5, 292.5, 247.5])
_DIRECTIONS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_MARKER, _GAP = 3.0, 1.0  # half the size of a marker, and the gap between labels, in points


def place_labels(
    ax: "Axes",
    points: ArrayLike,
    names: Sequence[str],
    *,
    colors: Sequence[str] | None = None,
    around: ArrayLike = (),
    center: tuple[float, float] | None = None,
) -> list[Any]:
    """Write a name beside each point, where it covers neither another name nor a point.

    The first names get the best places. They are placed for the present size and limits of the axes, so draw all else
    first.

    Args:
        ax: The axes.
        points: (names, 2) positions in data coordinates.
        names: The names.
        colors: A color for each name; None for black.
        around: (points, 2) further points, which a name covers only if it has no other place.
        center: A position from which the names keep away; None to put names on the right where possible.

    Returns:
        The matplotlib texts.

    Warns:
        UserWarning: If there is no room for some of the names, which are left out.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text

    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()  # so that the layout is final
    style = text_style(names)
    scale = figure.dpi / 72  # pixels per point
    pixels, others = (
        ax.transData.transform(np.asarray(places, dtype=np.float64).reshape(-1, 2)) for places in (points, around)
    )
    room = np.array(ax.get_window_extent().extents)
    marker = _MARKER * scale
    taken = np.concatenate([pixels - marker, pixels + marker], axis=1)
    if (legend := ax.get_legend()) is not None:
        taken = np.concatenate([taken, [legend.get_window_extent().extents]])
    avoided = np.concatenate([others - marker / 2, others + marker / 2], axis=1)
    texts = []
    for row, (name, point) in enumerate(zip(names, pixels, strict=True)):
        text: Any = ax.annotate(
            name,
            xy=np.asarray(points)[row],
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_FONT_SIZE,
            color=colors[row] if colors is not None else "black",
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2},
            annotation_clip=False,
            path_effects=[withStroke(linewidth=2, foreground="white")],
            **style,
        )
        text.arrow_patch.set_visible(False)
        extent = Text.get_window_extent(text)  # that of an annotation includes its line
        size = np.array([extent.width, extent.height])
        directions = _DIRECTIONS
        if center is not None:
            away = point - ax.transData.transform(center)
            directions = directions[np.argsort(-(directions @ away), kind="stable")]
        place = _free_place(point, size, directions * scale, room, np.concatenate([taken, avoided]))
        place = place or _free_place(point, size, directions * scale, room, taken)
        if place is None:
            text.remove()
            continue
        box, distance = place
        text.set_position(((box[:2] + box[2:]) / 2 - point) / scale)
        text.arrow_patch.set_visible(distance > _LEADER)
        taken = np.concatenate([taken, [box]])
        texts.append(text)
    if left_out := len(names) - len(texts):
        warnings.warn(
            f"there is no room for {left_out} of {len(names)} names, which are left out; draw on a larger figure",
            stacklevel=3,
        )
    return texts


def name_ticks(ax: "Axes", axis: str, names: Sequence[str]) -> float:
    """Name the categories at 0, 1, 2, ... of an axis, as small as needed so that their names do not overlap.

    Names of the x axis are written upwards if they are too wide. Where they would be too small to read, only every
    second, third, ... category has its name. Draw all else first.

    Args:
        ax: The axes.
        axis: "x" or "y".
        names: Name of each category.

    Returns:
        The distance between two categories, in points.
    """
    set_ticks, get_labels = getattr(ax, f"set_{axis}ticks"), getattr(ax, f"get_{axis}ticklabels")
    style, positions = text_style(names), list(range(len(names)))
    set_ticks(positions, names, fontsize=_FONT_SIZE, **style)
    room = _distance(ax, axis)
    if axis == "x" and any(
        72 / label.figure.dpi * label.get_window_extent().width > 0.9 * room for label in get_labels()
    ):
        style["rotation"] = 90
        set_ticks(positions, names, fontsize=_FONT_SIZE, **style)
        room = _distance(ax, axis)
    every = max(1, math.ceil(_MIN_FONT_SIZE * _LINE / room))
    size = min(_FONT_SIZE, room * every / _LINE)
    set_ticks(positions[::every], names[::every], fontsize=size, **style)
    return room


def _distance(ax: "Axes", axis: str) -> float:
    """Return the distance between 0 and 1 in points; the labels that the axes have leave less room for the rest."""
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    ends = ax.transData.transform([(0, 0), (1, 1)])[:, "xy".index(axis)]
    return float(abs(ends[1] - ends[0]) / figure.dpi * 72)


def shortened(name: object) -> str:
    """Write a name in one line of at most 24 columns, in which a Chinese character takes two."""
    return pad_to_width(str(name), _NAME_WIDTH).strip()


def _free_place(
    point: NDArray[np.float64],
    size: NDArray[np.float64],
    directions: NDArray[np.float64],
    room: NDArray[np.float64],
    taken: Boxes,
) -> tuple[NDArray[np.float64], float] | None:
    """Return the nearest free box for a label, and its distance from the point in typographic points; None without one.

    Args:
        point: Position of the point in pixels.
        size: Width and height of the label in pixels.
        directions: (directions, 2) to try, the best first; each as long as a typographic point is in pixels.
        room: Box that the label must not leave.
        taken: Boxes that it must not touch.
    """
    scale = float(np.hypot(*directions[0]))
    gap = _GAP * scale
    for distance in _DISTANCES:
        centers = point + directions * (distance + size / scale / 2)
        boxes = np.concatenate([centers - size / 2, centers + size / 2], axis=1)
        inside = (boxes[:, :2] >= room[:2]).all(axis=1) & (boxes[:, 2:] <= room[2:]).all(axis=1)
        clear = (boxes[:, None, :2] >= taken[None, :, 2:] + gap) | (boxes[:, None, 2:] + gap <= taken[None, :, :2])
        free = np.flatnonzero(inside & np.all(np.any(clear, axis=2), axis=1))
        if len(free):
            return boxes[free[0]], distance
    return None
