"""Warnings of what old programs do without knowing it; each is given once in a process."""

import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parent)
_warned: set[str] = set()


class TorchtextTrapWarning(UserWarning):
    """The program does what torchtext did, which is rarely what is meant; the message names textkit's own way."""


def warn_once(trap: str, message: str) -> None:
    """Warn of a trap at the line that called this package, unless this process has warned of it already.

    Args:
        trap: Name of the trap.
        message: What happens, and the remedy.
    """
    if trap in _warned:
        return
    _warned.add(trap)
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, TorchtextTrapWarning, stacklevel=level)


def forget() -> None:
    """Forget which warnings were given, so that each is given again."""
    _warned.clear()
