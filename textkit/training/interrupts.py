"""Ctrl-C between two steps instead of within one."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class HeldInterrupt:
    """A block in which Ctrl-C is taken note of, so that a step is finished and what is saved is whole.

    A second Ctrl-C raises KeyboardInterrupt at once. Outside of the main thread, to which Python hands signals, and
    where Ctrl-C has been given another meaning, nothing is changed.

    Attributes:
        pressed: Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def __enter__(self) -> "HeldInterrupt":
        here = threading.current_thread() is threading.main_thread()
        if here and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
