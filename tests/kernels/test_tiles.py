import numpy as np
import pytest

from textkit.kernels.tiles import (
    add_scaled_row,
    clear_row,
    combine,
    combine_eight,
    copy_row,
    dot,
    dot_eight,
    transpose,
    weigh_rows,
)
from textkit.kernels.vector_width import WIDTH

RANDOM = np.random.default_rng(3)


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def without(rows, begin, gap, count):
    """The indices of ``count`` rows from ``begin`` on, save the ``gap``-th."""
    return [row for row in range(begin, rows) if row != begin + gap][:count]


@pytest.mark.parametrize("width", [WIDTH * n for n in (1, 2, 3, 4, 13)])
@pytest.mark.parametrize("gap", [-3, 0, 3, 7, 8, 11])
def test_dot_eight_leaves_out_one_row(width, gap):
    X, Y, out = numbers(4, width), numbers(12, width), np.zeros((4, 3 * 8), np.float32)
    dot_eight(X, 2, Y, 3, gap, out, 1, 8)
    begin, gap = (4, 99) if gap < 0 else (3, gap)  # a gap that lies behind: all rows come one later
    np.testing.assert_allclose(out[1, 8:16], Y[without(12, begin, gap, 8)] @ X[2], rtol=1e-4, atol=1e-5)
    assert np.count_nonzero(out) == 8


@pytest.mark.parametrize("width", [WIDTH, WIDTH * 7])
def test_dot_multiplies_two_rows(width):
    X, Y = numbers(3, width), numbers(4, width)
    assert dot(X, 2, Y, 1) == pytest.approx(X[2] @ Y[1], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("width", [WIDTH * n for n in (1, 4, 5, 8, 13, 25)])
@pytest.mark.parametrize("gap", [0, 2, 5])
def test_weigh_rows_leaves_out_one_row(width, gap):
    A, Y, out = numbers(2, 8), numbers(9, width), numbers(3, width)
    before = out.copy()
    weigh_rows(out, 1, A, 8 + 2, Y, 3, gap, 5)
    np.testing.assert_allclose(out[1], A[1, 2:7] @ Y[without(9, 3, gap, 5)], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out[[0, 2]], before[[0, 2]])
    weigh_rows(out, 1, A, 0, Y, 0, 0, 0)
    assert not out[1].any()


@pytest.mark.parametrize("columns", [WIDTH * n for n in (1, 2, 3, 4, 5, 7, 13)])
@pytest.mark.parametrize("onto", [0, 1])
def test_combine_multiplies_a_matrix_and_its_transpose(columns, onto):
    A, X = numbers(6, 8), numbers(9, columns + 8)
    out = numbers(8, columns + 8)
    before = out.copy()
    combine(out, 4, onto, A, 8 * 1 + 2, 8, 1, X, 3, 5, columns)  # rows 1..4, columns 2..6
    expected = A[1:5, 2:7] @ X[3:8] + onto * before[4:8]
    np.testing.assert_allclose(out[4:8, :columns], expected[:, :columns], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out[:4], before[:4])
    np.testing.assert_array_equal(out[:, columns:], before[:, columns:])
    combine(out, 0, onto, A, 2, 1, 8, X, 0, 6, columns)  # columns 2..5 as rows
    expected = A[:, 2:6].T @ X[:6] + onto * before[:4]
    np.testing.assert_allclose(out[:4, :columns], expected[:, :columns], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("columns", [WIDTH * n for n in (1, 2, 3, 4, 5, 7, 13)])
@pytest.mark.parametrize("onto", [0, 1])
def test_combine_eight_gives_the_same_bytes_as_combine_twice(columns, onto):
    A, X, out = numbers(9, 16), numbers(9, columns), numbers(10, columns)
    expected = out.copy()
    for down, along in ((16, 1), (1, 16)):  # a matrix and its transpose
        combine_eight(out, 1, onto, A, 3, down, along, X, 2, 7, columns)
        for row in (0, 4):
            combine(expected, 1 + row, onto, A, 3 + row * down, down, along, X, 2, 7, columns)
        np.testing.assert_array_equal(out, expected)


def test_transpose():
    X, out = numbers(18, 3 * WIDTH), np.zeros((3 * WIDTH, 16), np.float32)
    transpose(X, 16, out)
    np.testing.assert_array_equal(out, X[:16].T)


def test_rows_are_copied_cleared_and_added():
    source, target = numbers(2, 2 * WIDTH), np.zeros((3, 2 * WIDTH), np.float32)
    copy_row(target, 1, source, 0)
    np.testing.assert_array_equal(target, [np.zeros(2 * WIDTH), source[0], np.zeros(2 * WIDTH)])
    add_scaled_row(target, 1, np.float32(2), source, 1)
    np.testing.assert_allclose(target[1], source[0] + 2 * source[1], rtol=1e-6)
    clear_row(target, 1)
    assert not target.any()
