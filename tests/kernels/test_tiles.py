import numpy as np
import pytest

from textkit.kernels.tiles import add_scaled_row, clear_row, combine, copy_row, dot_rows

RANDOM = np.random.default_rng(3)


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("width", [8, 16, 24, 32, 104])
def test_dot_rows_is_a_matrix_product_of_two_rows(width):
    X, Y, out = numbers(4, width), numbers(12, width), np.zeros((4, 12), np.float32)
    dot_rows(X, 2, Y, 3, 8, out, 4, 1)
    expected = X[2:4] @ Y[3:11].T
    np.testing.assert_allclose(out[2, 4:12], expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(out[3, 1:9], expected[1], rtol=1e-4, atol=1e-5)
    assert np.count_nonzero(out) == 16


@pytest.mark.parametrize("width", [8, 16, 24, 32, 40, 56, 104])
@pytest.mark.parametrize("onto", [0, 1])
def test_combine_multiplies_a_matrix_and_its_transpose(width, onto):
    A, X = numbers(6, 8), numbers(9, width)
    out = numbers(8, width)
    before = out.copy()
    combine(out, 4, onto, A, 8 * 1 + 2, 8, 1, X, 3, 5)  # rows 1..4, columns 2..6
    np.testing.assert_allclose(out[4:8], A[1:5, 2:7] @ X[3:8] + onto * before[4:8], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(out[:4], before[:4])
    combine(out, 0, onto, A, 2, 1, 8, X, 0, 6)  # columns 2..5 as rows
    np.testing.assert_allclose(out[:4], A[:, 2:6].T @ X[:6] + onto * before[:4], rtol=1e-4, atol=1e-5)


def test_rows_are_copied_cleared_and_added():
    source, target = numbers(2, 16), np.zeros((3, 16), np.float32)
    copy_row(target, 1, source, 0)
    np.testing.assert_array_equal(target, [np.zeros(16), source[0], np.zeros(16)])
    add_scaled_row(target, 1, np.float32(2), source, 1)
    np.testing.assert_allclose(target[1], source[0] + 2 * source[1], rtol=1e-6)
    clear_row(target, 1)
    assert not target.any()
