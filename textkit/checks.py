"""Validate numbers, switches and choices in settings; an error names the argument, the rule and the value."""

import math
import os
import re
from collections.abc import Collection
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUITED: Any = None
"""The default of a setting that is chosen to suit the model, before training; then it has the type of its field."""

PRECISIONS = ("auto", "float32", "bfloat16")
"""Precisions supported in training."""


def check_count(name: str, value: Any, least: int, unit: str = "", remedy: str = "") -> int:
    """Check an integer and return it as an int.

    A parameter search may pass NumPy integers, which json cannot serialize.

    Args:
        name: Name of the argument, for the error.
        value: Value of the argument.
        least: Minimum value.
        unit: Unit of the value, in the singular.
        remedy: Suggestion for the user, for the error.

    Raises:
        ValueError: If it is not an integer, or is below ``least``.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        rule = f"an integer of at least {least} {unit}".strip() + ("s" if unit and least != 1 else "")
        raise ValueError(f"{name} must be {rule}, got {value!r}{_after(remedy)}")
    return int(value)


def check_integers(name: str, values: Any, remedy: str) -> NDArray[Any]:
    """Return integers as a NumPy array; one is returned as it is.

    Raises:
        TypeError: If they are anything else, such as floats, whose fractions would be lost.
    """
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        got = f"a {type(values).__name__}" + ("" if isinstance(values, str) else f" of {array.dtype}")
        raise TypeError(f"{name} must be integers, got {got}; {remedy}")
    return array if array.size else array.astype(np.int64)


def set_count(settings: Any, name: str, least: int, unit: str = "", remedy: str = "") -> None:
    """Check an integer attribute of a frozen dataclass and store it as an int; see `check_count`."""
    object.__setattr__(settings, name, check_count(name, getattr(settings, name), least, unit, remedy))


def set_finite(settings: Any, name: str, *, zero: bool, remedy: str = "") -> None:
    """Check a number attribute of a frozen dataclass and store it as a float.

    Args:
        settings: Instance of the dataclass.
        name: Name of the attribute.
        zero: Whether 0 is allowed.
        remedy: Suggestion for the user, for the error.

    Raises:
        ValueError: If the value is not a finite number of at least 0, or is 0 and that is not allowed.
    """
    value = getattr(settings, name)
    if not is_finite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}{_after(remedy)}")
    if value == 0 and not zero:
        raise ValueError(f"{name} must be above 0, got {value!r}{_after(remedy)}")
    object.__setattr__(settings, name, float(value))


def set_fraction(settings: Any, name: str, remedy: str) -> None:
    """Check an attribute of a frozen dataclass that must be from 0 to below 1, and store it as a float.

    Raises:
        ValueError: If it is anything else; the message ends in ``remedy``.
    """
    value = getattr(settings, name)
    if not is_finite(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}{_after(remedy)}")
    object.__setattr__(settings, name, float(value))


def check_switch(name: str, value: Any) -> bool:
    """Check a boolean and return it as a bool.

    Raises:
        ValueError: If it is neither True nor False; a str such as "no" would count as true.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def set_switch(settings: Any, name: str) -> None:
    """Check a boolean attribute of a frozen dataclass and store it as a bool; see `check_switch`."""
    object.__setattr__(settings, name, check_switch(name, getattr(settings, name)))


def check_path(name: str, value: Any) -> Path:
    """Check a path and return it as a Path.

    Raises:
        TypeError: If it is neither a str nor a Path.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} must be a str or a Path, got {type(value).__name__}; pass the path of a file")
    return Path(value)


def is_finite(value: object) -> bool:
    """Return whether a value is a finite real number of Python or NumPy, and not a bool."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def remedy_for_version(found: object, supported: int, remedy: str) -> str:
    """Return what to do about a file of another version: a newer one needs a newer textkit.

    >>> remedy_for_version("3", 1, "save it again"), remedy_for_version("1x", 1, "save it again")
    ('install a newer textkit', 'save it again')
    """
    newer = re.fullmatch(r"[0-9]{1,9}", str(found)) is not None and int(str(found)) > supported
    return "install a newer textkit" if newer else remedy


def _after(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Check that a value is one of the choices.

    Raises:
        ValueError: If it is not.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
