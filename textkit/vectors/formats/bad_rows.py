"""Report rows that cannot be read, either by an error or by a warning at the end."""

import warnings
from pathlib import Path

from textkit.vectors.formats.read_options import BadRowPolicy

_SHOWN = 5  # maximum number of positions listed in the warning


class BadRows:
    """Records the bad rows of a file.

    Args:
        path: Name of the file in messages.
        policy: "error" to raise at the first bad row, "skip" to count bad rows.
        unit: Unit of positions in the file: "line" or "byte".
    """

    def __init__(self, path: Path, policy: BadRowPolicy, unit: str) -> None:
        self.count = 0
        self._path = path
        self._policy = policy
        self._unit = unit
        self._first: list[str] = []

    def report(self, place: int, reason: str) -> None:
        """Record a bad row.

        Args:
            place: Line number (from 1) or byte offset (from 0) of the row.
            reason: Description of the error.

        Raises:
            ValueError: If the policy is "error".
        """
        if self._policy == "error":
            raise ValueError(
                f"{self._path}, {self._unit} {place}: {reason}; correct it, or pass bad_rows='skip' to skip it"
            )
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"{self._unit} {place} ({reason})")

    def warn(self) -> None:
        """Issue one warning about all skipped rows."""
        if self.count:
            more = f" and {self.count - len(self._first)} more" if self.count > len(self._first) else ""
            plural = "" if self.count == 1 else "s"
            message = f"{self._path}: skipped {self.count} error{plural}: {', '.join(self._first)}{more}"
            warnings.warn(message, UserWarning, stacklevel=5)
