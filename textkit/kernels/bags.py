"""The mean of the vectors of a text's words and n-grams, and what its gradient does to them, in Numba.

Both functions run without the GIL and do one worker's share. The results have the same bytes for any number of workers:
a text's mean is made by one, and a row of a table is changed by the one that owns it, in the order of the texts.
"""

from typing import Any

import numpy as np

from textkit.kernels.compiling import compiled
from textkit.text.ngrams import MULTIPLIER


@compiled
def bag_means(
    ids: Any, offsets: Any, texts: Any, words: Any, ngrams: Any, longest: int, means: Any, weights: Any
) -> None:
    """Average the vectors of the words and n-grams of texts, as `WordAvg.features` does.

    Args:
        ids: (tokens,) int32 ids of all texts.
        offsets: (all texts + 1,) int64, where each begins.
        texts: (batch,) int64, those that are wanted.
        words: (vocab, dim) float32.
        ngrams: (buckets, dim) float32, a power of two of them; an n-gram's bucket is its hash.
        longest: Words in the longest n-gram; 1 for none.
        means: (batch, dim) float32, where the means go; 0 for a text without words.
        weights: (batch,) float32, where the weight of each vector in a mean goes: one over their number.
    """
    dim, mask = words.shape[1], np.int64(len(ngrams) - 1)
    for place in range(len(texts)):
        start, stop = offsets[texts[place]], offsets[texts[place] + 1]
        total = np.zeros(dim, np.float32)
        count = 0
        for first in range(start, stop):
            for k in range(dim):
                total[k] += words[ids[first], k]
            bucket = np.int64(ids[first]) & mask
            last = min(first + longest, stop)
            count += last - first
            for following in range(first + 1, last):
                bucket = (bucket * MULTIPLIER + ids[following]) & mask
                for k in range(dim):
                    total[k] += ngrams[bucket, k]
        weights[place] = np.float32(1 / max(count, 1))
        for k in range(dim):
            means[place, k] = total[k] * weights[place]


@compiled
def update_bags(
    ids: Any,
    offsets: Any,
    texts: Any,
    weights: Any,
    gradients: Any,
    words: Any,
    word_squares: Any,
    ngrams: Any,
    ngram_squares: Any,
    longest: int,
    word_rate: float,
    ngram_rate: float,
    owner: int,
    owners: int,
) -> None:
    """Make the step of Adagrad (Duchi et al. 2011) that the gradients of the means ask for, one rate for each row.

    A row's rate is the learning rate over the root of the sum of the mean squares of its gradients so far, so that rare
    n-grams learn as much from their few texts as frequent words from their many.

    Args:
        ids: As for `bag_means`, and so are ``offsets``, ``texts``, ``words``, ``ngrams`` and ``longest``.
        offsets: Where each text begins.
        texts: Those of the batch.
        weights: (batch,) float32, as `bag_means` gave them.
        gradients: (batch, dim) float32, gradients of the means.
        words: Changed in place.
        word_squares: (vocab,) float32, the sums of squares of each row; changed in place.
        ngrams: Changed in place.
        ngram_squares: (buckets,) float32, the same; changed in place.
        longest: Words in the longest n-gram.
        word_rate: Learning rate of ``words``; 0 leaves them as they are.
        ngram_rate: Learning rate of ``ngrams``.
        owner: Which worker this is, from 0: it changes the words whose ids leave this remainder, divided by the number
            of workers, and as large a stretch of the n-grams.
        owners: The number of workers.
    """
    dim, mask = words.shape[1], np.int64(len(ngrams) - 1)
    step = np.empty(dim, np.float32)
    low, high = len(ngrams) * owner // owners, len(ngrams) * (owner + 1) // owners
    for place in range(len(texts)):
        start, stop = offsets[texts[place]], offsets[texts[place] + 1]
        square = np.float32(0)
        for k in range(dim):
            step[k] = gradients[place, k] * weights[place]
            square += step[k] * step[k]
        square /= np.float32(dim)
        if square == 0:
            continue
        for first in range(start, stop):
            word = ids[first]
            if word_rate > 0 and word % owners == owner:
                word_squares[word] += square
                rate = np.float32(word_rate / np.sqrt(word_squares[word]))
                for k in range(dim):
                    words[word, k] -= rate * step[k]
            bucket = np.int64(word) & mask
            for following in range(first + 1, min(first + longest, stop)):
                bucket = (bucket * MULTIPLIER + ids[following]) & mask
                if low <= bucket < high:
                    ngram_squares[bucket] += square
                    rate = np.float32(ngram_rate / np.sqrt(ngram_squares[bucket]))
                    for k in range(dim):
                        ngrams[bucket, k] -= rate * step[k]
