import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit.vectors.word_mover import transport_cost
from textkit.vectors.word_vectors import WordVectors

LINE = WordVectors(
    ["zero", "one", "two", "five", "copy"], [[0], [1], [2], [5], [5]], metadata={"tokenizer": "word-lower"}
)
PLANE = WordVectors(list("abcdefgh"), np.random.default_rng(0).normal(size=(8, 3)))


def test_by_hand():
    def wmd(a, b):
        return LINE.wmd(a.split(), b.split(), normalize=False)

    assert wmd("zero", "five") == 5
    assert wmd("zero two", "one") == 1
    assert wmd("zero zero five", "two") == pytest.approx((2 + 2 + 3) / 3)
    assert wmd("zero one", "one two") == 1  # one stays, or moves on: the same
    assert wmd("five", "copy") == 0
    assert wmd("one two two", "two one") == pytest.approx(1 / 6)  # a share of 2/3 - 1/2 moves from two to one
    assert wmd("two one", "two one two one") == 0
    assert wmd("zero unknown", "one") == 1


def test_unit_vectors():
    vectors = WordVectors(["right", "far", "up"], [[1, 0], [9, 0], [0, 2]])
    assert vectors.wmd(["right"], ["far"]) == 0
    assert vectors.wmd(["right", "far"], ["up"]) == pytest.approx(2**0.5)
    assert vectors.wmd(["right", "far"], ["up"], normalize=False) == pytest.approx((5**0.5 + 85**0.5) / 2)


def test_a_text_without_known_words_is_infinitely_far():
    assert LINE.wmd(["zero"], ["unknown"]) == LINE.wmd([], ["zero"]) == LINE.wmd([], []) == math.inf


def test_texts_are_split_by_the_tokenizer_of_the_training():
    assert LINE.wmd("Zero, two", "ONE", normalize=False) == LINE.wmd(["zero", "two"], ["one"], normalize=False)
    assert LINE.wmd("Zero two", "one", tokenizer="whitespace", normalize=False) == 1
    with pytest.raises(ValueError, match="tokenizer must be given to split texts"):
        PLANE.wmd("a", "b")
    with pytest.raises(TypeError, match="a document must be a str or a list of str, got int for row 2 of texts"):
        LINE.wmd(["zero"], 5)
    with pytest.raises(TypeError, match="use normalize"):
        LINE.wmd(["zero"], ["one"], norm=False)


@settings(deadline=None, max_examples=40)
@given(st.permutations("abcdefgh"), st.integers(1, 4))
def test_as_many_words_on_both_sides_are_an_assignment(letters, count):
    """The best transport moves whole words: the best of all ways to pair them."""
    a, b = letters[:count], letters[count : 2 * count]
    costs = [[np.linalg.norm(PLANE[x].astype(float) - PLANE[y].astype(float)) for y in b] for x in a]
    best = min(sum(costs[row][column] for row, column in enumerate(order)) for order in permutations(range(count)))
    assert PLANE.wmd(a, b, normalize=False) == pytest.approx(best / count)


@settings(deadline=None, max_examples=40)
@given(*[st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=9)] * 3)
def test_it_is_a_metric_and_above_the_distance_of_means(a, b, c):
    """Kusner et al. 2015, section 4, prove the lower bound by the centroids."""
    there = PLANE.wmd(a, b, normalize=False)
    assert there == pytest.approx(PLANE.wmd(b, a, normalize=False))
    assert there <= PLANE.wmd(a, c, normalize=False) + PLANE.wmd(c, b, normalize=False) + 1e-9
    assert there >= np.linalg.norm(PLANE[a].mean(axis=0) - PLANE[b].mean(axis=0)) - 1e-6
    assert PLANE.wmd(a * 3, a) == 0


def test_large_amounts_are_moved_exactly():
    """The amounts of texts of a million words have products of 12 digits, which are solved after division."""
    assert transport_cost(np.array([10**12, 10**12]), np.array([2 * 10**12]), np.array([[1.0], [3.0]])) == 4 * 10**12
    many = np.random.default_rng(1).uniform(size=(30, 40))
    cost = transport_cost(np.full(30, 4), np.full(40, 3), many)
    assert 120 * many.min() <= cost <= 4 * 30 * many.mean()
