import numpy as np
import pytest

from textkit.explore.projection import principal_plane, project


def test_principal_components():
    rows = np.array([[0, 3, 0], [0, -3, 0], [1, 0, 0], [-1, 0, 0]], np.float32) + 5
    found = principal_plane(rows)
    assert np.allclose(found, [[3, 0], [-3, 0], [0, 1], [0, -1]], atol=1e-5)
    assert principal_plane(rows[:, :1]).shape == (4, 2)  # a single dimension


@pytest.mark.parametrize("rows", [0, 1, 2, 4])
@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
def test_few_words(grouped, rows, method):
    found = project(grouped[:rows], method)
    assert found.shape == (rows, 2)
    assert np.isfinite(found).all()
    assert np.abs(found).max(initial=0) <= 1


def test_equal_words_are_in_the_middle():
    assert project(np.ones((6, 3), np.float32), "pca").tolist() == [[0, 0]] * 6


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_groups_stay_together(grouped, method):
    if method == "tsne":
        pytest.importorskip("openTSNE")
    told = []
    found = project(grouped, method, lambda step, done: told.append((step, done)))
    group = np.arange(60) % 3
    centers = np.array([found[group == number].mean(axis=0) for number in range(3)])
    nearest = np.linalg.norm(found[:, None] - centers, axis=2).argmin(axis=1)
    assert (nearest == group).all()
    assert np.array_equal(found, project(grouped, method))
    if method == "tsne":
        assert told[0] == ("finding neighbors", 0)
        assert told[-1] == ("placing words", 1)


def test_unknown_methods(grouped):
    with pytest.raises(ValueError, match="method must be one of pca, umap, tsne, got 'map'"):
        project(grouped, "map")
