from dataclasses import replace

import numpy as np
import pytest

from textkit.classifier.defaults import CONFIGS, MODEL_NAMES, default_classifier_settings, model_config
from textkit.models.cnn import CnnConfig
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
    assert model_config(name, vectors=vectors) == replace(CONFIGS[name], dim=7)
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
