import numpy as np
import pandas as pd
import pytest
import torch

from textkit.language_model import state_methods
from textkit.language_model.language_model import LanguageModel
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = Vocabulary.from_counts({"a": 3, "b": 2, "c": 1}, specials=["<pad>", "<unk>", "<eos>"])
LETTERS = Vocabulary.from_counts({"a": 3, "b": 2, "\n": 1}, specials=["<pad>", "<unk>"])
DOCUMENTS = Vocabulary.from_counts({"a": 3, "b": 2}, specials=["<pad>", "<unk>", "<bos>", "<eos>"])
TEXTS = ["a b a c", "", "b", "a unheard b", "c c c c c c c"]


def made(vocabulary=WORDS, unit="word", seed=1, **config):
    config = {"dim": 5, "hidden": 6, "layers": 2, "tied": False, "cutoffs": (), "layer_dropout": 0.5, **config}
    network = RnnLanguageModel(
        RnnLanguageModelConfig(**config), len(vocabulary), generator=torch.Generator().manual_seed(seed)
    )
    return LanguageModel(network, vocabulary, unit=unit)


@pytest.mark.parametrize(
    ("vocabulary", "unit", "start"), [(WORDS, "word", "<eos>"), (LETTERS, "char", "\n"), (DOCUMENTS, "word", "<bos>")]
)
@pytest.mark.parametrize("config", [{}, {"cell": "gru"}, {"tied": True}, {"cutoffs": (3,)}], ids=str)
def test_states_are_those_of_the_network_after_each_token(vocabulary, unit, start, config):
    model = made(vocabulary, unit, **config)
    model.model.train()
    texts = TEXTS if unit == "word" else ["ab", "", "b?a"]
    found = model.states(texts, pooling=None)
    assert model.model.training
    model.model.eval()
    for text, states in zip(texts, found, strict=True):
        tokens = text.split() if unit == "word" else list(text)
        ids = [vocabulary[start], *vocabulary.lookup(tokens, other=1).tolist()]
        with torch.no_grad():
            expected = model.model.features(torch.tensor([ids]))[0][0, 1:]
        np.testing.assert_allclose(states, expected, atol=1e-6)
        assert states.dtype == np.float32
        assert len(states) == len(tokens)


def test_a_pooling_is_what_its_name_says():
    model = made()
    whole = model.states(TEXTS, None)
    zeros = np.zeros(6, np.float32)
    for name, function in {"mean": lambda states: states.mean(0), "max": lambda states: states.max(0),
                           "last": lambda states: states[-1]}.items():  # fmt: skip
        expected = [function(states) if len(states) else zeros for states in whole]
        np.testing.assert_allclose(model.states(TEXTS, name), expected, atol=1e-6)
    concat = np.hstack([model.states(TEXTS, name) for name in ("last", "max", "mean")])
    assert np.array_equal(model.states(TEXTS, "concat"), concat)
    assert np.array_equal(model.states(TEXTS), model.states(TEXTS, "mean"))


def test_memory_is_bounded_by_windows_that_change_nothing(monkeypatch):
    model = made()
    texts = ["a b c " * n for n in (1, 40, 3, 41, 0)]
    expected = {pooling: model.states(texts, pooling) for pooling in ("concat", None)}
    monkeypatch.setattr(state_methods, "_BUDGET", 16)
    sizes, features = [], model.model.features
    monkeypatch.setattr(
        model.model, "features", lambda ids, state=None: (sizes.append(ids.numel()), features(ids, state))[1]
    )
    np.testing.assert_allclose(model.states(texts, "concat"), expected["concat"], atol=1e-6)
    for states, others in zip(model.states(texts, None), expected[None], strict=True):
        np.testing.assert_allclose(states, others, atol=1e-6)
    assert max(sizes) <= 16


def test_other_forms_of_texts():
    model = made()
    expected = model.states(TEXTS)
    for texts in (pd.Series(TEXTS), iter(TEXTS), [text.split() for text in TEXTS], np.array(TEXTS, dtype=object)):
        assert np.array_equal(model.states(texts), expected)
    assert model.states([]).shape == (0, 6)
    assert model.states([], "concat").shape == (0, 18)
    assert model.states([], None) == []


@pytest.mark.parametrize(
    ("texts", "pooling", "error", "message"),
    [
        (["a"], "min", ValueError, "pooling must be None or one of mean, max, last, concat, got 'min'"),
        ("a b", "mean", TypeError, r"texts must be a list of texts, got the str 'a b'; pass \[text\]"),
        ({"a", "b"}, "mean", TypeError, "texts must be a list of texts, got set; pass a list"),
        (pd.DataFrame({"text": ["a"]}), "mean", TypeError, "got DataFrame; pass a list or one column"),
        (["a", None], "mean", ValueError, "row 2 of the texts"),
        (["a", 3], "mean", TypeError, "row 2 of the texts"),
    ],
)
def test_bad_texts(texts, pooling, error, message):
    with pytest.raises(error, match=message):
        made().states(texts, pooling)


def test_damaged_weights_are_reported():
    model = made()
    with torch.no_grad():
        model.model.embedding[3] = float("nan")
    with pytest.raises(FloatingPointError, match="states must be finite numbers"):
        model.states(["a"])
