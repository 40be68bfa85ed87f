"""Position weights of CBOW: a vector for each place in the window, by which the context there is multiplied.

The mean is that of the products, element by element (section 2.2 of Mikolov et al. 2018, "Advances in Pre-Training
Distributed Word Representations"). As without weights, each context gets the whole gradient of the mean, here times the
weights of its place; the weights get the gradient itself. The place of a context at distance r is window - r on the
left, and window + r - 1 on the right.
"""

from typing import Any

import numpy as np
from numba import njit

from textkit.kernels.simd import load, multiply, multiply_add, splat, store, zero
from textkit.kernels.tiles import clear_row
from textkit.kernels.vector_width import WIDTH


@njit(nogil=True)
def weighted_means(begin: Any, size: Any, weights: Any, first: Any, window: Any, work: Any) -> None:
    """Average the weighted input vectors of the contexts of each center, ``work.Y``, into ``work.X``.

    The vectors of the places are the rows of ``weights`` from ``first`` on.
    """
    left, counts, X, Y = work.left, work.counts, work.X, work.Y
    for c in range(size):
        share = splat(np.float32(1) / np.float32(max(counts[c], 1)))
        for d in range(0, X.shape[1], WIDTH):
            products = zero()
            for m in range(counts[c]):
                at, place = begin + c - left[c] + m + (left[c] <= m), first + window - left[c] + m
                products = multiply_add(load(weights, place, d), load(Y, at, d), products)
            store(X, c, d, multiply(share, products))


@njit(nogil=True)
def add_weighted_steps(
    begin: Any, size: Any, weights: Any, first: Any, window: Any, work: Any, rows: Any, base: Any, base_positions: Any
) -> None:
    """Pass the steps of the means, ``work.G``, on to the contexts and to the places.

    Those of the contexts are added to ``rows`` from ``base`` on, those of the places stored from ``base_positions`` on.
    """
    left, counts, G, Y = work.left, work.counts, work.G, work.Y
    for place in range(2 * window):
        clear_row(rows, base_positions + place)
    for c in range(size):
        share = splat(np.float32(1) / np.float32(max(counts[c], 1)))
        for m in range(counts[c]):
            at, place = begin + c - left[c] + m + (left[c] <= m), window - left[c] + m
            step, of_place = base + at, base_positions + place
            for d in range(0, G.shape[1], WIDTH):
                g = load(G, c, d)
                store(rows, step, d, multiply_add(load(weights, first + place, d), g, load(rows, step, d)))
                shared = multiply(share, load(Y, at, d))
                store(rows, of_place, d, multiply_add(shared, g, load(rows, of_place, d)))


@njit(nogil=True)
def largest(weights: Any, first: Any, count: Any) -> Any:
    """Return the largest absolute value in ``count`` rows."""
    found = np.float32(0)
    for row in range(first, first + count):
        for d in range(weights.shape[1]):
            found = max(found, abs(weights[row, d]))
    return found
