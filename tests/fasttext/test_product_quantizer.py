import numpy as np
import pytest

from textkit.fasttext.product_quantizer import quantize_rows


def rows_of(count, dim, seed=1):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


@pytest.mark.parametrize("norms", [False, True])
def test_few_rows_are_kept_exactly(norms):
    rows = rows_of(200, 5)
    rows[7] = 0
    found = quantize_rows(rows, 2, norms=norms, seed=1)
    assert found.codes.shape == (200, 3)
    assert found.shape == rows.shape
    assert np.allclose(found.gather(np.arange(200)), rows, atol=1e-6)


@pytest.mark.parametrize("norms", [False, True])
def test_every_part_gets_its_nearest_centroid(norms):
    rows = rows_of(3000, 5)
    found = quantize_rows(rows, 2, norms=norms, seed=1)
    points = rows / np.linalg.norm(rows, axis=1, keepdims=True) if norms else rows
    for part, (start, stop) in enumerate([(0, 2), (2, 4), (4, 5)]):
        table = found.centroids[256 * start : 256 * stop].reshape(256, stop - start)
        distances = ((points[:, None, start:stop] - table) ** 2).sum(axis=2)
        chosen = distances[np.arange(3000), found.codes[:, part]]
        assert np.allclose(chosen, distances.min(axis=1), atol=1e-5)
    assert len(found.norms) == (256 if norms else 0)


def test_centroids_follow_the_rows():
    rows = rows_of(3000, 4)
    found = quantize_rows(rows, 2, norms=False, seed=1).gather(np.arange(3000))
    at_random = rows[np.random.default_rng(2).permutation(3000)]
    # 256 centroids of normal pairs leave an error of about a hundredth of the variance.
    assert ((found - rows) ** 2).mean() < 0.02 < ((at_random - rows) ** 2).mean()


def test_the_same_seed_gives_the_same_codes():
    rows = rows_of(3000, 4)
    first, again, other = (quantize_rows(rows, 4, norms=True, seed=seed) for seed in (1, 1, 2))
    assert first.codes.tobytes() == again.codes.tobytes()
    assert first.centroids.tobytes() == again.centroids.tobytes()
    assert first.centroids.tobytes() != other.centroids.tobytes()
