import numpy as np
import pytest

from textkit.vectors import approximate_search
from textkit.vectors.word_vectors import WordVectors

GENERATOR = np.random.default_rng(0)
CENTERS = GENERATOR.normal(size=(40, 12))
MATRIX = CENTERS[GENERATOR.integers(40, size=3000)] + 0.5 * GENERATOR.normal(size=(3000, 12))
VECTORS = WordVectors([f"w{row}" for row in range(3000)], MATRIX)
ASKED = VECTORS.words[::30]


def test_all_cells_give_the_exact_answers():
    exact = VECTORS.most_similar_batch(ASKED, 7)
    assert VECTORS.approximate().most_similar_batch(ASKED, 7, share=1) == exact
    assert VECTORS.approximate(cells=1).most_similar_batch(ASKED, 7) == exact
    by_vector = VECTORS.approximate(cells=9, seed=4).most_similar_batch(VECTORS[ASKED] * 5, 7, share=1)
    assert by_vector == VECTORS.most_similar_batch(VECTORS[ASKED] * 5, 7)


def test_few_cells_give_most_of_the_answers_with_exact_cosines():
    search = VECTORS.approximate()
    assert repr(search) == "ApproximateSearch(3,000 words in 110 cells)"
    found = [dict(answer) for answer in search.most_similar_batch(ASKED)]
    exact = [dict(answer) for answer in VECTORS.most_similar_batch(ASKED)]
    shared = [ours.items() & theirs.items() for ours, theirs in zip(found, exact, strict=True)]
    assert all(len(answer) == 10 for answer in found)
    assert sum(map(len, shared)) > 0.9 * 10 * len(ASKED)
    assert search.most_similar_batch(ASKED) == VECTORS.approximate().most_similar_batch(ASKED)


def test_more_cells_never_find_less():
    search = VECTORS.approximate(cells=300)
    sums = [
        sum(cosine for answer in search.most_similar_batch(ASKED, share=share) for _, cosine in answer)
        for share in (0, 0.1, 0.3, 1)
    ]
    assert sums == sorted(sums)
    assert sums[0] < sums[-1]


def test_same_answers_in_any_chunks(monkeypatch):
    expected = VECTORS.approximate().most_similar_batch(ASKED)
    monkeypatch.setattr(approximate_search, "_SCORES_AT_ONCE", 700)
    monkeypatch.setattr(approximate_search, "_ROWS_AT_ONCE", 11)
    monkeypatch.setattr(approximate_search, "_FOUND_AT_ONCE", 1)
    assert VECTORS.approximate().most_similar_batch(ASKED) == expected


def test_equal_and_zero_vectors():
    """Most of them are in one cell, and the others are empty."""
    vectors = WordVectors([f"w{row}" for row in range(50)], np.repeat([[0, 0], [3, 4]], 25, axis=0))
    search = vectors.approximate()
    assert search.most_similar_batch(["w30", "w0"], 3, share=1) == vectors.most_similar_batch(["w30", "w0"], 3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_words(count):
    vectors = WordVectors(["a", "b"][:count], np.ones((count, 2)))
    search = vectors.approximate()
    assert search.most_similar_batch([[1, 1], [1, 0]]) == vectors.most_similar_batch([[1, 1], [1, 0]])
    assert search.most_similar_batch(vectors.words) == vectors.most_similar_batch(vectors.words)
    assert search.most_similar_batch([]) == []


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            lambda search: search.most_similar_batch(["w1"], k=0),
            ValueError,
            "k must be an integer of at least 1, got 0",
        ),
        (
            lambda search: search.most_similar_batch(["w1"], share=2),
            ValueError,
            "share must be from 0 to 1, got 2; 0.05",
        ),
        (lambda search: search.most_similar_batch("w1"), ValueError, "queries must be several words or vectors"),
        (lambda search: search.most_similar_batch(["w"]), KeyError, "got 'w'"),
        (lambda search: search.most_similar_batch([[1, 2]]), ValueError, "a vector of 12 numbers"),
        (lambda search: search.most_similar_batch(["w1"], topn=3), TypeError, "use k"),
        (
            lambda _: VECTORS.approximate(cells=0),
            ValueError,
            "cells must be an integer of at least 1, got 0; pass None",
        ),
    ],
)
def test_bad_arguments(ask, error, message):
    with pytest.raises(error, match=message):
        ask(VECTORS.approximate(cells=4))
