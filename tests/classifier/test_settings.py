import numpy as np
import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs must be an integer of at least 1 epoch, got 0"),
        ({"min_steps": -1}, "min_steps must be an integer of at least 0 steps, got -1"),
        ({"batch_size": 2.5}, r"batch_size must be an integer of at least 1 text, got 2\.5"),
        ({"budget": 0}, "budget must be an integer of at least 1 token, got 0"),
        ({"min_count": 0}, "min_count must be an integer of at least 1 token, got 0"),
        ({"patience": 0}, "patience must be an integer of at least 1 epoch, got 0"),
        ({"freeze_epochs": -1}, "freeze_epochs must be an integer of at least 0 epochs, got -1"),
        ({"max_vocab": 0}, "max_vocab must be an integer of at least 1 token, got 0"),
        ({"max_length": 0}, "max_length must be an integer of at least 1 token, got 0"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0, got 0\.0"),
        ({"vector_rate": float("inf")}, "vector_rate must be a finite number of at least 0, got inf"),
        ({"weight_decay": -1.0}, r"weight_decay must be a finite number of at least 0, got -1\.0"),
        ({"clip_norm": 0.0}, "clip_norm must be above 0, got 0"),
        ({"rare_dropout": -0.5}, r"rare_dropout must be a finite number of at least 0, got -0\.5; 0 disables it"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be at least 0 and below 1, got 1\.0; 0\.1 is usual"),
        ({"valid_share": 1.5}, r"valid_share must be at least 0 and below 1, got 1\.5; 0\.1 is usual"),
        ({"precision": "float16"}, "precision must be one of auto, float32, bfloat16, got 'float16'"),
    ],
)
def test_wrong_settings_of_a_classifier_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        ClassifierSettings(**wrong)


def test_what_may_be_left_out_is_none():
    names = ("patience", "freeze_epochs", "max_vocab", "max_length", "clip_norm")
    settings = ClassifierSettings(**dict.fromkeys(names))
    assert [getattr(settings, name) for name in names] == [None] * 5
    settings = ClassifierSettings(epochs=np.int64(7), learning_rate=np.float32(0.5))
    assert (type(settings.epochs), type(settings.learning_rate)) == (int, float)


@pytest.mark.parametrize(
    ("least", "steps", "passes"), [(0, 7, 1), (1, 7, 1), (14, 7, 1), (15, 7, 2), (1200, 6, 100), (1200, 10**6, 1)]
)
def test_an_epoch_goes_through_few_texts_several_times(least, steps, passes):
    assert ClassifierSettings(epochs=2, min_steps=least).passes(steps) == passes


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("n_epochs", r"use settings=ClassifierSettings\(epochs=...\)"),
        ("epochs", r"use settings=ClassifierSettings\(epochs=...\)"),
        ("max_features", r"use settings=ClassifierSettings\(max_vocab=...\)"),
        ("ngram_range", r"use model=WordAvgConfig\(ngrams=2\)"),
    ],
)
def test_names_of_other_libraries(name, ours):
    with pytest.raises(TypeError, match=rf"TextClassifier\(\) has no argument '{name}'; {ours}"):
        TextClassifier(**{name: 3})
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        TextClassifier(depth=3)


def test_settings_by_the_names_of_other_libraries():
    with pytest.raises(TypeError, match=r"ClassifierSettings\(\) has no argument 'max_features'; use max_vocab"):
        ClassifierSettings(max_features=3)
