"""The commands with files of fastText."""

import json

import numpy as np
import pytest

from textkit.classifier.fasttext_classifier import FastTextClassifier


@pytest.fixture
def model(fasttext_bytes, tmp_path):
    rows, output = np.eye(3, dtype=np.float32), 3 * np.eye(2, 3, 1, dtype=np.float32)
    (tmp_path / "model.bin").write_bytes(
        fasttext_bytes(
            ["</s>", "good", "bad"], rows, output, labels=["__label__pos", "__label__neg"], counts=[9, 8, 7, 3, 2],
            buckets=0, dim=3, n=(0, 0), kept=None, loss=3, word_ngrams=1,
        )
    )  # fmt: skip
    return tmp_path / "model.bin"


def test_predictions(run, model):
    done = run("textkit.predict", model, "good", "bad", "--format", "jsonl", "--quiet")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["label"] for row in rows] == ["__label__pos", "__label__neg"]
    expected = FastTextClassifier.load(model).predict_proba(["good", "bad"]).max(axis=1)
    assert [row["probability"] for row in rows] == pytest.approx(expected, abs=1e-6)
    done = run("textkit.predict", model, "good", "--top", 2, "--quiet")
    assert done.out.splitlines()[1].startswith("good,__label__pos,")
    assert "__label__neg" in done.out


def test_lines_of_stdin(run, model):
    done = run("textkit.predict", model, "--file", "-", "--quiet", stdin=b"bad\ngood\n")
    assert [line.split(",")[1] for line in done.out.splitlines()[1:]] == ["__label__neg", "__label__pos"]


def test_evaluation_knows_labels_without_the_prefix(run, model, tmp_path):
    (tmp_path / "test.csv").write_text("text,label\ngood,pos\nbad,neg\nbad,pos\n")
    done = run("textkit.evaluate", "classifier", model, tmp_path / "test.csv", "--json", "--quiet")
    assert done.code == 0, done.err
    assert json.loads(done.out)["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--device", "cuda"], "--device must be cpu"), (["--tokenizer", "a:b"], "--tokenizer must be left out")],
)
def test_options_that_do_not_apply(run, model, options, message):
    done = run("textkit.predict", model, "good", *options)
    assert done.code == 1
    assert message in done.err


def test_info(run, model):
    done = run("textkit.commands.info", model)
    assert done.code == 0, done.err
    assert "fasttext" in done.out.lower()
    assert "__label__neg" in done.out
