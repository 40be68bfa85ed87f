"""Rows that cannot be read: an error that names the place, or a count at the end."""

import warnings
from pathlib import Path

from textkit.vectors.formats.read_options import BadRowPolicy

_SHOWN = 5  # so many places stand in the warning


class BadRows:
    """Takes note of the bad rows of one file.

    Args:
        path: The file, as it is named in messages.
        policy: "error" to raise at the first bad row, "skip" to count.
        unit: What a place is counted in: "line" or "byte".
    """

    def __init__(self, path: Path, policy: BadRowPolicy, unit: str) -> None:
        self.count = 0
        self._path = path
        self._policy = policy
        self._unit = unit
        self._first: list[str] = []

    def report(self, place: int, reason: str) -> None:
        """Take note of one bad row.

        Args:
            place: The line number (from 1) or the byte offset (from 0) of the row.
            reason: What is wrong with it.

        Raises:
            ValueError: If the policy is "error".
        """
        if self._policy == "error":
            raise ValueError(
                f"{self._path}, {self._unit} {place}: {reason}; mend it, or pass bad_rows='skip' to pass over it"
            )
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"{self._unit} {place} ({reason})")

    def warn(self) -> None:
        """Warn, once, of everything that was passed over."""
        if self.count:
            more = f" and {self.count - len(self._first)} more" if self.count > len(self._first) else ""
            plural = "" if self.count == 1 else "s"
            message = f"{self._path}: passed over {self.count} fault{plural}: {', '.join(self._first)}{more}"
            warnings.warn(message, UserWarning, stacklevel=5)
