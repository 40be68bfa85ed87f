import hashlib
import inspect

import numpy as np
import pytest

import textkit
from textkit.data.catalog import corpora_folder
from textkit.text.encoding import encode_corpus
from textkit.text.vocabulary import Vocabulary
from textkit.word2vec.train import _OTHER_NAMES, train_word2vec

TALES = corpora_folder() / "tales.txt"


def digest(vectors):
    return hashlib.sha256("\n".join(vectors.words).encode() + vectors.matrix.tobytes()).hexdigest()


def train(corpus=TALES, **settings):
    return train_word2vec(corpus, **{"dim": 12, "epochs": 2, "workers": 2, "progress": False, **settings})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "min_count must be at most 1, the lowest count in the EncodedCorpus, got 5; pass min_count=1"),
        ({"min_count": 1, "max_vocab": 2}, "max_vocab must be at least 3"),
        ({"min_count": 1, "tokenizer": "word"}, "tokenizer must be left out for an EncodedCorpus, got 'word'"),
        ({"min_count": 1, "column": "text"}, "column must be left out"),
        ({"min_count": 1, "keep_words": ["a"]}, "keep_words must be left out"),
        ({"vocabulary": Vocabulary(["a"], [1])}, "vocabulary must be left out for an EncodedCorpus"),
        ({"min_count": 1, "valid": encode_corpus(["b"])}, "encode it with vocabulary=training.vocabulary"),
    ],
)
def test_an_encoded_corpus_must_fit_the_settings(options, message):
    with pytest.raises(ValueError, match=message):
        train(encode_corpus(["a a b c"]), **options)


@pytest.mark.parametrize(
    ("argument", "ours"),
    [
        ("vector_size", "dim"),
        ("size", "dim"),
        ("negative", "negatives"),
        ("iter", "epochs"),
        ("sg", "model='skipgram' or model='cbow'"),
    ],
)
def test_names_of_others_are_answered_with_ours(argument, ours):
    with pytest.raises(TypeError, match=rf"train_word2vec\(\) has no argument '{argument}'; use {ours}"):
        train(**{argument: 5})


def test_no_name_of_others_is_one_of_ours():
    assert not set(_OTHER_NAMES) & set(inspect.signature(train_word2vec).parameters)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_count": 2}, ValueError, "min_count must be left out with vocabulary, got 2"),
        ({"max_vocab": 2}, ValueError, "max_vocab must be left out with vocabulary"),
        ({"keep_words": ["a"]}, ValueError, "keep_words must be left out with vocabulary"),
        ({"vocabulary": ["a"]}, TypeError, "vocabulary must be a Vocabulary, got list"),
        ({"vocabulary": Vocabulary(["z"], [1])}, ValueError, "vocabulary must contain at least one token"),
        ({"vocabulary": None, "keep_words": "word"}, TypeError, "keep_words must be a list of words, got the str"),
        (
            {"vocabulary": None, "keep_words": ["a", "b"], "max_vocab": 1},
            ValueError,
            "must be at least 2, .*keep_words",
        ),
    ],
)
def test_what_excludes_a_vocabulary(options, error, message):
    with pytest.raises(error, match=message):
        train([["a", "b"]] * 5, **{"vocabulary": Vocabulary(["a"], [1]), **options})


def test_one_word_has_no_tree():
    losses = []
    train([["a", "a"]] * 9, loss="hierarchical", subsample=0, on_epoch=lambda r: losses.append(r.loss))
    assert losses == [0, 0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"model": "cbow"}, "model must be 'skipgram' in several processes, got 'cbow'; start one process"),
        ({"loss": "hierarchical"}, "loss must be 'negative' in several processes"),
        ({"subwords": (3, 5)}, "subwords must be None in several processes"),
    ],
)
def test_several_processes_train_skip_gram_only(monkeypatch, model, message):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match=message):
        train(**model)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "glove"}, "model must be one of skipgram, cbow, got 'glove'"),
        ({"model": "cbow", "device": "cuda"}, "model must be 'skipgram' on a GPU, got 'cbow'; train with device='cpu'"),
        ({"loss": "softmax"}, "loss must be one of negative, hierarchical, got 'softmax'"),
        (
            {"position_weights": True},
            "position_weights must be False with model='skipgram' and loss='negative', got True",
        ),
        ({"position_weights": "no"}, "position_weights must be True or False, got 'no'"),
        ({"loss": "hierarchical", "device": "cuda"}, "loss must be 'negative' on a GPU, got 'hierarchical'"),
        (
            {"subwords": (3, 5), "device": "cuda"},
            r"subwords must be None on a GPU, got \(3, 5\); train with device='cpu'",
        ),
        (
            {"subwords": 3},
            r"subwords must be \(minimum, maximum\), lengths of n-grams in characters, got 3; pass \(3, 6\)",
        ),
        ({"subwords": (6, 3)}, r"subwords must be \(minimum, maximum\)"),
        ({"subwords": (0, 3)}, "subwords must be an integer of at least 1 character"),
        ({"subwords": (3, 65)}, "subwords must be at most 64 characters long"),
        ({"buckets": 100}, r"buckets must be left out without subwords, got 100; pass subwords=\(3, 6\)"),
        ({"subwords": (3, 6), "buckets": 0}, "buckets must be an integer of at least 1 bucket"),
        ({"subwords": (3, 6), "buckets": 10**10}, "buckets must be at most 1,000,000,000"),
        ({"dim": 0}, "dim must be an integer of at least 1"),
        ({"dim": 2.5}, "dim must be an integer"),
        ({"window": 0}, "window must be an integer of at least 1"),
        ({"window": 5000}, "window must be at most 200"),
        ({"negatives": 0}, "negatives must be"),
        ({"min_count": 0}, "min_count must be"),
        ({"max_vocab": 0}, "max_vocab must be"),
        ({"epochs": 0}, "epochs must be"),
        ({"seed": -1}, "seed must be"),
        ({"subsample": -1.0}, "subsample must be a finite number of at least 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": 25.0}, "learning_rate must be at most 1"),
        ({"workers": 0}, "workers must be an integer of at least 1 thread"),
    ],
)
def test_wrong_settings_are_named_before_anything_is_read(settings, message):
    def unread():
        raise AssertionError("the corpus was read")
        yield

    with pytest.raises(ValueError, match=message):
        train(unread(), **settings)


def test_held_out_text_without_a_known_pair_is_named():
    with pytest.raises(ValueError, match="valid must be a corpus with words of the training vocabulary"):
        train(valid=["xyzzy plugh"])
    with pytest.raises(ValueError, match=r"valid must have at least one \(center, context\) pair, got 0"):
        train(valid=["the"])


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match="init must be WordVectors, got str; load a file"):
        train(init="vectors.txt")
    with pytest.raises(ValueError, match=r"workers must be an integer of at least 1 thread, got 2\.5"):
        train(workers=2.5)
    assert digest(train(dim=np.int64(8), learning_rate=np.float32(0.5))) == digest(train(dim=8, learning_rate=0.5))


def test_valid_is_no_fraction():
    with pytest.raises(TypeError, match=r"valid must be a corpus, got 0.1; hold out a part of the texts yourself"):
        textkit.train_word2vec(["a b"] * 9, valid=0.1, min_count=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reproducible": "yes"}, ValueError, "reproducible must be True or False, got 'yes'"),
        ({"checkpoint": 5}, TypeError, "checkpoint must be a str or a Path, got int"),
    ],
)
def test_types_that_nobody_expects_are_named(options, error, message):
    with pytest.raises(error, match=message):
        textkit.train_word2vec(["a b"] * 9, min_count=1, **options)
