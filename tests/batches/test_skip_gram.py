import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from textkit.batches.skip_gram import SkipGramCollator, SkipGramPairs


def test_window_one_gives_the_neighbors():
    pairs = SkipGramPairs([np.array([4, 7, 9])], np.ones(10, int), window=1, subsample=0)
    assert pairs[0].tolist() == [[4, 7], [7, 4], [7, 9], [9, 7]]


def test_windows_shrink_evenly():
    document = np.arange(20_001)
    pairs = SkipGramPairs([document[:401]], np.ones(20_001, int), window=4, subsample=0)[0]
    distances = np.bincount(np.abs(pairs[:, 0] - pairs[:, 1]), minlength=5)[1:]
    # a distance d is used when the drawn reach is at least d: 4/4, 3/4, 2/4, 1/4 of the centers
    np.testing.assert_allclose(distances / 800, [1, 0.75, 0.5, 0.25], atol=0.06)


def test_subsampling_keeps_the_share_that_the_formula_gives():
    words = np.array([0] * 9000 + [1] * 1000)
    np.random.default_rng(0).shuffle(words)
    counts = np.bincount(words)
    pairs = SkipGramPairs([words[:2000]], counts, window=1, subsample=0.01)[0]
    kept = len(pairs) / 2 + 1  # a kept token has two neighbors, save the two at the ends
    expected = 2000 * (0.9 * (np.sqrt(0.01 / 0.9) + 0.01 / 0.9) + 0.1 * (np.sqrt(0.1) + 0.1))
    assert kept == pytest.approx(expected, rel=0.1)


def test_epochs_and_seeds_differ_and_repeat():
    documents = [np.arange(50)]

    def pairs(seed, epoch):
        data = SkipGramPairs(documents, np.ones(50, int), subsample=0, seed=seed)
        data.set_epoch(epoch)
        return data[0].tolist()

    assert pairs(1, 0) == pairs(1, 0)
    assert pairs(1, 0) != pairs(1, 1)
    assert pairs(1, 0) != pairs(2, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_the_same_batches_with_any_number_of_workers(workers):
    random = np.random.default_rng(1)
    documents = [random.integers(0, 20, 12) for _ in range(9)]
    counts = np.bincount(np.concatenate(documents), minlength=20)
    data = SkipGramPairs(documents, counts, subsample=0)
    loader = DataLoader(data, batch_size=3, collate_fn=SkipGramCollator(counts, negatives=4), num_workers=workers)
    batches = list(loader)
    assert [len(batch) for batch in batches] == [sum(len(data[i]) for i in group) for group in np.split(np.r_[:9], 3)]
    assert batches[0].negatives.shape == (len(batches[0]), 4)
    direct = SkipGramCollator(counts, negatives=4)([data[i] for i in range(3)])
    assert torch.equal(batches[0].negatives, direct.negatives)
    assert torch.equal(batches[0].to("cpu").centers, direct.centers)


def test_noise_follows_counts_to_the_power_of_three_quarters():
    counts = np.array([16, 1, 0])
    batch = SkipGramCollator(counts, negatives=50)([np.zeros((400, 2), np.int64)])
    shares = np.bincount(batch.negatives.flatten(), minlength=3) / 20_000
    np.testing.assert_allclose(shares, [8 / 9, 1 / 9, 0], atol=0.01)


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="window must be at least 1"):
        SkipGramPairs([], np.ones(1, int), window=0)
    with pytest.raises(ValueError, match="negatives must be at least 1"):
        SkipGramCollator(np.ones(1, int), negatives=0)
    with pytest.raises(IndexError, match="from 0 to 0"):
        SkipGramPairs([np.arange(3)], np.ones(3, int))[1]
