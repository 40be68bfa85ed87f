"""Stop a training by Ctrl-C, SIGTERM or SIGHUP: deferred to the end of a step, so that states are consistent."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

# What cluster schedulers and containers send first, and what a closed connection sends. Windows has only the first.
_TERMINATING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(SystemExit):
    """SIGTERM or SIGHUP was received; for a training, after its state was saved.

    If it is not caught, the process ends without a traceback, with 128 plus the number of the signal as exit code: 143
    for SIGTERM, 129 for SIGHUP.

    Args:
        number: Number of the signal.

    Attributes:
        signal: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.signal = number


class HeldInterrupt:
    """Context manager that records Ctrl-C, SIGTERM and SIGHUP instead of acting on them at once.

    A second signal raises immediately. Handlers are replaced only in the main thread, the only one that receives
    signals in Python, and only where Python's own handler or that of `terminable` is installed; a program's own handler
    and an ignored SIGHUP (nohup) stay as they are. At the end of the block all are as before.

    Attributes:
        pressed: Whether there was such a signal.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._number: int = signal.SIGINT
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "HeldInterrupt":
        if threading.current_thread() is threading.main_thread():
            usual = {signal.SIGINT: (signal.default_int_handler,)}
            usual |= dict.fromkeys(_TERMINATING, (signal.SIG_DFL, _terminate))
            for number, handlers in usual.items():
                if signal.getsignal(number) in handlers:
                    self._previous[number] = signal.signal(number, self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @property
    def error(self) -> KeyboardInterrupt | Terminated:
        """What to raise: KeyboardInterrupt for Ctrl-C, `Terminated` for the other signals."""
        return KeyboardInterrupt() if self._number == signal.SIGINT else Terminated(self._number)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise self.error
        self.pressed, self._number = True, number


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `Terminated` within the block, so that temporary files are deleted.

    This is for programs, such as the commands: a library must not change what a signal means, except while it trains.
    """
    previous = {}
    if threading.current_thread() is threading.main_thread():
        previous = {
            number: signal.signal(number, _terminate)
            for number in _TERMINATING
            if signal.getsignal(number) is signal.SIG_DFL
        }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)
