"""The n-grams of words and their hash, as in Bojanowski et al. 2017, with the details of fastText.

A word is marked by "<" and ">". Its n-grams are those of the marked word, of ``min_n`` to ``max_n`` characters of
UTF-8; a single boundary mark is none. The hash is FNV-1a of 32 bits, but bytes above 127 are sign-extended first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textkit.text import tokenizers

END_OF_TEXT = tokenizers.END_OF_TEXT.encode()  # has no n-grams
_BASIS, _PRIME = 2166136261, 16777619
_BITS = 0xFFFFFFFF


def hash_bytes(data: bytes) -> int:
    """Hash bytes as fastText does.

    >>> hash_bytes(b"a") == ((2166136261 ^ 97) * 16777619) % 2**32
    True
    >>> hash_bytes(bytes([255])) == ((2166136261 ^ 0xFFFFFFFF) * 16777619) % 2**32
    True
    """
    value = _BASIS
    for byte in data:
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * _PRIME) & _BITS
    return value


def subword_buckets(
    words: Sequence[bytes], min_n: int, max_n: int, buckets: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Compute the hash buckets of the n-grams of words.

    Args:
        words: The words, without boundary marks.
        min_n: Minimum length, in characters.
        max_n: Maximum length, in characters.
        buckets: Number of buckets.

    Returns:
        For each n-gram the number of its word, rising, and its bucket; both (n-grams,).

    >>> words, buckets = subword_buckets([b"a"], 3, 6, 1000)
    >>> words.tolist(), buckets.tolist() == [hash_bytes(b"<a>") % 1000]
    ([0], True)
    """
    marked = [b"" if word == END_OF_TEXT else b"<%b>" % word for word in words]
    data = np.frombuffer(b"".join(marked), np.uint8)
    lengths = np.fromiter(map(len, marked), np.int64, len(marked))
    # Characters: a byte 10xxxxxx continues the one before.
    starts = np.flatnonzero((data & 0xC0) != 0x80)
    owners = np.repeat(np.arange(len(words)), lengths)[starts]
    sizes = np.diff(starts, append=len(data))
    wide = data.view(np.int8).astype(np.uint32)  # sign-extended
    is_first = np.diff(owners, prepend=-1) != 0
    is_last = np.diff(owners, append=-1) != 0
    hashes = np.full(len(starts), _BASIS, np.uint32)
    active = np.arange(len(starts))  # first characters whose n-gram of length n is within the word
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for n in range(1, max_n + 1):
        last = active + n - 1
        inside = last < len(starts)
        inside[inside] = owners[last[inside]] == owners[active[inside]]
        active, last = active[inside], last[inside]
        if not len(active):
            break
        for offset in range(int(sizes[last].max())):
            more = sizes[last] > offset
            place = active[more]
            hashes[place] = (hashes[place] ^ wide[starts[last[more]] + offset]) * np.uint32(_PRIME)
        if n >= min_n:
            kept = active[~(is_first[active] | is_last[active])] if n == 1 else active
            found.append((owners[kept], hashes[kept].astype(np.int64) % buckets))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    word, bucket = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(word, kind="stable")
    return word[order], bucket[order]
