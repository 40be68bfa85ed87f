"""Compiled functions whose machine code is kept on the disk, as long as it is whole and of today's sources.

Numba compiles a kept function anew when its own file has changed, but not when a file that it imports has; and a file
of machine code that a power cut left unfinished is an error in every later run. Here such code is compiled anew.
"""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

from textkit.kernels.vector_width import WIDTH
from textkit.text import ngrams


def compiled(function: Any) -> Any:
    """Compile a function that runs without the GIL, and keep its machine code if there is a folder to keep it in."""
    dispatcher = njit(nogil=True)(function)
    with suppress(RuntimeError):  # neither the package's folder nor the user's cache can be written
        dispatcher._cache = _FreshCache(function)
    return dispatcher


def inlined(function: Any) -> Any:
    """Compile a function as a part of each compiled function that calls it.

    A call of its own would count a reference to every array that it is given.
    """
    return njit(nogil=True, forceinline=True)(function)


class _FreshCache(FunctionCache):
    """Numba's cache of a function, with the sources of all kernels in its stamp."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = self._cache_file._source_stamp, sources_digest()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load machine code; None if there is none, or none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling raises
            with suppress(OSError):
                self.flush()
            return None


@cache
def sources_digest() -> str:
    """Return a hexadecimal digest of all that the compiled functions are made from."""
    digest = hashlib.blake2b(bytes([WIDTH]), digest_size=16)
    for source in (*sorted(Path(__file__).parent.glob("*.py")), Path(ngrams.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()
