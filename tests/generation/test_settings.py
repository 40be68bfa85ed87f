import math

import numpy as np
import pytest

from textkit.generation.settings import GenerationSettings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"temperature": -0.1},
            r"temperature must be a finite number of at least 0, got -0\.1; 0 takes the most probable",
        ),
        ({"temperature": math.nan}, "temperature must be a finite number of at least 0, got nan"),
        ({"temperature": math.inf}, "temperature must be a finite number of at least 0, got inf"),
        ({"temperature": "warm"}, "temperature must be a finite number of at least 0, got 'warm'"),
        ({"temperature": True}, "temperature must be a finite number"),
        ({"stop": 3}, "stop must be one or more non-empty strings, got 3"),
        ({"top_k": 0}, "top_k must be an integer of at least 1, got 0; leave it out to sample from all"),
        ({"top_k": 2.5}, r"top_k must be an integer of at least 1, got 2\.5"),
        ({"top_k": True}, "top_k must be an integer"),
        ({"top_p": 0}, "top_p must be above 0 and at most 1, got 0; 1 keeps all tokens"),
        ({"top_p": 1.01}, r"top_p must be above 0 and at most 1, got 1\.01"),
        ({"top_p": -1}, "top_p must be above 0"),
        ({"top_p": math.nan}, "top_p must be above 0 and at most 1, got nan"),
        ({"length": 0}, "length must be an integer of at least 1, got 0"),
        ({"length": 1.5}, "length must be an integer"),
        ({"samples": 0}, "samples must be an integer of at least 1, got 0"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1; 1 is usual"),
        ({"seed": "x"}, "seed must be an integer"),
        ({"stop": ""}, "stop must be one or more non-empty strings, got ''"),
        ({"stop": ["a", ""]}, "stop must be one or more non-empty strings"),
        ({"stop": [1]}, "stop must be one or more non-empty strings, got 1"),
        ({"unknown": "drop"}, "unknown must be one of error, skip, got 'drop'"),
    ],
)
def test_bad_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        GenerationSettings(**wrong)


def test_numbers_of_numpy_are_numbers():
    settings = GenerationSettings(temperature=np.float32(0.5), top_k=np.int64(2), seed=np.int32(3), length=np.int16(4))
    assert np.isfinite(settings.sampled(np.log([0.2, 0.3, 0.5]))).tolist() == [False, True, True]


def test_the_order_is_temperature_then_top_k_then_top_p():
    # squared and among the first three: 16, 9 and 4 of 29; the first two have 0.86 of it
    logits = np.log([0.1, 0.2, 0.3, 0.4])
    settings = GenerationSettings(temperature=0.5, top_k=3, top_p=0.85)
    assert np.isfinite(settings.sampled(logits)).tolist() == [False, False, True, True]
    settings = GenerationSettings(temperature=0.5, top_k=3, top_p=0.87)
    assert np.isfinite(settings.sampled(logits)).tolist() == [False, True, True, True]
