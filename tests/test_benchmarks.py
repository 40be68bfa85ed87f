"""Each benchmark runs at a small size on a CPU, without what only reads text, and says what it measured and where."""

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
pytestmark = pytest.mark.slow
# What is imported at the start of every process: a machine without the packages that only read text.
WITHOUT = """
import sys

for name in ("pyarrow", "typer", "pooch", "spacy", "datasets", "pandas"):
    sys.modules[name] = None
"""


def environment(folder):
    """Of a machine that has only what computes."""
    (folder / "sitecustomize.py").write_text(WITHOUT)
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}


def figures(name, *arguments, folder):
    """Run a benchmark, and return its figures and what it printed."""
    target = folder / "figures.json"
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, *map(str, arguments), "--device", "cpu", "--json", target],
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=folder,
    )
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["device"].startswith("CPU")
    assert {"torch", "threads", "counted"} <= set(found)
    return found, done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    command = [sys.executable, BENCHMARKS / "gpu_pack.py", folder, "--small"]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True)
    return folder


def test_word_vectors(packed, tmp_path):
    arguments = ("--tokens", 300, "--epochs", 1, "--seeds", 1, "--dim", 8, "--unscored")
    found, printed = figures("word2vec_gpu.py", packed / "tales", *arguments, folder=tmp_path)
    assert found["tokens"] == 300
    assert found["copy"] > 1e6
    assert found["cpu"][0]["words_per_second"] > 0
    assert "words/s" in printed
    if not find_spec("triton"):
        assert found["gpu"] == []
        return
    run = found["gpu"][0]
    assert run["seconds"] * run["words_per_second"] == pytest.approx(300)
    # A word reads and adds at most the rows of its tile, and at least the mark that subsampling writes.
    assert 10 < run["bytes_per_word"] < 8 * 8 * (2 * run["tuning"]["tile"] + run["drawn"])


def test_language_models(packed, tmp_path):
    found, printed = figures("language_model.py", "--recipe", "tales", "--packed", packed, folder=tmp_path)
    run = found["tales"]
    assert run["epochs"] == 1
    assert run["precision"] == "float32"
    assert 1 < run["validation_nats"] < 4.5  # less than chance among 90 characters
    assert run["tokens_per_second"] > 0
    assert "validation nats" in printed


def test_classifiers(packed, tmp_path):
    arguments = ("--data", "reviews", "--model", "cnn", "--seeds", 1, "--epochs", 1, "--texts", 60, "--packed", packed)
    found, printed = figures("classification.py", *arguments, folder=tmp_path)
    (run,) = found["runs"]["reviews"]["cnn"]
    assert run["test_texts"] == 60
    assert 0 < run["accuracy"] <= 1
    assert 0 < run["training_seconds"] <= run["seconds"] <= run["process_seconds"]
    assert "| cnn | 1 |" in printed


def test_learning_curves(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    curves = import_module("learning_curves")
    runs = {
        "trec, 1,000 texts": {
            "tfidf": [{"accuracy": 0.7, "train_texts": 1000}, {"accuracy": 0.8, "train_texts": 1000}]
        },
        "trec": {"tfidf": [{"accuracy": 0.9, "train_texts": 5000}], "fasttext": [{"failed": "nan"}]},
        "zh": {"cnn": [{"accuracy": 0.5, "train_texts": 90}]},
    }
    assert curves.cut_name("trec", 1000) in runs
    found = curves.points(runs)
    assert found["trec"] == {"tfidf": [(1000, pytest.approx(75)), (5000, pytest.approx(90))]}
    assert found["zh"] == {"cnn": [(90, pytest.approx(50))]}
    curves.draw(runs, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_cuts_are_drawn_by_the_seed(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    data = import_module("classification_data")
    options = {"packed": None, "texts": None}
    cuts = [data.read(data.DATA["reviews"], {**options, "cut": 50, "seed": seed})[0] for seed in (1, 1, 2)]
    assert [len(cut) for cut in cuts] == [50] * 3
    assert cuts[0] == cuts[1] != cuts[2]
    assert len(data.read(data.DATA["reviews"], {**options, "cut": 10**6, "seed": 1})[0]) > 700
    monkeypatch.delenv("TEXTKIT_DATA", raising=False)
    assert data.chosen_names(["all"]) == list(data.PUBLIC)


def test_approximate_search(tmp_path):
    command = [sys.executable, BENCHMARKS / "approximate_search.py", "--words", "2000", "--dim", "8", "--queries", "40"]
    target = tmp_path / "figures.json"
    subprocess.run([*command, "-o", target], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, cwd=tmp_path)
    found = json.loads(target.read_text(encoding="utf-8"))
    assert [0 < taken["recall"] <= 1 for taken in found["shares"].values()] == [True] * 3
    assert found["exact"]["queries"] == 40


@pytest.mark.slow
def test_transformer_on_a_gpu_is_rehearsed_on_a_cpu(tmp_path):
    target = tmp_path / "figures.json"
    arguments = ["--device", "cpu", "--small", "--batch-size", "2", "--rounds", "1", "--steps", "1", "--json", target]
    command = [sys.executable, BENCHMARKS / "transformer_gpu.py", *arguments]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, cwd=tmp_path)
    figures = json.loads(target.read_text(encoding="utf-8"))
    names = ["textkit, compiled", "textkit", "plain PyTorch", "plain PyTorch, compiled"]
    assert [0 < figures[name]["share"] < 1 for name in names] == [True] * 4


def test_serving(tmp_path):
    pytest.importorskip("fastapi")
    target = tmp_path / "figures.json"
    arguments = ["--model", "cnn", "--requests", "40", "--clients", "8", "--json", target]
    command = [sys.executable, BENCHMARKS / "serving.py", *arguments]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, cwd=tmp_path)
    runs = json.loads(target.read_text(encoding="utf-8"))["runs"]
    assert [(run["clients"], run["largest_batch"]) for run in runs] == [(1, 1), (8, 1), (8, 64)]
    assert all(0 < run["p50"] <= run["p95"] and run["per_second"] > 0 for run in runs)


def test_the_script_for_a_gpu_goes_on_after_a_part_that_fails_or_takes_too_long(packed, tmp_path):
    """In place of Python stands a script that fails in one part and takes too long in others."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\ncase $* in *word2vec_gpu*) exit 3;; *tales*) sleep 9;; esac\n")
    python.chmod(0o755)
    out = tmp_path / "out"
    script = (BENCHMARKS / "gpu_all.sh").read_text(encoding="utf-8")
    copy = tmp_path / "benchmarks" / "gpu_all.sh"
    copy.parent.mkdir()
    copy.write_text(script.replace("part 75 characters", "part 1 characters"))
    subprocess.run(
        ["bash", copy, packed, out],
        env={**os.environ, "DEVICE": "cpu", "PYTHON": str(python), "SECONDS_IN_ALL": "4"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    parts = [line.rpartition(" after ")[0] for line in (out / "parts.txt").read_text().splitlines()]
    assert parts == [
        "kernel: status 0",
        "word2vec: status 3",
        "characters: status 124",
        "cnn: status 0",
        "transformer: status 0",
        "words: status 124",  # cut off by the limit of all parts
        "cnn-float32: left out",
    ]
