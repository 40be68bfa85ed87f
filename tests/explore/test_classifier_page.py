import json
import tempfile
from pathlib import Path

import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.labeled import LabeledTexts
from textkit.explore.classifier_page import ClassifierPage

TEXTS = ["a good film", "so good", "a bad film", "bad, very bad"] * 8
LABELS = ["+", "+", "-", "-"] * 8


@pytest.fixture(scope="module")
def classifier():
    return TextClassifier("word_avg", seed=1, settings=ClassifierSettings(epochs=5)).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def page(classifier):
    table = LabeledTexts(texts=["good", "bad", "so bad", "very good"], labels=["+", "-", "+", "+"])
    return ClassifierPage(classifier, table, training=LabeledTexts(texts=TEXTS[:4], labels=LABELS[:4]))


def test_what_is_said_of_it(page, classifier):
    about = page.about()
    assert about == {"classes": ["+", "-"], "multi_label": False, "explains": True, "table": 4, "training": 4}
    assert ClassifierPage(classifier).about()["table"] is None


def test_probabilities(page, classifier):
    found = page.predict("so good")["classes"]
    assert [label for label, _ in found] == ["+", "-"]
    assert [chance for _, chance in found] == pytest.approx(classifier.predict_proba(["so good"])[0].tolist())
    with pytest.raises(TypeError, match="text must be a str, got list"):
        page.predict(["so good"])


def test_shares_of_words(page):
    found = page.explain("a good film")
    assert found["label"] == "+"
    assert dict(found["shares"])["good"] == max(share for _, share in found["shares"])
    assert dict(page.explain("a good film", "-")["shares"])["good"] < 0
    assert found["exact"]
    json.dumps(found)
    with pytest.raises(ValueError, match="label must be one of"):
        page.explain("a good film", "x")
    cut = page.explain("good " * 200_000)
    assert (cut["characters"], cut["read"], len(cut["shares"])) == (1_000_000, 5_000, 1_000)


def test_closest_texts(page, classifier):
    found = page.closest("a bad film", k=2)["texts"]
    assert found[0][:2] == ["a bad film", "-"]
    assert found[0][2] == pytest.approx(1)
    assert len(found) == 2
    assert {cosine for _, _, cosine in page.closest("unheard", k=4)["texts"]} == {0}
    with pytest.raises(ValueError, match="start with --table FILE"):
        ClassifierPage(classifier).closest("good")


def test_evaluation(page, classifier):
    found = page.evaluate()
    assert found["classes"] == ["+", "-"]
    assert found["confusion"] == [[2, 1], [0, 1]]
    assert found["accuracy"] == 0.75
    assert [row[:3] for row in found["texts"]][2] == ["so bad", "+", "-"]
    for (_, _, guess, chance), row in zip(found["texts"], classifier.predict_proba(page.table.texts), strict=True):
        assert chance == pytest.approx(row.max())
        assert guess == ["+", "-"][row.argmax()]
    assert sum(number for _, _, number in found["reliability"]) == 4
    json.dumps(found, allow_nan=False)


def test_an_opened_table_is_not_kept(page, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = page.evaluate('text,label\n"a ""good"" film",+\nbad,-\n', ".csv")
    assert [row[0] for row in found["texts"]] == ['a "good" film', "bad"]
    assert list(Path(tmp_path).iterdir()) == []
    assert len(page.table) == 4
    with pytest.raises(ValueError, match=r"in the file|the file"):
        page.evaluate("words,label\ngood,+\n", ".csv")
    with pytest.raises(ValueError, match="suffix must be one of"):
        page.evaluate("text,label\ngood,+\n", ".exe")
    with pytest.raises(ValueError, match="suffix must be one of"):
        page.evaluate("text,label\ngood,+\n", "/../../x.csv")


def test_texts_to_label(page, classifier):
    assert [row[0] for row in page.texts()["texts"]] == page.table.texts
    found = page.texts("good\nbad\n", ".txt")["texts"]
    assert [(text, label) for text, label, _ in found] == [("good", "+"), ("bad", "-")]
    assert [row[0] for row in page.texts('{"text": "good"}\n', ".jsonl")["texts"]] == ["good"]
    with pytest.raises(ValueError, match="must be given to be labeled"):
        ClassifierPage(classifier).texts()


def test_classes_that_are_numbers(classifier):
    numbers = [{"+": 1, "-": 0}[label] for label in LABELS]
    page = ClassifierPage(TextClassifier("word_avg", seed=1, settings=ClassifierSettings(epochs=2)).fit(TEXTS, numbers))
    assert page.about()["classes"] == ["0", "1"]
    assert page.explain("good", "1")["label"] == "1"
    found = page.evaluate("text,label\ngood,1\nbad,0\n")
    assert [row[1] for row in found["texts"]] == ["1", "0"]
    assert set(found["classes"]) == {"0", "1"}


def test_several_labels_for_a_text():
    labels = [["x"], ["x", "y"], ["y"], []] * 8
    settings = ClassifierSettings(epochs=3)
    page = ClassifierPage(
        TextClassifier("word_avg", seed=1, multi_label=True, settings=settings).fit(TEXTS, labels),
        LabeledTexts(texts=TEXTS[:4], labels=labels[:4]),
    )
    found = page.evaluate()
    assert found["confusion"] == []
    assert [row[1] for row in found["texts"]] == ["x", "x, y", "y", ""]
    json.dumps(found, allow_nan=False)
