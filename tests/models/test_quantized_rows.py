import numpy as np
import pytest
import torch

from textkit.models.quantized_rows import IndexedTable, _numbers, _steps, kept_rows, restored_rows


@pytest.mark.parametrize("numbers", [[], [0], [254, 255, 256], [255], [510, 511, 2**20], list(range(300))])
def test_steps_are_read_as_they_were_written(numbers):
    steps = _steps(np.array(numbers, np.int64))
    assert steps.dtype == np.uint8
    assert _numbers(steps).tolist() == numbers


@pytest.mark.parametrize("steps", [[255], [3, 0], [1, 255, 0, 255]])
def test_bytes_that_are_no_steps_are_refused(steps):
    with pytest.raises(ValueError, match="the steps between rows"):
        _numbers(np.array(steps, np.uint8))


def test_the_vectors_with_the_largest_norms_are_kept():
    words = np.array([[0, 0], [1, 0], [9, 0], [0, 4]], np.float32)
    ngrams = np.array([[0, 0], [0, 3], [0, 0], [2, 0]], np.float32)
    found = kept_rows([words, ngrams], cutoff=3, dsub=2, qnorm=False, seed=1)
    assert (found.words.tolist(), found.ngrams.tolist()) == ([2, 3], [1])
    # Fewer points than centroids: each is its own centroid.
    assert found.word_table(4).tolist() == [[0, 0], [0, 0], [9, 0], [0, 4]]
    assert found.ngram_table(4)(torch.tensor([[0, 1], [2, 3]])).tolist() == [[[0, 0], [0, 3]], [[0, 0], [0, 0]]]
    # Zeros are never kept, however large the cutoff.
    assert len(kept_rows([words, ngrams], cutoff=99, dsub=2, qnorm=False, seed=1).matrix.codes) == 5


def test_an_indexed_table_gives_zeros_for_rows_that_are_not_stored():
    table = torch.zeros(7, 3)
    table[[2, 5]] = torch.rand(2, 3) + 1
    found = IndexedTable(torch.tensor([2, 5]), table[[2, 5]], 7)
    assert torch.equal(found(torch.arange(7)), table)
    assert torch.equal(
        IndexedTable(torch.empty(0, dtype=torch.int64), torch.empty(0, 3), 7)(torch.arange(7)), 0 * table
    )


@pytest.mark.parametrize("qnorm", [False, True])
def test_arrays_are_read_as_they_were_written(qnorm):
    tables = [np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32) for _ in range(2)]
    rows = kept_rows(tables, cutoff=60, dsub=2, qnorm=qnorm, seed=1)
    sizes = {"dim": 5, "width": 2, "vocab": 40, "buckets": 40}
    found = restored_rows(rows.arrays(), **sizes)
    assert torch.equal(found.word_table(40), rows.word_table(40))
    assert torch.equal(found.ngram_table(40).vectors, rows.ngram_table(40).vectors)
    assert found.settings() == {"cutoff": 60, "dsub": 2, "qnorm": qnorm}
    for name, wrong in (
        ("codes", rows.matrix.codes[:-1]),
        ("codes", rows.matrix.codes.astype(np.int32)),
        ("centroids", rows.matrix.centroids[:-1]),
        ("norms", np.zeros(3, np.float32)),
        ("norm_codes", np.zeros(3, np.uint8)),
        ("word_steps", np.array([255], np.uint8)),
    ):
        with pytest.raises(ValueError, match=r"must be"):
            restored_rows({**rows.arrays(), name: wrong}, **sizes)
    for size in ("vocab", "buckets"):
        with pytest.raises(ValueError, match="must be below 9, got"):
            restored_rows(rows.arrays(), **{**sizes, size: 9})
    with pytest.raises(KeyError):
        restored_rows({}, **sizes)
