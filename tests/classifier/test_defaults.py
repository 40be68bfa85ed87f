from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.classifier.build_run import fit_model
from textkit.classifier.defaults import (
    CONFIGS,
    MODEL_NAMES,
    default_classifier_settings,
    model_config,
    suited_config,
)
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.vectors.word_vectors import WordVectors


def test_names_stand_for_configs():
    assert set(CONFIGS) == set(MODEL_NAMES)
    assert model_config("cnn") == CONFIGS["cnn"]
    for name, unit, cell in (("bilstm", "word", "lstm"), ("char_gru", "char", "gru")):
        config = model_config(name)
        assert (config.unit, config.cell, config.bidirectional) == (unit, cell, True)
    config = CnnConfig(dim=3)
    assert model_config(config) is config


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_named_model_takes_on_the_width_of_vectors(name):
    vectors = WordVectors(["a"], np.zeros((1, 7), np.float32))
    buckets = {"buckets": 1 << 21} if name == "word_avg" else {}
    assert model_config(name, vectors=vectors) == replace(CONFIGS[name], dim=7, **buckets)
    config = CnnConfig(dim=3)
    assert model_config(config, vectors=vectors) is config


def test_n_grams_with_wide_vectors_are_fewer():
    wide = model_config("word_avg", vectors=WordVectors(["a"], np.zeros((1, 300), np.float32)))
    assert wide == replace(CONFIGS["word_avg"], dim=300, buckets=1 << 18)
    assert wide.buckets * 300 * 4 < 1 << 29  # bytes


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_config_is_trained_like_the_named_model_of_its_kind(name):
    assert default_classifier_settings(CONFIGS[name]) == default_classifier_settings(name)


@pytest.mark.parametrize("model", ["bert", None, 3, WordAvgConfig, ["cnn"]])
def test_what_is_no_model(model):
    for ask in (model_config, default_classifier_settings):
        with pytest.raises(ValueError, match="model must be one of word_avg, cnn, bilstm, char_gru, or the config of"):
            ask(model)


def test_what_a_config_does_not_name_is_that_of_the_named_model():
    assert CnnConfig(dim=50) == replace(CONFIGS["cnn"], dim=50)
    assert CnnConfig().word_dropout == 0.05
    assert WordAvgConfig(ngrams=3) == replace(CONFIGS["word_avg"], ngrams=3)
    assert (WordAvgConfig().dim, WordAvgConfig().buckets, WordAvgConfig().binary) == (None, None, True)
    assert RnnClassifierConfig(dim=50) == replace(CONFIGS["bilstm"], dim=50)
    assert RnnClassifierConfig(unit="char", layers=2) == replace(CONFIGS["char_gru"], layers=2)
    assert RnnClassifierConfig(unit="char", cell="lstm", input_dropout=0).input_dropout == 0


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_settings_keep_what_suits_the_model(name):
    suited = default_classifier_settings(name)
    assert TextClassifier(name)._settings() == suited
    assert TextClassifier(name, settings=ClassifierSettings())._settings() == suited
    found = TextClassifier(name, settings=ClassifierSettings(epochs=suited.epochs))._settings()
    assert found == replace(suited, min_steps=0)  # epochs that are given hold
    given = ClassifierSettings(patience=None, freeze_epochs=None, label_smoothing=0, max_length=9)
    found = TextClassifier(CONFIGS[name], settings=given)._settings()
    assert found == replace(suited, patience=None, freeze_epochs=None, label_smoothing=0, max_length=9)
    assert TextClassifier(name).set_params(settings__min_count=2)._settings() == replace(suited, min_count=2)


def test_settings_with_the_defaults_train_the_same_bytes(reviews, weights_of):
    config = WordAvgConfig(dim=16, buckets=64)
    usual = TextClassifier(config).fit(*reviews())
    named = TextClassifier(config, settings=ClassifierSettings(epochs=5, vector_rate=0.1)).fit(*reviews())
    assert weights_of(usual) == weights_of(named)


def test_a_word_avg_with_a_dimension_keeps_its_settings():
    averaged = default_classifier_settings(WordAvgConfig(dim=16))
    assert (averaged.epochs, averaged.min_steps, averaged.vector_rate) == (5, 0, 0.1)
    vectors = WordVectors(["a"], np.zeros((1, 7), np.float32))
    assert TextClassifier("word_avg", vectors=vectors)._settings() == averaged


@pytest.mark.parametrize(
    ("config", "tokens", "classes", "buckets"),
    [
        (WordAvgConfig(), 100, 2, 1 << 16),
        (WordAvgConfig(), 1 << 18, 2, 1 << 20),
        (WordAvgConfig(ngrams=3), 1 << 18, 2, 1 << 21),
        (WordAvgConfig(), 1 << 30, 2, 1 << 21),
        (WordAvgConfig(), 1 << 30, 1000, 1 << 17),  # 512 MB
        (WordAvgConfig(dim=300), 1 << 30, 2, 1 << 18),
        (WordAvgConfig(buckets=64), 1 << 30, 2, 64),
        (WordAvgConfig(), 100, 1 << 30, 1),
    ],
)
def test_buckets_suit_the_texts_and_the_classes(config, tokens, classes, buckets):
    assert suited_config(config, tokens=tokens, classes=classes) == replace(config, buckets=buckets)
    assert suited_config(CnnConfig(), tokens=tokens, classes=classes) == CnnConfig()


@pytest.mark.parametrize(
    ("given", "keep"),
    [({}, False), ({"patience": None}, False), ({"patience": 3}, True), ({"metric": "f1_macro"}, True)],
)
def test_what_chooses_the_best_epoch_keeps_it(given, keep):
    assert TextClassifier(settings=ClassifierSettings(**given))._settings().keep_best is keep
    assert TextClassifier("cnn", settings=ClassifierSettings(**given))._settings().keep_best
    kept = ClassifierSettings(**given, keep_best=not keep)
    assert TextClassifier(settings=kept)._settings().keep_best is not keep


def test_the_last_weights_may_be_kept(reviews, weights_of):
    config = WordAvgConfig(dim=4, buckets=64)
    texts, labels = reviews()
    wrong = texts[:8], [{"good": "bad", "bad": "good"}[label] for label in labels[:8]]  # ever worse
    settings = ClassifierSettings(epochs=4, batch_size=8, vector_rate=0.5, keep_best=False, patience=None)
    last = TextClassifier(config, settings=settings).fit(texts, labels, valid=wrong)
    alone = TextClassifier(config, settings=replace(settings, valid_share=0)).fit(texts, labels)
    assert len(last.history_) == 4
    for name in ("embedding", "ngram_embedding"):  # the output layer is calibrated
        assert torch.equal(last.model_.get_parameter(name), alone.model_.get_parameter(name))


def test_a_refit_trains_with_the_held_out_texts_too(reviews, weights_of):
    texts, labels = reviews()
    texts = [f"{text} only{number}" for number, text in enumerate(texts)]
    settings = ClassifierSettings(epochs=4, valid_share=0.25)
    found = TextClassifier(settings=settings).fit(texts, labels)
    assert all(report.valid_accuracy is not None for report in found.history_)
    alone = TextClassifier(settings=replace(settings, valid_share=0)).fit(texts, labels)
    for name in ("embedding", "ngram_embedding"):  # the output layer is calibrated
        assert torch.equal(found.model_.get_parameter(name), alone.model_.get_parameter(name))
    kept = TextClassifier(settings=replace(settings, refit=False)).fit(texts, labels)
    words = kept.vocabulary_.tokens
    assert len(words) < len(found.vocabulary_)
    scale = kept.model_.output_weight[0, 0]
    assert scale != 1
    torch.testing.assert_close(found.model_.output_weight, torch.eye(2) * scale)


@pytest.mark.parametrize("name", ["word_avg", "cnn"])
def test_a_refit_has_as_many_epochs_as_were_kept(reviews, name, monkeypatch):
    texts, labels = reviews()
    seen = []

    def fit(model, data, *, settings, **options):
        seen.append((len(data.training), settings))
        return fit_model(model, data, settings=settings, **options)

    monkeypatch.setattr("textkit.classifier.fit_methods.fit_model", fit)
    settings = ClassifierSettings(epochs=5, min_steps=20, keep_best=True, refit=True, patience=2, valid_share=0.25)
    history = TextClassifier(name, settings=settings).fit(texts, labels).history_
    best = max(history, key=lambda report: (report.valid_accuracy, -report.valid_loss, -report.epoch)).epoch
    (first, _), (second, again) = seen
    assert (first, second) == (round(0.75 * len(texts)), len(texts))
    assert (again.epochs, again.min_steps, again.keep_best, again.patience) == (best, 4 * best, False, None)
    seen.clear()
    TextClassifier(name, settings=settings).fit(texts, labels, valid=(texts[:4], labels[:4]))
    TextClassifier(name, settings=replace(settings, valid_share=0)).fit(texts, labels)
    assert len(seen) == 2


@pytest.mark.parametrize("model", ["word_avg", CnnConfig(dim=16, filters=16), RnnClassifierConfig(dim=16, hidden=16)])
def test_few_texts_of_many_classes_are_learned(model):
    random = np.random.default_rng(1)
    labels = np.repeat(np.arange(12), 12)
    texts = [" ".join([f"w{i}" for i in random.integers(0, 40, 4)] + [f"of{label}"]) for label in labels]
    learned, asked = slice(0, None, 2), slice(1, None, 2)
    classifier = TextClassifier(model).fit(texts[learned], labels[learned])
    assert classifier.score(texts[asked], labels[asked]) > 0.8
    assert len(classifier.history_) <= default_classifier_settings(model).epochs


def test_the_order_of_parameters_does_not_matter():
    first = TextClassifier("word_avg").set_params(settings__epochs=3).set_params(model="char_gru")
    assert first._settings() == replace(default_classifier_settings("char_gru"), epochs=3, min_steps=0)


def test_the_rate_of_a_linear_model_grows_with_the_classes(reviews):
    texts, labels = reviews()
    once = ClassifierSettings(epochs=1)
    two = TextClassifier(settings=once).fit(texts, labels)
    many = TextClassifier(settings=once).fit(texts, [f"{label}{n // 2 % 4}" for n, label in enumerate(labels)])
    given = TextClassifier(settings=replace(once, vector_rate=0.3)).fit(texts, labels)
    several = [[label, str(n % 4)] for n, label in enumerate(labels)]
    groups = TextClassifier(settings=once, multi_label=True).fit(texts, several)
    rates = [found.metadata_["settings"]["vector_rate"] for found in (two, many, given, groups)]
    assert rates == pytest.approx([0.1 * 2**0.5, 0.1 * len(many.classes_) ** 0.5, 0.3, 0.1 * 2**0.5])
    assert len(many.classes_) > 4
