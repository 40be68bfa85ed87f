"""Checks of numbers, switches and choices in settings; an error names the argument, the rule and the value."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np

PRECISIONS = ("auto", "float32", "bfloat16")
"""Precisions of training."""


def check_count(name: str, value: Any, least: int, unit: str = "", remedy: str = "") -> int:
    """Return a whole number as an int.

    A parameter search may pass NumPy's integers, which json cannot serialize.

    Args:
        name: The argument's name, for the error.
        value: Its value.
        least: The smallest allowed value.
        unit: What it counts, in the singular.
        remedy: What to do instead, for the error.

    Raises:
        ValueError: If it is not an integer, or is below ``least``.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        rule = f"an integer of at least {least} {unit}".strip() + ("s" if unit and least != 1 else "")
        raise ValueError(f"{name} must be {rule}, got {value!r}{_after(remedy)}")
    return int(value)


def set_count(settings: Any, name: str, least: int, unit: str = "", remedy: str = "") -> None:
    """Check a whole number of a frozen dataclass and store it as an int; see `check_count`."""
    object.__setattr__(settings, name, check_count(name, getattr(settings, name), least, unit, remedy))


def set_finite(settings: Any, name: str, *, zero: bool, remedy: str = "") -> None:
    """Check a number of a frozen dataclass and store it as a float.

    Args:
        settings: The dataclass.
        name: Name of its attribute.
        zero: Whether 0 is allowed.
        remedy: What to do instead, for the error.

    Raises:
        ValueError: If the value is not a finite number of at least 0, or is 0 where that is not allowed.
    """
    value = getattr(settings, name)
    if not is_finite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}{_after(remedy)}")
    if value == 0 and not zero:
        raise ValueError(f"{name} must be above 0, got {value!r}{_after(remedy)}")
    object.__setattr__(settings, name, float(value))


def set_fraction(settings: Any, name: str, remedy: str) -> None:
    """Check a number of a frozen dataclass from 0 to below 1, and store it as a float.

    Raises:
        ValueError: If it is anything else; the message ends in ``remedy``.
    """
    value = getattr(settings, name)
    if not is_finite(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}{_after(remedy)}")
    object.__setattr__(settings, name, float(value))


def set_switch(settings: Any, name: str) -> None:
    """Check a switch of a frozen dataclass and store it as a bool.

    Raises:
        ValueError: If it is neither True nor False: the word "no" would count as yes.
    """
    value = getattr(settings, name)
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    object.__setattr__(settings, name, bool(value))


def is_finite(value: object) -> bool:
    """Whether a value is a finite real number, Python's or NumPy's, and not a bool."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def _after(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Check that a value is one of a few.

    Raises:
        ValueError: If it is another one.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
