import pytest

import textkit
from textkit.classifier import search
from textkit.classifier.settings import ClassifierSettings
from textkit.models.word_avg import WordAvgConfig


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    rows = [f"{word} film {number},{label}" for number in range(30) for word, label in (("good", 1), ("bad", 0))]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


def test_the_best_is_saved(run, table, tmp_path, monkeypatch):
    choices = {"model": [WordAvgConfig(buckets=8)], "settings": [ClassifierSettings(epochs=1)]}
    monkeypatch.setitem(search._CHOICES, "word_avg", choices)
    done = run("textkit.train", "search-classifier", table, "-o", tmp_path / "model", "--model", "word_avg")
    assert done.code == 0, done.err
    assert done.out == f"{tmp_path / 'model'}: word_avg, 2 classes, 60 texts; 100.0 % in the search, 1 trainings\n"
    assert "search" in done.err
    found = textkit.load(tmp_path / "model")
    assert found.predict(["good", "bad"]).tolist() == ["1", "0"]
    assert found.metadata_["search"]["score"] == 1


def test_wrong_options_are_errors(run, table, tmp_path):
    done = run("textkit.train", "search-classifier", table, "-o", tmp_path / "model", "--seconds", 0)
    assert (done.code, done.out) == (1, "")
    assert "error: seconds must be a positive number, got 0.0; 600 is ten minutes" in done.err
    assert not (tmp_path / "model").exists()
    done = run("textkit.train", "search-classifier", table, "-o", tmp_path / "x.bin", "--seconds", 1)
    assert (done.code, done.err.startswith("error: --output must be a folder")) == (1, True)
