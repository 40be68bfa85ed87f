"""``python -m textkit.train language-model``."""

import dataclasses
import json
import re
import signal
import typing
from functools import partial
from pathlib import Path

import pytest
import torch

from textkit.commands import language_model_options as train_options
from textkit.commands.language_model import _cutoffs, language_model
from textkit.data.catalog import corpora_folder
from textkit.evaluation.perplexity import LanguageModelScore
from textkit.language_model.defaults import default_bidirectional, default_config, default_settings, default_transformer
from textkit.language_model.run import LanguageModelRun
from textkit.loading import load
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig

TALES = str(corpora_folder() / "tales.txt")
SMALL = ["--dim", "8", "--hidden", "12", "--epochs", "2"]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def run(run):
    """Run ``textkit.train language-model`` in this process."""
    return partial(run, "textkit.train", "language-model")


@pytest.fixture(scope="module")
def tale(tmp_path_factory):
    """A small text."""
    path = tmp_path_factory.mktemp("text") / "tale.txt"
    path.write_text((corpora_folder() / "tales.txt").read_text()[:9000])
    return path


def test_a_model_is_trained_and_saved(run, tale, tmp_path):
    out = tmp_path / "model"
    done = run(tale, "-o", out, "--valid-share", "0.2", *SMALL)
    assert done.code == 0, done.err
    assert re.search(r"epoch 2: loss [\d.]+, validation [\d.]+ \(perplexity [\d.]+\), [\d,]+ tokens/s", done.err)
    lines = done.out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{out}: LanguageModel(char, ")
    assert re.search(r"validation: [\d.]+ nats per token, perplexity [\d.]+, [\d.]+ bits per character$", lines[0])
    model = load(out)
    assert model.unit == "char"
    assert model.model.config.hidden == 12
    assert len(model.generate(length=20, seed=1)) == 20


def test_every_option_reaches_the_training(run, tale, tmp_path, monkeypatch):
    out = tmp_path / "model"
    options = (
        "--unit word --cell gru --layers 2 --dim 16 --hidden 20 --untied --embedding-dropout 0.1 --input-dropout 0.1 "
        "--layer-dropout 0.1 --output-dropout 0.1 --weight-dropout 0.1 --activation-penalty 1 --temporal-penalty 1 "
        "--forget-bias 0.5 --cutoffs 20,40 --epochs 3 --batch-size 4 --window 12 --random-windows --optimizer sgd "
        "--learning-rate 2 --schedule plateau --plateau-factor 0.5 --warmup 5 --weight-decay 0 --clip-norm 0 "
        "--averaging "
        "--non-monotone 0 --patience 3 --state-reset 0.5 --accumulate 2 --precision float32 "
        "--min-count 3 --max-vocab 90 --tokenizer word-lower --encoding utf-8 --errors replace "
        "--device cpu --seed 3 --anew"
    )
    checkpoint, found = tmp_path / "state", []
    train = LanguageModelRun.run
    monkeypatch.setattr(LanguageModelRun, "run", lambda self: found.append(self.identity) or train(self))
    done = run(tale, "-o", out, "--valid", tale, "--checkpoint", checkpoint, *options.split())
    assert done.code == 0, done.err
    found = json.loads(json.dumps(found[0]))
    expected = {
        "init": None,
        "unit": "word", "seed": 3, "device": "cpu", "cell": "gru", "layers": 2, "dim": 16, "hidden": 20, "tied": False,
        "embedding_dropout": 0.1, "input_dropout": 0.1, "layer_dropout": 0.1, "output_dropout": 0.1,
        "weight_dropout": 0.1, "activation_penalty": 1, "temporal_penalty": 1, "forget_bias": 0.5, "cutoffs": [20, 40],
        "batch_size": 4,
        "window": 12, "random_windows": True, "optimizer": "sgd", "learning_rate": 2, "schedule": "plateau",
        "plateau_factor": 0.5, "warmup": 5, "weight_decay": 0, "clip_norm": None, "averaging": True, "non_monotone": 0,
        "state_reset": 0.5, "accumulate": 2, "precision": "float32", "min_count": 3, "max_vocab": 90,
        "documents": False,
    }  # fmt: skip
    assert {name: value for name, value in found.items() if name not in ("corpus", "valid")} == expected
    assert done.err.count("tokens/s\n") >= 1
    model = load(out)
    assert len(model.vocabulary) == 90
    assert not checkpoint.exists()


def test_rare_words_are_kept(run, tale, tmp_path):
    (tmp_path / "keep.txt").write_text("zzyzx\nabsent\n")
    text = tmp_path / "text.txt"
    text.write_text(tale.read_text() + "\nzzyzx\n")
    options = [text, "-o", tmp_path / "model", "--unit", "word", *SMALL, "--epochs", "1"]
    for kept in ([], ["--keep-words", tmp_path / "keep.txt"]):
        done = run(*options, *kept)
        assert done.code == 0, done.err
        assert ("zzyzx" in load(tmp_path / "model").vocabulary) == bool(kept)
        assert "absent" not in load(tmp_path / "model").vocabulary
    vocabulary = load(tmp_path / "model").vocabulary
    done = run(tale, *options[1:], "--vocabulary", tmp_path / "model" / "vocabulary.txt")
    assert done.code == 0, done.err
    assert load(tmp_path / "model").vocabulary.tokens == vocabulary.tokens


def test_a_trained_model_goes_on_with_new_text(run, tale, tmp_path):
    out, checkpoint = tmp_path / "model", tmp_path / "state"
    assert run(tale, "-o", out, "--unit", "word", "--cell", "gru", *SMALL).code == 0
    new = tmp_path / "new.txt"
    new.write_text("zzyzx went home\n" * 99)
    done = run(new, "-o", tmp_path / "next", "--init", out, "--epochs", "1", "--checkpoint", checkpoint)
    assert done.code == 0, done.err
    assert "new words: 2, in all " in done.err
    model = load(tmp_path / "next")
    assert "zzyzx" in model.vocabulary
    assert (model.unit, model.model.config) == ("word", load(out).model.config)
    assert model.metadata["init"]["settings"]["epochs"] == 2
    assert [epoch["epoch"] for epoch in model.history] == [1]
    done = run(new, "-o", tmp_path / "kept", "--init", out, "--epochs", "1", "--keep-vocabulary")
    assert done.code == 0, done.err
    assert load(tmp_path / "kept").vocabulary.tokens == load(out).vocabulary.tokens
    for options, message in (
        (["--hidden", "13"], "hidden must be 12, as in the model of init, got 13"),
        (["--checkpoint", checkpoint, "-o", out], "--output must not be the folder of --init with --checkpoint"),
        (["--documents"], "documents must be False, as in the training of the model of init"),
    ):
        done = run(new, "-o", tmp_path / "next", "--init", out, *options)
        assert done.code == 1
        assert message in done.err
    done = run(new, "-o", tmp_path / "next", "--keep-vocabulary")
    assert "--keep-vocabulary must be left out without --init" in done.err


def test_what_help_says_of_defaults_is_true():
    hints = typing.get_type_hints(language_model, include_extras=True)
    for unit in ("char", "word"):
        values = {**dataclasses.asdict(default_config(unit)), **dataclasses.asdict(default_settings(unit))}
        for name in values:
            shown = hints[name].__metadata__[0].show_default
            if isinstance(shown, str) and unit in shown:
                shown = dict(part.split() for part in shown.split(", "))[unit]
            meaning = {"tied": True, "untied": False, "none": (), "never": None, "all": None, False: False}
            expected = meaning[shown] if shown in meaning else type(values[name])(shown)
            assert values[name] == expected, (unit, name)


def test_what_help_says_of_a_transformer_is_true():
    hints = typing.get_type_hints(language_model, include_extras=True)
    for unit in ("char", "word"):
        config = default_transformer(unit)
        values = {**dataclasses.asdict(config), **dataclasses.asdict(default_settings(unit, config))}
        for name in ("layers", "dim", "batch_size", "epochs", "learning_rate", "warmup"):
            assert f"of a transformer {values[name]:g} " in hints[name].__metadata__[0].help
        for name in ("heads", "positions", "position", "dropout"):
            shown = hints[name].__metadata__[0].show_default
            assert str(values[name]) in (shown, *re.findall(rf"{unit} (\S+?)(?:,|$)", shown))
        assert (
            f"{values['window']} {'characters' if unit == 'char' else 'words'}" in hints["window"].__metadata__[0].help
        )


def test_what_help_says_of_a_bidirectional_model_is_true():
    hints = typing.get_type_hints(language_model, include_extras=True)
    for unit, dim in (("char", "many units in each layer and direction, char 256."), ("word", "")):
        config = default_bidirectional(unit)
        assert f"of a bidirectional model {config.layers}." in hints["layers"].__metadata__[0].help
        assert f"char {config.dim}" in dim or f"word {config.dim}" in hints["dim"].__metadata__[0].show_default
        assert dim in hints["dim"].__metadata__[0].help
        assert config.tied


def test_a_transformer_of_subwords(run, tale, tmp_path):
    out = tmp_path / "model"
    options = (
        "--model transformer --layers 1 --dim 12 --heads 3 --hidden 20 --positions 24 --position learned --dropout 0.2"
    )
    options += " --untied --unit subword --max-vocab 300 --optimizer muon --epochs 1 --window 20"
    done = run(tale, "-o", out, "--valid-share", "0.2", *options.split())
    assert done.code == 0, done.err
    assert f"{out}: LanguageModel(subword, 299 tokens, transformer of 1 x 12, " in done.out
    model = load(out)
    assert model.model.config == TransformerLanguageModelConfig(
        layers=1, dim=12, heads=3, hidden=20, positions=24, position="learned", dropout=0.2, tied=False
    )
    assert model.metadata["settings"]["optimizer"] == "muon"
    done = run(tale, "-o", tmp_path / "more", "--init", out, "--epochs", "1", "--dropout", "0")
    assert done.code == 0, done.err
    assert load(tmp_path / "more").model.config.dropout == 0
    for wrong, message in (
        (["--model", "recurrent", "--init", out], "--model must be transformer, that of the model of --init"),
        (["--model", "transformer", "--cell", "gru"], "--cell must be left out with --model transformer, got gru"),
        (["--heads", "2"], "--heads must be left out with --model recurrent, got 2"),
        (
            ["--model", "transformer", "--window", "300"],
            "window must be at most the 256 positions of the model, got 300",
        ),
    ):
        done = run(tale, "-o", tmp_path / "next", *wrong)
        assert done.code == 1
        assert message in done.err


def test_help_fits_80_columns_and_has_every_option(run):
    code, out, err = run("--help")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    for name in vars(train_options):
        if name[0].isupper() and name not in ("Annotated", "Any", "Literal", "Path", "Folder"):
            assert "--" + re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower() in out


def test_documents_of_a_table(run, tmp_path):
    out = tmp_path / "names"
    names = corpora_folder() / "names.csv"
    done = run(names, "-o", out, "--documents", "--column", "name", "--valid-share", "0.1", *SMALL, "--epochs", "1")
    assert done.code == 0, done.err
    assert "<bos>" in load(out).vocabulary.specials
    assert "\n" not in load(out).generate(length=200, seed=1)


@pytest.mark.parametrize(("given", "cutoffs"), [("none", ()), ("auto", "auto"), ("20,40", (20, 40)), (None, None)])
def test_cutoffs_are_chosen_none_or_numbers(given, cutoffs):
    assert _cutoffs(given) == cutoffs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-file.txt", "-o", "x"], "no-such-file.txt"),
        ([TALES, "-o", "no/such/x"], "create it first"),
        ([TALES, "-o", TALES], "--output must be a new folder or one with a saved model"),
        ([TALES, "-o", str(Path(TALES).parent)], "--output must be a new folder or one with a saved model"),
        ([TALES, "-o", "x", "--checkpoint", "x"], "--checkpoint must not be in the folder of --output"),
        ([TALES, "-o", "x", "--checkpoint", "x/state"], "--checkpoint must not be in the folder of --output"),
        ([TALES, "-o", "x", "--anew", "--checkpoint", TALES], "--checkpoint must not be an input file"),
        ([TALES, "-o", "x", "--checkpoint", "no/state"], "the folder of --checkpoint must exist"),
        ([TALES, "-o", "x", "--valid", TALES, "--valid-share", "0.1"], "--valid-share must be left out with --valid"),
        ([TALES, "-o", "x", "--valid-share", "1.5"], "valid must be a fraction above 0 and below 1"),
        ([TALES, "-o", "x", "--hidden", "0"], "hidden must be"),
        ([TALES, "-o", "x", "--window", "0"], "window must be an integer of at least 1"),
        ([TALES, "-o", "x", "--cutoffs", "20;30"], "--cutoffs must be integers separated by commas, got '20;30'"),
        ([TALES, "-o", "x", "--device", "abacus"], "device must be 'auto', "),
        ([TALES, "-o", "x", "--patience", "1"], "patience must be None without valid"),
        ([TALES, "-o", "x", "--min-count", "1000000"], "must leave a token to learn, got 1000000"),
        ([TALES, "-o", "x", "--valid", "none.txt"], "--valid must be a file or a catalog name ("),
        ([TALES, "-o", "x", "--tokenizer", "word"], "tokenizer must be None for unit 'char'"),
        ([TALES, "-o", "x", "--batch-size", "200000"], "batch_size must be at most"),
        ([TALES, "-o", "x", "--learning-rate", "1e30", "--optimizer", "sgd", "--hidden", "8"], "start again with"),
    ],
)
def test_a_mistake_is_one_line_and_no_traceback(run, arguments, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert list(tmp_path.iterdir()) == []


def test_the_command_itself(python, tale, tmp_path):
    done = python("-m", "textkit.train", "language-model", tale, "-o", tmp_path / "model", *SMALL)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{tmp_path / 'model'}: LanguageModel(char, ")


def test_a_training_that_was_interrupted_goes_on(run, tale, tmp_path, monkeypatch):
    out, checkpoint, steps = tmp_path / "model", tmp_path / "state", []
    step = torch.optim.AdamW.step

    def interrupt(self, closure=None):
        steps.append(1)
        if len(steps) == 3:
            signal.raise_signal(signal.SIGINT)
        return step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupt)
    done = run(tale, "-o", out, "--checkpoint", checkpoint, *SMALL)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert f"{checkpoint}: saved the state of training; run the same command to resume" in done.err
    assert checkpoint.exists()
    assert not out.exists()
    assert run(tale, "-o", out, "--checkpoint", checkpoint, *SMALL).code == 0
    assert not checkpoint.exists()
    assert run(tale, "-o", tmp_path / "whole", *SMALL).code == 0
    assert (out / "weights.safetensors").read_bytes() == (tmp_path / "whole" / "weights.safetensors").read_bytes()


def test_the_score_printed_is_exact(run, tale, tmp_path):
    out = tmp_path / "model"
    done = run(tale, "-o", out, "--valid", tale, *SMALL)
    assert done.code == 0, done.err
    score = load(out).score(tale)
    assert isinstance(score, LanguageModelScore)
    assert f"validation: {score.nats:.4f} nats per token" in done.out


@pytest.mark.parametrize("column", ["--column", "--text"])
def test_tables_as_they_come(run, tmp_path, column):
    (tmp_path / "t.csv").write_text("nr^text\n" + "1^a name, or two\n2^\n" * 40)
    options = ["--documents", column, "text", "--delimiter", "^", "--missing", "skip", "--patience", "0"]
    done = run(tmp_path / "t.csv", "-o", tmp_path / "model", *options, *SMALL, "--epochs", "1", "--valid-share", "0.1")
    assert done.code == 0, done.err


def test_a_patience_of_zero_is_never(run, tale, tmp_path, monkeypatch):
    settings = []

    def train(*_, **options):
        settings.append(options["settings"])
        raise ValueError("it is not trained")

    monkeypatch.setattr("textkit.language_model.train.train_language_model", train)
    run(tale, "-o", tmp_path / "model", "--patience", "0")
    assert settings[0].patience is None


def test_a_masked_model_fills_gaps(run, tale, tmp_path):
    out = tmp_path / "model"
    options = "--model masked --layers 1 --dim 12 --heads 3 --positions 24 --masked 0.2 --dropout 0 --epochs 1"
    done = run(tale, "-o", out, "--window", 20, "--valid-share", "0.2", *options.split())
    assert done.code == 0, done.err
    assert "masked transformer of 1 x 12" in done.out
    assert load(out).model.config == MaskedLanguageModelConfig(
        layers=1, dim=12, heads=3, positions=24, dropout=0.0, masked=0.2
    )
    done = run(tale, "-o", tmp_path / "next", "--masked", "0.2")
    assert "--masked must be left out with --model recurrent, got 0.2" in done.err


def test_a_bidirectional_model_reports_both_directions(run, tale, tmp_path):
    out = tmp_path / "model"
    options = "--model bidirectional --layers 2 --dim 12 --layer-dropout 0.1 --epochs 2"
    done = run(tale, "-o", out, "--valid-share", "0.2", *options.split())
    assert done.code == 0, done.err
    assert "bidirectional lstm of 2 x 12" in done.out
    shown = r"epoch 2: loss \d\.\d+, validation \d\.\d+ \(perplexity [\d.]+, forward [\d.]+, backward [\d.]+\), "
    assert re.search(shown, done.err)
    assert load(out).model.config == BidirectionalLanguageModelConfig(
        layers=2, dim=12, tied=True, cutoffs=(), input_dropout=0.0, layer_dropout=0.1, output_dropout=0.3
    )
    done = run(tale, "-o", tmp_path / "next", "--init", out, "--epochs", "1")
    assert done.code == 0, done.err
    for options, message in (
        (["--model", "bidirectional", "--hidden", "5"], "hidden must be left out with a bidirectional model, got 5"),
        (["--model", "bidirectional", "--heads", "2"], "--heads must be left out with --model bidirectional, got 2"),
        (["--init", out, "--model", "recurrent"], "--model must be bidirectional, that of the model of --init"),
    ):
        assert message in run(tale, "-o", tmp_path / "next", *options).err
