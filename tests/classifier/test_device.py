"""Where classifiers are trained and used by default."""

import pytest
import torch

import textkit
from textkit.classifier import fit_methods
from textkit.commands.device import place_classifier
from textkit.training import devices

TEXTS, LABELS = ["good", "so good", "bad", "a bad one"] * 4, [1, 1, 0, 0] * 4


@pytest.mark.parametrize(("config", "asked"), [(textkit.WordAvgConfig(dim=4, buckets=64), "cpu"), ("cnn", "auto")])
def test_the_fast_path_of_word_avg_is_on_the_cpu(config, asked, monkeypatch):
    found = []
    monkeypatch.setattr(
        fit_methods, "usable_device", lambda device, progress: found.append(device) or torch.device("cpu")
    )
    config = textkit.CnnConfig(dim=3, filters=2) if config == "cnn" else config
    classifier = textkit.TextClassifier(config, progress=False).fit(TEXTS, LABELS)
    assert classifier.device == "auto"
    assert found == [asked]
    found.clear()
    monkeypatch.setattr(devices, "usable_device", lambda device: found.append(device) or torch.device("cpu"))
    place_classifier(classifier, "auto")
    assert found == [asked] * (asked == "auto")


def test_a_device_that_does_not_exist():
    classifier = textkit.TextClassifier(textkit.CnnConfig(dim=3, filters=2), progress=False).fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="device must be 'auto', 'cpu'"):
        place_classifier(classifier, "abacus")
