"""Learning rate schedules: functions from the number of steps so far to a factor of the learning rate, from 0 to 1."""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(step: int) -> float:
    """Keep the full learning rate."""
    return 1.0


def linear(steps: int) -> Schedule:
    """Decay linearly from 1 to 0 over ``steps`` steps, and stay there.

    >>> [linear(4)(step) for step in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    _check_steps(steps)
    return lambda step: max(1.0 - step / steps, 0.0)


def cosine(steps: int) -> Schedule:
    """Decay from 1 to 0 over ``steps`` steps along half a period of the cosine, and stay there.

    Source: equation 5 of Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts".

    >>> [round(cosine(4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    _check_steps(steps)
    return lambda step: (1.0 + math.cos(math.pi * min(step / steps, 1.0))) / 2


def slanted_triangular(steps: int, *, cut: float = 0.1, ratio: float = 32.0) -> Schedule:
    """Rise linearly to 1 in the first tenth of ``steps`` steps, then decay linearly to 1 / ``ratio``.

    Source: equation 3 of Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification".

    Args:
        steps: Number of steps.
        cut: Fraction of the steps that rise, above 0 and below 1.
        ratio: Quotient of the largest factor and the smallest.

    Raises:
        ValueError: If ``steps`` is below 1, ``cut`` is not above 0 and below 1, or ``ratio`` is below 1.

    >>> [round(slanted_triangular(20, ratio=4.0)(step), 3) for step in (0, 1, 2, 11, 20, 21)]
    [0.25, 0.625, 1.0, 0.625, 0.25, 0.25]
    """
    _check_steps(steps)
    if not 0 < cut < 1 or not ratio >= 1:
        raise ValueError(
            f"cut must be above 0 and below 1, and ratio at least 1, got {cut} and {ratio}; use 0.1 and 32"
        )
    rising = max(int(steps * cut), 1)

    def factor(step: int) -> float:
        # The published equation falls below the smallest factor after its last step.
        share = step / rising if step < rising else 1 - (step - rising) / max(steps - rising, 1)
        return (1 + max(share, 0.0) * (ratio - 1)) / ratio

    return factor


def warmed_up(schedule: Schedule, steps: int) -> Schedule:
    """Warm up: rise linearly to 1 in ``steps`` steps, then start ``schedule``.

    Raises:
        ValueError: If ``steps`` is negative.

    >>> [warmed_up(linear(2), 4)(step) for step in range(7)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.0]
    """
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}; 0 disables the warm-up")
    return lambda step: (step + 1) / steps if step < steps else schedule(step - steps)


class Plateau:
    """Multiplies the learning rate by ``factor`` whenever the validation loss does not improve on the best so far.

    Args:
        factor: The factor, above 0 and below 1.

    Attributes:
        level: Current factor of the learning rate.
        best: Lowest loss so far.

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
        """Return the current level, which does not depend on the step."""
        return self.level

    def observe(self, loss: float) -> None:
        """Record a validation loss."""
        if loss < self.best:
            self.best = loss
        else:
            self.level *= self.factor


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
