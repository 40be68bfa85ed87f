"""Thresholds of the labels of a text, tuned on validation texts."""

import numpy as np
from numpy.typing import NDArray


def best_thresholds(
    probabilities: NDArray[np.float64], targets: NDArray[np.generic], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Find the threshold of each label with the highest F1; of equal ones, that nearest to one half.

    Args:
        probabilities: (texts, labels).
        targets: (texts, labels) 1 where a text has the label, else 0.
        weights: (texts,) weights of the texts; None for equal weights.

    Returns:
        (labels,), each between two probabilities; one half for a label that no text has.

    >>> best_thresholds(np.array([[0.9], [0.4], [0.2], [0.1]]), np.array([[1], [1], [0], [0]])).round(2).tolist()
    [0.3]
    """
    weights = np.ones(len(probabilities)) if weights is None else weights
    columns = zip(probabilities.T, targets.T > 0, strict=True)
    return np.array([_best_threshold(column, positive, weights) for column, positive in columns])


def _best_threshold(
    probabilities: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    if not (weights * positive).any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    values, counts = probabilities[order], weights[order]
    last = np.flatnonzero(np.append(values[1:] < values[:-1], True))  # of the texts with the same probability
    hits, predicted = (counts * positive[order]).cumsum()[last], counts.cumsum()[last]
    f1 = 2 * hits / (predicted + (weights * positive).sum())
    upper, lower = values[last], np.append(values[last][1:], 0.0)
    # Of all thresholds between two probabilities, one half is kept where it is among them.
    thresholds = np.where((lower <= 0.5) & (upper > 0.5), 0.5, (lower + upper) / 2)
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(thresholds[best[np.abs(thresholds[best] - 0.5).argmin()]])
