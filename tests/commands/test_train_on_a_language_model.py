"""``python -m textkit.train classifier --pretrained``."""

import dataclasses
import typing
from functools import partial

import pytest
import torch

from textkit.classifier.defaults import default_classifier_settings
from textkit.classifier.text_classifier import TextClassifier
from textkit.commands.classifier import classifier
from textkit.language_model.language_model import LanguageModel
from textkit.loading import load
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def run(run):
    """Run ``textkit.train classifier`` in this process."""
    return partial(run, "textkit.train", "classifier")


@pytest.fixture
def table(tmp_path):
    """A small table."""
    path = tmp_path / "table.csv"
    path.write_text("text,label\n" + "so good,1\na good film,1\nso bad,0\na bad film,0\n" * 6)
    return path


@pytest.fixture
def folder(tmp_path):
    """A saved language model of words."""
    counts = dict.fromkeys(["so", "good", "bad", "a", "film"], 3)
    vocabulary = Vocabulary.from_counts(counts, specials=["<pad>", "<unk>", "<eos>"])
    config = RnnLanguageModelConfig(dim=4, hidden=5, layers=1, tied=False, cutoffs=())
    network = RnnLanguageModel(config, len(vocabulary), generator=torch.Generator().manual_seed(1))
    LanguageModel(network, vocabulary, unit="word").save(tmp_path / "lm")
    return tmp_path / "lm"


def test_a_classifier_on_a_language_model(run, table, folder, tmp_path):
    options = ["--epochs", 3, "--batch-size", 8, "--pooling", "mean", "--hidden", 6, "--freeze-epochs", 1]
    options += ["--layer-decay", 2, "--adversarial-norm", 0.4]
    code, printed, err = run(table, "-o", tmp_path / "m", "--pretrained", folder, *options)
    assert code == 0, err
    assert printed.startswith(f"{tmp_path / 'm'}: pretrained, 2 classes, 24 texts; validation accuracy")
    model = load(tmp_path / "m")
    config, settings = model.model_.config, model.settings
    assert (config.pooling, config.hidden, config.dim, config.language_model.hidden) == ("mean", 6, 4, 5)
    assert (settings.freeze_epochs, settings.layer_decay, settings.epochs) == (1, 2.0, 3)
    assert settings.adversarial_norm == 0.4
    more = [table, "-o", tmp_path / "n", "--init", tmp_path / "m", "--epochs", 1, "--freeze-epochs", "all"]
    code, printed, err = run(*more)
    assert code == 0, err
    again = load(tmp_path / "n")
    assert again.vocabulary_ == model.vocabulary_
    assert torch.equal(again.model_.embedding, model.model_.embedding)


def test_what_the_language_model_has_itself(run, table, folder, tmp_path):
    def fails(*options):
        code, _, err = run(table, "-o", tmp_path / "m", *options)
        assert (code, (tmp_path / "m").exists()) == (1, False)
        return " ".join(err.split())

    for option, value in {
        "--model": "cnn",
        "--dim": 9,
        "--min-count": 2,
        "--max-vocab": 9,
        "--vectors": folder,
    }.items():
        message = f"error: {option} must be left out with --pretrained, got {value}; the language model has its own"
        assert message in fails("--pretrained", folder, option, value)
    assert "--layer-decay must be left out without --pretrained, got 2.0" in fails("--layer-decay", 2)
    message = "adversarial_norm must be 0 with word_avg, whose vectors of words and n-grams are summed, got 0.4"
    assert message in fails("--adversarial-norm", 0.4)
    assert "adversarial_norm must be 0 with a frozen language model, whose" in fails(
        "--pretrained", folder, "--adversarial-norm", 0.4, "--freeze-epochs", "all"
    )
    assert "without --vectors and --pretrained, got '1'; add one" in fails("--freeze-epochs", 1)
    assert "tokenizer must be the one that the model was trained with" in fails(
        "--pretrained", folder, "--tokenizer", "word"
    )
    assert "freeze_epochs must be below the 1 epochs, got 1" in fails(
        "--pretrained", folder, "--epochs", 1, "--freeze-epochs", 1
    )
    assert "folder must be that of a saved model" in fails("--pretrained", tmp_path / "none")


def test_another_kind_of_model(run, table, folder, tmp_path):
    TextClassifier("word_avg").fit(["good", "bad"] * 4, ["1", "0"] * 4).save(tmp_path / "c")
    code, _, err = run(table, "-o", tmp_path / "m", "--pretrained", tmp_path / "c")
    assert code == 1
    assert "--pretrained must be the folder of a language model, got a text-classifier in" in err
    assert "--init goes on from a classifier" in err
    code, _, err = run(table, "-o", tmp_path / "m", "--init", tmp_path / "c", "--pretrained", folder)
    assert "--pretrained must be left out with --init" in err


def test_what_help_says_of_defaults_is_true():
    hints = typing.get_type_hints(classifier, include_extras=True)
    config = PretrainedClassifierConfig()
    values = {**dataclasses.asdict(config), **dataclasses.asdict(default_classifier_settings(config))}
    for name in ("dropout", "hidden", "pooling", "learning_rate", "patience", "freeze_epochs"):
        said = hints[name].__metadata__[0].show_default
        assert f"--pretrained {0 if values[name] is None else values[name]}" in said.split(", ")
