import math

import numpy as np
import pytest

import textkit
from textkit.classifier import search
from textkit.classifier.search import search_classifier
from textkit.classifier.settings import ClassifierSettings
from textkit.models.word_avg import WordAvgConfig


@pytest.fixture
def quick(monkeypatch):
    """Candidates of few epochs."""
    settings = [ClassifierSettings(epochs=2, vector_rate=rate) for rate in (0.01, 0.2)]
    choices = {"model": [WordAvgConfig(ngrams=1, buckets=8), WordAvgConfig(dim=4, buckets=8)], "settings": settings}
    monkeypatch.setitem(search._CHOICES, "word_avg", choices)
    monkeypatch.setattr(search, "_FEWEST_TEXTS", 20)
    return search


def test_the_best_is_trained_on_all_texts(quick, reviews, capsys):
    texts, labels = reviews(200)
    found = search_classifier(texts, labels, seconds=600, models=["word_avg"])
    assert found.score(texts, labels) > 0.9
    result = found.metadata_["search"]
    assert result["score"] > 0.8
    assert result["texts"] > 180  # a power of three times those of the first round
    assert result["trainings"] >= 4
    assert set(found.vocabulary_.tokens) >= {word for text in texts for word in text.split()}
    assert found.settings.refit
    assert "search" in capsys.readouterr().err


def test_the_best_of_the_last_complete_round_wins(monkeypatch, reviews):
    late = {"n_resources": [20, 20, 60], "iter": [0, 0, 1], "mean_test_score": [0.4, 0.6, math.nan]}
    params = [{"model": WordAvgConfig(buckets=size)} for size in (2, 4, 2)]
    monkeypatch.setattr(search, "_halved", lambda *_: late | {"params": params})
    found = search_classifier(*reviews(), seconds=5, models=["word_avg"], progress=False)
    assert found.model.buckets == 4
    assert found.metadata_["search"]["texts"] == 20


def test_no_training_starts_when_the_time_is_over(monkeypatch, reviews):
    times = iter(np.arange(0, 1000, 0.5))
    monkeypatch.setattr(search.time, "monotonic", lambda: float(next(times)))
    with pytest.raises(ValueError, match="seconds must suffice for one training, got 1; allow more"):
        search_classifier(*reviews(), seconds=1, models=["word_avg"], progress=False)


def test_defaults_are_among_the_candidates(monkeypatch, reviews):
    clock = search._Clock(1e6, {}, textkit.progress.ProgressBar("search", total=1, unit="s", show=False))
    monkeypatch.setattr(search._Candidate, "fit", lambda self, texts, labels: self)
    texts, labels = reviews(1000)
    candidates = search._candidates(clock, texts, np.array(labels), ["word_avg", "cnn"], 1)
    assert [each["model"] for each in candidates[:2]] == [search.CONFIGS["word_avg"], search.CONFIGS["cnn"]]
    assert len(candidates) == 27  # 1,000, 333 and 111 texts


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"seconds": 0}, ValueError, "seconds must be a positive number, got 0; 600 is ten minutes"),
        ({"seconds": math.inf}, ValueError, "seconds must be a positive number, got inf"),
        ({"models": "cnn"}, TypeError, "models must be a list of names, got the str 'cnn'"),
        ({"models": ["bert"]}, ValueError, "models must be one of word_avg, cnn, bilstm, char_gru, got 'bert'"),
        ({"models": []}, ValueError, "models must be at least one of word_avg"),
        ({"seed": -1}, ValueError, "seed must be"),
    ],
)
def test_wrong_arguments_are_named(options, error, message):
    with pytest.raises(error, match=message):
        search_classifier(["a", "b"], [0, 1], **{"seconds": 1, **options})
