"""Memory-mapped arrays that stay small in memory while they are read from end to end."""

import mmap
from typing import Any

from numpy.typing import NDArray

SPAN = 1 << 20  # elements to read between two calls of `release`: few calls, and few megabytes in between
_AROUND = 1 << 14  # elements that the system maps around one that is read: 64 KiB


def span(places: int) -> int:
    """Return the number of elements to read between two calls, if they are read at several places in turn."""
    return max(SPAN, places * _AROUND)


def release(*arrays: NDArray[Any]) -> None:
    """Remove the pages of memory-mapped arrays from the memory of this process.

    The system counts every page that was read as memory of the process until the array is gone. The contents stay
    available: they are read again from the system's cache of the file, or from the disk, when they are next used, also
    by threads that are using them now.

    Does nothing for arrays in memory, for maps that can be written, and on Windows.

    Args:
        arrays: The arrays, or parts of them. The whole map of each is released.
    """
    for array in arrays:
        base: Any = array
        while not isinstance(base, mmap.mmap) and (inner := getattr(base, "base", None)) is not None:
            base = inner
        # Private changes of a copy-on-write map (mode "c") would be lost. Such a map can be written, as can all others
        # but those of mode "r".
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED") and memoryview(base).readonly:
            base.madvise(mmap.MADV_DONTNEED)
