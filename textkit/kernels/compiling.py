"""Compile functions with Numba and cache their machine code on disk, where there is a folder for it."""

from typing import Any

from numba import njit


def compiled(function: Any) -> Any:
    """Compile a function that runs without the GIL; its machine code is cached on disk if possible."""
    # Numba raises RuntimeError if neither the package's folder nor the user's cache is writable.
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
