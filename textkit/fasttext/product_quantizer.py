"""Product quantization of the rows of a matrix (Jegou et al. 2011), as in Joulin et al. 2016b, "FastText.zip"."""

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.matrices import CENTROIDS, QuantizedMatrix

_ITERATIONS = 15
_SAMPLE = 1 << 15  # most rows from which centroids are computed
_BLOCK = 1 << 10  # rows whose distances are computed at a time


def quantize_rows(rows: NDArray[np.float32], width: int, *, norms: bool, seed: int) -> QuantizedMatrix:
    """Replace each part of each row by the nearest of 256 centroids, found by k-means.

    Args:
        rows: (rows, dim), at least one.
        width: Dimension of a part; the last part may be narrower.
        norms: Whether to quantize the norms of the rows separately, so that the parts are those of unit vectors.
        seed: Seed of the choice of the first centroids, and of the rows they are computed from.
    """
    generator = np.random.default_rng(seed)
    dim = rows.shape[1]
    norm_codes, norm_values = np.empty(0, np.uint8), np.empty(0, np.float32)
    if norms:
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        values = _centroids(lengths, generator)
        norm_codes, norm_values = _nearest(lengths, values), values[:, 0].copy()
    parts = [np.ascontiguousarray(rows[:, start : start + width]) for start in range(0, dim, width)]
    tables = [_centroids(part, generator) for part in parts]
    codes = np.stack([_nearest(part, table) for part, table in zip(parts, tables, strict=True)], axis=1)
    centroids = np.concatenate([table.ravel() for table in tables])
    return QuantizedMatrix(codes, centroids, dim, width, norm_codes, norm_values)


def _centroids(points: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Compute 256 centroids (256, width) of points (points, width) by k-means."""
    if len(points) > _SAMPLE:
        points = points[np.sort(generator.choice(len(points), _SAMPLE, replace=False))]
    first = generator.permutation(len(points))[:CENTROIDS]
    centroids = points[np.resize(first, CENTROIDS)]
    for _ in range(_ITERATIONS):
        nearest = _nearest(points, centroids)
        counts = np.bincount(nearest, minlength=CENTROIDS)
        used = counts > 0
        for column in range(points.shape[1]):
            sums = np.bincount(nearest, points[:, column], CENTROIDS)
            centroids[used, column] = sums[used] / counts[used]
        # A centroid without points moves to one at random.
        centroids[~used] = points[generator.integers(len(points), size=np.count_nonzero(~used))]
    return centroids


def _nearest(points: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the number of the nearest centroid of each point; (points,)."""
    nearest = np.empty(len(points), np.uint8)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        distances = np.zeros((len(block), CENTROIDS), np.float32)
        # Differences, because a product of matrices would lose the digits in which near centroids differ.
        for column in range(points.shape[1]):
            difference = block[:, column, None] - centroids[:, column]
            difference *= difference
            distances += difference
        nearest[start : start + _BLOCK] = distances.argmin(axis=1)
    return nearest
