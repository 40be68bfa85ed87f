"""What textkit 0.1.0 saved loads and says the same; tests/saved was written by that version."""

import json
from pathlib import Path

import numpy as np
import pytest

import textkit

SAVED = Path(__file__).parent / "saved"
SAID = json.loads((SAVED / "said.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("model", ["word_avg", "cnn"])
def test_a_classifier(model):
    probabilities = textkit.load(SAVED / model).predict_proba(["a good film"])
    np.testing.assert_allclose(probabilities, SAID[model], atol=1e-6)


def test_a_language_model():
    lm = textkit.load(SAVED / "language_model")
    assert lm.score("the hen sees").nats == pytest.approx(SAID["nats"], abs=1e-5)
    assert lm.generate("the ", length=20, seed=1) == SAID["text"]


def test_word_vectors():
    vectors = textkit.WordVectors.load(SAVED / "vectors.safetensors")
    np.testing.assert_array_equal(vectors["fox"], np.array(SAID["fox"], np.float32))
