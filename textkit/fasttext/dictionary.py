"""The dictionary of a model file: words, then labels, with their counts; and which n-grams a pruned model has kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.fields import Fields

_ENTRY = re.compile(rb"([^\0]*)\0.{9}", re.DOTALL)  # a word, a zero, a count (int64) and a type (int8)
_TAIL = 10  # bytes after a word
_SCANNED = 1 << 22  # most bytes in which entries are looked for at a time
_MOST_COUNT = 10**15  # where fastText's own Huffman tree breaks


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Words and labels.

    Attributes:
        entries: The bytes of all entries, as in the file.
        starts: (words + labels,) int64, the start of each word or label in ``entries``.
        ends: (words + labels,) int64, their ends.
        n_words: Number of words, which come first.
        n_labels: Number of labels.
        n_tokens: Number of tokens of the training text.
        kept: (n-grams, 2) int32, of a pruned model: the bucket of each n-gram that was kept, and its row after those of
            the words. None if the model is not pruned.
        is_utf8: Whether all words and labels are known to be UTF-8.
    """

    entries: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    n_words: int
    n_labels: int
    n_tokens: int
    kept: NDArray[np.int32] | None
    is_utf8: bool = False

    def words(self) -> list[bytes]:
        """Return the words, without the labels."""
        return self._between(0, self.n_words)

    def decoded_words(self, errors: str) -> list[str]:
        """Return the words as str.

        Args:
            errors: Treatment of bytes that are not UTF-8, as for ``bytes.decode``.

        Raises:
            ValueError: If a word is not UTF-8 and ``errors`` is "strict".
        """
        raw = self.words()
        try:
            # Much faster than word by word.
            words = b"\n".join(raw).decode("utf-8", errors).split("\n") if raw else []
            return words if len(words) == len(raw) else [word.decode("utf-8", errors) for word in raw]
        except UnicodeDecodeError:
            row = next(row for row, word in enumerate(raw) if word != word.decode("utf-8", "ignore").encode())
            raise ValueError(
                f"the words must be UTF-8, got {raw[row][:40]!r} in row {row}; pass encoding_errors='replace' to "
                "read it"
            ) from None

    def check_words(self, errors: str) -> None:
        """Check that the words can be decoded, without keeping them.

        Args:
            errors: Treatment of bytes that are not UTF-8, as for ``bytes.decode``.

        Raises:
            ValueError: If a word is not UTF-8 and ``errors`` is "strict".
        """
        if errors == "strict" and not self.is_utf8:
            self.decoded_words(errors)

    def labels(self) -> list[bytes]:
        """Return the labels, with their prefix."""
        return self._between(self.n_words, self.n_words + self.n_labels)

    def word_counts(self) -> NDArray[np.int64]:
        """Return the count of each word."""
        return self._counts()[: self.n_words]

    def label_counts(self) -> NDArray[np.int64]:
        """Return the count of each label."""
        return self._counts()[self.n_words :]

    def with_zero(self) -> str | None:
        """Return a word or label that contains a zero byte, which no file can hold; None if there is none."""
        zeros = np.append(0, np.cumsum(self.entries == 0))
        rows = np.flatnonzero(zeros[self.ends] > zeros[self.starts])
        if not len(rows):
            return None
        return self.entries[self.starts[rows[0]] : self.ends[rows[0]]].tobytes().decode("utf-8", "replace")

    def _between(self, first: int, last: int) -> list[bytes]:
        if first == last:
            return []
        found: list[bytes] = _ENTRY.findall(self.entries[self.starts[first] : self.ends[last - 1] + _TAIL].tobytes())
        return found

    def _counts(self) -> NDArray[np.int64]:
        if not len(self.ends):
            return np.empty(0, np.int64)
        # The eight bytes from each byte on, as a number.
        numbers: NDArray[np.int64] = np.ndarray(len(self.entries) - 7, "<i8", self.entries, strides=(1,))
        counts: NDArray[np.int64] = numbers[self.ends + 1]
        return counts


def new_dictionary(
    words: Sequence[bytes], counts: NDArray[np.int64], *, n_tokens: int, labels: Sequence[bytes] = ()
) -> Dictionary:
    """Create a dictionary.

    Args:
        words: Distinct words.
        counts: (words + labels,) their counts.
        n_tokens: Number of tokens of the training text.
        labels: Distinct labels.
    """
    texts = [*words, *labels]
    pieces = [
        b"%b\0%b%c" % (text, int(count).to_bytes(8, "little", signed=True), number >= len(words))
        for number, (text, count) in enumerate(zip(texts, counts, strict=True))
    ]
    starts, ends = _places(np.array([len(text) for text in texts], np.int64))
    entries = np.frombuffer(b"".join(pieces), np.uint8)
    return Dictionary(entries, starts, ends, len(words), len(labels), n_tokens, None)


def read_dictionary(fields: Fields) -> Dictionary:
    """Read a dictionary.

    Raises:
        ValueError: If a number is impossible, or the file ends before.
    """
    begin = fields.position
    size, n_words, n_labels, n_tokens, n_kept = fields.numbers("3i2q", "the sizes of the dictionary")
    if min(n_words, n_labels) < 0 or size != n_words + n_labels or size < 1:
        raise fields.error(f"the {size} entries must be words and labels, got {n_words} and {n_labels}", begin)
    if n_kept < -1:
        raise fields.error(f"the number of n-grams that were kept must be at least -1, got {n_kept}", begin + 20)
    start = fields.position
    if size * _TAIL > fields.remaining:
        raise fields.error(f"the {size:,} entries must be within the file, got {fields.remaining:,} bytes", begin)
    lengths, is_utf8 = _word_lengths(fields, size)
    starts, ends = _places(lengths)
    fields.position = start
    entries = fields.array("u1", (int(ends[-1]) + _TAIL,), "the words")
    wrong = entries[ends + 9] != (np.arange(size) >= n_words)
    if wrong.any():
        row = int(wrong.argmax())
        kind = "a label" if row >= n_words else "a word"
        raise fields.error(f"entry {row} must be {kind}, got the type {entries[ends[row] + 9]}", start + int(ends[row]))
    kept = None
    if n_kept >= 0:
        kept = np.array(fields.array("<i4", (n_kept, 2), "the n-grams that were kept"), np.int32)
        if n_kept and kept.min() < 0:
            raise fields.error(f"the n-grams that were kept must have numbers of at least 0, got {kept.min()}")
    dictionary = Dictionary(entries, starts, ends, n_words, n_labels, n_tokens, kept, is_utf8)
    counts = dictionary._counts()
    if counts.min() < 0 or counts.max() >= _MOST_COUNT:
        row = int(((counts < 0) | (counts >= _MOST_COUNT)).argmax())
        raise fields.error(f"a count must be from 0 to 10**15, got {counts[row]}", start + int(ends[row]) + 1)
    return dictionary


def _word_lengths(fields: Fields, size: int) -> tuple[NDArray[np.int64], bool]:
    """Return the lengths of the first ``size`` words from the position on, and whether all of them are UTF-8."""
    lengths = np.empty(size, np.int64)
    is_utf8, done = True, 0
    span = min(_SCANNED, 32 * size)
    while done < size:
        start = fields.position
        block = fields.array("u1", (min(span, fields.remaining),), "the words").tobytes()
        found = _ENTRY.findall(block)[: size - done]
        new = np.fromiter(map(len, found), np.int64, len(found))
        lengths[done : done + len(new)] = new
        is_utf8 = is_utf8 and _is_utf8(found)
        done += len(new)
        fields.position = start + int(new.sum()) + _TAIL * len(new)
        if not found:  # the rest holds no whole entry, or a word is longer than the span
            if len(block) < span:
                raise fields.error(f"entry {done} of {size} must end within the file", start)
            span *= 2
    return lengths, is_utf8


def _is_utf8(words: Sequence[bytes]) -> bool:
    try:
        b"\n".join(words).decode()
    except UnicodeDecodeError:
        return False
    return True


def _places(lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the starts and the ends of words."""
    ends = np.cumsum(lengths + _TAIL) - _TAIL
    return ends - lengths, ends
