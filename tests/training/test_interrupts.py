import signal
import threading

import pytest

from textkit.training.interrupts import HeldInterrupt, Terminated, terminable

TERMINATING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


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


@pytest.mark.parametrize("number", TERMINATING)
def test_what_schedulers_send_is_held_too(number):
    before = signal.getsignal(number)
    with HeldInterrupt() as interrupt:
        signal.raise_signal(number)
        assert interrupt.pressed
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGINT)  # the second one raises, with the code of the first
    assert isinstance(interrupt.error, Terminated)
    assert (interrupt.error.signal, interrupt.error.code) == (number, 128 + number)
    assert signal.getsignal(number) is before is signal.SIG_DFL


@pytest.mark.parametrize("number", TERMINATING)
def test_what_a_program_ignores_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with terminable(), HeldInterrupt() as interrupt:
            signal.raise_signal(number)
            assert not interrupt.pressed
            assert signal.getsignal(number) is signal.SIG_IGN
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", TERMINATING)
def test_a_command_ends_in_order_and_its_trainings_hold_signals(number):
    with terminable():
        with pytest.raises(Terminated):
            signal.raise_signal(number)
        with HeldInterrupt() as interrupt:
            signal.raise_signal(number)
            assert interrupt.pressed
        with pytest.raises(Terminated) as end:
            signal.raise_signal(number)
        assert end.value.code == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL
