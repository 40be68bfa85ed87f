"""From the bytes of texts to the mean of their rows in a model of fastText, in Numba.

Numbers are float32 and are added in the order in which fastText adds them. Rows are scattered over a large table;
therefore each is prefetched before it is added. Members of tuples are looked up once: in a loop, every access would
count a reference.
"""

from typing import Any, NamedTuple

import numpy as np

from textkit.kernels.compiling import compiled, inlined
from textkit.kernels.simd import add, load_eight_numbers, load_number, prefetch, store, zero_eight
from textkit.text.ngrams import MULTIPLIER

_AHEAD = 16  # number of rows of codes prefetched ahead of the one being added
TOGETHER = 8  # number of texts whose rows are found before they are added
CENTROIDS = 256
_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, for Fibonacci hashing
_LABEL = np.frombuffer(b"__label__", np.uint8)
_END = np.frombuffer(b"</s>", np.uint8)


class Words(NamedTuple):
    """The dictionary: the bytes of all entries, each ended by a zero, and a hash table of them.

    Column 0 of ``table`` (slots, 2) uint64 has the hash of a word in its upper half and the number of the word, from 1,
    in the lower one, or is 0; column 1 is the start of the word in ``entries``.
    """

    entries: Any
    table: Any
    n_words: int


class Ngrams(NamedTuple):
    """Lengths of n-grams and their buckets; of a pruned model a hash table (slots, 2) of buckets, or -1, and rows."""

    min_n: int
    max_n: int
    word_ngrams: int
    buckets: int
    is_pruned: bool
    kept: Any


class Rows(NamedTuple):
    """A matrix: the bytes of float32 ``numbers``, or if there are ``codes`` a quantized one; see `QuantizedMatrix`."""

    numbers: Any
    codes: Any
    centroids: Any
    width: int
    norm_codes: Any
    norms: Any


class Scratch(NamedTuple):
    """Memory for one text: bytes of a word, hashes of its words, the mean, scores of labels, a stack of nodes."""

    marked: Any
    hashes: Any
    mean: Any
    scores: Any
    stack: Any
    stack_scores: Any


@inlined
def _hash(data: Any, start: int, stop: int) -> Any:
    value = _BASIS
    for i in range(start, stop):
        value = np.uint32((value ^ np.uint32(np.int8(data[i]))) * _PRIME)
    return value


@inlined
def _same(a: Any, start: int, stop: int, b: Any, b_start: int, b_stop: int) -> Any:
    if stop - start != b_stop - b_start:
        return False
    for i in range(stop - start):  # noqa: SIM110  # a generator is not compiled
        if a[start + i] != b[b_start + i]:
            return False
    return True


@inlined
def _is_entry(data: Any, start: int, stop: int, entries: Any, place: int) -> Any:
    for i in range(stop - start):
        if data[start + i] != entries[place + i]:
            return False
    return entries[place + stop - start] == 0


@inlined
def _find(data: Any, start: int, stop: int, value: Any, entries: Any, table: Any) -> Any:
    """Return the slot of a word in the hash table: its own, or a free one."""
    last = len(table) - 1
    slot = np.int64(value) & last
    while table[slot, 0] != 0:
        if np.uint32(table[slot, 0] >> np.uint64(32)) == value and _is_entry(
            data, start, stop, entries, np.int64(table[slot, 1])
        ):
            break
        slot = (slot + 1) & last
    return slot


@compiled
def fill_words(entries: Any, starts: Any, ends: Any, table: Any) -> None:
    """Fill the hash table; of equal words the last one counts, as in fastText."""
    for row in range(len(starts)):
        value = _hash(entries, starts[row], ends[row])
        slot = _find(entries, starts[row], ends[row], value, entries, table)
        table[slot, 0] = np.uint64(value) << np.uint64(32) | np.uint64(row + 1)
        table[slot, 1] = np.uint64(starts[row])


@inlined
def _slot(bucket: Any, kept: Any) -> Any:
    last = len(kept) - 1
    slot = np.int64((np.uint64(bucket) * _SPREAD) >> np.uint64(32)) & last
    while kept[slot, 0] >= 0 and kept[slot, 0] != bucket:
        slot = (slot + 1) & last
    return slot


@compiled
def fill_kept(pairs: Any, kept: Any) -> None:
    """Fill the hash table of the n-grams that a pruned model has kept, given (n-grams, 2) buckets and rows."""
    for i in range(len(pairs)):
        slot = _slot(pairs[i, 0], kept)
        kept[slot, 0] = pairs[i, 0]
        kept[slot, 1] = pairs[i, 1]


@inlined
def _prefetch_row(numbers: Any, row: int) -> None:
    """Prefetch a row, which may begin anywhere in a line of the cache."""
    for column in range(0, numbers.shape[1], 64):
        prefetch(numbers, row, column)
    prefetch(numbers, row, numbers.shape[1] - 1)


@inlined
def _put(found: Any, n: int, bucket: Any, n_words: int, is_pruned: bool, kept: Any, numbers: Any) -> Any:
    """Append the row of an n-gram, unless the model has not kept it; return the number of rows."""
    if is_pruned:
        slot = _slot(bucket, kept)
        found[n] = n_words + np.int64(kept[slot, 1])
        return n + (kept[slot, 0] >= 0)  # no branch, which could not be predicted
    found[n] = n_words + bucket
    if len(numbers):
        _prefetch_row(numbers, found[n])
    return n + 1


@inlined
def _grown(found: Any, n: int, more: int) -> Any:
    """Return an array with room for more rows."""
    if n + more <= len(found):
        return found
    larger = np.empty(max(2 * len(found), n + more), found.dtype)
    larger[:n] = found[:n]
    return larger


@inlined
def _put_subwords(
    size: int,
    marked: Any,
    found: Any,
    n: int,
    min_n: int,
    max_n: int,
    buckets: int,
    n_words: int,
    is_pruned: bool,
    kept: Any,
    numbers: Any,
) -> Any:
    """Append the rows of the n-grams of a marked word of ``size`` bytes; return the number of rows."""
    for first in range(size):
        if marked[first] & 0xC0 == 0x80:  # within a character
            continue
        value, end = _BASIS, first
        for length in range(1, max_n + 1):
            if end == size:
                break
            while True:
                value = np.uint32((value ^ np.uint32(np.int8(marked[end]))) * _PRIME)
                end += 1
                if end == size or marked[end] & 0xC0 != 0x80:
                    break
            if length >= min_n and not (length == 1 and (first == 0 or end == size)):
                bucket = np.int64(value % np.uint32(buckets))
                n = _put(found, n, bucket, n_words, is_pruned, kept, numbers)
    return n


@inlined
def _is_space(byte: Any) -> Any:
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@inlined
def _text_rows(
    data: Any, start: int, stop: int, words: Any, ngrams: Any, scratch: Any, numbers: Any, found: Any, n: int
) -> Any:
    """Find the rows of a text, which ends with the word ``</s>``.

    Args:
        data: (bytes,) uint8, texts.
        start: Start of the text.
        stop: Its end.
        words: The `Words`.
        ngrams: The `Ngrams`.
        scratch: A `Scratch`.
        numbers: The bytes of the matrix, whose rows are prefetched.
        found: (rows,) int64, output: the rows; replaced where it is too small.
        n: Number of rows that it holds already.

    Returns:
        ``found``, and the number of rows.
    """
    entries, table, n_words = words
    min_n, max_n, word_ngrams, buckets, is_pruned, kept = ngrams
    marked, hashes = scratch.marked, scratch.hashes
    # A word has a byte at least, and a space; as many n-grams begin at each of its bytes, and at its marks.
    most_words = (stop - start) // 2 + 1
    found = _grown(found, n, most_words * max(word_ngrams, 1) + (stop - start + 2 * most_words) * max_n)
    n_hashes = 0
    ended = False
    while not ended:
        while _is_space(data[start]):
            start += 1
        end = start
        while end < stop and not _is_space(data[end]):
            end += 1
        ended = _same(data, start, end, _END, 0, len(_END))  # the rest of the line is not read
        value = _hash(data, start, end)
        slot = _find(data, start, end, value, entries, table)
        row = np.int64(table[slot, 0] & np.uint64(0xFFFFFFFF)) - 1
        is_label = row >= n_words or (
            row < 0 and end - start >= len(_LABEL) and _same(data, start, start + len(_LABEL), _LABEL, 0, len(_LABEL))
        )
        if not is_label:
            size = end - start + 2
            if row >= 0:
                found[n] = row
                if len(numbers):
                    _prefetch_row(numbers, row)
                n += 1
            if max_n > 0 and not ended:
                marked[0] = 60  # <
                for i in range(start, end):
                    marked[1 + i - start] = data[i]
                marked[size - 1] = 62  # >
                n = _put_subwords(size, marked, found, n, min_n, max_n, buckets, n_words, is_pruned, kept, numbers)
            hashes[n_hashes] = np.int64(np.int32(value))
            n_hashes += 1
        start = end
    if word_ngrams > 1:
        for first in range(n_hashes):
            key = np.uint64(hashes[first])
            for following in range(first + 1, min(first + word_ngrams, n_hashes)):
                key = key * np.uint64(MULTIPLIER) + np.uint64(hashes[following])
                bucket = np.int64(key % np.uint64(buckets))
                n = _put(found, n, bucket, n_words, is_pruned, kept, numbers)
    return found, n


@inlined
def rows_of_texts(
    data: Any,
    offsets: Any,
    first: int,
    last: int,
    words: Any,
    ngrams: Any,
    scratch: Any,
    numbers: Any,
    found: Any,
    ends: Any,
) -> Any:
    """Find the rows of some texts, so that all of them are on their way from the memory before the first is added.

    Args:
        data: (bytes,) uint8, texts.
        offsets: (all texts + 1,) int64, the start of each text, and the end of the last.
        first: Number of the first text.
        last: Number of the text after the last one, at most `TOGETHER` more.
        words: The `Words`.
        ngrams: The `Ngrams`.
        scratch: A `Scratch`.
        numbers: The bytes of the matrix.
        found: (rows,) int64, output: the rows; replaced where it is too small.
        ends: (TOGETHER + 1,) int64, 0 and, as output, the end of each text in ``found``.

    Returns:
        ``found``.
    """
    for text in range(first, last):
        i = text - first
        found, ends[i + 1] = _text_rows(
            data, offsets[text], offsets[text + 1], words, ngrams, scratch, numbers, found, ends[i]
        )
    return found


@inlined
def average(found: Any, begin: int, end: int, matrix: Any, mean: Any) -> None:
    """Average rows, which `rows_of_texts` has prefetched.

    Args:
        found: (rows,) int64, rows.
        begin: The first to average.
        end: The one after the last.
        matrix: The input, `Rows`.
        mean: (1, dim) float32, output: their mean; zeros if there are none.
    """
    numbers, codes, centroids, width, norm_codes, norms = matrix
    dim, n = mean.shape[1], end - begin
    mean[:] = 0
    if len(codes) == 0:
        whole = dim // 8 * 8
        for k in range(0, whole, 8):
            total = zero_eight()
            for i in range(begin, end):
                total = add(total, load_eight_numbers(numbers, found[i], 4 * k))
            store(mean, 0, k, total)
        for i in range(begin, end):
            for k in range(whole, dim):
                mean[0, k] += load_number(numbers, found[i], 4 * k)
    else:
        pairs = width == 2 and dim % 2 == 0  # as fastText has them by default
        for i in range(begin, end):
            if i + _AHEAD < end:
                prefetch(codes, found[i + _AHEAD], 0)
            norm = norms[norm_codes[found[i]]] if len(norms) else np.float32(1)
            for part in range(codes.shape[1]):
                if pairs:
                    place = 2 * (part * CENTROIDS + codes[found[i], part])
                    mean[0, 2 * part] += norm * centroids[place]
                    mean[0, 2 * part + 1] += norm * centroids[place + 1]
                    continue
                first = part * width
                size = min(width, dim - first)
                place = first * CENTROIDS + codes[found[i], part] * size
                for k in range(size):
                    mean[0, first + k] += norm * centroids[place + k]
    if n > 0:
        weight = np.float32(1 / n)
        for k in range(dim):
            mean[0, k] *= weight


@compiled
def text_means(data: Any, offsets: Any, words: Any, ngrams: Any, matrix: Any, scratch: Any, means: Any) -> None:
    """Average the rows of texts; like `best_labels`, with output ``means`` (texts, dim)."""
    found, ends = np.empty(256, np.int64), np.zeros(TOGETHER + 1, np.int64)
    for first in range(0, len(means), TOGETHER):
        last = min(first + TOGETHER, len(means))
        found = rows_of_texts(data, offsets, first, last, words, ngrams, scratch, matrix.numbers, found, ends)
        for text in range(first, last):
            average(found, ends[text - first], ends[text - first + 1], matrix, means[text : text + 1])
