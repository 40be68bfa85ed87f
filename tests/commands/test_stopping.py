"""What the three trainings leave when they are stopped, and what they try before they begin."""

import os
import signal

import pytest

from textkit.classifier.run import ClassifierRun
from textkit.data.catalog import corpora_folder
from textkit.files import writable
from textkit.language_model.run import LanguageModelRun
from textkit.language_model.validation import StreamValidation
from textkit.loading import load
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.run import Word2VecRun

pytestmark = pytest.mark.usefixtures("one_thread")

SIGNALS = [(getattr(signal, name), code) for name, code in (("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129))
           if hasattr(signal, name)]  # fmt: skip
SMALL = ["--dim", "8", "--hidden", "12", "--valid-share", "0.2"]


@pytest.fixture
def kinds(tmp_path):
    """Arguments of each training, and its output."""
    tale = tmp_path / "tale.txt"
    tale.write_text((corpora_folder() / "tales.txt").read_text()[:9000])
    return {
        "word2vec": (["word2vec", tale, "-o", tmp_path / "out.txt", "--dim", 4], tmp_path / "out.txt"),
        "language-model": (["language-model", tale, "-o", tmp_path / "out", *SMALL], tmp_path / "out"),
        "classifier": (["classifier", "names", "-o", tmp_path / "out", "--text", "name", "--label", "language"],
                       tmp_path / "out"),
    }  # fmt: skip


RUNS = {
    "word2vec": (Word2VecRun, "_after_epoch"),
    "language-model": (LanguageModelRun, "_after_epoch"),
    "classifier": (ClassifierRun, "_report"),
}
SAVED = {
    "word2vec": "saved the vectors so far",
    "language-model": "saved the best model so far",
    "classifier": "saved the best of 2 epochs",
}


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_leaves_the_best_so_far_and_says_how_to_go_on(kind, number, code, run, kinds, tmp_path, monkeypatch):
    owner, name = RUNS[kind]
    method, epochs = getattr(owner, name), []

    def stopped(self, *arguments):
        epochs.append(method(self, *arguments))
        if len(epochs) == 2:
            signal.raise_signal(number)
        return epochs[-1]

    arguments, output = kinds[kind]
    checkpoint = ["--checkpoint", tmp_path / "state"]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, stopped)
        done = run("textkit.train", *arguments, *checkpoint, "--epochs", 4)
    assert (done.code, done.out) == (code, "")
    line = f"interrupted; {output}: {SAVED[kind]}"
    line += f"; {tmp_path / 'state'}: saved the state of training; run the same command to resume"
    assert done.err.splitlines()[-1] == line
    assert len(epochs) == 2
    assert (WordVectors.load if kind == "word2vec" else load)(output)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    again = run("textkit.train", *arguments, *checkpoint, "--epochs", 4)
    assert again.code == 0, again.err
    assert "epoch 3: loss" in again.err
    assert "epoch 2: loss" not in again.err
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("kind", RUNS)
def test_without_an_epoch_nothing_is_saved(kind, run, kinds, tmp_path, monkeypatch):
    owner, name = RUNS[kind]

    def stopped(self, *arguments):
        raise KeyboardInterrupt

    arguments, output = kinds[kind]
    monkeypatch.setattr(owner, name, stopped)
    done = run("textkit.train", *arguments)
    assert done.code == 130
    resume = "; use --checkpoint FILE to be able to resume"
    assert done.err.splitlines()[-1] == f"interrupted; no epoch was complete, so that no result was saved{resume}"
    assert not output.exists()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_language_model_is_saved_before_it_is_scored(number, code, run, kinds, monkeypatch):
    def stopped(self, *arguments, **options):
        signal.raise_signal(number)

    monkeypatch.setattr(StreamValidation, "score", stopped)
    arguments, output = kinds["language-model"]
    done = run("textkit.train", *arguments, "--epochs", 1)
    assert load(output).generate(length=5)
    if number == signal.SIGINT:
        assert done.code == 0
        assert done.out.startswith(f"{output}: LanguageModel(")
        assert "nats per token" not in done.out
    else:
        assert done.code == code


@pytest.mark.parametrize(
    ("kind", "option"),
    [(kind, option) for kind in RUNS for option in ("--output", "--checkpoint")],
)
def test_where_nothing_can_be_written_is_found_out_before_the_reading(kind, option, run, kinds, tmp_path, monkeypatch):
    class Refused:
        def __init__(self, *, dir, **_):
            if dir == tmp_path.resolve() / "closed":
                raise PermissionError(13, "Permission denied")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(writable.tempfile, "TemporaryFile", Refused)
    arguments, output = kinds[kind]
    place = tmp_path / "closed" / output.name
    if option == "--output":
        arguments[arguments.index("-o") + 1] = place
    else:
        arguments += [option, place]
    done = run("textkit.train", *arguments)
    assert done.code == 1
    assert done.err == (
        f"error: {option} must be in a folder that can be written, got '{place}' (Permission denied); "
        "choose another folder\n"
    )


def test_an_output_in_a_file_or_over_a_folder(run, kinds, tmp_path):
    (tmp_path / "file").write_text("")
    for kind, (arguments, _) in kinds.items():
        arguments[arguments.index("-o") + 1] = tmp_path / "file" / "out.txt"
        assert "the folder of --output must exist, got" in run("textkit.train", *arguments).err
        arguments[arguments.index("-o") + 1] = tmp_path / "file"
        if kind != "word2vec":
            assert "--output must be a new folder or one with a saved model" in run("textkit.train", *arguments).err


@pytest.mark.parametrize("kind", RUNS)
def test_quiet(kind, run, kinds):
    arguments, _ = kinds[kind]
    done = run("textkit.train", *arguments, "--epochs", 1, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such shell")
def test_a_closed_stdout_is_named(python, tmp_path):
    done = python("-c", "import sys; sys.stdout = None; from textkit.commands.shared import command_line;"
                  "command_line(print)")  # fmt: skip
    assert done.code == 1
    assert done.err.startswith("error: stdout must be open")
