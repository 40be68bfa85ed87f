from dataclasses import fields, replace

import pytest

from textkit.language_model.defaults import default_config, default_settings
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import PLAIN, RnnLanguageModel, RnnLanguageModelConfig


@pytest.mark.parametrize("unit", ["char", "word"])
def test_what_is_not_given_suits_the_unit(unit):
    config, settings = default_config(unit), default_settings(unit)
    assert RnnLanguageModelConfig().completed(config) == config
    assert RnnLanguageModelConfig(layers=3).completed(config) == replace(config, layers=3)
    given = RnnLanguageModelConfig(tied=False, output_dropout=0, cutoffs=(5,))
    assert given.completed(config) == replace(config, tied=False, output_dropout=0, cutoffs=(5,))
    assert LanguageModelSettings().completed(settings) == settings
    assert LanguageModelSettings(epochs=5, clip_norm=None).completed(settings) == replace(
        settings, epochs=5, clip_norm=None
    )
    for complete in (config, settings):
        assert complete.completed(complete) == complete
        open_fields = [field.name for field in fields(complete) if getattr(complete, field.name) is None]
        assert set(open_fields) <= {"patience", "max_vocab"}  # None means something there


def test_training_takes_the_defaults_of_its_unit():
    texts = [["a", "b", "a", "c"]] * 40 + [["once"]]
    config = RnnLanguageModelConfig(dim=4, hidden=4)
    settings = LanguageModelSettings(epochs=1)
    model = train_language_model(texts, unit="word", config=config, settings=settings, progress=False)
    assert model.model.config == replace(default_config("word"), dim=4, hidden=4)
    assert "once" not in model.vocabulary
    model = train_language_model(["a fox"] * 300, config=config, settings=settings, progress=False)
    assert model.model.config == replace(default_config("char"), dim=4, hidden=4)


def test_a_network_made_by_hand_is_plain():
    assert RnnLanguageModel(RnnLanguageModelConfig(dim=3, hidden=4), 5).config == replace(PLAIN, dim=3, hidden=4)
