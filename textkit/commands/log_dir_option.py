"""``--log-dir FOLDER``: a log for TensorBoard."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from textkit.files.writable import check_writable
from textkit.training.tracking import TensorBoard, log_to

LogDir = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Write curves and samples for TensorBoard here.", show_default=False),
]


def opened_log(log_dir: Path | None, *, first: bool) -> TensorBoard | None:
    """Open the log, before any work is done; None without the option, or if another process writes it.

    Raises:
        ImportError: If tensorboard is not installed.
        OSError: If nothing can be written there, or it is a file.
    """
    if log_dir is None or not first:
        return None
    check_writable(log_dir, "--log-dir", is_folder=True)
    return TensorBoard(log_dir)


def after_epochs(print_epoch: Callable[[Any], None] | None, log: TensorBoard | None) -> Callable[[Any], None] | None:
    """Return a function that prints and logs the report of an epoch; None if nobody wants it."""
    if log is None:
        return print_epoch
    send = log_to(log)

    def on_epoch(report: Any) -> None:
        if print_epoch is not None:
            print_epoch(report)
        send(report)

    return on_epoch
