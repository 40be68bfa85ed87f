"""Defer Ctrl-C to the end of a training step."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class HeldInterrupt:
    """Context manager that records Ctrl-C instead of raising, so that steps are completed and saved states consistent.

    A second Ctrl-C raises KeyboardInterrupt immediately. Outside the main thread, the only one that receives signals in
    Python, and where another handler for Ctrl-C is installed, it has no effect.

    Attributes:
        pressed: Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._previous_handler: Any = None

    def __enter__(self) -> "HeldInterrupt":
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous_handler = signal.signal(signal.SIGINT, self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous_handler is not None:
            signal.signal(signal.SIGINT, self._previous_handler)
            self._previous_handler = None

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
