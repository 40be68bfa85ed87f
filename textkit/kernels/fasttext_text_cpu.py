"""From the bytes of texts to the mean of their rows in a model of fastText, in Numba.

Numbers are float32 and are added in the order in which fastText adds them. Most of the time is spent waiting for rows,
which are scattered over a large table; therefore they are prefetched in groups before they are added.
"""

from typing import Any, NamedTuple

import numpy as np

from textkit.kernels.compiling import compiled
from textkit.kernels.simd import load_number, prefetch
from textkit.text.ngrams import MULTIPLIER

GROUP = 64  # rows prefetched before they are added
CENTROIDS = 256
_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, for Fibonacci hashing
_LABEL = np.frombuffer(b"__label__", np.uint8)
_END = np.frombuffer(b"</s>", np.uint8)


class Words(NamedTuple):
    """The dictionary: the bytes of all entries, their starts and ends, a hash table of their numbers, -1 if free."""

    entries: Any
    starts: Any
    ends: Any
    table: Any
    n_words: int


class Ngrams(NamedTuple):
    """Lengths of n-grams and their buckets; of a pruned model a hash table of buckets, -1 if free, and of rows."""

    min_n: int
    max_n: int
    word_ngrams: int
    buckets: int
    is_pruned: bool
    kept: Any
    rows: Any


class Rows(NamedTuple):
    """A matrix: the bytes of float32 ``numbers``, or if there are ``codes`` a quantized one; see `QuantizedMatrix`."""

    numbers: Any
    codes: Any
    centroids: Any
    width: int
    norm_codes: Any
    norms: Any


class Scratch(NamedTuple):
    """Memory for one text: bytes of a word, hashes of its words, rows to add, two counts, the mean, scores, a stack."""

    marked: Any
    hashes: Any
    pending: Any
    counts: Any
    mean: Any
    scores: Any
    stack: Any
    stack_scores: Any


@compiled
def _hash(data: Any, start: int, stop: int) -> Any:
    value = _BASIS
    for i in range(start, stop):
        value = np.uint32((value ^ np.uint32(np.int8(data[i]))) * _PRIME)
    return value


@compiled
def _same(a: Any, start: int, stop: int, b: Any, b_start: int, b_stop: int) -> Any:
    if stop - start != b_stop - b_start:
        return False
    for i in range(stop - start):  # noqa: SIM110  # a generator is not compiled
        if a[start + i] != b[b_start + i]:
            return False
    return True


@compiled
def _find(data: Any, start: int, stop: int, value: Any, words: Any) -> Any:
    """Return the slot of a word in the hash table: that of its number, or a free one."""
    last = len(words.table) - 1
    slot = np.int64(value) & last
    while words.table[slot] >= 0:
        row = words.table[slot]
        if _same(data, start, stop, words.entries, words.starts[row], words.ends[row]):
            break
        slot = (slot + 1) & last
    return slot


@compiled
def fill_words(words: Any) -> None:
    """Fill the hash table; of equal words the last one counts, as in fastText."""
    for row in range(len(words.starts)):
        start, stop = words.starts[row], words.ends[row]
        words.table[_find(words.entries, start, stop, _hash(words.entries, start, stop), words)] = row


@compiled
def _slot(bucket: Any, kept: Any) -> Any:
    last = len(kept) - 1
    slot = np.int64((np.uint64(bucket) * _SPREAD) >> np.uint64(32)) & last
    while kept[slot] >= 0 and kept[slot] != bucket:
        slot = (slot + 1) & last
    return slot


@compiled
def fill_kept(pairs: Any, ngrams: Any) -> None:
    """Fill the hash table of the n-grams that a pruned model has kept, given (n-grams, 2) buckets and rows."""
    for i in range(len(pairs)):
        slot = _slot(pairs[i, 0], ngrams.kept)
        ngrams.kept[slot] = pairs[i, 0]
        ngrams.rows[slot] = pairs[i, 1]


@compiled
def _add_pending(matrix: Any, scratch: Any) -> None:
    """Add the rows that were prefetched."""
    mean, pending = scratch.mean, scratch.pending
    for i in range(scratch.counts[0]):
        row = pending[i]
        if len(matrix.codes) == 0:
            for k in range(len(mean)):
                mean[k] += load_number(matrix.numbers, row, 4 * k)
            continue
        norm = matrix.norms[matrix.norm_codes[row]] if len(matrix.norms) else np.float32(1)
        for part in range(matrix.codes.shape[1]):
            first = part * matrix.width
            width = min(matrix.width, len(mean) - first)
            place = first * CENTROIDS + matrix.codes[row, part] * width
            for k in range(width):
                mean[first + k] += norm * matrix.centroids[place + k]
    scratch.counts[0] = 0


@compiled
def _push(row: Any, matrix: Any, scratch: Any) -> None:
    """Take a row into the mean."""
    if scratch.counts[0] == len(scratch.pending):
        _add_pending(matrix, scratch)
    if len(matrix.codes) == 0:
        for column in range(0, matrix.numbers.shape[1], 64):
            prefetch(matrix.numbers, row, column)
    else:
        prefetch(matrix.codes, row, 0)
    scratch.pending[scratch.counts[0]] = row
    scratch.counts[0] += 1
    scratch.counts[1] += 1


@compiled
def _push_ngram(bucket: Any, n_words: int, ngrams: Any, matrix: Any, scratch: Any) -> None:
    if ngrams.is_pruned:
        slot = _slot(bucket, ngrams.kept)
        if ngrams.kept[slot] < 0:
            return
        bucket = np.int64(ngrams.rows[slot])
    _push(n_words + bucket, matrix, scratch)


@compiled
def _push_subwords(data: Any, start: int, stop: int, n_words: int, ngrams: Any, matrix: Any, scratch: Any) -> None:
    """Take the n-grams of a word into the mean."""
    marked, size = scratch.marked, stop - start + 2
    marked[0] = 60  # <
    marked[1 : size - 1] = data[start:stop]
    marked[size - 1] = 62  # >
    buckets = np.uint32(ngrams.buckets)
    for first in range(size):
        if marked[first] & 0xC0 == 0x80:  # within a character
            continue
        value, end = _BASIS, first
        for n in range(1, ngrams.max_n + 1):
            if end == size:
                break
            while True:
                value = np.uint32((value ^ np.uint32(np.int8(marked[end]))) * _PRIME)
                end += 1
                if end == size or marked[end] & 0xC0 != 0x80:
                    break
            if n >= ngrams.min_n and not (n == 1 and (first == 0 or end == size)):
                _push_ngram(np.int64(value % buckets), n_words, ngrams, matrix, scratch)


@compiled
def _is_space(byte: Any) -> Any:
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@compiled
def _push_word(data: Any, start: int, stop: int, words: Any, ngrams: Any, matrix: Any, scratch: Any, n: int) -> Any:
    """Take a word and its n-grams into the mean; return the number of words whose hashes are known so far."""
    value = _hash(data, start, stop)
    row = words.table[_find(data, start, stop, value, words)]
    if row >= words.n_words:  # a label
        return n
    if row < 0 and stop - start >= len(_LABEL) and _same(data, start, start + len(_LABEL), _LABEL, 0, len(_LABEL)):
        return n
    if row >= 0:
        _push(row, matrix, scratch)
    if ngrams.max_n > 0 and not _same(data, start, stop, _END, 0, len(_END)):
        _push_subwords(data, start, stop, words.n_words, ngrams, matrix, scratch)
    scratch.hashes[n] = np.int64(np.int32(value))
    return n + 1


@compiled
def text_mean(data: Any, start: int, stop: int, words: Any, ngrams: Any, matrix: Any, scratch: Any) -> Any:
    """Average the rows of a text, which ends with the word ``</s>``; return their number."""
    scratch.mean[:] = 0
    scratch.counts[:] = 0
    n = 0
    ended = False
    while not ended:
        while _is_space(data[start]):
            start += 1
        end = start
        while end < stop and not _is_space(data[end]):
            end += 1
        n = _push_word(data, start, end, words, ngrams, matrix, scratch, n)
        ended = _same(data, start, end, _END, 0, len(_END))  # the rest of the line is not read
        start = end
    for first in range(n):
        value = np.uint64(scratch.hashes[first])
        for following in range(first + 1, min(first + ngrams.word_ngrams, n)):
            value = value * np.uint64(MULTIPLIER) + np.uint64(scratch.hashes[following])
            _push_ngram(np.int64(value % np.uint64(ngrams.buckets)), words.n_words, ngrams, matrix, scratch)
    _add_pending(matrix, scratch)
    if scratch.counts[1] > 0:
        weight = np.float32(1 / scratch.counts[1])
        for k in range(len(scratch.mean)):
            scratch.mean[k] *= weight
    return scratch.counts[1]


@compiled
def text_means(data: Any, offsets: Any, words: Any, ngrams: Any, matrix: Any, scratch: Any, means: Any) -> None:
    """Average the rows of texts; like `best_labels`, with output ``means`` (texts, dim)."""
    for text in range(len(means)):
        text_mean(data, offsets[text], offsets[text + 1], words, ngrams, matrix, scratch)
        means[text] = scratch.mean
