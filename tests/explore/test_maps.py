import time

import numpy as np
import pytest

from textkit.explore.maps import Maps


def computed(maps, method):
    """Wait for a map."""
    maps.start(method)
    end = time.monotonic() + 120
    while maps.points(method) is None:
        assert not maps.progress(method)["error"], maps.progress(method)
        assert time.monotonic() < end
        time.sleep(0.05)
    return maps.points(method)


def test_the_principal_plane_is_there_at_once(grouped):
    maps = Maps(grouped, None)
    assert maps.points("pca").shape == (60, 2)
    assert maps.cached() == ["pca"]
    with pytest.raises(ValueError, match="method must be one of"):
        maps.points("map")


def test_a_map_is_cached_beside_the_file(grouped, tmp_path):
    pytest.importorskip("openTSNE")
    path = tmp_path / "news.vec"
    maps = Maps(grouped, path)
    assert maps.points("tsne") is None
    assert maps.cached() == []
    found = computed(maps, "tsne")
    assert found.shape == (60, 2)
    cache = tmp_path / "news.vec.tsne.safetensors"
    deadline = time.monotonic() + 30
    while not cache.exists() and time.monotonic() < deadline:  # it is written after it is shown
        time.sleep(0.05)
    assert np.array_equal(Maps(grouped, path).points("tsne"), found)
    # A map of other vectors, and a damaged one, are computed again.
    assert Maps(grouped[::-1], path).points("tsne") is None
    cache.write_bytes(cache.read_bytes()[:100])
    assert Maps(grouped, path).points("tsne") is None


def test_a_failed_map_says_why(grouped, tmp_path, monkeypatch):
    maps = Maps(grouped, None)
    monkeypatch.setattr("textkit.explore.maps.sys.executable", str(tmp_path / "no-python"))
    maps.start("tsne")
    end = time.monotonic() + 30
    while not maps.progress("tsne")["error"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "no-python" in maps.progress("tsne")["error"]


@pytest.mark.slow
def test_umap(grouped, tmp_path):
    pytest.importorskip("umap")
    maps = Maps(grouped, tmp_path / "news.vec")
    found = computed(maps, "umap")
    group = np.arange(60) % 3
    centers = np.array([found[group == number].mean(axis=0) for number in range(3)])
    assert (np.linalg.norm(found[:, None] - centers, axis=2).argmin(axis=1) == group).all()
