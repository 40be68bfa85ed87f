"""The mean of the vectors of a text's words and n-grams, and what its gradient does to them, in Numba.

Both functions run without the GIL and do one worker's share. The results have the same bytes for any number of workers:
a text's mean is made by one, and a row of a table is changed by the one that owns it, in the order of the texts.

Nearly all of the time goes by waiting for rows of the n-grams, which lie anywhere in a table larger than any cache: the
first numbers of each are asked for before they are needed.
"""

from typing import Any

import numpy as np

from textkit.kernels.compiling import compiled
from textkit.kernels.simd import prefetch
from textkit.text.ngrams import MULTIPLIER

_AHEAD = 16  # rows that are on their way while one is changed
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: its products spread over all places


@compiled
def _insert(seen: Any, group: int, row: int) -> Any:
    """Put a row into a group; return whether it was not there yet.

    Args:
        seen: (places,) int64, a power of two of them and more than the group has rows; zeros before the first group.
            Entries of other groups count as free places, so that nothing has to be cleared.
        group: From 1; a new number for each group.
        row: Below 2**32.
    """
    entry = (np.int64(group) << 32) | np.int64(row)
    last = len(seen) - 1
    place = np.int64((np.uint64(row) * _SPREAD) >> np.uint64(32)) & last
    while seen[place] >> 32 == group:
        if seen[place] == entry:
            return False
        place = (place + 1) & last
    seen[place] = entry
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
    means: Any,
    weights: Any,
    rows: Any,
    bounds: Any,
) -> None:
    """Average the vectors of the words and n-grams of texts, as `WordAvg.features` does.

    Args:
        ids: (tokens,) int32 ids of all texts.
        offsets: (all texts + 1,) int64, where each begins.
        texts: (batch,) int64, those that are wanted.
        words: (vocab, dim) float32.
        ngrams: (buckets, dim) float32, a power of two of them; an n-gram's bucket is its hash.
        longest: Words in the longest n-gram; 1 for none.
        binary: Whether each vector counts once in a text.
        means: (batch, dim) float32, where the means go; 0 for a text without words.
        weights: (batch,) float32, where the weight of each vector in a mean goes: one over their number, 1 for none.
        rows: (places,) int32, where the rows that were averaged go: for each text those of words, and then those of
            n-grams. A text of n words needs n * longest places.
        bounds: (batch, 3) int64: where the places of each text begin, which is given, and where the rows of its n-grams
            begin and end, which is written.
    """
    dim, mask = words.shape[1], np.int64(len(ngrams) - 1)
    total = np.empty(dim, np.float32)
    room = 1
    if binary:
        for text in texts:
            while room < 2 * longest * (offsets[text + 1] - offsets[text]):
                room *= 2
    seen = np.zeros(room, np.int64)
    for place in range(len(texts)):
        start, stop = offsets[texts[place]], offsets[texts[place] + 1]
        begin = end = bounds[place, 0]
        for first in range(start, stop):
            if not binary or _insert(seen, 2 * place + 1, ids[first]):
                rows[end] = ids[first]
                end += 1
        middle = end
        for first in range(start, stop):
            bucket = np.int64(ids[first]) & mask
            for following in range(first + 1, min(first + longest, stop)):
                bucket = (bucket * MULTIPLIER + ids[following]) & mask
                if not binary or _insert(seen, 2 * place + 2, bucket):
                    prefetch(ngrams, bucket, 0)
                    rows[end] = bucket
                    end += 1
        bounds[place, 1], bounds[place, 2] = middle, end
        total[:] = 0
        for i in range(begin, middle):
            for k in range(dim):
                total[k] += words[rows[i], k]
        for i in range(middle, end):
            for k in range(dim):
                total[k] += ngrams[rows[i], k]
        weights[place] = np.float32(1 / max(end - begin, 1))
        for k in range(dim):
            means[place, k] = total[k] * weights[place]


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
    """Make the step of Adagrad (Duchi et al. 2011) that the gradients of the means ask for, one rate for each row.

    A row's rate is the learning rate over the root of the sum of the mean squares of its gradients so far, so that rare
    n-grams learn as much from their few texts as frequent words from their many.

    Args:
        rows: (places,) int32, as `bag_means` gave them, and so are ``bounds`` and ``weights``.
        bounds: (batch, 3) int64.
        weights: (batch,) float32.
        gradients: (batch, dim) float32, gradients of the means.
        words: (vocab, dim) float32, changed in place.
        word_squares: (vocab,) float32, the sums of squares of each row; changed in place.
        ngrams: (buckets, dim) float32, changed in place.
        ngram_squares: (buckets,) float32, the same; changed in place.
        word_rate: Learning rate of ``words``; 0 leaves them as they are.
        ngram_rate: Learning rate of ``ngrams``.
        owner: Which worker this is, from 0: it changes the words whose ids leave this remainder, divided by the number
            of workers, and as large a stretch of the n-grams.
        owners: The number of workers.
    """
    dim = words.shape[1]
    step = np.empty(dim, np.float32)
    low, high = len(ngrams) * owner // owners, len(ngrams) * (owner + 1) // owners
    squares = ngram_squares.reshape(1, -1)
    mine = np.empty((bounds[:, 2] - bounds[:, 1]).max(), np.int64)
    for place in range(len(bounds)):
        begin, middle, end = bounds[place]
        square = np.float32(0)
        for k in range(dim):
            step[k] = gradients[place, k] * weights[place]
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
        found = 0
        for i in range(middle, end):
            mine[found] = rows[i]
            found += (low <= rows[i]) & (rows[i] < high)  # without a branch, which no processor could predict
        for i in range(found):
            ahead = mine[min(i + _AHEAD, found - 1)]
            prefetch(ngrams, ahead, 0)
            prefetch(squares, 0, ahead)
            bucket = mine[i]
            ngram_squares[bucket] += square
            rate = np.float32(ngram_rate / np.sqrt(ngram_squares[bucket]))
            for k in range(dim):
                ngrams[bucket, k] -= rate * step[k]
