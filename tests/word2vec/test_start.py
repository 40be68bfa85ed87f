import numpy as np
import pytest

import textkit
from textkit.data.catalog import corpora_folder
from textkit.fasttext.subwords import hash_bytes
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.start import initial_model, subword_rows, trained_vectors

TALES = corpora_folder() / "tales.txt"


def train(corpus=TALES, **settings):
    usual = {"dim": 12, "epochs": 2, "workers": 1, "progress": False, "subwords": (3, 4), "buckets": 500}
    return textkit.train_word2vec(corpus, **{**usual, **settings})


def test_the_rows_of_a_word_are_its_own_and_those_of_its_n_grams():
    words = ["cat", "</s>", "a", "über"]
    starts, rows = subword_rows(words, Word2VecSettings(subwords=(3, 4), buckets=97))
    n_grams = [["<ca", "cat", "at>", "<cat", "cat>"], [], ["<a>"], ["<üb", "übe", "ber", "er>", "<übe", "über", "ber>"]]
    for number, expected in enumerate(n_grams):
        found = rows[starts[number] : starts[number + 1]].tolist()
        assert found[0] == number
        assert sorted(found[1:]) == sorted(4 + hash_bytes(gram.encode()) % 97 for gram in expected)
    assert subword_rows(words, Word2VecSettings()) is None


def test_a_vector_is_the_mean_that_was_trained():
    settings = Word2VecSettings(dim=3, subwords=(3, 6), buckets=50)
    words = ["sea", "road"]
    model = initial_model(words, settings, None)
    starts, rows = subword_rows(words, settings)
    expected = [model.centers[rows[starts[w] : starts[w + 1]], :3].mean(axis=0) for w in range(2)]
    assert np.abs(model.centers[:, :3]).max() <= 1 / 3
    assert not model.centers[:, 3:].any()
    vectors = trained_vectors(words, model, settings, np.array([5, 4]), {})
    np.testing.assert_allclose(vectors.matrix, expected, rtol=1e-5)
    assert vectors.counts.tolist() == [5, 4]


def test_unknown_words_have_vectors_and_the_file_keeps_them(tmp_path):
    vectors = train(model="cbow")
    assert isinstance(vectors, SubwordVectors)
    assert vectors.subwords == (3, 4)
    assert "kingdoms" not in vectors
    assert np.abs(vectors["kingdoms"]).max() > 0
    vectors.save(tmp_path / "tales.bin")
    again = WordVectors.load(tmp_path / "tales.bin")
    np.testing.assert_array_equal(again["kingdoms"], vectors["kingdoms"])


def test_training_goes_on_from_subwords():
    first = train()
    # With next to no step, the vectors stay what they were: of words, new words, and words that the corpus lacks.
    again = train([["sea", "newcomer"]] * 5, init=first, subsample=0, learning_rate=1e-9, dim=None)
    assert again.words[:2] == ("newcomer", "sea")
    assert set(again.words) == {*first.words, "newcomer"}
    for word in ("sea", "road", "kingdoms"):
        np.testing.assert_allclose(again[word], first[word], atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"init": WordVectors(["a"], np.ones((1, 12)))}, "init must be SubwordVectors with n-grams of 3 to 4 char"),
        (
            {"init": SubwordVectors(["a"], np.ones((9, 12)), subwords=(3, 5))},
            "init must be SubwordVectors .*, got SubwordVectors",
        ),
        (
            {"init": SubwordVectors(["a"], np.ones((9, 12)), subwords=(3, 4))},
            "buckets must be those of init, 8, got 500; pass buckets=8",
        ),
    ],
)
def test_vectors_to_go_on_from_must_have_the_same_n_grams(settings, message):
    with pytest.raises(ValueError, match=message):
        train(**settings)


def test_without_subwords_the_words_of_subword_vectors_are_taken():
    first = train()
    again = train([["new", "sea"]] * 5, init=first, subwords=None, buckets=2_000_000, subsample=0, dim=None)
    assert type(again) is WordVectors
    np.testing.assert_array_equal(again["road"], first["road"])
