import numpy as np
import pytest

from textkit.vectors import neighbors
from textkit.vectors.neighbors import nearest, unit_rows


def test_unit_rows_of_either_precision():
    matrix = np.array([[3, 4], [0, 0], [0, 1e-30]], dtype=np.float32)
    for dtype in (np.float32, np.float64):
        unit = unit_rows(matrix, dtype)
        assert unit.dtype == dtype
        np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0], [0, 1]], rtol=1e-6)


def test_unit_rows_of_extreme_numbers():
    matrix = np.array([[3e38, 4e38 / 2], [3e-45, 0], [0, 0]], dtype=np.float32)
    unit = unit_rows(matrix)
    assert np.linalg.norm(unit[:2], axis=1) == pytest.approx(1)
    assert unit[2].tolist() == [0, 0]


def test_equal_rows_come_in_order():
    # The same row at many places: a matrix product may round it differently from place to place.
    row = np.random.default_rng(0).normal(size=37).astype(np.float32)
    unit = unit_rows(np.tile(row, (1003, 1)))
    rows, cosines = next(nearest(unit, unit[:1], 5, [[2]]))
    assert rows == [0, 1, 3, 4, 5]
    assert len(set(cosines)) == 1


def test_same_answers_in_any_chunks(monkeypatch):
    unit = unit_rows(np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32))
    left_out = [[row] for row in range(40)]
    whole = list(nearest(unit, unit[:40], 7, left_out))
    monkeypatch.setattr(neighbors, "_SCORES_AT_ONCE", 1)
    monkeypatch.setattr(neighbors, "_ROWS_AT_ONCE", 3)
    assert list(nearest(unit, unit[:40], 7, left_out)) == whole


def test_against_a_full_sort():
    unit = unit_rows(np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32))
    for query, (rows, cosines) in zip(unit[:20], nearest(unit, unit[:20], 10, [[]] * 20), strict=True):
        exact = unit.astype(np.float64) @ query.astype(np.float64)
        assert rows == np.argsort(-exact, kind="stable")[:10].tolist()
        assert cosines == pytest.approx(exact[rows].tolist())
