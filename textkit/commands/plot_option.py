"""``--plot FILE``: a picture of what a command shows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from textkit.commands.shared import check_output
from textkit.plots.axes import picture_kind


def plot_option(what: str) -> Any:
    """Return the option ``--plot FILE``.

    Args:
        what: What the picture shows, such as "the learning curves".
    """
    return typer.Option("--plot", metavar="FILE", help=f"Plot {what}: .png .pdf .svg.", show_default=False)


def check_plot(plot: Path | None, inputs: Iterable[str | Path | None]) -> None:
    """Check, before any work is done, that the picture can be drawn and written.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If matplotlib does not support the suffix, or the file is an input.
        OSError: If nothing can be written there.
    """
    if plot is not None:
        check_output(plot, inputs, "--plot")
        picture_kind(plot)
