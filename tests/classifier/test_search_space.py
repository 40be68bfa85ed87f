from dataclasses import replace

import pytest

from textkit.classifier.search_space import search_spaces
from textkit.classifier.settings import ClassifierSettings
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig

SHORT = ClassifierSettings(epochs=2, batch_size=16, valid_share=0.25)


def spaces(models, texts=("a good film", "so bad"), settings=SHORT, **options):
    given = {"classes": 4, "vectors": None, "tokenizer": None, **options}
    return {space.name: space for space in search_spaces(models, texts, settings=settings, **given)}


def test_what_is_varied():
    found = spaces(["word_avg", "cnn", "bilstm", "char_gru"])
    assert list(found) == ["word_avg", "word_avg of characters", "cnn", "bilstm", "char_gru"]
    assert dict(found["word_avg"].defaults) == {"ngrams": 2, "dim": None, "word_dropout": 0.0, "vector_rate": 0.2}
    assert found["word_avg of characters"].tokenizer == "character"
    assert found["word_avg of characters"].defaults["ngrams"] == 4
    rate = found["char_gru"].distributions["learning_rate"]
    assert (rate.low, rate.high, rate.log) == (pytest.approx(0.00075), pytest.approx(0.012), True)
    assert set(found["bilstm"].defaults) == {"dim", "hidden", "dropout", "learning_rate"}
    for space in found.values():
        for name, value in space.defaults.items():
            distribution = space.distributions[name]
            assert distribution._contains(distribution.to_internal_repr(value))


def test_what_is_given_is_not_varied():
    found = spaces(["word_avg", "cnn"], settings=replace(SHORT, learning_rate=0.5, vector_rate=0.3), tokenizer="word")
    assert list(found) == ["word_avg", "cnn"]
    assert not {"learning_rate", "vector_rate"} & {*found["word_avg"].defaults, *found["cnn"].defaults}
    assert {space.tokenizer for space in found.values()} == {"word"}
    assert spaces(["char_gru"], tokenizer="word")["char_gru"].tokenizer is None


def test_the_values_of_a_config_are_its_defaults():
    found = spaces([CnnConfig(dim=7, filters=9), CnnConfig(dim=300), RnnClassifierConfig(), WordAvgConfig(dim=10)])
    assert list(found) == ["CnnConfig", "CnnConfig 2", "RnnClassifierConfig", "WordAvgConfig"]
    assert found["CnnConfig"].distributions["dim"].low == 7
    assert found["CnnConfig 2"].distributions["dim"].high == 300
    assert found["CnnConfig"].config_of({"dim": 8, "learning_rate": 1.0}) == CnnConfig(dim=8, filters=9)
    assert found["CnnConfig"].settings_of({"dim": 8, "learning_rate": 1.0}) == replace(SHORT, learning_rate=1.0)
    assert found["WordAvgConfig"].distributions["dim"].choices == (10, 16, 64, None)
