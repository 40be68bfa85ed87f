"""Small matrix products for Numba functions: rows of 8n numbers, four rows of the result at a time in registers."""

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
    store_halves,
    sums_of_eight,
    total,
    zero,
)


@njit(nogil=True)
def dot_rows(X: Any, i: int, Y: Any, j: int, terms: int, out: Any, column: int, next_column: int) -> None:
    """Multiply rows ``i`` and ``i + 1`` of X with ``Y[j : j + terms].T``, into the same rows of ``out``.

    The first result stands from ``column`` on, the second from ``next_column`` on; ``terms`` is a multiple of 4.
    """
    for k in range(0, terms, 4):
        row = j + k
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero()
        for d in range(0, X.shape[1], 8):
            a, b = load(X, i, d), load(X, i + 1, d)
            y = load(Y, row, d)
            a0, b0 = multiply_add(a, y, a0), multiply_add(b, y, b0)
            y = load(Y, row + 1, d)
            a1, b1 = multiply_add(a, y, a1), multiply_add(b, y, b1)
            y = load(Y, row + 2, d)
            a2, b2 = multiply_add(a, y, a2), multiply_add(b, y, b2)
            y = load(Y, row + 3, d)
            a3, b3 = multiply_add(a, y, a3), multiply_add(b, y, b3)
        store_halves(out, i, column + k, next_column + k, sums_of_eight(a0, a1, a2, a3, b0, b1, b2, b3))


@njit(nogil=True)
def combine(out: Any, i: int, onto: int, A: Any, start: int, down: int, along: int, X: Any, j: int, terms: int) -> None:
    """``out[i : i + 4] = factor @ X[j : j + terms]``, added to what is there if ``onto``.

    The number at row ``r`` and column ``k`` of the (4, terms) factor is the one at ``start + r * down + k * along`` of
    the memory of ``A``, so that one function serves a matrix, its transpose and a band.
    """
    d = 0
    dim = X.shape[1]
    while d + 24 <= dim and dim - d != 32:  # 32 is better done as 16 and 16
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
    while d + 16 <= dim:
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
    while d < dim:
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
def prefetch_row(source: Any, j: int) -> None:
    """Start to bring ``source[j]`` near; many rows on their way at once cost little more than one."""
    for d in range(0, source.shape[1], 16):
        prefetch(source, j, d)


@njit(nogil=True)
def copy_row(target: Any, i: int, source: Any, j: int) -> None:
    """``target[i] = source[j]``."""
    for d in range(0, target.shape[1], 8):
        store(target, i, d, load(source, j, d))


@njit(nogil=True)
def square_norms(X: Any, rows: int, out: Any) -> None:
    """``out[0, i] = max(1, X[i] @ X[i])`` for the first rows."""
    for i in range(rows):
        squares = zero()
        for d in range(0, X.shape[1], 8):
            x = load(X, i, d)
            squares = multiply_add(x, x, squares)
        out[0, i] = max(np.float32(1), total(squares))


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
