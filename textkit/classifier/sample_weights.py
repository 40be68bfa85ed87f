"""Weights of texts: how much each counts in the loss and in the choice of the best epoch."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def checked_weights(weights: Any, texts: int, name: str = "sample_weight") -> NDArray[np.float64] | None:
    """Check the weights of texts.

    Args:
        weights: (texts,) numbers of at least 0; a single number, or None, weights all texts equally.
        texts: Number of texts.
        name: Name of the weights in messages.

    Returns:
        (texts,); None if all texts count equally.

    Raises:
        ValueError: If they are not numbers of at least 0, as many as the texts, or all are 0.

    >>> checked_weights([1, 0.5], 2), checked_weights([3, 3], 2)
    (array([1. , 0.5]), None)
    """
    if weights is None:
        return None
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {type(weights).__name__} ({error}); pass one per text") from None
    if values.ndim == 0:
        values = np.full(texts, values)
    if values.shape != (texts,):
        raise ValueError(f"{name} must have the shape ({texts},), one per text, got {values.shape}; pass a flat list")
    if (wrong := ~(np.isfinite(values) & (values >= 0))).any():
        row = int(wrong.argmax())
        raise ValueError(
            f"{name} must be finite numbers of at least 0, got {values[row]} in row {row + 1}; 0 leaves a text out"
        )
    if not values.any():
        raise ValueError(f"{name} must be above 0 for some text, got only 0; pass None for equal weights")
    return None if (values == values[0]).all() else values


def weighted_rows(weights: NDArray[np.float64] | None, *columns: Any) -> tuple[Any, ...]:
    """Leave out the rows whose weight is 0.

    Args:
        weights: (rows,); None for equal weights.
        columns: Lists, arrays, Series, DataFrames or sparse matrices with as many rows.

    Returns:
        The remaining weights, and the remaining rows of each of ``columns``.

    >>> weighted_rows(np.array([2.0, 0.0, 1.0]), ["a", "b", "c"])
    (array([2., 1.]), ['a', 'c'])
    """
    if weights is None or weights.all():
        return weights, *columns
    rows = np.flatnonzero(weights)
    return weights[rows], *(_taken(column, rows) for column in columns)


def relative_weights(weights: NDArray[np.float64] | None) -> torch.Tensor | None:
    """Return the weights divided by their mean, (texts,) float32; None if all are equal.

    >>> relative_weights(np.array([1.0, 3.0])), relative_weights(np.array([3.0, 3.0]))
    (tensor([0.5000, 1.5000]), None)
    """
    if weights is None or not len(weights) or (weights == weights[0]).all():
        return None
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def _taken(column: Any, rows: NDArray[np.int64]) -> Any:
    if hasattr(column, "iloc"):
        return column.iloc[rows]
    if hasattr(column, "tocsr"):
        return column.tocsr()[rows]
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]
