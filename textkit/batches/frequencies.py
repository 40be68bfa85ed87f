"""From word counts to chances: which tokens subsampling keeps, and which words are drawn as noise. Needs no torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NOISE_POWER = 0.75


def keep_probabilities(counts: NDArray[np.int64], subsample: float) -> NDArray[np.float64]:
    """The chance of each word's tokens to be kept.

    A word with the relative frequency f is kept with the chance min(1, sqrt(t / f) + t / f), t being ``subsample``.
    This is the rule of the published program of Mikolov et al. 2013; equation 5 of their paper leaves out t / f.

    Args:
        counts: (vocab,) tokens of each word.
        subsample: The threshold t, a fraction of all tokens; 0 keeps everything.

    Returns:
        (vocab,) chances from 0 to 1. A word that never occurs is kept.

    >>> keep_probabilities(np.array([75, 25]), 0.01).round(3)
    array([0.129, 0.24 ])
    """
    if subsample == 0:
        return np.ones(len(counts))
    with np.errstate(divide="ignore"):
        ratio = subsample * counts.sum() / counts.astype(np.float64)
    return np.asarray(np.minimum(1.0, np.sqrt(ratio) + ratio))


def noise_distribution(counts: NDArray[np.int64], power: float = NOISE_POWER) -> NDArray[np.float64]:
    """The chance of each word to be drawn as noise: counts to the power of 0.75, made to sum to 1.

    Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality", 2.2.

    >>> noise_distribution(np.array([16, 1, 0]))
    array([0.88888889, 0.11111111, 0.        ])
    """
    weights = counts.astype(np.float64) ** power
    weights[counts == 0] = 0
    return np.asarray(weights / weights.sum())


def alias_tables(chances: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Two tables from which a word is drawn in constant time (Walker 1977; built as by Vose 1991).

    Draw a word evenly and a fraction u: the answer is the word itself if u < accept[word], else alias[word].

    Args:
        chances: (vocab,) chances that sum to 1.

    Returns:
        accept (vocab,) float32 and alias (vocab,) int32.

    >>> accept, alias = alias_tables(np.array([0.75, 0.25]))
    >>> accept, alias
    (array([1. , 0.5], dtype=float32), array([0, 0], dtype=int32))
    """
    filled = (chances * len(chances)).tolist()
    alias = list(range(len(filled)))
    small = [word for word, level in enumerate(filled) if level < 1]
    large = [word for word, level in enumerate(filled) if level >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        alias[low] = high
        filled[high] -= 1 - filled[low]
        if filled[high] < 1:
            small.append(large.pop())
    for word in [*small, *large]:  # full up to rounding
        filled[word] = 1.0
    return np.array(filled, np.float32), np.array(alias, np.int32)


def kept_share(counts: NDArray[np.int64], keep: NDArray[Any]) -> float:
    """The share of all tokens that subsampling is expected to keep."""
    return float((counts * keep).sum() / counts.sum())
