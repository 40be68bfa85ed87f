"""Probabilities derived from word counts, for subsampling and negative sampling. Does not need torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NOISE_POWER = 0.75


def keep_probabilities(counts: NDArray[np.int64], subsample: float) -> NDArray[np.float64]:
    """Compute the probability that subsampling keeps a token, for each word.

    A word with the relative frequency f is kept with probability min(1, sqrt(t / f) + t / f), where t is ``subsample``.
    This is the rule of the published code of Mikolov et al. 2013; equation 5 of their paper lacks the term t / f.

    Args:
        counts: (vocab,) count of each word.
        subsample: The threshold t, as a fraction of all tokens; 0 disables subsampling.

    Returns:
        (vocab,) probabilities from 0 to 1; 1 for a word that never occurs.

    >>> keep_probabilities(np.array([75, 25]), 0.01).round(3)
    array([0.129, 0.24 ])
    """
    if subsample == 0:
        return np.ones(len(counts))
    with np.errstate(divide="ignore"):
        ratio = subsample * counts.sum() / counts.astype(np.float64)
    return np.asarray(np.minimum(1.0, np.sqrt(ratio) + ratio))


def noise_distribution(counts: NDArray[np.int64], power: float = NOISE_POWER) -> NDArray[np.float64]:
    """Compute the distribution of negative samples: counts to the power of 0.75, normalized.

    Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality", 2.2.

    >>> noise_distribution(np.array([16, 1, 0]))
    array([0.88888889, 0.11111111, 0.        ])
    """
    weights = counts.astype(np.float64) ** power
    weights[counts == 0] = 0
    return np.asarray(weights / weights.sum())


def alias_tables(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Build the tables of the alias method, which samples in constant time (Walker 1977; built as by Vose 1991).

    To sample, draw a word uniformly and a number u from 0 to 1; the sample is the word if u < accept[word], else
    alias[word].

    Args:
        probabilities: (vocab,) probabilities that sum to 1.

    Returns:
        accept (vocab,) float32 and alias (vocab,) int32.

    >>> accept, alias = alias_tables(np.array([0.75, 0.25]))
    >>> accept, alias
    (array([1. , 0.5], dtype=float32), array([0, 0], dtype=int32))
    """
    # Scaled so that 1 is the average. Words below it are filled up to 1 with the surplus of a word above it.
    accept = (probabilities * len(probabilities)).tolist()
    alias = list(range(len(accept)))
    small = [word for word, level in enumerate(accept) if level < 1]
    large = [word for word, level in enumerate(accept) if level >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        alias[low] = high
        accept[high] -= 1 - accept[low]
        if accept[high] < 1:
            small.append(large.pop())
    # What is left differs from 1 only by rounding.
    for word in [*small, *large]:
        accept[word] = 1.0
    return np.array(accept, np.float32), np.array(alias, np.int32)


def kept_fraction(counts: NDArray[np.int64], keep: NDArray[Any]) -> float:
    """Compute the expected fraction of all tokens that subsampling keeps."""
    return float((counts * keep).sum() / counts.sum())
