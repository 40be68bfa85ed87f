import numpy as np
import pytest

from textkit.vectors.word_vectors import WordVectors

POINTS = WordVectors(["east", "north", "west", "nowhere", "slope"], [[2, 0], [0, 3], [-1, 0], [0, 0], [30, 40]])


def test_similarity_with_vectors():
    assert POINTS.similarity([3, 4], "east") == pytest.approx(0.6)
    assert POINTS.similarity("east", np.array([-3e300, 0])) == -1
    assert POINTS.similarity([1, 0], [0, 1]) == 0
    with pytest.raises(ValueError, match=r"a vector of 2 numbers, got int64 of shape \(3,\)"):
        POINTS.similarity("east", [1, 2, 3])


def test_similarities():
    assert POINTS.similarities("east").round(6).tolist() == [1, 0, -1, 0, 0.6]
    assert POINTS.similarities([4, 3], ["slope", "nowhere"]).round(6).tolist() == [0.96, 0]
    assert POINTS.similarities("nowhere", ["east"]).tolist() == [0]
    assert POINTS.similarities("east", []).shape == (0,)
    with pytest.raises(KeyError, match="did you mean 'north'"):
        POINTS.similarities("east", ["nort"])
    with pytest.raises(KeyError, match="did you mean 'north'"):
        POINTS.similarities("nort")
    with pytest.raises(ValueError, match="words must be several words, got the str 'north'; use similarity"):
        POINTS.similarities("east", "north")


def test_similarities_are_those_of_single_words():
    matrix = np.random.default_rng(0).normal(size=(9000, 5))
    vectors = WordVectors([f"w{row}" for row in range(9000)], matrix)
    every = vectors.similarities("w7")
    for word in ("w0", "w7", "w8191", "w8192", "w8999"):
        assert every[vectors.index(word)] == pytest.approx(vectors.similarity("w7", word), abs=1e-12)
    assert every.max() == every[7] <= 1


def test_n_similarity_is_the_cosine_of_means():
    assert POINTS.n_similarity(["east", "north"], ["slope"]) == pytest.approx((2 * 0.6 + 3 * 0.8) / 13**0.5)
    assert POINTS.n_similarity(["east", "east", "west"], ["east"]) == 1
    assert POINTS.n_similarity(["nowhere"], ["east"]) == 0
    with pytest.raises(KeyError, match="did you mean 'north'"):
        POINTS.n_similarity(["east"], ["east", "nort"])


@pytest.mark.parametrize("words", [[], "east", 5, [np.ones(2)]])
def test_n_similarity_of_no_words(words):
    with pytest.raises(ValueError, match="b must be one or more words, got"):
        POINTS.n_similarity(["east"], words)
