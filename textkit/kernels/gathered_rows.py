"""Products as in `tiles`, with the rows of a matrix that an array of indices names."""

from typing import Any

import numpy as np

from textkit.kernels.compiling import inlined
from textkit.kernels.simd import broadcast, load, load_like, multiply_add, store, sums_of_eight, zero, zero_three
from textkit.kernels.vector_width import WIDTH


@inlined
def dot_eight_rows(X: Any, i: int, Y: Any, indices: Any, start: int, out: Any, row: int, column: int) -> None:
    """Multiply row ``i`` of X by the rows ``indices[start : start + 8]`` of Y, as `dot_eight` does."""
    r0, r1 = np.int64(indices[start]), np.int64(indices[start + 1])
    r2, r3 = np.int64(indices[start + 2]), np.int64(indices[start + 3])
    r4, r5 = np.int64(indices[start + 4]), np.int64(indices[start + 5])
    r6, r7 = np.int64(indices[start + 6]), np.int64(indices[start + 7])
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
    for d in range(0, X.shape[1], WIDTH):
        x = load(X, i, d)
        c0, c1 = multiply_add(x, load(Y, r0, d), c0), multiply_add(x, load(Y, r1, d), c1)
        c2, c3 = multiply_add(x, load(Y, r2, d), c2), multiply_add(x, load(Y, r3, d), c3)
        c4, c5 = multiply_add(x, load(Y, r4, d), c4), multiply_add(x, load(Y, r5, d), c5)
        c6, c7 = multiply_add(x, load(Y, r6, d), c6), multiply_add(x, load(Y, r7, d), c7)
    store(out, row, column, sums_of_eight(c0, c1, c2, c3, c4, c5, c6, c7))


@inlined
def dot_two_by_eight_rows(
    X: Any, i: int, j: int, Y: Any, indices: Any, start: int, out: Any, row: int, column: int
) -> None:
    """Do `dot_eight_rows` for row ``i`` of X into ``row``, and for row ``j`` into the next; loads Y once for both."""
    r0, r1 = np.int64(indices[start]), np.int64(indices[start + 1])
    r2, r3 = np.int64(indices[start + 2]), np.int64(indices[start + 3])
    r4, r5 = np.int64(indices[start + 4]), np.int64(indices[start + 5])
    r6, r7 = np.int64(indices[start + 6]), np.int64(indices[start + 7])
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
    e0 = e1 = e2 = e3 = e4 = e5 = e6 = e7 = zero()
    for d in range(0, X.shape[1], WIDTH):
        x, z = load(X, i, d), load(X, j, d)
        y0, y1, y2, y3 = load(Y, r0, d), load(Y, r1, d), load(Y, r2, d), load(Y, r3, d)
        c0, c1 = multiply_add(x, y0, c0), multiply_add(x, y1, c1)
        c2, c3 = multiply_add(x, y2, c2), multiply_add(x, y3, c3)
        e0, e1 = multiply_add(z, y0, e0), multiply_add(z, y1, e1)
        e2, e3 = multiply_add(z, y2, e2), multiply_add(z, y3, e3)
        y4, y5, y6, y7 = load(Y, r4, d), load(Y, r5, d), load(Y, r6, d), load(Y, r7, d)
        c4, c5 = multiply_add(x, y4, c4), multiply_add(x, y5, c5)
        c6, c7 = multiply_add(x, y6, c6), multiply_add(x, y7, c7)
        e4, e5 = multiply_add(z, y4, e4), multiply_add(z, y5, e5)
        e6, e7 = multiply_add(z, y6, e6), multiply_add(z, y7, e7)
    store(out, row, column, sums_of_eight(c0, c1, c2, c3, c4, c5, c6, c7))
    store(out, row + 1, column, sums_of_eight(e0, e1, e2, e3, e4, e5, e6, e7))


@inlined
def add_weighted_rows(
    out: Any, i: int, A: Any, first: int, along: int, Y: Any, indices: Any, start: int, terms: int
) -> None:
    """``out[i] += A.ravel()[first::along][:terms] @ Y[indices[start : start + terms]]``."""
    d, width = 0, out.shape[1]
    # Each sum waits for its last term, so that fewer than seven sums at once leave the multipliers idle.
    while d + 7 * WIDTH <= width:
        e0, e1 = load_like(zero_three(), out, i, d), load_like(zero_three(), out, i, d + 3 * WIDTH)
        e2 = load(out, i, d + 6 * WIDTH)
        for m in range(terms):
            a, row = broadcast(A, first + m * along), np.int64(indices[start + m])
            e0 = multiply_add(a, load_like(e0, Y, row, d), e0)
            e1 = multiply_add(a, load_like(e1, Y, row, d + 3 * WIDTH), e1)
            e2 = multiply_add(a, load(Y, row, d + 6 * WIDTH), e2)
        store(out, i, d, e0), store(out, i, d + 3 * WIDTH, e1), store(out, i, d + 6 * WIDTH, e2)
        d += 7 * WIDTH
    while d + 3 * WIDTH <= width:
        c0 = load_like(zero_three(), out, i, d)
        for m in range(terms):
            c0 = multiply_add(broadcast(A, first + m * along), load_like(c0, Y, np.int64(indices[start + m]), d), c0)
        store(out, i, d, c0)
        d += 3 * WIDTH
    while d < width:
        c1 = load(out, i, d)
        for m in range(terms):
            c1 = multiply_add(broadcast(A, first + m * along), load(Y, np.int64(indices[start + m]), d), c1)
        store(out, i, d, c1)
        d += WIDTH


@inlined
def add_weighted_rows_to_two(
    out: Any, i: int, j: int, A: Any, first: int, second: int, along: int, Y: Any, indices: Any, start: int, terms: int
) -> None:
    """Do `add_weighted_rows` for ``out[i]``, and for ``out[j]`` with the weights from ``second`` on.

    Each number of Y is loaded once for both.
    """
    d, width = 0, out.shape[1]
    while d + 7 * WIDTH <= width:
        e0, e1 = load_like(zero_three(), out, i, d), load_like(zero_three(), out, i, d + 3 * WIDTH)
        f0, f1 = load_like(zero_three(), out, j, d), load_like(zero_three(), out, j, d + 3 * WIDTH)
        e2, f2 = load(out, i, d + 6 * WIDTH), load(out, j, d + 6 * WIDTH)
        for m in range(terms):
            row = np.int64(indices[start + m])
            a, b = broadcast(A, first + m * along), broadcast(A, second + m * along)
            y0, y1 = load_like(e0, Y, row, d), load_like(e0, Y, row, d + 3 * WIDTH)
            y2 = load(Y, row, d + 6 * WIDTH)
            e0, e1, e2 = multiply_add(a, y0, e0), multiply_add(a, y1, e1), multiply_add(a, y2, e2)
            f0, f1, f2 = multiply_add(b, y0, f0), multiply_add(b, y1, f1), multiply_add(b, y2, f2)
        store(out, i, d, e0), store(out, i, d + 3 * WIDTH, e1), store(out, i, d + 6 * WIDTH, e2)
        store(out, j, d, f0), store(out, j, d + 3 * WIDTH, f1), store(out, j, d + 6 * WIDTH, f2)
        d += 7 * WIDTH
    while d + 3 * WIDTH <= width:
        c0, c1 = load_like(zero_three(), out, i, d), load_like(zero_three(), out, j, d)
        for m in range(terms):
            y3 = load_like(c0, Y, np.int64(indices[start + m]), d)
            c0 = multiply_add(broadcast(A, first + m * along), y3, c0)
            c1 = multiply_add(broadcast(A, second + m * along), y3, c1)
        store(out, i, d, c0), store(out, j, d, c1)
        d += 3 * WIDTH
    while d < width:
        c2, c3 = load(out, i, d), load(out, j, d)
        for m in range(terms):
            y4 = load(Y, np.int64(indices[start + m]), d)
            c2 = multiply_add(broadcast(A, first + m * along), y4, c2)
            c3 = multiply_add(broadcast(A, second + m * along), y4, c3)
        store(out, i, d, c2), store(out, j, d, c3)
        d += WIDTH
