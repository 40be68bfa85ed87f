"""Learning curves."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from textkit.plots.axes import COLORS, FAINT, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMES = {"loss": "training", "valid_loss": "validation"}


def learning_curves(
    history: Iterable[Any],
    *,
    values: Sequence[str] = ("loss", "valid_loss"),
    ax: "Axes | None" = None,
) -> "Axes":
    """Plot what was measured after each epoch of a training run.

    A dotted line marks the best epoch of the last curve: the lowest, or of anything but a loss or perplexity the
    highest.

    Args:
        history: The report of each epoch: ``history_`` of a `TextClassifier`, ``history`` of a `LanguageModel`, or what
            ``on_epoch`` got; dicts will do.
        values: Fields of the reports to plot. Those that no report has are left out.
        ax: Axes to draw on; None for a new figure.

    Raises:
        ValueError: If there is no epoch, or none of the values.
        ImportError: If matplotlib is not installed.
    """
    reports = [report if isinstance(report, Mapping) else vars(report) for report in history]
    if not reports:
        raise ValueError("history must have at least one epoch, got none; train first")
    curves = {
        name: [(report["epoch"], report[name]) for report in reports if report.get(name) is not None] for name in values
    }
    curves = {name: curve for name, curve in curves.items() if curve}
    if not curves:
        have = [name for name, value in reports[-1].items() if isinstance(value, int | float) and name != "epoch"]
        raise ValueError(f"values must be fields of the reports, got {list(values)}; they have {', '.join(have)}")
    ax = axes_or_new(ax)
    from matplotlib.ticker import MaxNLocator

    for color, (name, curve) in zip(cycle(COLORS), curves.items(), strict=False):
        epochs, heights = zip(*curve, strict=True)
        ax.plot(epochs, heights, color=color, marker="o", markersize=3, label=_name(name))
    last, curve = list(curves.items())[-1]
    is_cost = last.endswith(("loss", "perplexity"))
    if len(curve) > 1 and last != "loss":
        best, height = (min if is_cost else max)(curve, key=lambda point: point[1])
        ax.axvline(best, color=FAINT, linestyle=":", linewidth=1)
        ax.set_title(f"best epoch {best}: {_name(last)} {height:.4g}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    is_loss = all(name.endswith("loss") for name in curves)
    ax.set(xlabel="epoch", ylabel="loss (nats)" if is_loss else ax.get_lines()[0].get_label())
    if len(curves) > 1:
        ax.legend(frameon=False)
    return ax


def _name(field: str) -> str:
    """Return the name of a curve.

    >>> _name("valid_loss"), _name("valid_accuracy")
    ('validation', 'validation accuracy')
    """
    return _NAMES.get(field, field.replace("valid_", "validation ").replace("_", " "))
