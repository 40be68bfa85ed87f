import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textkit.vectors.word_vectors import WordVectors

# The angle of each word to "zero", in degrees.
ANGLES = {"zero": 0, "thirty": 30, "sixty": 60, "minus": -60, "ninety": 90, "opposite": 180}
RADIANS = np.radians(list(ANGLES.values()))
CLOCK = WordVectors(list(ANGLES), np.stack([np.cos(RADIANS), np.sin(RADIANS)], axis=1) * 3)


def found(neighbors):
    return [word for word, _ in neighbors]


def test_search_among_given_words():
    assert found(CLOCK.most_similar("zero", restrict=["opposite", "ninety", "thirty", "zero"])) == [
        "thirty",
        "ninety",
        "opposite",
    ]
    assert CLOCK.most_similar("zero", restrict=["zero"]) == CLOCK.most_similar("zero", restrict=[]) == []
    # ties are in the order of the vectors, not of the list, and repetitions do not count
    assert found(CLOCK.most_similar([1, 0], k=2, restrict=["minus", "sixty", "minus"])) == ["sixty", "minus"]
    assert CLOCK.most_similar_batch(["zero", "minus"], k=1, restrict=iter(["ninety", "minus"])) == [
        CLOCK.most_similar("zero", restrict=["minus"]),
        CLOCK.most_similar("minus", restrict=["ninety"]),
    ]
    with pytest.raises(KeyError, match="got 'twelve'"):
        CLOCK.most_similar("zero", restrict=["twelve"])


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_analogy_among_given_words(method):
    answers = CLOCK.analogy("zero", "thirty", "sixty", method=method, restrict=["minus", "ninety", "sixty"])
    assert found(answers) == ["ninety", "minus"]
    assert CLOCK.analogy("zero", "thirty", "sixty", method=method, restrict=["thirty"]) == []


@given(arrays(np.float32, (12, 3), elements=st.floats(-4, 4, width=32)), st.sets(st.integers(0, 11)))
def test_search_among_given_words_is_the_whole_search_without_the_others(matrix, kept):
    vectors = WordVectors(list("abcdefghijkl"), matrix)
    words = [vectors.words[row] for row in kept]
    for word in vectors:
        everywhere = vectors.most_similar(word, 12)
        assert vectors.most_similar(word, restrict=words) == [pair for pair in everywhere if pair[0] in words][:10]


def test_words_mixed_with_vectors():
    """The unit vectors are added, whatever their lengths; only words are excluded."""
    assert found(CLOCK.most_similar(["zero", np.array([0, 7])]))[:2] == ["thirty", "sixty"]
    without = found(CLOCK.most_similar(["zero", "ninety"]))
    assert [word for word in found(CLOCK.most_similar(["zero", [0, 7]])) if word != "ninety"] == without
    by_word = dict(CLOCK.most_similar(["thirty", "sixty"], negative=["ninety"]))
    by_vector = dict(CLOCK.most_similar(["thirty", "sixty"], negative=[CLOCK["ninety"] * 5]))
    assert by_word.items() <= by_vector.items()
    assert set(by_vector) - set(by_word) == {"ninety"}
    assert CLOCK.most_similar("zero", negative=CLOCK["ninety"]) == CLOCK.most_similar(
        "zero", negative=[CLOCK["ninety"]]
    )
    assert found(CLOCK.most_similar([], negative=np.array([0, 1])))[0] == "minus"


def test_words_in_other_containers():
    expected = CLOCK.most_similar(["thirty", "sixty"], negative=["ninety"])
    column = pd.Series(["thirty", "sixty"])
    for query in (column, column.to_numpy(object), np.array(["thirty", "sixty"]), ("thirty", "sixty")):
        assert CLOCK.most_similar(query, negative=["ninety"]) == expected
        assert CLOCK.most_similar_batch(query) == CLOCK.most_similar_batch(["thirty", "sixty"])
    for negative in ({"ninety"}, iter(["ninety"]), pd.Series(["ninety"]), ("ninety",), {"ninety": 1}.keys()):
        assert CLOCK.most_similar(["thirty", "sixty"], negative=negative) == expected


def test_closer_than_and_rank():
    assert CLOCK.closer_than("zero", "ninety") == ["thirty", "sixty", "minus"]
    assert CLOCK.closer_than("zero", "thirty") == []
    assert CLOCK.closer_than("zero", "minus") == ["thirty"]  # sixty is as far
    assert CLOCK.closer_than("zero", "zero") == []
    assert [CLOCK.rank("zero", word) for word in CLOCK] == [1, 1, 2, 2, 4, 5]


@given(arrays(np.float32, (9, 3), elements=st.floats(-4, 4, width=32)))
def test_rank_agrees_with_the_neighbors(matrix):
    vectors = WordVectors(list("abcdefghi"), matrix)
    neighbors = vectors.most_similar("a")
    for word, cosine in neighbors:
        assert vectors.rank("a", word) == 1 + sum(other > cosine for _, other in neighbors)


def test_relative_cosine():
    cosines = [np.cos(np.radians(30)), 0.5]
    assert CLOCK.relative_cosine("zero", "sixty", 2) == pytest.approx(0.5 / sum(cosines))
    assert CLOCK.relative_cosine("zero", "opposite", 2) == pytest.approx(-1 / sum(cosines))
    with pytest.raises(ValueError, match="a must have neighbors whose cosines do not sum to 0, got 'alone'"):
        WordVectors(["alone"], [[1.0]]).relative_cosine("alone", "alone")
    with pytest.raises(TypeError, match="use k"):
        CLOCK.relative_cosine("zero", "sixty", topn=2)


@pytest.mark.parametrize("ask", ["closer_than", "rank", "relative_cosine"])
def test_unknown_words(ask):
    for words in (("zero", "zeroo"), ("zeroo", "zero")):
        with pytest.raises(KeyError, match="did you mean 'zero'"):
            getattr(CLOCK, ask)(*words)
