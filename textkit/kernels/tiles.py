"""Small matrix products for Numba functions, with tiles of the result held in registers.

Row lengths are multiples of `WIDTH`, the numbers in a SIMD vector. In the code, c.. are accumulators
and r.. rows; ``gap`` is the position at which a row is skipped, which is how a center is left out of its own window.
"""

from typing import Any

import numpy as np
from numba import njit

from textkit.kernels.compiling import inlined
from textkit.kernels.simd import (
    broadcast,
    load,
    load_eight,
    load_like,
    multiply_add,
    prefetch,
    splat,
    store,
    sums_of_eight,
    total,
    transpose_eight,
    zero,
    zero_three,
    zero_two,
)
from textkit.kernels.vector_width import WIDTH


@inlined
def dot_eight(X: Any, i: int, Y: Any, j: int, gap: int, out: Any, row: int, column: int) -> None:
    """Multiply row ``i`` of X by eight rows of Y, into ``out[row, column : column + 8]``.

    The rows start at ``j``; the row at ``j + gap`` is skipped if ``gap`` is below 8.
    """
    r0, r1, r2, r3 = j + (gap <= 0), j + 1 + (gap <= 1), j + 2 + (gap <= 2), j + 3 + (gap <= 3)
    r4, r5, r6, r7 = j + 4 + (gap <= 4), j + 5 + (gap <= 5), j + 6 + (gap <= 6), j + 7 + (gap <= 7)
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = zero()
    for d in range(0, X.shape[1], WIDTH):
        x = load(X, i, d)
        c0, c1 = multiply_add(x, load(Y, r0, d), c0), multiply_add(x, load(Y, r1, d), c1)
        c2, c3 = multiply_add(x, load(Y, r2, d), c2), multiply_add(x, load(Y, r3, d), c3)
        c4, c5 = multiply_add(x, load(Y, r4, d), c4), multiply_add(x, load(Y, r5, d), c5)
        c6, c7 = multiply_add(x, load(Y, r6, d), c6), multiply_add(x, load(Y, r7, d), c7)
    store(out, row, column, sums_of_eight(c0, c1, c2, c3, c4, c5, c6, c7))


@inlined
def weigh_rows(out: Any, i: int, A: Any, start: int, Y: Any, j: int, gap: int, terms: int) -> None:
    """``out[i] = A.ravel()[start : start + terms] @ rows of Y``.

    The rows start at ``j``; the row at ``j + gap`` is skipped.
    """
    d = 0
    width = out.shape[1]
    while d + 6 * WIDTH <= width:
        c0 = c1 = zero_three()
        for m in range(terms):
            a, row = broadcast(A, start + m), j + m + (gap <= m)
            c0 = multiply_add(a, load_like(c0, Y, row, d), c0)
            c1 = multiply_add(a, load_like(c1, Y, row, d + 3 * WIDTH), c1)
        store(out, i, d, c0), store(out, i, d + 3 * WIDTH, c1)
        d += 6 * WIDTH
    while d + 2 * WIDTH <= width:
        c2 = zero_two()
        for m in range(terms):
            c2 = multiply_add(broadcast(A, start + m), load_like(c2, Y, j + m + (gap <= m), d), c2)
        store(out, i, d, c2)
        d += 2 * WIDTH
    while d < width:
        c3 = zero()
        for m in range(terms):
            c3 = multiply_add(broadcast(A, start + m), load(Y, j + m + (gap <= m), d), c3)
        store(out, i, d, c3)
        d += WIDTH


@inlined
def _combine_four(
    empty: Any,
    out: Any,
    i: int,
    onto: int,
    A: Any,
    start: int,
    down: int,
    along: int,
    X: Any,
    j: int,
    terms: int,
    d: int,
) -> None:
    """Compute the columns of `combine` from ``d`` on, as many as ``empty`` has."""
    c0 = c1 = c2 = c3 = empty
    if onto:
        c0, c1 = load_like(empty, out, i, d), load_like(empty, out, i + 1, d)
        c2, c3 = load_like(empty, out, i + 2, d), load_like(empty, out, i + 3, d)
    at = start
    for k in range(j, j + terms):
        x = load_like(empty, X, k, d)
        c0 = multiply_add(broadcast(A, at), x, c0)
        c1 = multiply_add(broadcast(A, at + down), x, c1)
        c2 = multiply_add(broadcast(A, at + 2 * down), x, c2)
        c3 = multiply_add(broadcast(A, at + 3 * down), x, c3)
        at += along
    store(out, i, d, c0), store(out, i + 1, d, c1), store(out, i + 2, d, c2), store(out, i + 3, d, c3)


@inlined
def _combine_eight(
    empty: Any,
    out: Any,
    i: int,
    onto: int,
    A: Any,
    start: int,
    down: int,
    along: int,
    X: Any,
    j: int,
    terms: int,
    d: int,
) -> None:
    """Compute the columns of `combine_eight` from ``d`` on, as many as ``empty`` has."""
    c0 = c1 = c2 = c3 = c4 = c5 = c6 = c7 = empty
    if onto:
        c0, c1 = load_like(empty, out, i, d), load_like(empty, out, i + 1, d)
        c2, c3 = load_like(empty, out, i + 2, d), load_like(empty, out, i + 3, d)
        c4, c5 = load_like(empty, out, i + 4, d), load_like(empty, out, i + 5, d)
        c6, c7 = load_like(empty, out, i + 6, d), load_like(empty, out, i + 7, d)
    at = start
    for k in range(j, j + terms):
        x = load_like(empty, X, k, d)
        c0 = multiply_add(broadcast(A, at), x, c0)
        c1 = multiply_add(broadcast(A, at + down), x, c1)
        c2 = multiply_add(broadcast(A, at + 2 * down), x, c2)
        c3 = multiply_add(broadcast(A, at + 3 * down), x, c3)
        c4 = multiply_add(broadcast(A, at + 4 * down), x, c4)
        c5 = multiply_add(broadcast(A, at + 5 * down), x, c5)
        c6 = multiply_add(broadcast(A, at + 6 * down), x, c6)
        c7 = multiply_add(broadcast(A, at + 7 * down), x, c7)
        at += along
    store(out, i, d, c0), store(out, i + 1, d, c1), store(out, i + 2, d, c2), store(out, i + 3, d, c3)
    store(out, i + 4, d, c4), store(out, i + 5, d, c5), store(out, i + 6, d, c6), store(out, i + 7, d, c7)


@njit(nogil=True)
def combine(
    out: Any, i: int, onto: int, A: Any, start: int, down: int, along: int, X: Any, j: int, terms: int, columns: int
) -> None:
    """``out[i : i + 4, :columns] = factor @ X[j : j + terms, :columns]``, or ``+=`` if ``onto``.

    Element (r, k) of the (4, terms) factor is ``A.ravel()[start + r * down + k * along]``, so that the same function
    serves for a matrix, its transpose and a band. ``columns`` is a multiple of `WIDTH`.
    """
    d = 0
    # Four remaining vectors are faster as two and two than as three and one.
    while d + 3 * WIDTH <= columns and columns - d != 4 * WIDTH:
        _combine_four(zero_three(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += 3 * WIDTH
    while d + 2 * WIDTH <= columns:
        _combine_four(zero_two(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += 2 * WIDTH
    while d < columns:
        _combine_four(zero(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += WIDTH


@njit(nogil=True)
def _combine_eight_rows(
    out: Any, i: int, onto: int, A: Any, start: int, down: int, along: int, X: Any, j: int, terms: int, columns: int
) -> None:
    d = 0
    while d + 3 * WIDTH <= columns and columns - d != 4 * WIDTH:
        _combine_eight(zero_three(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += 3 * WIDTH
    while d + 2 * WIDTH <= columns:
        _combine_eight(zero_two(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += 2 * WIDTH
    while d < columns:
        _combine_eight(zero(), out, i, onto, A, start, down, along, X, j, terms, d)
        d += WIDTH


@njit(nogil=True)
def _combine_twice(
    out: Any, i: int, onto: int, A: Any, start: int, down: int, along: int, X: Any, j: int, terms: int, columns: int
) -> None:
    combine(out, i, onto, A, start, down, along, X, j, terms, columns)
    combine(out, i + 4, onto, A, start + 4 * down, down, along, X, j, terms, columns)


# As `combine`, for ``out[i : i + 8, :columns]``: with 16 numbers per vector there are 32 registers, enough for 8 rows.
combine_eight = _combine_eight_rows if WIDTH == 16 else _combine_twice


@njit(nogil=True)
def transpose(X: Any, rows: int, out: Any) -> None:
    """``out[:, :rows] = X[:rows].T``; ``rows`` is a multiple of 8."""
    for i in range(0, rows, 8):
        for d in range(0, X.shape[1], 8):
            a, b, c, e = load_eight(X, i, d), load_eight(X, i + 1, d), load_eight(X, i + 2, d), load_eight(X, i + 3, d)
            f, g, h, k = (
                load_eight(X, i + 4, d),
                load_eight(X, i + 5, d),
                load_eight(X, i + 6, d),
                load_eight(X, i + 7, d),
            )
            a, b, c, e, f, g, h, k = transpose_eight(a, b, c, e, f, g, h, k)
            store(out, d, i, a), store(out, d + 1, i, b), store(out, d + 2, i, c), store(out, d + 3, i, e)
            store(out, d + 4, i, f), store(out, d + 5, i, g), store(out, d + 6, i, h), store(out, d + 7, i, k)


@inlined
def prefetch_row(source: Any, j: int) -> None:
    """Prefetch ``source[j]`` into the cache; fetching many rows at once takes little longer than fetching one."""
    for d in range(0, source.shape[1], 16):
        prefetch(source, j, d)


@inlined
def copy_row(target: Any, i: int, source: Any, j: int) -> None:
    """``target[i] = source[j]``."""
    for d in range(0, target.shape[1], WIDTH):
        store(target, i, d, load(source, j, d))


@inlined
def dot(X: Any, i: int, Y: Any, j: int) -> Any:
    """Compute the dot product of ``X[i]`` and ``Y[j]``."""
    products = zero()
    for d in range(0, X.shape[1], WIDTH):
        products = multiply_add(load(X, i, d), load(Y, j, d), products)
    return total(products)


@inlined
def length(X: Any, i: int) -> Any:
    """Compute the Euclidean norm of ``X[i]``."""
    squares = zero()
    for d in range(0, X.shape[1], WIDTH):
        x = load(X, i, d)
        squares = multiply_add(x, x, squares)
    return np.sqrt(total(squares))


@inlined
def longest(X: Any, rows: int) -> Any:
    """Compute the largest norm of the first ``rows`` rows, or 1 if all are below 1."""
    norm = np.float32(1)
    for i in range(rows):
        norm = max(norm, length(X, i))
    return norm


@inlined
def clear_row(target: Any, i: int) -> None:
    """``target[i] = 0``."""
    for d in range(0, target.shape[1], WIDTH):
        store(target, i, d, zero())


@inlined
def add_scaled_row(target: Any, i: int, scale: Any, source: Any, j: int) -> None:
    """``target[i] += scale * source[j]``."""
    factor = splat(scale)
    for d in range(0, target.shape[1], WIDTH):
        store(target, i, d, multiply_add(factor, load(source, j, d), load(target, i, d)))
