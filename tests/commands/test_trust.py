"""Commands import the tokenizer that a folder names only with --trust-tokenizer."""

import json
import sys

import numpy as np
import pytest

from textkit.classifier.text_classifier import TextClassifier
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.vocabulary import Vocabulary

WORDS = {"<eos>": {"to": 1}, "to": {"be": 1}, "be": {"or": 1}, "or": {"<eos>": 1}}


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Save a model with the tokenizer of a module, which is beside it."""
    (tmp_path / "module_from_afar.py").write_text("def split(text):\n    return text.split()\n")
    monkeypatch.syspath_prepend(tmp_path)

    def save(model):
        model.save(tmp_path / "m")
        file = tmp_path / "m" / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_bytes()), "tokenizer": "module_from_afar:split"}))
        return tmp_path / "m"

    yield save
    sys.modules.pop("module_from_afar", None)


@pytest.fixture
def classifier():
    """Make a classifier that knows nothing."""
    vocabulary = Vocabulary.from_counts({"good": 1}, specials=["<pad>", "<unk>"])
    model = WordAvg(WordAvgConfig(dim=2, ngrams=1), len(vocabulary), 2)
    classifier = TextClassifier(model.config)
    classifier._set_fitted(model.eval(), vocabulary, np.array(["bad", "good"]))
    return classifier


def check(run, *command):
    code, _, err = run(*command)
    assert code == 1
    assert "got 'module_from_afar:split' in the config of" in err
    assert "or --trust-tokenizer if you trust the folder" in err
    assert "module_from_afar" not in sys.modules
    code, out, err = run(*command, "--trust-tokenizer")
    assert (code, "error" in err) == (0, False)
    return out


def test_predict(run, named, classifier):
    assert "good one," in check(run, "textkit.predict", named(classifier), "good one")


def test_evaluate_classifier(run, named, classifier, tmp_path):
    (tmp_path / "t.csv").write_text("text,label\ngood,good\ngood a,bad\n")
    assert "accuracy" in check(run, "textkit.evaluate", "classifier", named(classifier), tmp_path / "t.csv")


def test_generate(run, named, bigrams):
    folder = named(bigrams(WORDS, unit="word"))
    assert check(run, "textkit.generate", "--model", folder, "--prompt", "to", "--length", 1) == "to be\n"


def test_evaluate_language_model(run, named, bigrams, tmp_path):
    (tmp_path / "t.txt").write_text("to be or\n")
    folder = named(bigrams(WORDS, unit="word"))
    assert "perplexity" in check(run, "textkit.evaluate", "language-model", folder, tmp_path / "t.txt")


def test_a_tokenizer_that_was_not_saved_is_named_again(run, tmp_path, monkeypatch, classifier):
    (tmp_path / "splitters_of_mine.py").write_text("def split(text):\n    return text.split('-')\n")
    monkeypatch.syspath_prepend(tmp_path)
    classifier.set_params(tokenizer=lambda text: text.split("-"))
    classifier._set_fitted(classifier.model_, classifier.vocabulary_, classifier.classes_)
    classifier.save(tmp_path / "m")
    code, _, err = run("textkit.predict", tmp_path / "m", "good-one")
    assert code == 1
    assert "trained with a lambda, line " in err
    assert err.endswith("of test_trust.py; pass the same function: --tokenizer module:function\n")
    code, out, _ = run("textkit.predict", tmp_path / "m", "good-one", "--tokenizer", "splitters_of_mine:split")
    assert code == 0
    assert "good-one," in out
    sys.modules.pop("splitters_of_mine", None)
