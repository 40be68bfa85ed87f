"""Arguments by the names that they have in other libraries."""

import dataclasses
import inspect

import pytest

import textkit
from textkit.generation.settings import GenerationSettings
from textkit.language_model import train


@pytest.mark.parametrize(
    ("function", "name", "ours"),
    [
        (textkit.train_language_model, "n_epochs", "settings=LanguageModelSettings(epochs=...)"),
        (textkit.train_language_model, "epochs", "settings=LanguageModelSettings(epochs=...)"),
        (textkit.train_language_model, "bptt", "settings=LanguageModelSettings(window=...)"),
        (textkit.train_language_model, "lr", "settings=LanguageModelSettings(learning_rate=...)"),
        (textkit.train_language_model, "hidden_size", "config=RnnLanguageModelConfig(hidden=...)"),
        (textkit.train_language_model, "embedding_dim", "config=RnnLanguageModelConfig(dim=...)"),
        (textkit.train_language_model, "random_state", "seed"),
        (textkit.LanguageModelSettings, "lr", "learning_rate"),
        (textkit.RnnLanguageModelConfig, "num_layers", "layers"),
        (textkit.WordAvgConfig, "ngram_range", "ngrams"),
        (textkit.CnnConfig, "kernel_sizes", "widths"),
        (textkit.RnnClassifierConfig, "hidden_size", "hidden"),
        (textkit.WordVectors.load, "binary", "format"),
        (GenerationSettings, "max_new_tokens", "length"),
    ],
)
def test_the_error_names_ours(function, name, ours):
    with pytest.raises(TypeError) as caught:
        function(**{name: 3})
    assert str(caught.value) == f"{function.__name__}() has no argument {name!r}; use {ours}"


def test_a_method_names_ours(random_model):
    with pytest.raises(TypeError, match=r"generate\(\) has no argument 'max_length'; use length"):
        random_model().generate("a", max_length=3)
    with pytest.raises(TypeError, match=r"stream\(\) has no argument 'n_words'; use length"):
        random_model().stream("a", n_words=3)


def test_names_of_ours_are_arguments_and_other_mistakes_stay_as_they_are():
    assert not set(train._OTHER_NAMES) & set(inspect.signature(textkit.train_language_model).parameters)
    for kind in (textkit.LanguageModelSettings, textkit.RnnLanguageModelConfig, GenerationSettings):
        module = inspect.getmodule(kind)
        names = {field.name for field in dataclasses.fields(kind)}
        assert not set(module.OTHER_NAMES) & names
        assert {ours for ours in module.OTHER_NAMES.values() if " " not in ours} <= names
    with pytest.raises(TypeError, match="unexpected keyword argument 'abacus'"):
        textkit.LanguageModelSettings(abacus=3)
    assert dataclasses.replace(textkit.LanguageModelSettings(epochs=2), epochs=3).epochs == 3
