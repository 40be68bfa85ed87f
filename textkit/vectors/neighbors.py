"""Nearest rows by cosine: many queries in one matrix product, the same answer every time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SCORES_AT_ONCE = 1 << 24  # float32 numbers: 64 MiB
_ROWS_AT_ONCE = 1 << 13
ROUNDING = 1e-5  # more than float32 products of unit vectors may be off
EPSILON = 1e-3  # keeps 3CosMul from dividing by 0 (Levy & Goldberg 2014)


def unit_rows(matrix: NDArray[np.float32], dtype: type[Any] = np.float32) -> NDArray[Any]:
    """Scale rows to length 1; rows of zeros stay as they are.

    Args:
        matrix: Shape (rows, dim), finite.
        dtype: float32 or float64, the type of the result.

    Returns:
        Shape (rows, dim).

    >>> unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    unit = np.empty(matrix.shape, dtype)
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        # float64: squares of large and small float32 numbers neither overflow nor vanish
        block = matrix[start : start + _ROWS_AT_ONCE].astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        unit[start : start + _ROWS_AT_ONCE] = block / np.where(lengths > 0, lengths, 1)[:, None]
    return unit


def nearest(
    unit: NDArray[np.float32], queries: NDArray[np.float32], k: int, left_out: Sequence[Sequence[int]]
) -> Iterator[tuple[list[int], list[float]]]:
    """Find the rows with the largest cosine for each query.

    Candidates come from one float32 product; they are ranked by float64 cosines, so that neither the number
    of threads nor the number of queries changes the answer. Of equal cosines the lower row comes first.

    Args:
        unit: Shape (rows, dim), rows of length 1 or 0.
        queries: Shape (queries, dim), rows of length 1 or 0.
        k: How many rows to find for each query.
        left_out: For each query, rows that are no answer.

    Yields:
        For each query the rows and their cosines, the largest first; fewer than ``k`` if there are no more
        rows.
    """
    step = max(1, _SCORES_AT_ONCE // max(1, len(unit)))
    for start in range(0, len(queries), step):
        scores = queries[start : start + step] @ unit.T  # (queries, rows)
        for offset, row in enumerate(scores):
            row[list(left_out[start + offset])] = -np.inf
            candidates = _candidates(row, k)
            yield _ranked(unit, queries[start + offset], candidates, k)


def exact_cosines(
    unit: NDArray[np.float32], query: NDArray[np.float32], rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Compute cosines in float64; they depend neither on the number of threads nor on the other rows.

    Args:
        unit: Shape (vocab, dim), rows of length 1 or 0.
        query: Shape (dim,), of length 1 or 0.
        rows: Rows to compare with; None for all.

    Returns:
        Shape (rows,), from -1 to 1.
    """
    count = len(unit) if rows is None else len(rows)
    cosines, wide = np.empty(count), query.astype(np.float64)
    for start in range(0, count, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        block = (unit[part] if rows is None else unit[rows[part]]).astype(np.float64)
        cosines[part] = np.einsum("ij,j->i", block, wide)
    return np.clip(cosines, -1, 1, out=cosines)  # lengths of 1 are rounded too


def three_cos_mul(
    unit: NDArray[np.float32], terms: NDArray[np.float32], k: int, left_out: Sequence[int]
) -> tuple[list[int], list[float]]:
    """Answer "a is to b as c is to ?" by 3CosMul: the largest cos(x, b) cos(x, c) / (cos(x, a) + epsilon).

    Omer Levy and Yoav Goldberg (2014), Linguistic Regularities in Sparse and Explicit Word Representations,
    CoNLL. As there, cosines are moved to the range from 0 to 1, and epsilon is 0.001.

    Args:
        unit: Shape (rows, dim), rows of length 1 or 0.
        terms: Unit vectors of a, b and c, shape (3, dim).
        k: How many rows to find.
        left_out: Rows that are no answer.

    Returns:
        The rows and their scores, the largest first.
    """
    shifted = ((unit @ terms.T).astype(np.float64) + 1) / 2  # (rows, 3)
    scores = shifted[:, 1] * shifted[:, 2] / (shifted[:, 0] + EPSILON)
    scores[list(left_out)] = -np.inf
    found = _candidates(scores, k)
    found = found[np.lexsort((found, -scores[found]))][:k]
    return found.tolist(), scores[found].tolist()


def _candidates(scores: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Give all rows that may be among the ``k`` best, rising."""
    if k >= len(scores):
        return np.flatnonzero(scores > -np.inf)
    kth = np.partition(scores, len(scores) - k)[len(scores) - k]
    return np.flatnonzero((scores >= kth - ROUNDING) & (scores > -np.inf))


def _ranked(
    unit: NDArray[np.float32], query: NDArray[np.float32], candidates: NDArray[np.int64], k: int
) -> tuple[list[int], list[float]]:
    """Rank candidates by their exact cosine, then by their row."""
    exact = exact_cosines(unit, query, candidates)
    order = np.lexsort((candidates, -exact))[:k]
    return candidates[order].tolist(), exact[order].tolist()
