import numpy as np
import pytest

from textkit.language_model.settings import LanguageModelSettings


def test_numbers_of_numpy_are_taken_as_they_are():
    settings = LanguageModelSettings(window=np.int64(7), learning_rate=np.float32(0.5), clip_norm=1)
    assert (type(settings.window), settings.window) == (int, 7)
    assert (type(settings.learning_rate), settings.learning_rate) == (float, 0.5)
    assert type(settings.clip_norm) is float


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer of at least 1 stream, got 0"),
        ({"window": 2.5}, r"window must be an integer of at least 1 token, got 2\.5"),
        ({"epochs": True}, "epochs must be an integer of at least 1 epoch, got True"),
        ({"accumulate": 0}, "accumulate must be an integer of at least 1 batch, got 0"),
        ({"min_count": 0}, "min_count must be an integer of at least 1 token, got 0"),
        ({"max_vocab": 0}, "max_vocab must be an integer of at least 1 token, got 0"),
        ({"warmup": -1}, "warmup must be an integer of at least 0 steps, got -1"),
        ({"non_monotone": -1}, "non_monotone must be an integer of at least 0 epochs, got -1"),
        ({"patience": 0}, "patience must be an integer of at least 1 epoch, got 0"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0, got 0\.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number of at least 0, got nan"),
        ({"weight_decay": -0.1}, r"weight_decay must be a finite number of at least 0, got -0\.1"),
        ({"clip_norm": 0}, "clip_norm must be above 0, got 0"),
        ({"plateau_factor": 1}, r"plateau_factor must be below 1, got 1\.0; 0\.25 is usual"),
        ({"optimizer": "adam"}, "optimizer must be one of adamw, sgd, muon, got 'adam'"),
        ({"schedule": "step"}, "schedule must be one of constant, linear, cosine, plateau, got 'step'"),
        ({"precision": "float16"}, "precision must be one of auto, float32, bfloat16, got 'float16'"),
        ({"state_reset": 1.0}, "state_reset must be at least 0 and below 1, got 1.0"),
        ({"documents": True, "random_windows": True}, "random_windows must be False with documents, got True"),
    ],
)
def test_wrong_settings_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        LanguageModelSettings(**wrong)
