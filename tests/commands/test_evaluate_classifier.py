import json
from dataclasses import asdict
from functools import partial

import pandas as pd
import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.evaluation.classification import ClassificationReport
from textkit.models.word_avg import WordAvgConfig

GOOD, BAD = ["good good", "so good", "good film", "a good one"], ["bad bad", "so bad", "bad film", "a bad one"]
TEXTS, LABELS = ["good", "bad", "good, good", "bad, bad"], ["yes", "no", "yes", "yes"]  # the last is not so


def trained(classes, **options):
    settings = ClassifierSettings(epochs=20, valid_share=0.0, vector_rate=0.5, learning_rate=0.05, batch_size=4)
    classifier = TextClassifier(WordAvgConfig(dim=4, ngrams=1), settings=settings, **options)
    return classifier.fit(GOOD * 4 + BAD * 4, [classes[0]] * 16 + [classes[1]] * 16)


@pytest.fixture(scope="module")
def classifier():
    return trained(["yes", "no"])


@pytest.fixture(scope="module")
def folder(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "classifier"
    classifier.save(folder)
    return folder


@pytest.fixture
def run(run):
    """Run ``textkit.evaluate classifier`` in this process."""
    return partial(run, "textkit.evaluate", "classifier")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "test.csv"
    pd.DataFrame({"text": TEXTS, "label": LABELS, "other": LABELS[::-1]}).to_csv(path, index=False)
    return path


def test_the_report_is_that_of_the_classifier(run, classifier, folder, table):
    report = classifier.evaluate(TEXTS, LABELS)
    assert isinstance(report, ClassificationReport)
    assert run(folder, table) == (0, f"{report}\n", "")
    assert report.accuracy == 0.75


def test_the_numbers_as_json(run, classifier, folder, table):
    found = json.loads(run(folder, table, "--json")[1])
    report = asdict(classifier.evaluate(TEXTS, LABELS))
    assert found == json.loads(json.dumps(report))
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[1, 0], [1, 2]]


def test_columns_by_name(run, folder, table):
    # labels from the last to the first: yes, yes, no, yes
    assert json.loads(run(folder, table, "--label", "other", "--json")[1])["accuracy"] == 0.25


def test_numbers_and_their_digits_are_the_same_class(run, tmp_path):
    trained([1, 0]).save(tmp_path / "numbers")
    trained(["1", "0"]).save(tmp_path / "digits")
    frame = pd.DataFrame({"text": TEXTS, "label": [1, 0, 1, 1]})
    frame.to_csv(tmp_path / "test.csv", index=False)
    frame.to_parquet(tmp_path / "test.parquet")
    for model in ("numbers", "digits"):
        for kind in ("csv", "parquet"):
            code, out, err = run(tmp_path / model, tmp_path / f"test.{kind}", "--json")
            assert code == 0, err
            assert json.loads(out)["accuracy"] == 0.75


def test_labels_that_training_never_saw_are_errors(run, folder, tmp_path):
    (tmp_path / "test.csv").write_text("text,label\ngood,yes\nbad,perhaps\n")
    code, out, err = run(folder, tmp_path / "test.csv")
    assert code == 0, err
    assert "labels that the model does not have, counted as errors: 1\n  perhaps\n" in out
    assert json.loads(run(folder, tmp_path / "test.csv", "--json")[1])["accuracy"] == 0.5


def test_several_labels(run, tmp_path):
    labels = [["a"]] * 16 + [["a", "b"]] * 16
    settings = ClassifierSettings(epochs=20, valid_share=0.0, vector_rate=0.5, learning_rate=0.05, batch_size=4)
    classifier = TextClassifier(WordAvgConfig(dim=4, ngrams=1), settings=settings, multi_label=True)
    classifier.fit(GOOD * 4 + BAD * 4, labels).save(tmp_path / "several")
    (tmp_path / "test.csv").write_text("text,label\ngood,a\nbad,a|b\nbad,b\n")
    code, out, err = run(tmp_path / "several", tmp_path / "test.csv", "--separator", "|", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["multi_label"]
    assert found["support"] == [2, 2]
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_a_separator_where_each_text_has_one_label(run, folder, table):
    code, _, err = run(folder, table, "--separator", "|")
    assert code == 1
    assert "--separator must be left out with a single-label classifier, got '|'" in err


def test_a_split_of_the_catalog(run, folder, monkeypatch):
    asked = []

    def read(source, **options):
        asked.append((source, options))
        raise ValueError("this is all that is of interest")

    monkeypatch.setattr("textkit.evaluate.read_labeled", read)
    for arguments, split in ((["sst2"], "test"), (["sst2", "--split", "dev"], "dev"), (["names"], None)):
        run(folder, *arguments)
        assert asked[-1][0] == arguments[0]
        assert asked[-1][1]["split"] == split


def test_a_picture(run, folder, table, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, err = run(folder, table, "--plot", tmp_path / "picture.png")
    assert code == 0, err
    assert "accuracy" in out
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_mistakes(run, folder, table, tmp_path):
    pytest.importorskip("matplotlib")
    for arguments, message in (
        ((folder, table, "--label", "class"), "label must name a column of"),
        ((folder, tmp_path / "none.csv"), "source must be an existing file"),
        ((folder, table, "--plot", tmp_path / "none" / "a.png"), "the folder of --plot must exist"),
        ((folder, tmp_path / "none.csv", "--plot", tmp_path / "a.txt"), "path must end in an image format"),
        ((tmp_path / "none", table), "none', which does not exist"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (1, "")
        assert err.startswith("error: ")
        assert message in err


def test_other_models(run, bigrams, folder, table, tmp_path):
    bigrams({"\n": {"a": 1}, "a": {"\n": 1}}).save(tmp_path / "language-model")
    assert "FOLDER must contain a classifier, got a language model in" in run(tmp_path / "language-model", table)[2]
    assert "FOLDER must contain a language model" in run.func("textkit.evaluate", "language-model", folder, table).err


def test_tables_as_they_come(run, folder, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("nr^words^label\n1^good, so good^yes\n2^^no\n3^bad^\n4^bad^no\n")
    options = ["--column", "words", "--delimiter", "^", "--missing", "skip", "--json"]
    code, out, err = run(folder, path, *options)
    assert code == 0, err
    assert sum(map(sum, json.loads(out)["confusion"])) == 2
