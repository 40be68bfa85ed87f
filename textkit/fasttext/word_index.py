"""The rows of the words of a dictionary, found by hashes: 12 bytes for each word, far fewer than in a dict."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.dictionary import Dictionary

_BASE = 0x9E3779B97F4A7C15  # odd, so that all its powers differ from 0 modulo 2**64
_WORDS_AT_ONCE = 1 << 16


class WordIndex(Mapping[str, int]):
    """Maps each word of a dictionary to its row.

    The hash of a word is the polynomial whose coefficients are its bytes, modulo 2**64. Words with the hash that is
    looked up are compared byte by byte.

    Args:
        dictionary: Words, all of them UTF-8.

    Raises:
        ValueError: If a word occurs twice.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        count = dictionary.n_words
        longest = int((dictionary.ends[:count] - dictionary.starts[:count]).max(initial=0))
        self._powers = np.full(longest + 1, _BASE, np.uint64).cumprod(dtype=np.uint64)
        hashes = np.empty(count, np.uint64)
        for first in range(0, count, _WORDS_AT_ONCE):
            hashes[first : first + _WORDS_AT_ONCE] = self._hashes(first, min(first + _WORDS_AT_ONCE, count))
        order = np.argsort(hashes, kind="stable")
        self._hash_of, self._rows = hashes[order], order.astype(np.int32)
        for place in np.flatnonzero(self._hash_of[1:] == self._hash_of[:-1]).tolist():
            self._check(place)

    def _hashes(self, first: int, last: int) -> NDArray[np.uint64]:
        starts, ends = self._dictionary.starts[first:last], self._dictionary.ends[first:last]
        sizes = ends - starts
        begins = np.cumsum(sizes) - sizes
        place = np.arange(int(sizes.sum())) - np.repeat(begins, sizes)  # of each byte in its word
        terms = self._dictionary.entries[place + np.repeat(starts, sizes)] * self._powers[place]
        sums = np.zeros(len(sizes), np.uint64)
        some = np.flatnonzero(sizes)
        if len(some):
            sums[some] = np.add.reduceat(terms, begins[some])
        return sums

    def _check(self, place: int) -> None:
        """Compare a word with those after it in the order of hashes that have the same hash."""
        row, after = int(self._rows[place]), place + 1
        while after < len(self._rows) and self._hash_of[after] == self._hash_of[place]:
            other = int(self._rows[after])
            if self._word(row) == self._word(other):
                raise ValueError(
                    f"words must be distinct, got {self._word(row).decode()!r} in rows {row} and {other}; "
                    "remove one of them"
                )
            after += 1

    def _word(self, row: int) -> bytes:
        dictionary = self._dictionary
        return dictionary.entries[dictionary.starts[row] : dictionary.ends[row]].tobytes()

    def __getitem__(self, word: Any) -> int:
        if not isinstance(word, str):
            hash(word)  # as a dict does: a TypeError for lists and arrays
            raise KeyError(word)
        raw = np.frombuffer(word.encode("utf-8", "surrogatepass"), np.uint8)
        if len(raw) < len(self._powers):
            wanted = (raw * self._powers[: len(raw)]).sum(dtype=np.uint64)
            place = int(self._hash_of.searchsorted(wanted))
            while place < len(self._rows) and self._hash_of[place] == wanted:
                row = int(self._rows[place])
                if self._word(row) == raw.tobytes():
                    return row
                place += 1
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        return iter(self._dictionary.decoded_words("strict"))

    def __len__(self) -> int:
        return len(self._rows)
