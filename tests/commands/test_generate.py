import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from textkit.language_model import built_in_model as module
from textkit.language_model.language_model import LanguageModel
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.text.vocabulary import Vocabulary

ABC = {"\n": {"a": 1}, "a": {"b": 1}, "b": {"c": 1}, "c": {"\n": 1}}
COIN = {"\n": {"h": 0.5, "t": 0.5}, "h": {"h": 0.5, "t": 0.5}, "t": {"h": 0.5, "t": 0.5}}


@pytest.fixture
def run(run):
    """Run ``textkit.generate`` in this process."""
    return partial(run, "textkit.generate")


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    """A mistake must not cost a training."""
    monkeypatch.setattr(module, "train_language_model", lambda *_, **__: pytest.fail("a model was trained"))


@pytest.fixture(scope="module")
def abc(bigrams, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "abc"
    bigrams(ABC).save(folder)
    return folder


@pytest.fixture(scope="module")
def coin(bigrams, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "coin"
    bigrams(COIN).save(folder)
    return folder


def test_a_text_is_printed_with_its_prompt_and_a_line_end(run, abc):
    assert run("--model", abc, "--prompt", "ca", "--length", 4) == (0, "cabc\na\n", "")
    assert run("--model", abc, "--length", 4) == (0, "abc\n", "")  # it ends with one already


def test_the_same_command_prints_the_same(run, bigrams, coin):
    expected = bigrams(COIN).generate(length=500, temperature=0.5, seed=1)
    assert run("--model", coin) == (0, expected + "\n", "")
    assert run("--model", coin) == (0, expected + "\n", "")
    assert run("--model", coin, "--seed", 2)[1] != expected + "\n"


def test_the_choices_are_handed_on(run, bigrams, tmp_path):
    bigrams({token: {"a": 0.5, "b": 0.3, "c": 0.2} for token in "\nabc"}).save(tmp_path / "abc")
    model = "--model", tmp_path / "abc", "--length", 300, "--temperature", 1
    assert set(run(*model)[1]) == set("abc\n")
    assert set(run(*model, "--top-k", 2)[1]) == set("ab\n")
    assert set(run(*model, "--top-p", 0.4)[1]) == set("a\n")
    assert run(*model, "--stop", "b", "--stop", "c")[1].strip("a\n") == ""


def test_samples_stand_apart(run, bigrams, coin):
    expected = bigrams(COIN).generate(length=5, temperature=0.5, samples=3)
    assert run("--model", coin, "--length", 5, "--samples", 3)[1] == "\n\n".join(expected) + "\n"


def test_samples_of_a_line_stand_on_lines(run, abc):
    assert run("--model", abc, "--samples", 3, "--stop", "\\n")[1] == "abc\nabc\nabc\n"


def test_unknown_characters_of_the_prompt(run, abc):
    code, out, err = run("--model", abc, "--prompt", "aXé")
    assert (code, out) == (1, "")
    assert err.startswith("error: prompt must have only characters that the model has seen, got 'X', 'é'; ")
    assert "--skip-unknown" in err
    assert run("--model", abc, "--prompt", "aXé", "--skip-unknown", "--length", 2)[1] == "abc\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "-1"], "temperature must be a finite number of at least 0, got -1.0"),
        (["--temperature", "nan"], "temperature must be a finite number of at least 0, got nan"),
        (["--temperature", "inf"], "temperature must be a finite number"),
        (["--top-p", "0"], "top_p must be above 0 and at most 1, got 0.0"),
        (["--top-p", "1.5"], "top_p must be above 0 and at most 1, got 1.5"),
        (["--top-k", "0"], "top_k must be an integer of at least 1, got 0"),
        (["--length", "0"], "length must be an integer of at least 1, got 0"),
        (["--samples", "-2"], "samples must be an integer of at least 1, got -2"),
        (["--seed", "-1"], "seed must be an integer of at least 0, got -1"),
        (["--stop", ""], "stop must be one or more non-empty strings"),
        (["--model", "no/such/folder"], "folder must be that of a saved model, got 'no/such/folder', which does not"),
    ],
)
def test_a_mistake_is_one_line_and_costs_no_training(run, arguments, message, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path))
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_folders_that_are_no_model(run, abc, tmp_path):
    assert "which has no config.json" in run("--model", tmp_path)[2]
    for name in ("config.json", "vocabulary.txt", "weights.safetensors"):
        (tmp_path / name).write_bytes((abc / name).read_bytes())
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert "weights.safetensors must have" in run("--model", tmp_path)[2]
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"version": 1', '"version": 7'))
    assert "must have version 1 or lower, got 7; upgrade textkit" in run("--model", tmp_path)[2]


def test_text_is_printed_while_it_is_written_and_a_broken_pipe_is_no_error(abc):
    command = [sys.executable, "-m", "textkit.generate", "--model", str(abc), "--length", "1000000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stdout.read(40) == b"abc\n" * 10
        process.stdout.close()
        assert process.wait(timeout=20) in (0, 1)
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def test_the_text_does_not_begin_with_empty_lines(run, bigrams, tmp_path):
    bigrams({"\n": {"\n": 0.8, "a": 0.2}, "a": {"\n": 1}}).save(tmp_path / "gaps")
    assert bigrams({"\n": {"\n": 0.8, "a": 0.2}, "a": {"\n": 1}}).generate(length=30, temperature=1, seed=1)[0] == "\n"
    done = run("--model", tmp_path / "gaps", "--length", 30, "--temperature", 1)
    assert done.out.startswith("a\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_stands_on_a_line_of_its_own(bigrams, tmp_path, number, code):
    bigrams({"\n": {"a": 1}, "a": {"a": 1}}).save(tmp_path / "endless")
    command = [sys.executable, "-m", "textkit.generate", "--model", str(tmp_path / "endless"), "--length", "1000000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout.read(10) == "a" * 10
        process.send_signal(number)
        assert process.stdout.read().splitlines()[1:] == ["interrupted"]
    assert process.returncode == code


def test_help_fits_80_columns(run):
    code, out, err = run("--help")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert all(f"--{name}" in out for name in ("model", "prompt", "temperature", "length", "top-k", "top-p"))
    assert all(f"--{name}" in out for name in ("stop", "seed", "samples", "skip-unknown"))


def test_gaps_are_filled(run, abc, tmp_path):
    vocabulary = Vocabulary.from_counts(dict.fromkeys("abc\n", 1), specials=("<pad>", "<unk>"))
    config = MaskedLanguageModelConfig(layers=1, dim=8, heads=2, positions=9)
    model = LanguageModel(config.network(len(vocabulary)), vocabulary, unit="char")
    model.save(tmp_path / "masked")
    (best, _), *_ = expected = model.fill("a…b…", k=3)
    assert run("--model", tmp_path / "masked", "--fill", "a…b…").out == f"{best}\n"
    done = run("--model", tmp_path / "masked", "--fill", "a…b…", "--samples", 3)
    assert done.out.splitlines() == [f"{chance:.4f}  {text}" for text, chance in expected]
    for arguments, message in (
        (("--fill", "a…"), "--model must be given with --fill, got none; pass the folder of a masked model"),
        (("--fill", "a…", "--model", abc), "fill must be called on a masked language model, got a recurrent one"),
        (("--fill", "ab", "--model", tmp_path / "masked"), "text must have a gap, '…', got 'ab'"),
        (("--model", tmp_path / "masked"), "model must predict the next token to generate text, got a masked one"),
    ):
        done = run(*arguments)
        assert (done.code, done.out) == (1, "")
        assert message in done.err
