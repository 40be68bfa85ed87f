import numpy as np
import pytest

from textkit.kernels.gathered_rows import (
    add_weighted_rows,
    add_weighted_rows_to_two,
    dot_eight_rows,
    dot_two_by_eight_rows,
)
from textkit.kernels.vector_width import WIDTH

RANDOM = np.random.default_rng(3)
ROWS = np.array([5, 0, 8, 1, 1, 2, 7, 3, 4, 6], np.int32)
WIDTHS = pytest.mark.parametrize("width", [WIDTH * n for n in (1, 4, 5, 7, 13, 19)])


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


@WIDTHS
def test_dot_products_with_eight_rows(width):
    X, Y, out = numbers(3, width), numbers(9, width), np.zeros((2, 16), np.float32)
    dot_eight_rows(X, 2, Y, ROWS, 1, out, 1, 8)
    np.testing.assert_allclose(out[1, 8:], Y[ROWS[1:9]] @ X[2], rtol=1e-4, atol=1e-5)
    assert np.count_nonzero(out) == 8


@WIDTHS
def test_dot_products_of_two_rows_are_those_of_each(width):
    X, Y, out, expected = (
        numbers(3, width),
        numbers(9, width),
        np.zeros((4, 24), np.float32),
        np.zeros((4, 24), np.float32),
    )
    dot_two_by_eight_rows(X, 2, 0, Y, ROWS, 1, out, 1, 8)
    dot_eight_rows(X, 2, Y, ROWS, 1, expected, 1, 8)
    dot_eight_rows(X, 0, Y, ROWS, 1, expected, 2, 8)
    np.testing.assert_array_equal(out, expected)


@WIDTHS
def test_weighted_sum_of_rows(width):
    out, Y, weights = numbers(3, width), numbers(9, width), numbers(3, 8)
    before = out.copy()
    add_weighted_rows(out, 1, weights, 8, 1, Y, ROWS, 2, 5)
    np.testing.assert_allclose(out[1], before[1] + weights[1, :5] @ Y[ROWS[2:7]], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out[[0, 2]], before[[0, 2]])
    add_weighted_rows(out, 0, weights, 4, 8, Y, ROWS, 1, 3)
    np.testing.assert_allclose(out[0], before[0] + weights[:, 4] @ Y[ROWS[1:4]], rtol=1e-4, atol=1e-5)


@WIDTHS
@pytest.mark.parametrize(("second", "along", "terms"), [(8, 1, 5), (1, 8, 3)])
def test_weighted_sums_onto_two_rows_are_those_onto_each(width, second, along, terms):
    out, Y, weights = numbers(4, width), numbers(9, width), numbers(3, 8)
    expected = out.copy()
    add_weighted_rows_to_two(out, 3, 1, weights, 0, second, along, Y, ROWS, 2, terms)
    add_weighted_rows(expected, 3, weights, 0, along, Y, ROWS, 2, terms)
    add_weighted_rows(expected, 1, weights, second, along, Y, ROWS, 2, terms)
    np.testing.assert_array_equal(out, expected)
