"""Approximate nearest neighbors: the words are grouped into cells, and only the cells closest to a query are searched.

Josef Sivic and Andrew Zisserman (2003), Video Google: A Text Retrieval Approach to Object Matching in Videos, ICCV,
call this an inverted file. The cells are found by k-means on the unit vectors. It needs nothing but matrix products.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_count, is_finite
from textkit.other_names import other_names
from textkit.vectors.neighbors import ROUNDING, exact_cosines, unit_rows
from textkit.vectors.query_vectors import check_counts

if TYPE_CHECKING:
    from textkit.vectors.word_search import Neighbors, WordSearch

_SAMPLE = 40  # words for each cell that k-means learns from
_ITERATIONS = 8  # more of them hardly move the cells
_LEAST_PROBES = 8  # cells; in a small vocabulary a share of them would be none
_FIRST_PROBES = 2  # cells whose words give the bound below which no word of the other cells is an answer
_SCORES_AT_ONCE = 1 << 24  # float32 numbers: 64 MiB
_ROWS_AT_ONCE = 1 << 12
_FOUND_AT_ONCE = 1 << 22  # candidates

_Result = TypeVar("_Result")


class ApproximateSearch:
    """Finds nearest neighbors among millions of words in a fraction of the time; created by `WordVectors.approximate`.

    Args:
        vectors: Word vectors. Their unit vectors are copied, in the order of the cells.
        cells: Number of cells; None for twice the square root of the number of words.
        seed: Seed of k-means.

    Raises:
        ValueError: If ``cells`` is below 1.
    """

    def __init__(self, vectors: "WordSearch", *, cells: int | None = None, seed: int = 0) -> None:
        if cells is not None:
            check_count("cells", cells, 1, remedy="pass None for a suitable number")
        matrix = vectors._matrix
        cells = min(cells or math.ceil(2 * math.sqrt(len(matrix))), len(matrix))
        generator = np.random.default_rng(seed)
        sample = np.sort(generator.choice(len(matrix), min(len(matrix), cells * _SAMPLE), replace=False))
        self._vectors = vectors
        self._centers = _centers(unit_rows(matrix[sample]), cells, generator)
        cell_of = _nearest(matrix, self._centers)
        self._rows = np.argsort(cell_of, kind="stable")
        self._starts = np.searchsorted(cell_of[self._rows], np.arange(cells + 1))
        self._unit = np.empty(matrix.shape, np.float32)
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            self._unit[part] = unit_rows(matrix[self._rows[part]])

    def __repr__(self) -> str:
        return f"ApproximateSearch({len(self._rows):,} words in {len(self._centers):,} cells)"

    @other_names({"topn": "k"})
    def most_similar_batch(
        self, queries: Sequence[str] | ArrayLike, k: int = 10, *, share: float = 0.05
    ) -> "list[Neighbors]":
        """Answer many queries like `WordVectors.most_similar_batch`, but search only the cells closest to each.

        The cosines are exact; some neighbors may be missing.

        Args:
            queries: Words, or vectors of shape (queries, dim).
            k: Number of words to return for each query.
            share: Fraction of the cells to search, from 0 to 1, but at least 8 cells. 1 searches all words.

        Returns:
            For each query, up to ``k`` words with their cosines, in descending order; fewer if the cells have no more.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If ``k`` is below 1, ``share`` is not from 0 to 1, or the vectors have the wrong shape or are
                not finite.
        """
        check_counts(k=k, restrict=None)
        if not is_finite(share) or not 0 <= share <= 1:
            raise ValueError(f"share must be from 0 to 1, got {share!r}; 0.05 is usual")
        directions, excluded = self._vectors._queries(queries)
        kept = k + max(map(len, excluded), default=0)
        probes = min(len(self._centers), max(_LEAST_PROBES, math.ceil(share * len(self._centers))))

        def answers(part: slice) -> "list[Neighbors]":
            candidates = self._candidates(directions[part], kept, probes)
            asked = zip(directions[part], candidates, excluded[part], strict=True)
            return [self._ranked(direction, places, k, rows) for direction, places, rows in asked]

        most = max(1, _SCORES_AT_ONCE // max(1, len(self._centers)))
        return [answer for some in _in_threads(answers, len(directions), most) for answer in some]

    def _candidates(self, directions: NDArray[np.float32], kept: int, probes: int) -> Iterator[NDArray[np.int64]]:
        """Yield the places of the ``kept`` best words in the cells closest to each direction, and a few more."""
        closeness = directions @ self._centers.T  # (queries, cells)
        cells = np.argpartition(-closeness, probes - 1, axis=1)[:, :probes] if probes else closeness.astype(np.int64)
        cells = np.take_along_axis(cells, np.argsort(-np.take_along_axis(closeness, cells, 1), axis=1), 1)
        found = _Candidates(len(directions), kept)
        for probed, first in ((cells[:, :_FIRST_PROBES], True), (cells[:, _FIRST_PROBES:], False)):
            # All queries that probe a cell are answered by one matrix product.
            order = np.argsort(probed, axis=None, kind="stable")
            owners = order // max(1, probed.shape[1])
            bounds = np.searchsorted(probed.ravel()[order], np.arange(len(self._centers) + 1))
            for cell in np.flatnonzero(np.diff(bounds)):
                asking = owners[bounds[cell] : bounds[cell + 1]]
                for start in range(self._starts[cell], self._starts[cell + 1], _ROWS_AT_ONCE):
                    end = min(start + _ROWS_AT_ONCE, self._starts[cell + 1])
                    scores = directions[asking] @ self._unit[start:end].T  # (asking, words)
                    if first:
                        found.raise_bounds(asking, scores)
                    found.add(asking, start, scores)
        found.prune()
        return found.places()

    def _ranked(
        self, direction: NDArray[np.float32], places: NDArray[np.int64], k: int, excluded: Sequence[int]
    ) -> "Neighbors":
        """Rank words by their exact cosine, then by their row."""
        rows, cosines = self._rows[places], exact_cosines(self._unit, direction, places)
        best = [place for place in np.lexsort((rows, -cosines)) if rows[place] not in excluded][:k]
        return [(self._vectors._words[rows[place]], float(cosines[place])) for place in best]


class _Candidates:
    """The best words for each of several queries so far."""

    def __init__(self, queries: int, kept: int) -> None:
        self._queries, self._kept = queries, kept
        self._bounds = np.full(queries, -np.inf, np.float32)  # below these no word is among the best
        self._found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        self._size = 0

    def raise_bounds(self, asking: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Raise the bounds to the lowest of the best among some of the words, given their scores, (asking, words)."""
        if scores.shape[1] >= self._kept:
            last = np.partition(scores, -self._kept, axis=1)[:, -self._kept]
            # Products of float32 are off by their rounding, so that words a bit below the last one may be better.
            self._bounds[asking] = np.maximum(self._bounds[asking], last - ROUNDING)

    def add(self, asking: NDArray[np.int64], start: int, scores: NDArray[np.float32]) -> None:
        """Add the words from place ``start`` on, given their scores, (asking, words), unless they are too low."""
        high = np.flatnonzero(scores >= self._bounds[asking][:, None])  # far faster than nonzero in two dimensions
        who, where = np.divmod(high, scores.shape[1])
        self._found.append((asking[who], start + where, scores[who, where]))
        self._size += len(who)
        if self._size > _FOUND_AT_ONCE + self._queries * self._kept:
            self.prune()

    def prune(self) -> None:
        """Drop the words that are not among the best."""
        if not self._found:
            return
        owners, places, scores = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        order = np.lexsort((-scores, owners))
        owners, places, scores = owners[order], places[order], scores[order]
        starts = np.searchsorted(owners, np.arange(self._queries))
        ends = np.searchsorted(owners, np.arange(self._queries), side="right")
        full = np.flatnonzero(ends - starts >= self._kept)
        self._bounds[full] = scores[starts[full] + self._kept - 1] - ROUNDING
        good = scores >= self._bounds[owners]
        self._found = [(owners[good], places[good], scores[good])]
        self._size = int(good.sum())

    def places(self) -> Iterator[NDArray[np.int64]]:
        """Yield the places of the words of each query."""
        owners, places, _ = self._found[0] if self._found else (np.empty(0, np.int64),) * 2 + (None,)
        bounds = np.searchsorted(owners, np.arange(self._queries + 1))
        for query in range(self._queries):
            yield places[bounds[query] : bounds[query + 1]]


def _centers(unit: NDArray[np.float32], cells: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Find centers of cells by k-means with cosines; (cells, dim), rows of length 1."""
    centers = unit[generator.permutation(len(unit))[:cells]]
    for _ in range(_ITERATIONS):
        cell_of = _nearest(unit, centers)
        order = np.argsort(cell_of, kind="stable")
        filled, starts = np.unique(cell_of[order], return_index=True)
        if len(filled):
            centers[filled] = unit_rows(np.add.reduceat(unit[order], starts, axis=0))
        empty = np.setdiff1d(np.arange(cells), filled)
        centers[empty] = unit[generator.integers(len(unit), size=len(empty))]
    return centers


def _nearest(matrix: NDArray[np.float32], centers: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the closest center of each row of a matrix; (rows,)."""

    def nearest(part: slice) -> NDArray[np.int64]:
        closest: NDArray[np.int64] = (unit_rows(matrix[part]) @ centers.T).argmax(axis=1)
        return closest

    return np.concatenate([np.empty(0, np.int64), *_in_threads(nearest, len(matrix), _ROWS_AT_ONCE)])


def _in_threads(compute: Callable[[slice], _Result], count: int, most: int) -> list[_Result]:
    """Compute parts of at most ``most`` of ``count`` items, in the threads that matrix products would use.

    Many small products are far faster in threads of their own than each in all of them, above all on a busy machine.
    """
    from threadpoolctl import threadpool_info, threadpool_limits

    workers = max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)
    step = max(1, min(most, math.ceil(count / workers)))
    parts = [slice(start, start + step) for start in range(0, count, step)]
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers, "textkit-search") as pool:
        return list(pool.map(compute, parts))
