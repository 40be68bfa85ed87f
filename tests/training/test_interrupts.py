import signal
import threading

import pytest

from textkit.training.interrupts import HeldInterrupt


def test_the_first_ctrl_c_is_held_and_the_second_raises():
    with HeldInterrupt() as interrupt:
        assert not interrupt.pressed
        signal.raise_signal(signal.SIGINT)
        assert interrupt.pressed
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_ctrl_c_means_elsewhere_is_left_alone():
    calls = []

    def own(number, frame):
        calls.append(number)

    before = signal.signal(signal.SIGINT, own)
    try:
        with HeldInterrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert calls == [signal.SIGINT]
        assert not interrupt.pressed
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_has_nothing_to_do_with_signals():
    seen = []

    def work():
        with HeldInterrupt() as interrupt:
            seen.append(interrupt.pressed)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
