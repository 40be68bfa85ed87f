"""Word mover's distance: how far the words of one text must travel to become those of another.

Matt Kusner, Yu Sun, Nicholas Kolkin and Kilian Weinberger (2015), From Word Embeddings To Document Distances, ICML.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textkit.text.tokenizers import Tokenizer
from textkit.vectors.neighbors import unit_rows
from textkit.vectors.text_vectors import TextSums

if TYPE_CHECKING:
    from textkit.vectors.word_vectors import WordVectors


def word_movers_distance(
    vectors: "WordVectors", a: object, b: object, *, normalize: bool, tokenizer: str | Tokenizer | None
) -> float:
    """Compute the word mover's distance of two texts; see `WordVectors.wmd`.

    The texts are scaled to the same number of words, so that all amounts are integers. What both texts have in common
    stays where it is: distances obey the triangle inequality, so that moving it cannot help.
    """
    sums = TextSums(vectors, tokenizer)
    (counts,) = sums.batches([a, b])  # (2, vocab), sparse
    if not np.diff(counts.indptr).all():
        return math.inf
    rows, columns = np.unique(counts.indices, return_inverse=True)
    wide = np.zeros((2, len(rows)), np.int64)
    wide[np.repeat([0, 1], np.diff(counts.indptr)), columns] = counts.data
    totals = wide.sum(axis=1)
    surplus = wide[0] * totals[1] - wide[1] * totals[0]
    sources, sinks = np.flatnonzero(surplus > 0), np.flatnonzero(surplus < 0)
    if not len(sources):
        return 0.0
    from scipy.spatial.distance import cdist

    matrix = vectors.matrix[rows[np.concatenate([sources, sinks])]]
    points = unit_rows(matrix, np.float64) if normalize else matrix.astype(np.float64)
    costs = np.asarray(cdist(points[: len(sources)], points[len(sources) :]))
    return transport_cost(surplus[sources], -surplus[sinks], costs) / float(totals[0] * totals[1])


def transport_cost(supply: NDArray[np.int64], demand: NDArray[np.int64], costs: NDArray[np.float64]) -> float:
    """Solve a transportation problem exactly: the least cost of moving what is supplied to where it is demanded.

    Args:
        supply: Amounts above 0, shape (sources,).
        demand: Amounts above 0 with the same sum, shape (sinks,).
        costs: Cost of moving one unit, at least 0; shape (sources, sinks).

    Returns:
        The cost.

    Raises:
        RuntimeError: If the solver gives up.

    >>> transport_cost(np.array([2, 1]), np.array([1, 2]), np.array([[1.0, 4.0], [3.0, 2.0]]))
    7.0
    """
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    shares = np.gcd.reduce(np.concatenate([supply, demand]))
    sources, sinks = costs.shape
    # A variable for each pair of a source and a sink; one of the equations follows from the others.
    leaving = kron(eye_array(sources), np.ones((1, sinks)))
    arriving = kron(np.ones((1, sources)), eye_array(sinks))
    amounts = np.concatenate([supply, demand])[:-1] // shares
    solved = linprog(costs.ravel(), A_eq=vstack([leaving, arriving]).tocsr()[:-1], b_eq=amounts, method="highs-ds")
    if not solved.success:
        raise RuntimeError(f"the transportation problem must have a solution, got {solved.message}")
    return float(solved.fun) * float(shares)
