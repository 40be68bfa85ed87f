"""How the learning rate changes: functions from the steps made so far to a factor from 0 to 1."""

import math
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
    _check_steps(steps)
    return lambda step: max(1.0 - step / steps, floor)


def cosine(steps: int, floor: float = 0.0) -> Schedule:
    """Fall from 1 to ``floor`` over ``steps`` steps along half a wave of the cosine, and stay there.

    Source: equation 5 of Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts".

    >>> [round(cosine(4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    _check_steps(steps)
    return lambda step: floor + (1.0 - floor) * (1.0 + math.cos(math.pi * min(step / steps, 1.0))) / 2


def warmed_up(schedule: Schedule, steps: int) -> Schedule:
    """Rise evenly to 1 in ``steps`` steps, and begin ``schedule`` there.

    Raises:
        ValueError: If ``steps`` is negative.

    >>> [warmed_up(linear(2), 4)(step) for step in range(7)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.0]
    """
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}; 0 is no warm-up")
    return lambda step: (step + 1) / steps if step < steps else schedule(step - steps)


class Plateau:
    """A schedule that falls by ``factor`` each time that a held-out loss does not improve on the best one so far.

    Args:
        factor: What the learning rate is multiplied with, above 0 and below 1.

    Attributes:
        level: The factor of the learning rate now.
        best: The lowest loss so far.

    >>> plateau = Plateau(0.5)
    >>> for loss in (3.0, 2.0, 2.0, 1.0):
    ...     plateau.observe(loss)
    >>> plateau(step=7)
    0.5
    """

    def __init__(self, factor: float) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"factor must be above 0 and below 1, got {factor}; 0.25 is usual")
        self.factor = factor
        self.level = 1.0
        self.best = math.inf

    def __call__(self, step: int) -> float:
        """The level, whatever the step."""
        return self.level

    def observe(self, loss: float) -> None:
        """Take note of a held-out loss."""
        if loss < self.best:
            self.best = loss
        else:
            self.level *= self.factor


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
