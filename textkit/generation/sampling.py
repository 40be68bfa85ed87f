"""Sample the next token: composable transforms of logits, and the draw.

Logits are natural logarithms of probabilities, up to a constant. Every transform takes the logits of one step,
float, shape (vocab,), and returns new ones of the same shape. A token with the logit -inf has probability 0.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating]
# At lower temperatures the division may overflow to -inf, which is the correct limit.
_TINY = 1e-200


def forbid(logits: Logits, ids: Sequence[int] | NDArray[np.integer]) -> Logits:
    """Set the logits of some tokens to -inf.

    >>> forbid(np.array([1.0, 2.0, 3.0]), [0, 2]).tolist()
    [-inf, 2.0, -inf]
    """
    logits = logits.copy()
    logits[ids] = -np.inf
    return logits


def temperature(logits: Logits, value: float) -> Logits:
    """Divide the logits by ``value``; 0 keeps only the largest one (the first of equals).

    The largest logit is shifted to 0, so that it cannot overflow at any temperature.

    Raises:
        FloatingPointError: If all tokens have the logit -inf, or a logit is nan or +inf.

    >>> temperature(np.array([1.0, 2.0]), 0.5).tolist()
    [-2.0, 0.0]
    >>> temperature(np.array([1.0, 2.0]), 0).tolist()
    [-inf, 0.0]
    """
    shifted: Logits = logits - np.float64(_largest(logits))
    if value == 0:
        return _keep_only(shifted, np.array([shifted.argmax()]))
    if value >= _TINY:
        shifted /= value
    else:
        with np.errstate(over="ignore"):
            shifted /= value
    return shifted


def top_k(logits: Logits, k: int) -> Logits:
    """Keep the ``k`` largest logits; ties for the last rank go to the lower id.

    >>> top_k(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist()
    [-inf, 3.0, -inf, 3.0]
    """
    if k >= len(logits):
        return logits
    kth_largest = np.partition(logits, len(logits) - k)[len(logits) - k]
    above, equal = np.flatnonzero(logits > kth_largest), np.flatnonzero(logits == kth_largest)
    return _keep_only(logits, np.concatenate([above, equal[: k - len(above)]]))


def top_p(logits: Logits, p: float) -> Logits:
    """Keep the nucleus: the smallest set of most probable tokens with a total probability of at least ``p``.

    Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", equation 2.

    Raises:
        FloatingPointError: If all tokens have the logit -inf, or a logit is nan or +inf.

    >>> top_p(np.log([0.125, 0.5, 0.375]), 0.625).round(3).tolist()
    [-inf, -0.693, -0.981]
    """
    if p >= 1:
        return logits
    largest = _largest(logits)
    possible = np.flatnonzero(logits > -np.inf)
    order = possible[np.argsort(-logits[possible], kind="stable")]
    cumulative = np.exp(logits[order] - np.float64(largest)).cumsum()  # unnormalized probabilities
    return _keep_only(logits, order[: np.searchsorted(cumulative, p * cumulative[-1]) + 1])


def draw(logits: Logits, generator: np.random.Generator) -> int:
    """Draw a token with the probabilities softmax(logits).

    Raises:
        FloatingPointError: If all tokens have the logit -inf, or a logit is nan or +inf.

    >>> draw(np.array([-np.inf, 0.0, -np.inf]), np.random.default_rng(1))
    1
    """
    cumulative = np.exp(logits - np.float64(_largest(logits))).cumsum()  # unnormalized probabilities
    # The product stays below cumulative[-1] even after rounding, as random() is at most 1 - 2**-53.
    return int(cumulative.searchsorted(generator.random() * cumulative[-1], side="right"))


def _largest(logits: Logits) -> float:
    largest = float(logits.max())
    if not math.isfinite(largest):
        raise FloatingPointError(
            f"the largest logit of the next token must be finite, got {largest}; "
            "the model's weights are damaged, train it again with a smaller learning rate"
        )
    return largest


def _keep_only(logits: Logits, ids: NDArray[np.intp]) -> Logits:
    kept = np.full(logits.shape, -np.inf, logits.dtype)
    kept[ids] = logits[ids]
    return kept
