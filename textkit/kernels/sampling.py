"""Random choices of the word2vec kernels: which tokens are kept, how far a window reaches, and the noise words.

All random numbers are hashes of (key of the epoch, position in the text), so that the result does not depend on which
thread does the work.
"""

from typing import Any

import numpy as np
from numba import njit, uint64

_SUBSAMPLE, _REACH, _NOISE = 0, 1, 2  # purposes of a hash


@njit(nogil=True)
def hash_bits(key: Any, purpose: Any, place: Any) -> Any:
    """Hash to 64 random bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014) over distinct multiples."""
    x = uint64(key) + uint64(purpose) * uint64(0xD1B54A32D192ED03) + uint64(place) * uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(nogil=True)
def fraction(bits: Any) -> Any:
    """Convert the low 24 bits to a float32 from 0 to below 1."""
    return np.float32(bits & uint64(0xFFFFFF)) * np.float32(2.0**-24)


@njit(nogil=True)
def below(bits: Any, limit: Any) -> Any:
    """Convert the high 32 bits to an integer from 0 to below ``limit``."""
    return np.int64(((bits >> uint64(32)) * uint64(limit)) >> uint64(32))


@njit(nogil=True)
def is_kept(ids: Any, place: Any, keep: Any, key: Any) -> Any:
    """Whether subsampling keeps the token at ``place``."""
    return fraction(hash_bits(key, _SUBSAMPLE, place)) < keep[ids[place]]


@njit(nogil=True)
def collect(text: Any, begin: Any, end: Any, window: Any, tables: Any, key: Any, work: Any) -> Any:
    """Subsample a block of text and, within its documents, up to ``window`` kept tokens on each side.

    Fills ``work.kept`` (word ids), ``work.place`` (positions in the text), ``work.first`` and ``work.last`` (indices of
    the first and last collected token of the same document).

    Returns:
        The index of the block's first token, the index after its last one, and the number of all collected tokens.
    """
    # Local names, because accessing a field of a tuple costs a reference count.
    ids, offsets, keep = text.ids, text.offsets, tables.keep
    kept, place, first, last = work.kept, work.place, work.first, work.last
    # Binary search for the last document that starts at or before `begin`.
    document, above = np.int64(0), np.int64(len(offsets) - 1)
    while above - document > 1:
        middle = (document + above) // 2
        if offsets[middle] <= begin:
            document = middle
        else:
            above = middle
    # Go back until `window` kept tokens lie before the block; the loop below collects them again, in order.
    at, before = begin, 0
    while at > offsets[document] and before < window:
        at -= 1
        if is_kept(ids, at, keep, key):
            before += 1
    n = start = 0
    while at < end:
        # A loop, because documents may be empty.
        while at >= offsets[document + 1]:
            document += 1
            start = n
        if is_kept(ids, at, keep, key):
            kept[n], place[n], first[n] = ids[at], at, start
            n += 1
        at += 1
    stop = n
    while at < offsets[document + 1] and n < stop + window:
        if is_kept(ids, at, keep, key):
            kept[n], place[n], first[n] = ids[at], at, start
            n += 1
        at += 1
    ending = n - 1
    for i in range(n - 1, -1, -1):
        if i < n - 1 and first[i] != first[i + 1]:
            ending = i
        last[i] = ending
    return before, stop, n


@njit(nogil=True)
def noise_word(accept: Any, alias: Any, key: Any, draw: Any) -> Any:
    """Draw from the noise distribution by the alias method (Walker 1977)."""
    bits = hash_bits(key, _NOISE, draw)
    word = below(bits, len(accept))
    if fraction(bits) < accept[word]:
        return word
    return np.int64(alias[word])


@njit(nogil=True)
def drawn_reach(key: Any, place: Any, window: Any) -> Any:
    """Draw the reach of the center at ``place``, uniformly from 1 to ``window``."""
    return 1 + below(hash_bits(key, _REACH, place), window)
