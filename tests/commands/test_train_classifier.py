"""``python -m textkit.train classifier``."""

import dataclasses
import json
import re
import signal
import typing
from functools import partial

import pytest
import torch

from textkit.classifier.defaults import MODEL_NAMES, default_classifier_settings, model_config
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.commands import classifier_options
from textkit.commands.classifier import classifier
from textkit.data.catalog import corpora_folder
from textkit.loading import load
from textkit.models.storage import read_config

REVIEWS = str(corpora_folder() / "reviews.csv")
SMALL = ["--ngrams", "1", "--dim", "8", "--epochs", "2"]
GOOD, BAD = ["good good", "so good", "good film", "a good one"], ["bad bad", "so bad", "bad film", "a bad one"]


@pytest.fixture
def run(run):
    """Run ``textkit.train classifier`` in this process."""
    return partial(run, "textkit.train", "classifier")


@pytest.fixture
def asked(run, monkeypatch):
    """Run the command up to the training; returns the estimator and what its fit was given."""

    def asked(*arguments):
        given = []

        def fit(self, texts, labels, **options):
            given.append((self, texts, labels, options))
            raise ValueError("it is not trained")

        monkeypatch.setattr(TextClassifier, "fit", fit)
        code, _, err = run(*arguments)
        assert (code, err) == (1, "error: it is not trained\n")
        return given[0]

    return asked


def test_a_model_is_trained_and_saved(run, tmp_path):
    out = tmp_path / "model"
    code, printed, err = run(REVIEWS, "-o", out, *SMALL)
    assert code == 0, err
    assert re.search(r"epoch 2: loss [\d.]+, validation accuracy [\d.]+ %, [\d,]+ texts/s", err)
    assert re.fullmatch(rf"{out}: word_avg, 2 classes, 900 texts; validation accuracy [\d.]+ %\n", printed)
    model = load(out)
    assert isinstance(model, TextClassifier)
    assert model.classes_.tolist() == ["negative", "positive"]
    assert model.model_.config.dim == 8


def test_the_accuracy_printed_is_that_of_the_model(run, table, tmp_path):
    valid = tmp_path / "valid.csv"
    valid.write_text("text,label\ngood,1\nbad,0\ngood,1\nbad,1\n")
    options = ("--valid", valid, "--ngrams", 1, "--learning-rate", 0.05, "--epochs", 10, "--batch-size", 4)
    code, printed, err = run(table, "-o", tmp_path / "model", *options)
    assert code == 0, err
    assert printed.endswith("; validation accuracy 75.00 %\n")
    model = load(tmp_path / "model")
    assert model.predict(["good", "bad"]).tolist() == ["1", "0"]


def test_nothing_is_held_out(run, table, tmp_path):
    code, printed, err = run(table, "-o", tmp_path / "model", *SMALL, "--valid-share", 0)
    assert code == 0, err
    assert printed == f"{tmp_path / 'model'}: word_avg, 2 classes, 32 texts\n"


def test_every_setting_reaches_the_training(asked, table, tmp_path):
    settings = (
        "--epochs 3 --batch-size 5 --budget 600 --learning-rate 0.5 --vector-rate 0.3 --weight-decay 0 --clip-norm 0 "
        "--label-smoothing 0.1 --rare-dropout 0.5 --patience 0 --valid-share 0.2 --precision bfloat16 "
        "--min-count 2 --max-vocab 90 --max-length 50"
    )
    options = f"--device cuda --seed 7 --tokenizer whitespace --class-weight balanced {settings}"
    model, texts, labels, rest = asked(table, "-o", tmp_path / "model", *options.split())
    assert texts == GOOD * 4 + BAD * 4
    assert labels == ["1"] * 16 + ["0"] * 16
    assert rest["valid"] is None
    assert (model.device, model.seed, model.tokenizer, model.class_weight) == ("cuda", 7, "whitespace", "balanced")
    assert model.settings == ClassifierSettings(
        epochs=3, batch_size=5, budget=600, learning_rate=0.5, vector_rate=0.3, weight_decay=0, clip_norm=None,
        label_smoothing=0.1, rare_dropout=0.5, patience=None, valid_share=0.2, precision="bfloat16", min_count=2,
        max_vocab=90, max_length=50, freeze_epochs=0, min_steps=0, keep_best=False, refit=True,
    )  # fmt: skip
    assert model.progress


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("word_avg", "--ngrams 3 --buckets 128", {"ngrams": 3, "buckets": 128}),
        ("word_avg", "--no-binary", {"binary": False}),
        ("cnn", "--widths 2,3 --filters 7 --dropout 0.1", {"widths": (2, 3), "filters": 7, "dropout": 0.1}),
        ("bilstm", "--hidden 9 --layers 2 --cell gru", {"hidden": 9, "layers": 2, "cell": "gru"}),
        ("char_gru", "--pooling max --word-dropout 0.2", {"unit": "char", "pooling": "max", "word_dropout": 0.2}),
    ],
)
def test_every_part_of_a_model(asked, table, tmp_path, name, options, expected):
    model, *_ = asked(table, "-o", tmp_path / "model", "--model", name, "--dim", "6", *options.split())
    assert model.model == dataclasses.replace(model_config(name), dim=6, **expected)
    assert model.settings == default_classifier_settings(model.model)


def test_vectors_give_the_model_their_width(asked, table, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("2 3\ngood 1 0 0\nbad 0 1 0\n")
    command = table, "-o", tmp_path / "model", "--model", "cnn", "--vectors", vectors
    for freeze, epochs in (("all", None), ("2", 2)):
        model, *_ = asked(*command, "--freeze-epochs", freeze)
        assert model.vectors.dim == model.model.dim == 3
        assert model.settings.freeze_epochs == epochs


def test_held_out_texts_of_their_own(asked, table, tmp_path):
    valid = tmp_path / "valid.csv"
    valid.write_text("text,label\ngood,1\n")
    assert asked(table, "-o", tmp_path / "model", "--valid", valid)[3]["valid"] == (["good"], ["1"])
    valid = asked("reviews", "-o", tmp_path / "model", "--valid-split", "train")[3]["valid"]
    assert len(valid[0]) == len(valid[1]) == 900


def test_weights_of_classes(asked, tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": 2}\n')
    weights = "--class-weight", "1=5", "--class-weight", "2=0.5"
    assert asked(path, "-o", tmp_path / "model", *weights)[0].class_weight == {1: 5.0, 2: 0.5}
    assert asked(REVIEWS, "-o", tmp_path / "model", "--class-weight", "negative=2")[0].class_weight == {"negative": 2}


def test_several_labels(run, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("text,label\n" + "good,a\nbad,a; b\nnone,\n" * 10)
    code, printed, err = run(path, "-o", tmp_path / "model", *SMALL, "--multi-label", "--model", "word_avg")
    assert code == 0, err
    assert ": word_avg, 2 classes, 30 texts" in printed
    model = load(tmp_path / "model")
    assert model.multi_label
    assert model.classes_.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "options", "model", "classes"),
    [
        ("reviews", [], "word_avg", 2),
        ("names", [], "char_gru", 18),
        (str(corpora_folder() / "names.csv"), ["--text", "name", "--label", "language"], "char_gru", 18),
    ],
)
def test_the_built_in_tables(asked, tmp_path, source, options, model, classes):
    _, texts, labels, _ = asked(source, "-o", tmp_path / "model", "--model", model, *options)
    assert len(texts) == len(labels) == (900 if source == "reviews" else 1818)
    assert len(set(labels)) == classes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-file.csv", "-o", "x"], "source must be an existing file, got 'no-such-file.csv'"),
        (["revews", "-o", "x"], "source must be an existing file, got 'revews'"),
        (["tales", "-o", "x"], "source must be a table"),
        ([REVIEWS, "-o", "x", "--text", "review"], "text must name a column of"),
        ([REVIEWS, "-o", "x", "--label", "class"], "it has 'text', 'label', 'stars'"),
        ([REVIEWS, "-o", "no/such/x"], "create it first"),
        ([REVIEWS, "-o", REVIEWS], "--output must be a new folder or one with a saved model"),
        ([REVIEWS, "-o", "x", "--valid", REVIEWS, "--valid-share", "0.1"], "--valid-share must be left out"),
        ([REVIEWS, "-o", "x", "--freeze-epochs", "1"], "--freeze-epochs must be left out without --vectors"),
        ([REVIEWS, "-o", "x", "--separator", "|"], "--separator must be left out without --multi-label, got '|'"),
        ([REVIEWS, "-o", "x", "--vectors", "none.txt"], "none.txt"),
        ([REVIEWS, "-o", "x", "--hidden", "9"], "--hidden must be left out with --model word_avg, got 9"),
        ([REVIEWS, "-o", "x", "--model", "cnn", "--ngrams", "2"], "--ngrams must be left out with --model cnn, got 2"),
        ([REVIEWS, "-o", "x", "--model", "cnn", "--binary"], "--binary must be left out with --model cnn, got True"),
        ([REVIEWS, "-o", "x", "--model", "cnn", "--widths", "3;4"], "--widths must be integers separated by commas"),
        ([REVIEWS, "-o", "x", "--epochs", "0"], "epochs must be"),
        ([REVIEWS, "-o", "x", "--class-weight", "positive"], "--class-weight must be balanced or CLASS=WEIGHT"),
        ([REVIEWS, "-o", "x", "--class-weight", "good=2"], "class_weight must name classes of the labels, got 'good'"),
        ([REVIEWS, "-o", "x", "--device", "abacus"], "device must be"),
        ([REVIEWS, "-o", "x", "--tokenizer", "abacus"], "tokenizer must be"),
        ([REVIEWS, "-o", "x", "--min-count", "100000"], "min_count must leave at least one token"),
    ],
)
def test_a_mistake_is_one_line(run, arguments, message, tmp_path):
    code, out, err = run(*arguments, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert [line for line in err.splitlines() if line.startswith("error: ")]
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_vectors_that_nobody_may_freeze_so(run, table, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("2 2\ngood 1 0\nbad 0 1\n")
    command = table, "-o", tmp_path / "model", "--vectors", vectors
    assert "--freeze-epochs must be a whole number or all, got 'some'" in run(*command, "--freeze-epochs", "some")[2]
    assert "vectors must have the dimension of the model, 5, got 2" in run(*command, "--dim", 5)[2]


def test_scores_are_no_classes(run, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\ngood,0.75\nbad,0.25\n")
    code, _, err = run(tmp_path / "a.csv", "-o", tmp_path / "model")
    assert code == 1
    assert "label must be classes, got the floats 0.25, 0.75" in err


@pytest.mark.parametrize(("epoch", "saved"), [(1, False), (3, True)])
def test_ctrl_c_leaves_the_best_model_so_far(run, table, tmp_path, monkeypatch, epoch, saved):
    out, steps = tmp_path / "model", []
    step = torch.optim.AdamW.step

    def interrupt(self, closure=None):
        steps.append(1)
        if len(steps) == 8 * epoch - 3:  # 32 texts in batches of 4 are 8 steps an epoch
            signal.raise_signal(signal.SIGINT)
        return step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupt)
    options = ("--valid", table, "--ngrams", 1, "--learning-rate", 0.05, "--epochs", 10, "--batch-size", 4)
    code, printed, err = run(table, "-o", out, *options)
    assert (code, printed, "Traceback" in err) == (130, "", False)
    assert len(steps) < 80
    assert out.exists() == saved
    if saved:
        assert err.splitlines()[-1] == (
            f"interrupted; {out}: saved the best of 2 epochs; use --checkpoint FILE to be able to resume"
        )
        assert load(out).predict(["good", "bad"]).tolist() == ["1", "0"]


def test_a_model_whose_weights_are_no_numbers_is_not_saved(run, table, tmp_path, monkeypatch):
    out, steps = tmp_path / "model", []
    step = torch.optim.AdamW.step

    def spoil(self, closure=None):
        steps.append(step(self, closure))
        if len(steps) == 12:  # of 8 in an epoch
            with torch.no_grad():
                self.objective.model.output_weight.fill_(float("nan"))

    monkeypatch.setattr(torch.optim.AdamW, "step", spoil)
    code, printed, err = run(table, "-o", out, *SMALL, "--valid-share", 0, "--batch-size", 4)
    assert (code, printed) == (1, "")
    assert "the loss became nan at step 13 of epoch 2" in err
    assert not out.exists()


def test_init_goes_on_from_a_folder(run, table, tmp_path):
    assert run(table, "-o", tmp_path / "first", *SMALL, "--tokenizer", "whitespace").code == 0
    more = tmp_path / "more.csv"
    more.write_text("text,label\n" + "a zebra,2\nzebra horse,2\ngood,1\nbad,0\n" * 6)
    done = run(more, "-o", tmp_path / "second", "--init", tmp_path / "first", "--epochs", 3)
    assert done.code == 0, done.err
    assert done.out.startswith(f"{tmp_path / 'second'}: word_avg, 3 classes, 24 texts")
    first, second = load(tmp_path / "first"), load(tmp_path / "second")
    known = len(first.vocabulary_)
    assert second.vocabulary_.tokens[:known] == first.vocabulary_.tokens
    assert second.tokenizer == "whitespace"
    assert second.model_.config == first.model_.config
    assert second.classes_.tolist() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "cnn"], "--model must be left out with --init, got cnn; the model keeps its own"),
        (["--vectors", "v.txt"], "--vectors must be left out with --init, got v.txt"),
        (["--checkpoint", "state"], "--output must not be the folder of --init with --checkpoint"),
        (["--tune-thresholds"], "--tune-thresholds must be left out without --multi-label"),
    ],
)
def test_what_does_not_go_with_init(run, table, tmp_path, arguments, message):
    assert run(table, "-o", tmp_path / "first", *SMALL).code == 0
    done = run(table, "-o", tmp_path / "first", "--init", tmp_path / "first", *arguments, cwd=tmp_path)
    assert done.code == 1
    assert message in done.err


def test_metric_thresholds_and_words_to_keep(run, tmp_path):
    path, words = tmp_path / "t.csv", tmp_path / "words.txt"
    path.write_text("text,label\n" + "good film,good;film\nbad film,bad;film\nso rare,film\n" * 12 + "unicorn,bad\n")
    words.write_text("unicorn\n\nnever\n")
    options = ("--multi-label", "--metric", "macro_f1", "--tune-thresholds", "--keep-words", words, "--min-count", 5)
    done = run(path, "-o", tmp_path / "m", *SMALL, *options, "--valid", path)
    assert done.code == 0, done.err
    assert re.search(r"epoch 1: loss [\d.]+, validation accuracy [\d.]+ %, f1_macro [\d.]+, ", done.err)
    assert re.search(r"37 texts; validation accuracy [\d.]+ %, f1_macro [\d.]+\n$", done.out)
    model = load(tmp_path / "m")
    assert "unicorn" in model.vocabulary_
    assert "never" not in model.vocabulary_
    assert model.thresholds_.shape == (3,)


def test_what_help_says_of_defaults_is_true():
    hints = typing.get_type_hints(classifier, include_extras=True)
    for model in MODEL_NAMES:
        values = {**dataclasses.asdict(model_config(model)), **dataclasses.asdict(default_classifier_settings(model))}
        for name in values.keys() & hints.keys():
            shown = hints[name].__metadata__[0].show_default
            if shown is False:  # a switch
                assert values[name] is False, (model, name)
                continue
            if shown == "implied by the model":
                continue
            if "others" in shown:
                said = dict(part.split() for part in shown.split(", "))
                shown = said.get(model, said["others"])
            meaning = {"no limit": None, "all": None, "3,4,5": (3, 4, 5), "binary": True, "yes": True, "no": False}
            meaning |= dict.fromkeys(("per-class", "by the texts", "by-classes", "never"))
            expected = meaning[shown] if shown in meaning else type(values[name])(shown)
            assert values[name] == expected, (model, name)


def test_every_field_of_models_and_settings_has_an_option():
    options = typing.get_type_hints(classifier).keys()
    missing = {field.name for field in dataclasses.fields(ClassifierSettings)} - options
    assert missing == set()
    left_out = {"unit", "bidirectional", "input_dropout", "layer_dropout", "weight_dropout"}  # Python has them
    for model in MODEL_NAMES:
        assert {field.name for field in dataclasses.fields(model_config(model))} - options <= left_out


def test_the_command_itself(python, table, tmp_path):
    done = python("-m", "textkit.train", "classifier", table, "-o", tmp_path / "model", *SMALL)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    config = read_config(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_text())["classes"] == config["classes"] == ["0", "1"]


def test_help_fits_80_columns_and_has_every_option(run):
    code, out, err = run("--help")
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    for name in vars(classifier_options):
        if name[0].isupper() and name not in ("Annotated", "Any", "Literal", "Path", "Table", "Folder", "TestSplit"):
            assert "--" + re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower() in out


@pytest.mark.parametrize("column", ["--column", "--text"])
def test_tables_as_they_come(asked, tmp_path, column):
    path = tmp_path / "t.csv"
    path.write_text("nr^words^label\n1^good, so good^1\n2^^0\n3^bad^\n4^bad^0\n")
    _, texts, labels, _ = asked(path, "-o", tmp_path / "x", column, "words", "--delimiter", "^", "--missing", "skip")
    assert (texts, labels) == (["good, so good", "bad"], ["1", "0"])


def test_a_file_for_fasttext(run, table, tmp_path):
    options = [*SMALL, "--no-binary", "--skip-unknown", "--tokenizer", "fasttext"]
    code, _, err = run(table, "-o", tmp_path / "x.bin", *options)
    assert code == 0, err
    assert load(tmp_path / "x.bin").predict(GOOD).tolist() == ["__label__1"] * len(GOOD)


def test_what_fasttext_cannot_read_is_refused_before_training(run, table, tmp_path):
    code, _, err = run(table, "-o", tmp_path / "x.bin", *SMALL, "--no-binary", "--skip-unknown")
    assert code == 1
    assert "tokenizer must be 'fasttext' for a file of fastText, got 'word-lower'" in err
    assert "epoch" not in err
    assert not (tmp_path / "x.bin").exists()
