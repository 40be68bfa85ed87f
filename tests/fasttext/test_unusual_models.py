"""Models that are unusual, but sound: they are read as fastText reads them."""

import numpy as np
import pytest

import textkit
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

ROWS = np.arange(14, dtype=np.float32).reshape(7, 2)


def test_no_buckets_and_no_ngrams(fasttext_bytes, tmp_path):
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(["a", "b"], ROWS[:2], ROWS[:2], model=2))
    vectors = WordVectors.load(tmp_path / "m.bin")
    assert vectors.subwords is None
    assert vectors["b"].tolist() == [2, 3]
    with pytest.raises(KeyError, match="word must be one of the 2 words that have a vector"):
        vectors["c"]


def test_a_minimum_above_the_maximum_is_no_ngrams(fasttext_bytes, tmp_path):
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(["abc", "b"], ROWS, ROWS[:2], model=2, buckets=5, n=(4, 2)))
    vectors = WordVectors.load(tmp_path / "m.bin")
    assert vectors.subwords is None
    assert vectors["abc"].tolist() == [0, 1]
    assert vectors.get("abcd") is None


def test_an_empty_word(fasttext_bytes, tmp_path):
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(["", "b"], ROWS[:2], ROWS[:2], model=2))
    vectors = WordVectors.load(tmp_path / "m.bin")
    assert vectors.words == ("", "b")
    assert vectors[""].tolist() == [0, 1]
    with pytest.raises(ValueError, match="a word in a 'word2vec' file must not be empty"):
        vectors.save(tmp_path / "m.txt")
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(["", ""], ROWS[:2], ROWS[:2], model=2))
    with pytest.raises(ValueError, match=r"m\.bin: words must be distinct, got '' in rows 0 and 1"):
        WordVectors.load(tmp_path / "m.bin").index("")


def test_labels_within_a_line_are_no_words(fasttext_bytes, tmp_path):
    words, labels = ["</s>", "good", "bad"], ["__label__+", "__label__-"]
    (tmp_path / "m.bin").write_bytes(fasttext_bytes(words, ROWS, ROWS[:2], labels=labels, buckets=4, n=(2, 3)))
    classifier = textkit.load(tmp_path / "m.bin")
    texts = ["good bad", "good __label__+ bad", "__label__- good bad", "good bad __label__+"]
    first, *others = classifier.predict_proba(texts).tolist()
    assert others == [first] * 3


def test_a_corpus_in_which_every_word_is_unique(tmp_path):
    corpus = [[f"w{number}" for number in range(300)]]
    vectors = textkit.train_word2vec(corpus, min_count=1, subsample=0, subwords=(2, 3), buckets=50, dim=4, epochs=1)
    vectors.save(tmp_path / "m.bin")
    loaded = WordVectors.load(tmp_path / "m.bin")
    assert isinstance(loaded, SubwordVectors)
    assert loaded.words == vectors.words
    assert loaded.counts.tolist() == [1] * 300
    with pytest.raises(ValueError, match="min_count"):
        textkit.train_word2vec(corpus, min_count=2, subwords=(2, 3), buckets=50, dim=4)
