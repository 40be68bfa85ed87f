"""How the learning rate changes: functions from the steps made so far to a factor from 0 to 1."""

from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(step: int) -> float:
    """Always the full learning rate."""
    return 1.0


def linear(steps: int, floor: float = 0.0) -> Schedule:
    """Fall evenly from 1 to ``floor`` over ``steps`` steps, and stay there.

    >>> [linear(4)(step) for step in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return lambda step: max(1.0 - step / steps, floor)
