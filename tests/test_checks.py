import json
from dataclasses import asdict, fields

import numpy as np
import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.generation.settings import GenerationSettings
from textkit.language_model.settings import LanguageModelSettings
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.word2vec.settings import Word2VecSettings

ALL = (
    ClassifierSettings,
    GenerationSettings,
    LanguageModelSettings,
    CnnConfig,
    RnnClassifierConfig,
    RnnLanguageModelConfig,
    WordAvgConfig,
    Word2VecSettings,
)


def attributes(kind, *, without=()):
    """Each attribute of each class whose default is of a kind."""
    return [
        pytest.param(settings, field.name, id=f"{settings.__name__}.{field.name}")
        for settings in ALL
        for field in fields(settings)
        if type(field.default) is kind and field.name not in without
    ]


@pytest.mark.parametrize(("settings", "name"), attributes(bool))
@pytest.mark.parametrize("wrong", ["no", "False", 0, None])
def test_a_switch_is_true_or_false(settings, name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be True or False, got {wrong!r}"):
        settings(**{name: wrong})


@pytest.mark.parametrize(("settings", "name"), attributes(int))
@pytest.mark.parametrize("wrong", [-1, 2.0, "2", True, np.float64(3)])
def test_a_count_is_a_whole_number(settings, name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least"):
        settings(**{name: wrong})


@pytest.mark.parametrize(("settings", "name"), attributes(float))
@pytest.mark.parametrize("wrong", ["0.5", True, float("nan"), float("inf"), [0.5]])
def test_a_number_is_finite(settings, name, wrong):
    with pytest.raises(ValueError, match=f"{name} must be "):
        settings(**{name: wrong})


@pytest.mark.parametrize(("settings", "name"), attributes(float, without=["forget_bias"]))
def test_only_a_bias_may_be_negative(settings, name):
    with pytest.raises(ValueError, match=f"{name} must be "):
        settings(**{name: -1})
    assert RnnLanguageModelConfig(forget_bias=-1).forget_bias == -1


@pytest.mark.parametrize(("settings", "name"), [*attributes(bool), *attributes(int), *attributes(float)])
def test_numpys_numbers_become_pythons(settings, name):
    default = getattr(settings(), name)
    stored = getattr(settings(**{name: np.array(default)[()]}), name)
    assert type(stored) is type(default)
    assert stored == default


@pytest.mark.parametrize("wrong", ["23", 5.0, (0, 3), (3, 3), ("a",)])
def test_cutoffs_are_rising_whole_numbers(wrong):
    with pytest.raises(ValueError, match="cutoffs must be strictly increasing integers above 0"):
        RnnLanguageModelConfig(cutoffs=wrong)


def test_cutoffs_of_numpy_can_be_saved():
    config = RnnLanguageModelConfig(cutoffs=np.array([10, 20]))
    assert json.loads(json.dumps(asdict(config)))["cutoffs"] == [10, 20]
