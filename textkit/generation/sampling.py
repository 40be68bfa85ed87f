"""From the scores of the next token to the token: small transforms of logits that compose, and the draw.

Logits are natural logarithms of probabilities, up to a constant. Every transform takes the logits of one step,
float, shape (vocab,), and returns new ones of that shape; -inf is a token that cannot come.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating]
_TINY = 1e-200  # below it, a difference of logits divided by the temperature may overflow, rightly, to -inf


def forbid(logits: Logits, ids: Sequence[int] | NDArray[np.integer]) -> Logits:
    """Leave out some tokens.

    >>> forbid(np.array([1.0, 2.0, 3.0]), [0, 2]).tolist()
    [-inf, 2.0, -inf]
    """
    logits = logits.copy()
    logits[ids] = -np.inf
    return logits


def temperature(logits: Logits, value: float) -> Logits:
    """Divide the logits by ``value``; 0 leaves the largest one alone, the first of equals.

    The largest logit becomes 0, so that no temperature, however small, can overflow it.

    Raises:
        FloatingPointError: If no token can come, or the logits are no numbers.

    >>> temperature(np.array([1.0, 2.0]), 0.5).tolist()
    [-2.0, 0.0]
    >>> temperature(np.array([1.0, 2.0]), 0).tolist()
    [-inf, 0.0]
    """
    below: Logits = logits - np.float64(_largest(logits))
    if value == 0:
        return _only(below, np.array([below.argmax()]))
    if value >= _TINY:
        below /= value
    else:
        with np.errstate(over="ignore"):
            below /= value
    return below


def top_k(logits: Logits, k: int) -> Logits:
    """Keep the ``k`` largest logits; of equal ones at the edge those with the lower id.

    >>> top_k(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist()
    [-inf, 3.0, -inf, 3.0]
    """
    if k >= len(logits):
        return logits
    edge = np.partition(logits, len(logits) - k)[len(logits) - k]
    above, equal = np.flatnonzero(logits > edge), np.flatnonzero(logits == edge)
    return _only(logits, np.concatenate([above, equal[: k - len(above)]]))


def top_p(logits: Logits, p: float) -> Logits:
    """Keep the nucleus: the fewest likeliest tokens that have a probability of ``p`` or more together.

    Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", equation 2.

    Raises:
        FloatingPointError: If no token can come, or the logits are no numbers.

    >>> top_p(np.log([0.125, 0.5, 0.375]), 0.625).round(3).tolist()
    [-inf, -0.693, -0.981]
    """
    if p >= 1:
        return logits
    top = _largest(logits)
    possible = np.flatnonzero(logits > -np.inf)
    order = possible[np.argsort(-logits[possible], kind="stable")]
    shares = np.exp(logits[order] - np.float64(top)).cumsum()
    return _only(logits, order[: np.searchsorted(shares, p * shares[-1]) + 1])


def draw(logits: Logits, generator: np.random.Generator) -> int:
    """Draw a token with the probabilities softmax(logits).

    Raises:
        FloatingPointError: If no token can come, or the logits are no numbers.

    >>> draw(np.array([-np.inf, 0.0, -np.inf]), np.random.default_rng(1))
    1
    """
    shares = np.exp(logits - np.float64(_largest(logits))).cumsum()
    # below shares[-1] even after rounding, as random() is at most 1 - 2**-53
    return int(shares.searchsorted(generator.random() * shares[-1], side="right"))


def _largest(logits: Logits) -> float:
    top = float(logits.max())
    if not math.isfinite(top):
        raise FloatingPointError(
            f"the scores of the next token must be numbers, got {top} as the largest; "
            "the model's weights are damaged, train it again with a smaller learning rate"
        )
    return top


def _only(logits: Logits, ids: NDArray[np.intp]) -> Logits:
    kept = np.full(logits.shape, -np.inf, logits.dtype)
    kept[ids] = logits[ids]
    return kept
