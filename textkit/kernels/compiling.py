"""Compiled functions whose machine code is kept on the disk, wherever there is a folder for it."""

from typing import Any

from numba import njit


def compiled(function: Any) -> Any:
    """Compile a function that runs without the GIL, and keep its machine code if there is any folder to keep it in."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return njit(nogil=True)(function)
