import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from sklearn.base import clone

from textkit.classifier.defaults import default_classifier_settings
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.loading import load
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig

SETTINGS = ClassifierSettings(epochs=3, batch_size=8, learning_rate=0.05)


@dataclass(frozen=True, kw_only=True)
class SumConfig(ClassifierConfig):
    dim: int = 4
    scale: float = 2.0

    def network(self, vocab, classes, *, generator=None):
        return Sum(self, vocab, classes, width=self.dim, bound=0.5, generator=generator)


class Sum(Classifier):
    def features(self, ids, mask):
        return self.config.scale * self.embed(ids).sum(1)


@dataclass(frozen=True, kw_only=True)
class GatedConfig(WordAvgConfig):
    def network(self, vocab, classes, *, generator=None):
        return Gated(self, vocab, classes, generator=generator)


class Gated(WordAvg):
    """A word_avg with one more weight, which the kernel of word_avg does not know."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.gate = torch.nn.Parameter(torch.ones(self.config.dim))

    def features(self, ids, mask):
        return self.gate * super().features(ids, mask)


def test_it_trains_predicts_and_comes_back(tmp_path, reviews):
    texts, labels = reviews(48)
    classifier = TextClassifier(SumConfig(), settings=SETTINGS).fit(texts, labels)
    assert isinstance(classifier.model_, Sum)
    assert classifier.score(texts, labels) > 0.9
    assert classifier.explain("good film").label == "good"
    classifier.save(tmp_path / "m")
    found = load(tmp_path / "m", model=SumConfig)
    assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))
    assert found.model_.config == SumConfig()
    classifier.export(tmp_path / "m.pt2")
    assert torch.export.load(tmp_path / "m.pt2").module()(torch.tensor([[2]]), torch.tensor([[True]])).shape == (1, 2)


def test_its_parameters_are_those_of_an_estimator():
    classifier = TextClassifier(SumConfig()).set_params(model__dim=7, settings__epochs=1)
    assert clone(classifier).model == SumConfig(dim=7)
    settings = default_classifier_settings(SumConfig())
    assert settings.learning_rate == 0.001
    assert replace(settings, **{"epochs": 1}).epochs == 1


def test_a_derived_word_avg_is_trained_with_all_its_weights(reviews):
    texts, labels = reviews(24)
    classifier = TextClassifier(GatedConfig(dim=4, buckets=64), settings=SETTINGS).fit(texts, labels)
    assert not torch.equal(classifier.model_.gate, torch.ones(4))
    assert not classifier.explain(texts[0]).exact


def test_a_folder_does_not_say_what_to_import(tmp_path, reviews):
    TextClassifier(SumConfig(), settings=SETTINGS).fit(*reviews(24)).save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"not textkit's, 'SumConfig'; save it again, or pass the class of"):
        load(tmp_path / "m")
    with pytest.raises(ValueError, match=r"model must be SumConfig, with which .* was trained, got GatedConfig"):
        load(tmp_path / "m", model=GatedConfig)
    for wrong in (SumConfig(), Sum, "SumConfig"):
        with pytest.raises(TypeError, match=r"model must be a subclass of textkit\.models\.ClassifierConfig"):
            load(tmp_path / "m", model=wrong)
    config = json.loads((tmp_path / "m" / "config.json").read_bytes())
    (tmp_path / "m" / "config.json").write_text(json.dumps({**config, "model": {"name": 3}}))
    with pytest.raises(ValueError, match="folder must hold a whole classifier"):
        load(tmp_path / "m", model=SumConfig)


@dataclass(frozen=True, kw_only=True)
class WrongConfig(ClassifierConfig):
    def network(self, vocab, classes, *, generator=None):
        return torch.nn.Linear(2, 2)


def test_what_is_no_network(reviews):
    with pytest.raises(
        TypeError, match=r"network of WrongConfig must return a textkit\.models\.Classifier, got Linear"
    ):
        TextClassifier(WrongConfig()).fit(*reviews(24))
    with pytest.raises(
        ValueError, match=r"model must be one of word_avg, .*, or the config of a model, got Classifier"
    ):
        TextClassifier(ClassifierConfig()).fit(*reviews(24))
    with pytest.raises(NotImplementedError, match="ClassifierConfig must override network"):
        ClassifierConfig().network(2, 2)
