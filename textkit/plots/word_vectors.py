"""Plots of word vectors: a map of words, the neighbors of a word, and results of their evaluation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textkit.plots.axes import COLORS, FAINT, MAIN, axes_or_new
from textkit.plots.classification import bars
from textkit.plots.fonts import text_style
from textkit.plots.labels import place_labels, shortened
from textkit.vectors.neighbors import unit_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textkit.vectors.word_vectors import WordVectors

_LIMIT = 1.25  # half the width of a graph of neighbors, whose largest distance is 1
_CLOSEST = 0.45  # smallest distance in it


class PlottedPairs(Protocol):
    """The fields of a similarity result that are plotted; see `SimilarityResult`."""

    @property
    def name(self) -> str:
        """Name of the set."""

    @property
    def pairs(self) -> int:
        """Number of pairs in the set."""

    @property
    def spearman(self) -> float:
        """Spearman's rank correlation."""

    @property
    def compared(self) -> Sequence[tuple[str, str, float, float]]:
        """Two words, the human score and the cosine, for each usable pair."""


class PlottedSection(Protocol):
    """The fields of a section of analogy questions that are plotted; see `AnalogySection`."""

    @property
    def name(self) -> str:
        """Name of the section."""

    @property
    def asked(self) -> int:
        """Number of questions."""

    @property
    def accuracy(self) -> float:
        """Fraction of correct answers."""


class PlottedAnalogies(Protocol):
    """The fields of an analogy report that are plotted; see `AnalogyReport`."""

    @property
    def sections(self) -> Sequence[PlottedSection]:
        """Results of the sections."""

    @property
    def total(self) -> PlottedSection:
        """The sum of all sections."""


def word_map(
    vectors: "WordVectors", words: Sequence[str] | Mapping[str, Sequence[str]], *, ax: "Axes | None" = None
) -> "Axes":
    """Draw words as points, close together if their vectors point in similar directions.

    The coordinates are the first two principal components of the unit vectors of these words. The title says which part
    of their variance is visible; distances tell little if it is small.

    Args:
        vectors: Word vectors.
        words: Words to draw, the most important ones first; or a list for each of several groups, which get a color.
        ax: Axes to draw on; None for a new figure.

    Raises:
        KeyError: If a word has no vector.
        ValueError: If there are fewer than three words or more than seven groups.
        ImportError: If matplotlib is not installed.
    """
    groups = words if isinstance(words, Mapping) else {"": words}
    if isinstance(words, str) or any(isinstance(group, str) for group in groups.values()):
        raise ValueError("words must be a list of words, got a str; pass ['king', 'queen', 'man']")
    if len(groups) > len(COLORS):
        raise ValueError(f"words must be at most {len(COLORS)} groups, one for each color, got {len(groups)}")
    colors = {word: color for group, color in zip(groups.values(), COLORS, strict=False) for word in group}
    names = list(colors)
    if len(names) < 3:
        raise ValueError(f"words must be at least three, got {len(names)}; add some")
    places, visible = _principal_components(unit_rows(vectors[names], np.float64))
    ax = axes_or_new(ax, (7.0, 5.5))
    for (group, members), color in zip(groups.items(), COLORS, strict=False):
        rows = [names.index(word) for word in dict.fromkeys(members) if colors[word] == color]
        ax.scatter(places[rows, 0], places[rows, 1], s=14, color=color, label=shortened(group))
    ax.set(xticks=[], yticks=[], title=f"{len(names)} words; {100 * visible:.0f} % of the variance is visible")
    ax.margins(0.1)
    ax.set_aspect("equal", adjustable="datalim")
    if isinstance(words, Mapping):
        legend = ax.legend(frameon=False, loc="best")
        style = text_style(map(shortened, groups))
        for text in legend.get_texts():
            text.set(**style)
    place_labels(ax, places, names, colors=list(colors.values()))
    return ax


def neighbors(vectors: "WordVectors", word: str, *, k: int = 10, ax: "Axes | None" = None) -> "Axes":
    """Draw a word and its nearest neighbors as a graph.

    The closer a neighbor is to the center, the higher its cosine. A gray line joins two neighbors that are more similar
    to each other than either is to the word, so that groups stand out.

    Args:
        vectors: Word vectors.
        word: The word in the center.
        k: Number of neighbors.
        ax: Axes to draw on; None for a new figure.

    Raises:
        KeyError: If the word has no vector.
        ValueError: If ``k`` is below 1.
        ImportError: If matplotlib is not installed.
    """
    found = vectors.most_similar(word, k)
    names, cosines = [name for name, _ in found], np.array([cosine for _, cosine in found])
    rows = unit_rows(vectors[[word, *names]], np.float64)
    between = rows @ rows.T
    distances = 1 - cosines
    radii = np.maximum(distances / max(float(distances.max()), 1e-9), _CLOSEST)
    angles = np.empty(len(names))
    angles[_similar_in_order(rows[1:])] = np.linspace(0, 2 * np.pi, len(names), endpoint=False)
    places = np.vstack([(0, 0), np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)])
    ax = axes_or_new(ax, (6.0, 6.0))
    for row, place in enumerate(places[1:], start=1):
        ax.plot(*zip((0, 0), place, strict=True), color=MAIN, linewidth=1, alpha=0.5, zorder=1)
        for other in range(row + 1, len(places)):
            if between[row, other] > max(between[0, row], between[0, other]):
                ax.plot(*places[[row, other]].T, color=FAINT, linewidth=0.7, alpha=0.7, zorder=0)
    ax.scatter(places[1:, 0], places[1:, 1], s=24, color=MAIN, zorder=2)
    ax.scatter([0], [0], s=60, color=COLORS[1], zorder=2)
    ax.set(xlim=(-_LIMIT, _LIMIT), ylim=(-_LIMIT, _LIMIT), xticks=[], yticks=[], aspect="equal")
    ax.axis("off")
    labels = [shortened(word), *(f"{shortened(name)} {cosine:.2f}" for name, cosine in found)]
    colors = [COLORS[1], *["black"] * len(names)]
    place_labels(ax, places, labels, colors=colors, center=tuple(places[1:].mean(axis=0)))
    return ax


def similarity(result: PlottedPairs, *, k: int = 8, ax: "Axes | None" = None) -> "Axes":
    """Plot the cosine of each pair of words against its human score.

    Args:
        result: One of the ``results`` of `evaluate_similarity`.
        k: Number of pairs to name, those on whose rank the two differ most.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If no pair was compared.
        ImportError: If matplotlib is not installed.
    """
    if not result.compared:
        raise ValueError(f"result must have compared pairs, got none of {result.pairs} in {result.name!r}")
    from scipy.stats import rankdata

    points = np.array([pair[2:] for pair in result.compared], dtype=np.float64)
    ranks = rankdata(points, axis=0)
    named = np.argsort(-np.abs(ranks[:, 0] - ranks[:, 1]), kind="stable")[: max(k, 0)]
    ax = axes_or_new(ax)
    ax.scatter(points[:, 0], points[:, 1], s=12, color=FAINT, alpha=0.6, linewidths=0)
    ax.scatter(points[named, 0], points[named, 1], s=14, color=MAIN)
    correlation = "" if np.isnan(result.spearman) else f": Spearman {result.spearman:.3f}"
    name = shortened(result.name)
    title = f"{name}{correlation}, {len(points)} of {result.pairs} pairs"
    ax.set_title(title, **text_style([name]))
    ax.set(xlabel="human score", ylabel="cosine")
    ax.margins(0.08)
    words = [f"{shortened(result.compared[row][0])}, {shortened(result.compared[row][1])}" for row in named]
    # The other points are many, and covered by a name only where no other place is left.
    place_labels(ax, points[named], words, around=points)
    return ax


def analogies(report: PlottedAnalogies, *, ax: "Axes | None" = None) -> "Axes":
    """Plot the accuracy on each section of the analogy questions, with a line at that of all questions.

    Args:
        report: Result of `evaluate_analogies`.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    names = [f"{shortened(section.name)} ({section.asked:,})" for section in report.sections]
    ax = bars(ax, names, np.nan_to_num(np.array([section.accuracy for section in report.sections])))
    total = report.total
    if total.asked:
        ax.axvline(total.accuracy, color=FAINT, linestyle="--", linewidth=1)
    ax.set(
        xlim=(0, 1),
        xlabel="accuracy",
        ylabel="section (questions)",
        title=f"accuracy {total.accuracy:.4f}, {total.asked:,} questions",
    )
    return ax


def _principal_components(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the first two principal components, shape (rows, 2), and their part of the variance."""
    centered = rows - rows.mean(axis=0)
    left, lengths, directions = np.linalg.svd(centered, full_matrices=False)
    # The sign of a component is arbitrary; this one is the same on any machine.
    largest = np.abs(directions[:2]).argmax(axis=1)
    signs = np.sign(np.take_along_axis(directions[:2], largest[:, None], axis=1))[:, 0]
    places = np.zeros((len(rows), 2))
    places[:, : len(signs)] = (left[:, :2] * lengths[:2]) * signs
    return places, float((lengths[:2] ** 2).sum() / max((lengths**2).sum(), 1e-12))


def _similar_in_order(rows: NDArray[np.float64]) -> Any:
    """Return an order of unit vectors in which similar ones are adjacent."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(rows) < 3:
        return np.arange(len(rows))
    return leaves_list(linkage(rows, "average", optimal_ordering=True))
