"""The means of word and n-gram vectors of texts, and the Adagrad update of these vectors, in Numba.

Both functions run without the GIL and do the part of one worker. The results have the same bytes for any number of
workers: the mean of a text is computed by one worker, and a row of a table is updated only by the worker that owns it,
in the order of the texts.

Nearly all of the time is spent waiting for n-gram rows, which are scattered over a table larger than any cache.
Therefore the start of each row is prefetched before it is needed.
"""

from typing import Any

import numpy as np

from textkit.kernels.compiling import compiled
from textkit.kernels.simd import prefetch
from textkit.text.ngrams import MULTIPLIER

_AHEAD = 16  # number of rows prefetched ahead of the one being updated
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, for Fibonacci hashing


@compiled
def _insert(seen: Any, group: int, row: int) -> Any:
    """Insert a row into the set of a group; return whether it is new.

    The sets share one hash table with linear probing. Entries of other groups count as free slots, so that the table
    need not be cleared between groups.

    Args:
        seen: (slots,) int64, the hash table, zeros before the first group; the number of slots is a power of two and
            larger than the number of rows in a group.
        group: Number of the group, from 1; a new one for each group.
        row: The row, below 2**32.
    """
    entry = (np.int64(group) << 32) | np.int64(row)
    last = len(seen) - 1
    slot = np.int64((np.uint64(row) * _SPREAD) >> np.uint64(32)) & last
    while seen[slot] >> 32 == group:
        if seen[slot] == entry:
            return False
        slot = (slot + 1) & last
    seen[slot] = entry
    return True


@compiled
def bag_means(
    ids: Any,
    offsets: Any,
    texts: Any,
    words: Any,
    ngrams: Any,
    longest: int,
    binary: bool,
    skipped: int,
    means: Any,
    weights: Any,
    rows: Any,
    bounds: Any,
) -> None:
    """Average the vectors of the words and n-grams of texts, as `WordAvg.features` does.

    Args:
        ids: (tokens,) int32, the token ids of all texts.
        offsets: (all texts + 1,) int64, the start of each text in ``ids``, and the end of the last.
        texts: (batch,) int64, the numbers of the texts in the batch.
        words: (vocab, dim) float32, the word vectors.
        ngrams: (buckets, dim) float32, the n-gram vectors, by hash; the number of buckets is a power of two.
        longest: Maximum n-gram length, in words; 1 for words only.
        binary: Whether each vector counts once per text.
        skipped: Id of the word that is left out, though not out of n-grams; -1 for none.
        means: (batch, dim) float32, output: the means; 0 for a text without words.
        weights: (batch,) float32, output: the weight of each vector in the mean, 1 / number of vectors; 1 for an empty
            text.
        rows: (rows,) int32, output: the averaged rows, for each text first those of words, then those of n-grams. A
            text of n words has n * longest entries reserved.
        bounds: (batch, 3) int64, input and output. Column 0 is given: the start of each text's entries in ``rows``.
            Columns 1 and 2 are written: the start and the end of its n-gram rows.
    """
    dim, mask = words.shape[1], np.int64(len(ngrams) - 1)
    total = np.empty(dim, np.float32)
    slots = 1
    if binary:
        for text in texts:
            while slots < 2 * longest * (offsets[text + 1] - offsets[text]):
                slots *= 2
    seen = np.zeros(slots, np.int64)
    for row in range(len(texts)):
        start, stop = offsets[texts[row]], offsets[texts[row] + 1]
        begin = end = bounds[row, 0]
        for first in range(start, stop):
            if ids[first] != skipped and (not binary or _insert(seen, 2 * row + 1, ids[first])):
                rows[end] = ids[first]
                end += 1
        middle = end
        for first in range(start, stop):
            bucket = np.int64(ids[first]) & mask
            for following in range(first + 1, min(first + longest, stop)):
                bucket = (bucket * MULTIPLIER + ids[following]) & mask
                if not binary or _insert(seen, 2 * row + 2, bucket):
                    prefetch(ngrams, bucket, 0)
                    rows[end] = bucket
                    end += 1
        bounds[row, 1], bounds[row, 2] = middle, end
        total[:] = 0
        for i in range(begin, middle):
            for k in range(dim):
                total[k] += words[rows[i], k]
        for i in range(middle, end):
            for k in range(dim):
                total[k] += ngrams[rows[i], k]
        weights[row] = np.float32(1 / max(end - begin, 1))
        for k in range(dim):
            means[row, k] = total[k] * weights[row]


@compiled
def update_bags(
    rows: Any,
    bounds: Any,
    weights: Any,
    gradients: Any,
    words: Any,
    word_squares: Any,
    ngrams: Any,
    ngram_squares: Any,
    word_rate: float,
    ngram_rate: float,
    owner: int,
    owners: int,
) -> None:
    """Update the vectors by row-wise Adagrad (Duchi et al. 2011), given the gradients of the means.

    The learning rate of a row is divided by the square root of the sum of the mean squares of its gradients so far, so
    that rare n-grams learn as much from their few texts as frequent words from their many.

    Args:
        rows: (rows,) int32, output of `bag_means`.
        bounds: (batch, 3) int64, output of `bag_means`.
        weights: (batch,) float32, output of `bag_means`.
        gradients: (batch, dim) float32, gradients of the means.
        words: (vocab, dim) float32, the word vectors; updated in place.
        word_squares: (vocab,) float32, Adagrad's sum for each row of ``words``; updated in place.
        ngrams: (buckets, dim) float32, the n-gram vectors; updated in place.
        ngram_squares: (buckets,) float32, Adagrad's sum for each row of ``ngrams``; updated in place.
        word_rate: Learning rate of ``words``; 0 leaves them unchanged.
        ngram_rate: Learning rate of ``ngrams``.
        owner: Number of this worker, from 0. It updates the words with ``id % owners == owner`` and an equal part of
            the n-gram rows.
        owners: Number of workers.
    """
    dim = words.shape[1]
    step = np.empty(dim, np.float32)
    low, high = len(ngrams) * owner // owners, len(ngrams) * (owner + 1) // owners
    squares = ngram_squares.reshape(1, -1)
    mine = np.empty((bounds[:, 2] - bounds[:, 1]).max(), np.int64)
    for text in range(len(bounds)):
        begin, middle, end = bounds[text]
        square = np.float32(0)
        for k in range(dim):
            step[k] = gradients[text, k] * weights[text]
            square += step[k] * step[k]
        square /= np.float32(dim)
        if square == 0:
            continue
        for i in range(begin, middle):
            word = rows[i]
            if word_rate > 0 and word % owners == owner:
                word_squares[word] += square
                rate = np.float32(word_rate / np.sqrt(word_squares[word]))
                for k in range(dim):
                    words[word, k] -= rate * step[k]
        # Without a branch, which would be unpredictable.
        owned = 0
        for i in range(middle, end):
            mine[owned] = rows[i]
            owned += (low <= rows[i]) & (rows[i] < high)
        for i in range(owned):
            ahead = mine[min(i + _AHEAD, owned - 1)]
            prefetch(ngrams, ahead, 0)
            prefetch(squares, 0, ahead)
            bucket = mine[i]
            ngram_squares[bucket] += square
            rate = np.float32(ngram_rate / np.sqrt(ngram_squares[bucket]))
            for k in range(dim):
                ngrams[bucket, k] -= rate * step[k]
