"""The number of float32 numbers in a vector of the kernels on this processor."""

import os

import llvmlite.binding
from numba.core import config


def vector_width(asked: str | None) -> int:
    """Choose the numbers per vector.

    The registers of 16 numbers are used from Ice Lake and Zen 4 on. Earlier processors have AVX-512 too, but run
    slower as long as they use it.

    Args:
        asked: The width that the environment variable TEXTKIT_VECTOR_WIDTH asks for, to test both; None chooses by the
            processor.

    Raises:
        ValueError: The width asked for is neither 8 nor 16.

    >>> vector_width("8")
    8
    """
    if asked is not None:
        if asked not in ("8", "16"):
            raise ValueError(f"TEXTKIT_VECTOR_WIDTH must be 8 or 16, got {asked!r}; unset it")
        return int(asked)
    if config.CPU_NAME or config.CPU_FEATURES:
        return 8  # Numba compiles for another processor than this one
    return 16 if llvmlite.binding.get_host_cpu_features().get("avx512vbmi2") else 8


WIDTH = vector_width(os.environ.get("TEXTKIT_VECTOR_WIDTH"))
