"""Classifiers as files of fastText; tests/fasttext/test_oracle.py compares them with fastText itself."""

import numpy as np
import pytest

import textkit
from textkit import ClassifierSettings, TextClassifier, WordAvgConfig

CONFIG = WordAvgConfig(dim=6, ngrams=1, binary=False, skip_unknown=True)
TEXTS = ["warm and Good", "good good day", "bad\tcold day", "cold, bad", "so warm", "so cold"] * 10
LABELS = ["+", "+", "-", "-", "+", "-"] * 10
ASKED = [*TEXTS[:6], "", "unknown", "good unknown day", "good\u00a0day", "good good good bad"]


def trained(config=CONFIG, labels=LABELS, texts=TEXTS, **others):
    settings = others.pop("settings", ClassifierSettings(epochs=3, min_count=1))
    return TextClassifier(config, tokenizer=others.pop("tokenizer", "fasttext"), settings=settings, **others).fit(
        texts, labels
    )


@pytest.mark.parametrize("prefix", ["", "__label__"])
def test_the_file_predicts_what_the_classifier_predicts(tmp_path, prefix):
    classifier = trained(labels=[prefix + label for label in LABELS])
    classifier.save(tmp_path / "x.bin")
    loaded = textkit.load(tmp_path / "x.bin")
    assert loaded.classes_.tolist() == ["__label__+", "__label__-"]
    np.testing.assert_allclose(loaded.predict_proba(ASKED), classifier.predict_proba(ASKED) + 1e-5, atol=1e-6)


def test_texts_with_several_labels(tmp_path):
    classifier = trained(labels=[["warm"], ["good", "day"], ["day"], [], ["warm"], []] * 10, multi_label=True)
    classifier.save(tmp_path / "x.bin")
    loaded = textkit.load(tmp_path / "x.bin")
    # fastText looks the sigmoid up in a table of 512 values from -8 to 8
    np.testing.assert_allclose(loaded.predict_proba(ASKED), classifier.predict_proba(ASKED), atol=0.01)


def test_unknown_words_change_nothing(tmp_path):
    classifier = trained()
    probabilities = classifier.predict_proba(["good day", "strange good unheard day"])
    assert np.array_equal(*probabilities)
    explained = classifier.explain("good unheard")
    assert explained.tokens[1] == "unheard"
    assert explained.shares[1] == 0
    logits = np.log(classifier.predict_proba(["good unheard"])[0])
    relative = logits[classifier.classes_.tolist().index(explained.label)] - logits.mean()
    assert sum(explained.shares) + explained.rest == pytest.approx(relative, abs=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config": WordAvgConfig(dim=6, ngrams=2, binary=False, skip_unknown=True)}, "ngrams must be 1 .* got 2"),
        ({"config": WordAvgConfig(dim=6, ngrams=1, skip_unknown=True)}, "binary must be False"),
        ({"config": WordAvgConfig(dim=6, ngrams=1, binary=False)}, "skip_unknown must be True"),
        ({"config": textkit.CnnConfig(dim=6, filters=2)}, "the model must be word_avg .* got CnnConfig"),
        ({"tokenizer": "whitespace"}, "tokenizer must be 'fasttext'"),
        ({"settings": ClassifierSettings(epochs=1, max_length=9)}, "max_length must be None .* got 9"),
        ({"labels": ["so warm", "good"] * 30}, "a label must be without spaces .* 'so warm'; .* 'so-warm'"),
        ({"texts": [["good"], ["bad"]] * 30}, 'the vocabulary must contain "</s>"'),
        ({"texts": [*TEXTS[:-1], "__label__x"]}, "a word must not begin with __label__"),
    ],
)
def test_what_fasttext_cannot_express_is_refused(tmp_path, changed, message):
    classifier = trained(**changed)
    with pytest.raises(ValueError, match=message):
        classifier.save(tmp_path / "x.bin")
    assert not list(tmp_path.iterdir())


def test_a_quantized_classifier_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must not be quantized"):
        trained().quantize().save(tmp_path / "x.bin")
