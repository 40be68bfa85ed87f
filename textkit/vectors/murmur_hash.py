"""MurmurHash3 of 128 bits for 64-bit processors (Austin Appleby, public domain), for many byte strings at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 16  # bytes that are mixed at a time
_C1, _C2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)


def murmur_hashes(texts: Sequence[bytes], seed: int) -> NDArray[np.uint32]:
    """Hash byte strings.

    Args:
        texts: The strings.
        seed: Seed, of 32 bits.

    Returns:
        The four words of 32 bits of each hash, the lowest of each half first; shape (texts, 4).

    >>> [f"{number:08x}" for number in murmur_hashes([b"The quick brown fox jumps over the lazy dog"], seed=0)[0]]
    ['bc071b6c', 'e34bbc7b', 'c49a9347', '7a433ca9']
    """
    hashes = np.empty((len(texts), 2), np.uint64)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == length)
        data = np.frombuffer(b"".join([texts[place] for place in chosen.tolist()]), np.uint8).reshape(
            len(chosen), length
        )
        hashes[chosen] = _of_one_length(data, seed)
    return hashes.astype("<u8").view("<u4").astype(np.uint32)


def _of_one_length(data: NDArray[np.uint8], seed: int) -> NDArray[np.uint64]:
    """Hash byte strings of one length, the rows of ``data``; shape (rows, 2)."""
    count, length = data.shape
    padded = np.zeros((count, -(-length // _BLOCK) * _BLOCK), np.uint8)
    padded[:, :length] = data
    words = padded.view("<u8").astype(np.uint64)  # (rows, 2 * blocks)
    h1, h2 = np.full(count, seed, np.uint64), np.full(count, seed, np.uint64)
    whole = length // _BLOCK
    for block in range(words.shape[1] // 2):
        # The last block, if it is not whole, is only combined: its bytes after the end are zeros, which change nothing.
        h1 ^= _rotated(words[:, 2 * block] * _C1, 31) * _C2
        if block < whole:
            h1 = (_rotated(h1, 27) + h2) * np.uint64(5) + np.uint64(0x52DCE729)
        h2 ^= _rotated(words[:, 2 * block + 1] * _C2, 33) * _C1
        if block < whole:
            h2 = (_rotated(h2, 31) + h1) * np.uint64(5) + np.uint64(0x38495AB5)
    h1, h2 = h1 ^ np.uint64(length), h2 ^ np.uint64(length)
    h1 = h1 + h2
    h1, h2 = _mixed(h1), _mixed(h2 + h1)
    h1 = h1 + h2
    return np.stack([h1, h2 + h1], axis=1)


def _rotated(numbers: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    rotated: NDArray[np.uint64] = (numbers << np.uint64(bits)) | (numbers >> np.uint64(64 - bits))
    return rotated


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    numbers = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    numbers = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    mixed: NDArray[np.uint64] = numbers ^ (numbers >> np.uint64(33))
    return mixed
