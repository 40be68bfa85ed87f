"""Progress on stderr: a bar in a terminal or a notebook, plain lines elsewhere, nothing without stderr."""

import os
import sys
import threading
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any
from weakref import ref

from tqdm import tqdm

LINE_SECONDS = 30.0
"""Minimum seconds between two lines of a bar, where stderr is a file or a log."""

_BRIEF_SECONDS = 1.0  # after which a terminal shows the bar of work that is usually short


def say(text: str) -> None:
    """Write a line to stderr, above the bars there; nothing if there is no stderr or it is closed."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            tqdm.write(text, file=sys.stderr)
            sys.stderr.flush()


class ProgressBar:
    """Shows how far some work is: a context manager.

    In a terminal or a notebook it is a bar, in which the status comes before the time. Elsewhere it is a line at the
    start, at each milestone and every `LINE_SECONDS` at most. Without stderr, and where the environment variable
    ``TQDM_DISABLE`` is set, nothing is shown. Work that goes on after stderr was closed is not disturbed.

    Args:
        name: Name of the work, such as "training".
        total: Position at the end; None if unknown.
        unit: Unit of positions, such as "tokens", or "B" for bytes.
        initial: Position at the start.
        show: Whether to show anything.
        brief: For work that is usually short: the bar appears after a second and is removed at the end, and lines
            begin after `LINE_SECONDS`.

    Attributes:
        position: The last position.
        shown: Whether anything is shown, now or later.
    """

    def __init__(
        self, name: str, *, total: int | None, unit: str, initial: int = 0, show: bool = True, brief: bool = False
    ) -> None:
        self.name, self.total, self.unit, self.position = name, total, unit, initial
        self.shown = show and sys.stderr is not None and os.environ.get("TQDM_DISABLE", "") in ("", "0")
        self._initial, self._status = initial, ""
        self._started = self._last_line = time.monotonic()
        self._lock = threading.RLock()  # files may be read in a thread of their own
        self._bar: Any = None
        if self.shown and (bar := _bar_class()) is not None:
            self._bar = bar(
                total=total,
                initial=initial,
                file=sys.stderr,
                unit="B" if unit == "B" else "",
                unit_scale=True,
                dynamic_ncols=True,
                delay=_BRIEF_SECONDS if brief else 0,
                leave=not brief,
                bar_format=self._format(),
            )
        elif self.shown and not brief:
            self._write_line()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self.shown = False
            if self._bar is not None:
                self._bar.close()

    def move(self, position: int, status: str | None = None) -> None:
        """Show a position.

        Args:
            position: How much is done, the initial position included.
            status: What to show beside it, such as the loss; None for the last one.
        """
        with self._lock:
            self.position = position
            if status is not None:
                self._status = status
            if not self.shown:
                return
            if self._bar is not None:
                self._bar.desc = f" {self._status}" if self._status else ""
                self._bar.update(position - self._bar.n)
            elif time.monotonic() - self._last_line >= LINE_SECONDS:
                self._write_line()

    def milestone(self) -> None:
        """Write a line, where lines are written: an epoch is complete."""
        with self._lock:
            if self.shown and self._bar is None:
                self._write_line()

    def measure(self, total: int, unit: str) -> None:
        """Set the total, which was unknown or has grown."""
        with self._lock:
            if (total, unit) == (self.total, self.unit):
                return
            self.total, self.unit = total, unit
            if self._bar is not None:
                self._bar.total, self._bar.unit = total, "B" if unit == "B" else ""
                self._bar.bar_format = self._format()

    def _format(self) -> str:
        if self.total is None:
            return f"{self.name}: {{n_fmt}} {self.unit}{{desc}} [{{elapsed}}, {{rate_noinv_fmt}}]"
        return f"{self.name} {{percentage:3.0f}}%|{{bar}}|{{desc}} [{{elapsed}}<{{remaining}}, {{rate_noinv_fmt}}]"

    def _write_line(self) -> None:
        self._last_line = time.monotonic()
        seconds, moved = self._last_line - self._started, self.position - self._initial
        parts = [self._status] if self._status else []
        if self.total:
            parts.insert(0, f"{100 * self.position / self.total:.0f} % of {_amount(self.total, self.unit)}")
            if moved > 0 and self.position < self.total:
                parts.append(f"{tqdm.format_interval(seconds * (self.total - self.position) / moved)} left")
        elif self.position:
            parts.insert(0, _amount(self.position, self.unit))
        say(f"{self.name}: {', '.join(parts)}" if parts else f"{self.name} ...")


def _amount(amount: int, unit: str) -> str:
    number = str(amount) if amount < 1000 else tqdm.format_sizeof(amount)
    return f"{number}{unit}" if unit == "B" else f"{number} {unit}"


_reading: ContextVar["ReadingBar | None"] = ContextVar("reading", default=None)


class ReadingBar(ProgressBar):
    """Shows how much of a text is read: bytes of its files or, where there are none, tokens or rows.

    While the block runs, every file that it reads in blocks moves the bar; see `report_position`.

    Args:
        name: Name of the work, which goes on while the text is read.
        size: Bytes of all files, as they are on the disk; None if unknown.
        unit: What to count where the text is in memory, such as "tokens".
        show: Whether to show anything.
        brief: For what is usually read within a second.
    """

    def __init__(
        self, name: str = "reading", *, size: int | None, unit: str, show: bool = True, brief: bool = False
    ) -> None:
        super().__init__(name, total=size, unit=unit if size is None else "B", show=show, brief=brief)
        self._size, self._counted = size or 0, unit
        self._files: dict[ref[object], tuple[int, int]] = {}  # a bar must not keep files open
        self._token: Token[ReadingBar | None] | None = None

    def __enter__(self) -> "ReadingBar":
        if self.shown:
            self._token = _reading.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _reading.reset(self._token)
        super().__exit__(kind, error, trace)

    def count(self, number: int) -> None:
        """Show a number of tokens or rows."""
        if self.total is None:
            self.move(number)
        else:
            self.move(self.position, _amount(number, self._counted))

    def file_at(self, file: object, position: int, size: int) -> None:
        """Show the position in one of the files."""
        with self._lock:
            self._files[ref(file)] = (position, size)
            if not self._size:  # files that nobody announced add to the total when they are opened
                self.measure(sum(size for _, size in self._files.values()), "B")
            self.move(sum(position for position, _ in self._files.values()))


def report_position(file: object, position: int, size: int) -> None:
    """Tell the bar of the reading that goes on in this context, if there is one, the position in a file.

    Args:
        file: The open file.
        position: Number of bytes read, of the file as it is on the disk.
        size: Size of the file in bytes.
    """
    if (bar := _reading.get()) is not None:
        bar.file_at(file, position, size)


def is_reported() -> bool:
    """Return whether anybody wants to know positions in files, so that the others need not find them out."""
    return _reading.get() is not None


def _bar_class() -> Any:
    """Return the kind of bar that fits stderr; None where lines are better."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and "IPKernelApp" in shell.config:
        from tqdm.auto import tqdm as notebook_bar

        return notebook_bar
    try:
        return tqdm if sys.stderr.isatty() else None
    except ValueError:  # it is closed
        return None
