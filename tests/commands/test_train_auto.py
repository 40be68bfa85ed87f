"""``python -m textkit.train classifier --model auto``."""

import re
import signal
from functools import partial

import pytest

from textkit.classifier.search import HELD_OUT
from textkit.classifier.search_run import SearchRun
from textkit.classifier.settings import ClassifierSettings
from textkit.loading import load
from textkit.training.interrupts import Terminated

SHORT = ("--model", "auto", "--trials", 2, "--seconds", 0, "--epochs", 1)


@pytest.fixture
def run(run):
    """Run ``textkit.train classifier`` in this process."""
    return partial(run, "textkit.train", "classifier")


@pytest.fixture
def asked(run, monkeypatch):
    """Run the command up to the search; returns what it was asked for."""

    def asked(*arguments):
        given = []

        def search(texts, labels, weights, **options):
            given.append(options)
            raise ValueError("nothing is searched")

        monkeypatch.setattr("textkit.classifier.search.search_classifier", search)
        code, _, err = run(*arguments)
        assert (code, err) == (1, "error: nothing is searched\n")
        return given[0]

    return asked


def test_the_best_candidate_is_saved(run, table, tmp_path):
    out = tmp_path / "model"
    code, printed, err = run(table, "-o", out, *SHORT, "--vector-rate", 0.5)
    assert code == 0, err
    assert re.search(r"^1\. word_avg with its defaults: [\d.]+, [\d.]+ s$", err, re.MULTILINE)
    assert re.search(r"^2\. word_avg of characters with its defaults: [\d.]+, [\d.]+ s$", err, re.MULTILINE)
    assert re.fullmatch(
        rf"{out}: word_avg( of characters)?, 2 classes, 32 texts; validation accuracy [\d.]+( \([\d.]+ with the "
        r"defaults\))?; 2 candidates\n",
        printed,
    )
    assert len(load(out).metadata_["search"]["trials"]) == 2


def test_quiet(run, table, tmp_path):
    code, printed, err = run(table, "-o", tmp_path / "model", *SHORT, "--quiet")
    assert (code, err) == (0, "")
    assert printed.endswith("; 2 candidates\n")


def test_options_reach_the_search(asked, table, tmp_path):
    options = (
        "--model auto --seconds 5 --trials 7 --seed 3 --device cuda --tokenizer word --class-weight balanced --metric "
        "f1_macro --min-count 2 --learning-rate 0.1 --no-refit"
    )
    given = asked(table, "-o", tmp_path / "model", *options.split())
    assert (given["seconds"], given["trials"], given["seed"], given["device"]) == (5, 7, 3, "cuda")
    assert (given["tokenizer"], given["class_weight"], given["valid"]) == ("word", "balanced", None)
    assert given["settings"] == ClassifierSettings(
        metric="f1_macro", min_count=2, learning_rate=0.1, valid_share=HELD_OUT, refit=False
    )
    assert given["models"] == ("word_avg", "cnn", "bilstm", "char_gru")


def test_defaults_of_the_budget(asked, table, tmp_path):
    given = asked(table, "-o", tmp_path / "model", "--model", "auto", "--valid", table)
    assert (given["seconds"], given["trials"]) == (600, None)
    assert given["valid"][1] == ["1"] * 16 + ["0"] * 16
    assert (
        asked(table, "-o", tmp_path / "model", "--model", "auto", "--valid-share", 0.3)["settings"].valid_share == 0.3
    )
    assert asked(table, "-o", tmp_path / "model", *SHORT)["seconds"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--model auto --dim 9", "--dim must be left out with --model auto, got 9; choose a model to set it"),
        ("--model auto --ngrams 3", "--ngrams must be left out with --model auto, got 3; choose a model to set it"),
        ("--model auto --quantize", "--quantize must be left out with --model auto, got True"),
        ("--model auto --checkpoint state", "--checkpoint must be left out with --model auto, got state"),
        ("--model auto --plot a.png", "--plot must be left out with --model auto, got a.png"),
        ("--model auto --log-dir runs", "--log-dir must be left out with --model auto, got runs"),
        ("--model cnn --seconds 9", "--seconds and --trials must be left out without --model auto; add it"),
        ("--model auto --seconds 0", "seconds must be given without trials, got None for both; 600 is usual"),
        ("--model auto --seconds -1", "seconds must be a finite number above 0, got -1.0"),
    ],
)
def test_options_that_do_not_go_together(run, table, tmp_path, options, message):
    code, printed, err = run(table, "-o", tmp_path / "model", *options.split(), cwd=tmp_path)
    assert (code, printed) == (1, "")
    assert err.startswith(f"error: {message}")
    assert not (tmp_path / "model").exists()


def test_a_file_for_fasttext_is_refused(run, table, tmp_path):
    code, _, err = run(table, "-o", tmp_path / "model.bin", "--model", "auto")
    assert code == 1
    assert err.startswith("error: --output must be a folder with --model auto")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(signal.SIGTERM), 143)])
def test_the_best_so_far_is_saved_when_it_is_stopped(run, table, tmp_path, monkeypatch, error, code):
    record = SearchRun._record

    def stopped(self, *arguments):
        record(self, *arguments)
        raise error

    monkeypatch.setattr(SearchRun, "_record", stopped)
    out = tmp_path / "model"
    found, printed, err = run(table, "-o", out, *SHORT)
    assert (found, printed) == (code, "")
    assert err.endswith(f"interrupted; {out}: saved the best of 1 candidate\n")
    assert load(out).predict(["good"]).shape == (1,)
