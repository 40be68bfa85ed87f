"""Checks of the numbers and choices that settings are made of; an error names the argument, the rule and the value."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

PRECISIONS = ("float32", "bfloat16")
"""Precisions that a training can have."""


def check_count(name: str, value: Any, least: int, unit: str = "") -> int:
    """Return a whole number as an int, NumPy's too.

    Args:
        name: What it is called in an error.
        value: What was given.
        least: The smallest that is allowed.
        unit: What it counts, in the singular.

    Raises:
        ValueError: If it is something else, or below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        rule = f"an integer of at least {least} {unit}".strip() + ("s" if unit and least != 1 else "")
        raise ValueError(f"{name} must be {rule}, got {value!r}")
    return int(value)


def set_count(settings: Any, name: str, least: int, unit: str = "") -> None:
    """Check a whole number of a frozen dataclass and store it as an int; see `check_count`."""
    object.__setattr__(settings, name, check_count(name, getattr(settings, name), least, unit))


def set_finite(settings: Any, name: str, *, zero: bool) -> None:
    """Check a number of a frozen dataclass and store it as a float.

    Args:
        settings: The dataclass.
        name: Name of its attribute.
        zero: Whether 0 is allowed.

    Raises:
        ValueError: If the value is not a finite number of at least 0, or is 0 where that is not allowed.
    """
    value = getattr(settings, name)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    if value == 0 and not zero:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    object.__setattr__(settings, name, float(value))


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Check that a value is one of a few.

    Raises:
        ValueError: If it is another one.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
