"""Return memory that is freed to the system."""

import ctypes
import sys


def return_freed_memory() -> None:
    """Return what pyarrow and C's malloc keep for later allocations, after a phase that needs more than the next.

    Reading a text takes up to a hundred megabytes that training does not need. Does nothing for malloc where it is not
    glibc's.
    """
    if pyarrow := sys.modules.get("pyarrow"):  # training on ids needs no pyarrow
        pyarrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(ctypes.c_size_t(0))
