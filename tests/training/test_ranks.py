"""Data-parallel training, started by torchrun with processes on this machine."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from textkit.data.catalog import corpora_folder
from textkit.training.ranks import ALONE, Ranks, joined_ranks

pytestmark = pytest.mark.slow

TALES = corpora_folder() / "tales.txt"
CHILD = """
import json, os, sys, time
import torch
from pathlib import Path
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModelConfig

torch.set_num_threads(1)
options = json.loads(sys.argv[1])
text = Path(options["text"]).read_text()[:20_000]
reports = []

def on_epoch(report):
    reports.append((report.loss, report.valid_loss))
    time.sleep(options["pause"])

model = train_language_model(
    text.splitlines(), valid=0.1, device="cpu", progress=False, checkpoint=options["checkpoint"],
    config=RnnLanguageModelConfig(dim=8, hidden=24, activation_penalty=0.5),
    settings=LanguageModelSettings(
        batch_size=7, window=16, epochs=options["epochs"], state_reset=0.0, documents=options["documents"],
        accumulate=2, schedule="linear",
    ),
    on_epoch=on_epoch,
)
weights = torch.cat([weight.flatten() for weight in model.model.parameters()]).tolist()
line = json.dumps({"rank": os.environ.get("RANK", "0"), "reports": reports, "weights": weights})
Path(options["output"], os.environ.get("RANK", "0")).write_text(line)
"""


CLASSIFIER = """
import json, os, sys
import torch
from pathlib import Path
import textkit

torch.set_num_threads(1)
options = json.loads(sys.argv[1])
texts = [f"{'good' if n % 3 else 'bad'} film number {n % 7} " + "very " * (n % 5) for n in range(60)]
labels = ["pos" if n % 3 else "neg" for n in range(60)]
config = getattr(textkit, options["config"])(dim=6, dropout=0.0)
classifier = textkit.TextClassifier(
    config, settings=textkit.ClassifierSettings(epochs=2, batch_size=7, learning_rate=0.01), progress=False
)
classifier.fit(texts, labels)
reports = [(report.loss, report.valid_loss) for report in classifier.history_]
line = {"reports": reports, "probabilities": classifier.predict_proba(texts[:5]).ravel().tolist()}
Path(options["output"], os.environ.get("RANK", "0")).write_text(json.dumps(line))
"""


def start(folder, ranks, *, code=CHILD, documents=False, epochs=3, checkpoint=None, pause=0.0, config=None):
    output = folder / f"{ranks}-{documents}-{time.monotonic_ns()}"
    output.mkdir()
    options = {
        "text": str(TALES),
        "output": str(output),
        "documents": documents,
        "epochs": epochs,
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "pause": pause,
        "config": config,
    }
    script = folder / "child.py"
    script.write_text(code)
    launch = [] if ranks == 1 else ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    command = [sys.executable, *launch, str(script), json.dumps(options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True), output


def finish(started):
    process, output = started
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return [json.loads((output / name).read_text()) for name in sorted(path.name for path in output.iterdir())]


@pytest.mark.parametrize("documents", [False, True])
def test_any_number_of_processes_trains_the_same(tmp_path, documents):
    (alone,) = finish(start(tmp_path, 1, documents=documents))
    for ranks in (2, 3):
        results = finish(start(tmp_path, ranks, documents=documents))
        assert len(results) == ranks
        assert results[0]["weights"] == results[-1]["weights"]
        assert results[0]["reports"] == results[-1]["reports"]
        for report, expected in zip(results[0]["reports"], alone["reports"], strict=True):
            assert report == pytest.approx(expected, abs=1e-5)
        assert results[0]["weights"] == pytest.approx(alone["weights"], abs=1e-4)


def test_a_killed_process_ends_the_training_and_another_number_goes_on(tmp_path):
    checkpoint = tmp_path / "state"
    process, _ = start(tmp_path, 2, checkpoint=checkpoint, pause=1.0)
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    os.kill(int(children[-1]), signal.SIGKILL)
    killed = time.monotonic()
    _, error = process.communicate(timeout=100)
    assert time.monotonic() - killed < 60
    assert process.returncode != 0
    assert "SIGKILL" in error
    assert "rank" in error
    results = finish(start(tmp_path, 3, checkpoint=checkpoint))
    (alone,) = finish(start(tmp_path, 1))
    assert 0 < len(results[0]["reports"]) < 3  # it went on, and did not begin again
    assert results[0]["reports"][-1] == pytest.approx(alone["reports"][-1], abs=1e-4)


@pytest.mark.parametrize("config", ["CnnConfig", "WordAvgConfig"])
def test_a_classifier_is_the_same_from_two_processes(tmp_path, config):
    # Alone, word_avg trains by a kernel with another optimizer; of several processes it is compared with itself.
    few = 1 if config == "CnnConfig" else 2
    expected = finish(start(tmp_path, few, code=CLASSIFIER, config=config))[0]
    results = finish(start(tmp_path, few + 1, code=CLASSIFIER, config=config))
    assert len(results) == few + 1
    for result in results:
        assert result["reports"] == results[0]["reports"]
        assert result["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-4)
        for report, other in zip(result["reports"], expected["reports"], strict=True):
            assert report == pytest.approx(other, abs=1e-5)


def test_alone_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_ranks("cpu") as (ranks, device):
        assert (ranks, device) == (ALONE, "cpu")
    assert ranks.sum([1, 2]) == [1, 2]
    assert ranks.any([True, False]) == [True, False]
    assert ranks.of_first(3.5) == 3.5


def test_parts_cover_everything_once():
    for size in (1, 2, 3, 5):
        rows = [row for rank in range(size) for row in range(11)[Ranks(rank, size).part(11)]]
        assert rows == list(range(11))
