"""A training that is killed and gone on with ends like one that was never stopped."""

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from textkit.language_model import run as language_model_run
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig
from textkit.training.checkpoint import load_checkpoint, save_checkpoint

TEXTS = [f"{n} small boats and {n % 7} tall ships went out to sea, {'and' * (n % 3)} one came back" for n in range(24)]
HELD_OUT = ["2 small boats went out and no one came back", "1 boat and 1 ship"]

# everything that has a state: dropout, the optimizer's moments, averages, the cut learning rate, the carried state
EVERYTHING = {
    "config": RnnLanguageModelConfig(
        layers=2,
        dim=6,
        hidden=8,
        tied=True,
        embedding_dropout=0.1,
        input_dropout=0.1,
        layer_dropout=0.1,
        output_dropout=0.1,
        weight_dropout=0.2,
        activation_penalty=1.0,
        temporal_penalty=1.0,
    ),
    "settings": LanguageModelSettings(
        batch_size=4,
        window=20,
        epochs=6,
        optimizer="adamw",
        learning_rate=1.0,  # too much, so that the held-out loss rises: the rate is cut and averaging begins
        schedule="plateau",
        warmup=3,
        averaging=True,
        non_monotone=0,
        random_windows=True,
        accumulate=2,
    ),
    "valid": HELD_OUT,
}
DOCUMENTS = {
    "config": RnnLanguageModelConfig(cell="gru", dim=6, hidden=8, output_dropout=0.2),
    "settings": LanguageModelSettings(
        batch_size=4, window=60, epochs=4, optimizer="sgd", learning_rate=1.0, documents=True
    ),
    "valid": 0.2,
}
MIXED = {
    "config": RnnLanguageModelConfig(dim=8, hidden=8, output_dropout=0.2),
    "settings": LanguageModelSettings(batch_size=4, window=20, epochs=3, precision="bfloat16"),
}
ADAPTIVE = {
    "config": RnnLanguageModelConfig(dim=16, hidden=8, tied=True, cutoffs=(5, 12), embedding_dropout=0.1),
    "settings": LanguageModelSettings(batch_size=4, window=80, epochs=2, precision="bfloat16"),
}
TRANSFORMER = {
    "config": TransformerLanguageModelConfig(layers=2, dim=8, heads=2, positions=24, dropout=0.2),
    "settings": LanguageModelSettings(batch_size=8, window=20, epochs=3),
    "valid": 0.2,
}
MUON = {
    "config": RnnLanguageModelConfig(dim=6, hidden=8),
    "settings": LanguageModelSettings(batch_size=4, window=40, epochs=2, optimizer="muon"),
}
KINDS = {
    "everything": EVERYTHING,
    "documents": DOCUMENTS,
    "mixed": MIXED,
    "adaptive": ADAPTIVE,
    "transformer": TRANSFORMER,
    **({"muon": MUON} if hasattr(torch.optim, "Muon") else {}),
}

CHILD = """
import os, signal, sys
from pathlib import Path
import torch
from textkit.files import atomic
from textkit.language_model import validation
from textkit.language_model import run as language_model_run
from textkit.training import checkpoint, loop
from textkit.language_model.train import train_language_model
from test_resume import KINDS, TEXTS

kind, moment, count, path = sys.argv[1:]
torch.set_num_threads(1)
left = int(count)


def die():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def dying(function, *, after=False):
    def wrapped(*arguments, **options):
        if not after:
            die()
        found = function(*arguments, **options)
        if after:
            die()
        return found
    return wrapped


def half_written(arrays, path, header):
    save_file(arrays, path, header)
    if left == 1:
        os.truncate(path, os.path.getsize(path) // 2)
    die()


save_file = checkpoint.save_file
if moment == "within a step":
    torch.optim.AdamW.step = dying(torch.optim.AdamW.step, after=True)
elif moment == "while writing":
    checkpoint.save_file = half_written
elif moment == "before renaming":
    Path.replace = dying(Path.replace)
elif moment == "after renaming":
    language_model_run.save_checkpoint = dying(language_model_run.save_checkpoint, after=True)
elif moment == "while validating":
    language_model_run.LanguageModelRun._validated = dying(language_model_run.LanguageModelRun._validated, after=True)
train_language_model(TEXTS, **KINDS[kind], progress=False, checkpoint=path, checkpoint_seconds=0)
"""


pytestmark = pytest.mark.usefixtures("one_thread")  # as in the processes that are killed


def digest(model):
    weights = hashlib.sha256()
    for name, weight in model.model.state_dict().items():
        weights.update(name.encode() + weight.numpy().tobytes())
    return weights.hexdigest()


def train(kind, **options):
    return train_language_model(TEXTS, **{**kind, "progress": False, **options})


def outcome(kind, **options):
    """The weights, and what was reported of each epoch but its time."""
    reports = []
    model = train(kind, on_epoch=reports.append, **options)
    return digest(model), [replace(report, tokens_per_second=0, seconds=0) for report in reports]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "moments"),
    [
        (
            "everything",
            [
                ("within a step", 4),
                ("while writing", 3),
                ("before renaming", 4),
                ("after renaming", 6),
                ("while validating", 2),
            ],
        ),
    ],
)
def test_a_killed_training_ends_with_the_same_bytes(kind, moments, tmp_path):
    checkpoint = tmp_path / "state"
    expected, reports = outcome(KINDS[kind])
    module = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code = module + CHILD
    steps = []
    (tmp_path / "tmp").mkdir()
    for moment, count in moments:
        child = subprocess.run(
            [sys.executable, "-c", code, kind, moment, str(count), str(checkpoint)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "CUDA_VISIBLE_DEVICES": ""},
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        assert not list((tmp_path / "tmp").glob("*textkit*"))
        steps.append(load_checkpoint(checkpoint)[1]["position"]["progress"]["step"])
    assert steps == sorted(set(steps)), "each process went on where the one before was killed"
    found, rest = outcome(KINDS[kind], checkpoint=checkpoint)
    assert found == expected
    assert rest == reports[len(reports) - len(rest) :]
    assert 0 < len(rest) < len(reports)
    assert not list(tmp_path.glob(".*"))  # what the killed processes were writing is gone
    again, none = outcome(KINDS[kind], checkpoint=checkpoint)
    assert again == expected  # a finished training gives its result at once
    assert none == []


class Killed(BaseException):
    """Ends a training like SIGKILL, but this process lives on."""


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_after_any_step_gives_the_same_bytes(kind, tmp_path, monkeypatch):
    checkpoint = tmp_path / "state"
    expected, reports = outcome(KINDS[kind])
    if kind == "everything":  # what shall be gone on with does happen
        assert 0 < sum(report.averaged > 1 for report in reports) < len(reports)
        assert len({report.learning_rate for report in reports}) > 1
    saved = []

    def save_and_die(*arguments):
        save_checkpoint(*arguments)
        saved.append(load_checkpoint(checkpoint)[1]["position"]["progress"])
        raise Killed

    monkeypatch.setattr(language_model_run, "save_checkpoint", save_and_die)
    for _ in range(1000):
        try:
            found = train(KINDS[kind], checkpoint=checkpoint, checkpoint_seconds=0)
            break
        except Killed:
            continue
    assert digest(found) == expected
    assert saved[-1]["epoch"] == KINDS[kind]["settings"].epochs - 1
    assert [place["step"] for place in saved if not place["end_of_epoch"]] == list(range(1, saved[-1]["step"] + 1))


def test_ctrl_c_finishes_the_step_and_saves(tmp_path):
    checkpoint = tmp_path / "state"
    steps = []

    class Pressing(torch.optim.AdamW):
        def step(self, closure=None):
            steps.append(1)
            if len(steps) == 7:
                signal.raise_signal(signal.SIGINT)
            return super().step(closure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "AdamW", Pressing)
        with pytest.raises(KeyboardInterrupt):
            train(EVERYTHING, checkpoint=checkpoint)
    assert load_checkpoint(checkpoint)[1]["position"]["progress"]["step"] == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert outcome(EVERYTHING, checkpoint=checkpoint)[0] == outcome(EVERYTHING)[0]


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    checkpoint = tmp_path / "state"
    kind = {**DOCUMENTS, "valid": HELD_OUT}
    train(kind, checkpoint=checkpoint)
    kept = checkpoint.read_bytes()
    others = {
        "learning_rate 1.0 in the checkpoint, 0.5 now": {"settings": replace(DOCUMENTS["settings"], learning_rate=0.5)},
        "hidden 8 in the checkpoint, 9 now": {"config": replace(DOCUMENTS["config"], hidden=9)},
        "seed 1 in the checkpoint, 2 now": {"seed": 2},
        "unit 'char' in the checkpoint, 'word' now": {
            "unit": "word",
            "settings": replace(DOCUMENTS["settings"], min_count=2),
        },
        "corpus '[0-9a-f]*' in the checkpoint": {"valid": 0.3},
        "valid '[0-9a-f]*' in the checkpoint, None now": {"valid": None},
    }
    for message, other in others.items():
        with pytest.raises(ValueError, match=f"same corpus and settings.*{message}.*delete it"):
            train(kind, **other, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="same corpus and settings"):
        train_language_model(TEXTS[1:], **kind, progress=False, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == kept
    save_checkpoint(checkpoint, {}, {"something": "else"})
    with pytest.raises(ValueError, match="same corpus and settings"):
        train(kind, checkpoint=checkpoint)


def test_a_finished_training_can_go_on_for_longer(tmp_path):
    checkpoint = tmp_path / "state"
    longer = replace(EVERYTHING["settings"], epochs=8, patience=30)
    expected, reports = outcome(EVERYTHING, settings=longer)
    train(EVERYTHING, checkpoint=checkpoint)
    found, rest = outcome(EVERYTHING, settings=longer, checkpoint=checkpoint)
    assert found == expected
    assert rest == reports[6:]


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_more_epochs_are_refused_where_the_schedule_spans_all_of_them(tmp_path, schedule):
    checkpoint = tmp_path / "state"
    settings = replace(DOCUMENTS["settings"], schedule=schedule, epochs=1)
    first = train(DOCUMENTS, settings=settings, checkpoint=checkpoint)
    message = f"epochs must be 1, as in .*, got 2: the schedule '{schedule}' spreads .* pass it as init with a new"
    with pytest.raises(ValueError, match=message):
        train(DOCUMENTS, settings=replace(settings, epochs=2), checkpoint=checkpoint)
    assert train(DOCUMENTS, settings=settings, init=first).history[0]["loss"] < first.history[0]["loss"]


def test_a_training_can_begin_anew(tmp_path):
    checkpoint = tmp_path / "state"
    train(DOCUMENTS, seed=5, checkpoint=checkpoint)
    found, reports = outcome(DOCUMENTS, checkpoint=checkpoint, resume=False)
    assert (found, reports) == outcome(DOCUMENTS)
    assert digest(train(DOCUMENTS, checkpoint=checkpoint)) == found  # what lies there now is of the new one


def test_saving_changes_nothing(tmp_path):
    expected = outcome(EVERYTHING)
    assert outcome(EVERYTHING, checkpoint=tmp_path / "state", checkpoint_seconds=0) == expected


def test_a_checkpoint_never_replaces_another_file(tmp_path):
    corpus = tmp_path / "c.txt"
    corpus.write_text("a fox ran home\n" * 9)
    before = corpus.read_bytes()
    for resume in (True, False):
        with pytest.raises(ValueError, match="which is something else and would be overwritten; choose another name"):
            train_language_model(corpus, checkpoint=corpus, resume=resume, progress=False)
    assert corpus.read_bytes() == before
