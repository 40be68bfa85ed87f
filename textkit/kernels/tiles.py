"""Small matrix products for Numba functions, with tiles of the result held in registers.

Row lengths are multiples of 8, the width of a SIMD vector. In the code, c.. are accumulators and r.. rows; ``gap`` is
the position at which a row is skipped, which is how a center is left out of its own window.
"""

from typing import Any

import numpy as np
from numba import njit

from textkit.kernels.simd import (
    broadcast,
    load,
    multiply_add,
    prefetch,
    splat,
    store,
    sums_of_eight,
    total,
    transpose_eight,
    zero,
)


@njit(nogil=True)
def dot_eight(X: Any, i: int, Y: Any, j: int, gap: int, out: Any, row: int, column: int) -> None:
    """Multiply row ``i`` of X by eight rows of Y, into ``out[row, column : column + 8]``.

    The rows start at ``j``; the row at ``j + gap`` is skipped if ``gap`` is below 8.
    """
    r0, r1, r2, r3 = j + (gap <= 0), j + 1 + (gap <= 1), j + 2 + (gap <= 2), j + 3 + (gap <= 3)
    r4, r5, r6, r7 = j + 4 + (gap <= 4), j + 5 + (gap <= 5), j + 6 + (gap <= 6), j + 7 + (gap <= 7)
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
    for d in range(0, X.shape[1], 8):
        x = load(X, i, d)
        c0, c1 = multiply_add(x, load(Y, r0, d), c0), multiply_add(x, load(Y, r1, d), c1)
        c2, c3 = multiply_add(x, load(Y, r2, d), c2), multiply_add(x, load(Y, r3, d), c3)
        c4, c5 = multiply_add(x, load(Y, r4, d), c4), multiply_add(x, load(Y, r5, d), c5)
        c6, c7 = multiply_add(x, load(Y, r6, d), c6), multiply_add(x, load(Y, r7, d), c7)
    store(out, row, column, sums_of_eight(c0, c1, c2, c3, c4, c5, c6, c7))


@njit(nogil=True)
def dot_eight_rows(X: Any, i: int, Y: Any, indices: Any, start: int, out: Any, row: int, column: int) -> None:
    """Multiply row ``i`` of X by the rows ``indices[start : start + 8]`` of Y, as `dot_eight` does."""
    r0, r1 = np.int64(indices[start]), np.int64(indices[start + 1])
    r2, r3 = np.int64(indices[start + 2]), np.int64(indices[start + 3])
    r4, r5 = np.int64(indices[start + 4]), np.int64(indices[start + 5])
    r6, r7 = np.int64(indices[start + 6]), np.int64(indices[start + 7])
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
    for d in range(0, X.shape[1], 8):
        x = load(X, i, d)
        c0, c1 = multiply_add(x, load(Y, r0, d), c0), multiply_add(x, load(Y, r1, d), c1)
        c2, c3 = multiply_add(x, load(Y, r2, d), c2), multiply_add(x, load(Y, r3, d), c3)
        c4, c5 = multiply_add(x, load(Y, r4, d), c4), multiply_add(x, load(Y, r5, d), c5)
        c6, c7 = multiply_add(x, load(Y, r6, d), c6), multiply_add(x, load(Y, r7, d), c7)
    store(out, row, column, sums_of_eight(c0, c1, c2, c3, c4, c5, c6, c7))


@njit(nogil=True)
def weigh_rows(out: Any, i: int, A: Any, start: int, Y: Any, j: int, gap: int, terms: int) -> None:
    """``out[i] = A.ravel()[start : start + terms] @ rows of Y``.

    The rows start at ``j``; the row at ``j + gap`` is skipped.
    """
    d = 0
    width = out.shape[1]
    while d + 64 <= width:
        c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
        for m in range(terms):
            a, row = broadcast(A, start + m), j + m + (gap <= m)
            c0, c1 = multiply_add(a, load(Y, row, d), c0), multiply_add(a, load(Y, row, d + 8), c1)
            c2, c3 = multiply_add(a, load(Y, row, d + 16), c2), multiply_add(a, load(Y, row, d + 24), c3)
            c4, c5 = multiply_add(a, load(Y, row, d + 32), c4), multiply_add(a, load(Y, row, d + 40), c5)
            c6, c7 = multiply_add(a, load(Y, row, d + 48), c6), multiply_add(a, load(Y, row, d + 56), c7)
        store(out, i, d, c0), store(out, i, d + 8, c1), store(out, i, d + 16, c2), store(out, i, d + 24, c3)
        store(out, i, d + 32, c4), store(out, i, d + 40, c5), store(out, i, d + 48, c6), store(out, i, d + 56, c7)
        d += 64
    while d + 32 <= width:
        c0 = c1 = c2 = c3 = zero()
        for m in range(terms):
            a, row = broadcast(A, start + m), j + m + (gap <= m)
            c0, c1 = multiply_add(a, load(Y, row, d), c0), multiply_add(a, load(Y, row, d + 8), c1)
            c2, c3 = multiply_add(a, load(Y, row, d + 16), c2), multiply_add(a, load(Y, row, d + 24), c3)
        store(out, i, d, c0), store(out, i, d + 8, c1), store(out, i, d + 16, c2), store(out, i, d + 24, c3)
        d += 32
    while d < width:
        c0 = zero()
        for m in range(terms):
            c0 = multiply_add(broadcast(A, start + m), load(Y, j + m + (gap <= m), d), c0)
        store(out, i, d, c0)
        d += 8


@njit(nogil=True)
def add_weighted_rows(
    out: Any, i: int, A: Any, first: int, along: int, Y: Any, indices: Any, start: int, terms: int
) -> None:
    """``out[i] += A.ravel()[first::along][:terms] @ Y[indices[start : start + terms]]``."""
    d, width = 0, out.shape[1]
    while d + 32 <= width:
        c0, c1, c2, c3 = load(out, i, d), load(out, i, d + 8), load(out, i, d + 16), load(out, i, d + 24)
        for m in range(terms):
            a, row = broadcast(A, first + m * along), np.int64(indices[start + m])
            c0, c1 = multiply_add(a, load(Y, row, d), c0), multiply_add(a, load(Y, row, d + 8), c1)
            c2, c3 = multiply_add(a, load(Y, row, d + 16), c2), multiply_add(a, load(Y, row, d + 24), c3)
        store(out, i, d, c0), store(out, i, d + 8, c1), store(out, i, d + 16, c2), store(out, i, d + 24, c3)
        d += 32
    while d < width:
        c0 = load(out, i, d)
        for m in range(terms):
            c0 = multiply_add(broadcast(A, first + m * along), load(Y, np.int64(indices[start + m]), d), c0)
        store(out, i, d, c0)
        d += 8


@njit(nogil=True)
def combine(
    out: Any, i: int, onto: int, A: Any, start: int, down: int, along: int, X: Any, j: int, terms: int, columns: int
) -> None:
    """``out[i : i + 4, :columns] = factor @ X[j : j + terms, :columns]``, or ``+=`` if ``onto``.

    Element (r, k) of the (4, terms) factor is ``A.ravel()[start + r * down + k * along]``, so that the same function
    serves for a matrix, its transpose and a band.
    """
    d = 0
    # 32 remaining columns are faster as 16 and 16 than as 24 and 8.
    while d + 24 <= columns and columns - d != 32:
        c00 = c01 = c02 = c10 = c11 = c12 = c20 = c21 = c22 = c30 = c31 = c32 = zero()
        if onto:
            c00, c01, c02 = load(out, i, d), load(out, i, d + 8), load(out, i, d + 16)
            c10, c11, c12 = load(out, i + 1, d), load(out, i + 1, d + 8), load(out, i + 1, d + 16)
            c20, c21, c22 = load(out, i + 2, d), load(out, i + 2, d + 8), load(out, i + 2, d + 16)
            c30, c31, c32 = load(out, i + 3, d), load(out, i + 3, d + 8), load(out, i + 3, d + 16)
        at = start
        for k in range(j, j + terms):
            x0, x1, x2 = load(X, k, d), load(X, k, d + 8), load(X, k, d + 16)
            a = broadcast(A, at)
            c00, c01, c02 = multiply_add(a, x0, c00), multiply_add(a, x1, c01), multiply_add(a, x2, c02)
            a = broadcast(A, at + down)
            c10, c11, c12 = multiply_add(a, x0, c10), multiply_add(a, x1, c11), multiply_add(a, x2, c12)
            a = broadcast(A, at + 2 * down)
            c20, c21, c22 = multiply_add(a, x0, c20), multiply_add(a, x1, c21), multiply_add(a, x2, c22)
            a = broadcast(A, at + 3 * down)
            c30, c31, c32 = multiply_add(a, x0, c30), multiply_add(a, x1, c31), multiply_add(a, x2, c32)
            at += along
        store(out, i, d, c00), store(out, i, d + 8, c01), store(out, i, d + 16, c02)
        store(out, i + 1, d, c10), store(out, i + 1, d + 8, c11), store(out, i + 1, d + 16, c12)
        store(out, i + 2, d, c20), store(out, i + 2, d + 8, c21), store(out, i + 2, d + 16, c22)
        store(out, i + 3, d, c30), store(out, i + 3, d + 8, c31), store(out, i + 3, d + 16, c32)
        d += 24
    while d + 16 <= columns:
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = zero()
        if onto:
            c00, c01, c10, c11 = load(out, i, d), load(out, i, d + 8), load(out, i + 1, d), load(out, i + 1, d + 8)
            c20, c21 = load(out, i + 2, d), load(out, i + 2, d + 8)
            c30, c31 = load(out, i + 3, d), load(out, i + 3, d + 8)
        at = start
        for k in range(j, j + terms):
            x0, x1 = load(X, k, d), load(X, k, d + 8)
            a = broadcast(A, at)
            c00, c01 = multiply_add(a, x0, c00), multiply_add(a, x1, c01)
            a = broadcast(A, at + down)
            c10, c11 = multiply_add(a, x0, c10), multiply_add(a, x1, c11)
            a = broadcast(A, at + 2 * down)
            c20, c21 = multiply_add(a, x0, c20), multiply_add(a, x1, c21)
            a = broadcast(A, at + 3 * down)
            c30, c31 = multiply_add(a, x0, c30), multiply_add(a, x1, c31)
            at += along
        store(out, i, d, c00), store(out, i, d + 8, c01), store(out, i + 1, d, c10), store(out, i + 1, d + 8, c11)
        store(out, i + 2, d, c20), store(out, i + 2, d + 8, c21)
        store(out, i + 3, d, c30), store(out, i + 3, d + 8, c31)
        d += 16
    while d < columns:
        c0 = c1 = c2 = c3 = zero()
        if onto:
            c0, c1, c2, c3 = load(out, i, d), load(out, i + 1, d), load(out, i + 2, d), load(out, i + 3, d)
        at = start
        for k in range(j, j + terms):
            x = load(X, k, d)
            c0 = multiply_add(broadcast(A, at), x, c0)
            c1 = multiply_add(broadcast(A, at + down), x, c1)
            c2 = multiply_add(broadcast(A, at + 2 * down), x, c2)
            c3 = multiply_add(broadcast(A, at + 3 * down), x, c3)
            at += along
        store(out, i, d, c0), store(out, i + 1, d, c1), store(out, i + 2, d, c2), store(out, i + 3, d, c3)
        d += 8


@njit(nogil=True)
def transpose(X: Any, rows: int, out: Any) -> None:
    """``out[:, :rows] = X[:rows].T``; ``rows`` is a multiple of 8."""
    for i in range(0, rows, 8):
        for d in range(0, X.shape[1], 8):
            a, b, c, e = load(X, i, d), load(X, i + 1, d), load(X, i + 2, d), load(X, i + 3, d)
            f, g, h, k = load(X, i + 4, d), load(X, i + 5, d), load(X, i + 6, d), load(X, i + 7, d)
            a, b, c, e, f, g, h, k = transpose_eight(a, b, c, e, f, g, h, k)
            store(out, d, i, a), store(out, d + 1, i, b), store(out, d + 2, i, c), store(out, d + 3, i, e)
            store(out, d + 4, i, f), store(out, d + 5, i, g), store(out, d + 6, i, h), store(out, d + 7, i, k)


@njit(nogil=True)
def prefetch_row(source: Any, j: int) -> None:
    """Prefetch ``source[j]`` into the cache; fetching many rows at once takes little longer than fetching one."""
    for d in range(0, source.shape[1], 16):
        prefetch(source, j, d)


@njit(nogil=True)
def copy_row(target: Any, i: int, source: Any, j: int) -> None:
    """``target[i] = source[j]``."""
    for d in range(0, target.shape[1], 8):
        store(target, i, d, load(source, j, d))


@njit(nogil=True)
def dot(X: Any, i: int, Y: Any, j: int) -> Any:
    """Compute the dot product of ``X[i]`` and ``Y[j]``."""
    products = zero()
    for d in range(0, X.shape[1], 8):
        products = multiply_add(load(X, i, d), load(Y, j, d), products)
    return total(products)


@njit(nogil=True)
def length(X: Any, i: int) -> Any:
    """Compute the Euclidean norm of ``X[i]``."""
    squares = zero()
    for d in range(0, X.shape[1], 8):
        x = load(X, i, d)
        squares = multiply_add(x, x, squares)
    return np.sqrt(total(squares))


@njit(nogil=True)
def longest(X: Any, rows: int) -> Any:
    """Compute the largest norm of the first ``rows`` rows, or 1 if all are below 1."""
    norm = np.float32(1)
    for i in range(rows):
        norm = max(norm, length(X, i))
    return norm


@njit(nogil=True)
def clear_row(target: Any, i: int) -> None:
    """``target[i] = 0``."""
    for d in range(0, target.shape[1], 8):
        store(target, i, d, zero())


@njit(nogil=True)
def add_scaled_row(target: Any, i: int, scale: Any, source: Any, j: int) -> None:
    """``target[i] += scale * source[j]``."""
    factor = splat(scale)
    for d in range(0, target.shape[1], 8):
        store(target, i, d, multiply_add(factor, load(source, j, d), load(target, i, d)))
