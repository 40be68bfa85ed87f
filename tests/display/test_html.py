"""How results show themselves: as HTML in a notebook, and as at most 20 lines in a terminal."""

from html.parser import HTMLParser

import numpy as np
import pytest

import textkit
from textkit.display.html import ROWS, bar, block, table

EVIL = '<script>alert("$x$")</script>'


class Cells(HTMLParser):
    """Collects the tags and the text of each cell, and checks that tags are closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.cells = set(), [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag != "img":
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data


def shown(thing):
    text = thing._repr_html_()
    parsed = Cells(text)
    assert "script" not in parsed.tags
    assert "mathjax_ignore" in text
    return parsed


def test_texts_are_escaped_and_dollars_start_no_formula():
    text = block(EVIL, table([EVIL], [[EVIL], [3], [0.25]]))
    parsed = Cells(text)
    assert "script" not in parsed.tags
    assert parsed.cells == [EVIL, EVIL, "3", "0.2500"]


def test_long_tables_are_cut():
    text = table(["number"], [[row] for row in range(ROWS + 1500)])
    assert len(Cells(text).cells) == ROWS + 1
    assert "and 1,500 more" in text


def test_a_bar_stays_in_its_column():
    widths = [bar(fraction).split("width:")[1].split("em")[0] for fraction in (-1, 0.5, 2)]
    assert widths == ["0.00", "4.00", "8.00"]


def test_vocabulary_and_vectors_show_their_most_frequent_words():
    vocabulary = textkit.Vocabulary.from_counts({EVIL: 5000, **{f"w{row}": 30 - row for row in range(30)}})
    assert shown(vocabulary).cells[4:8] == ["0", EVIL, "5,000", ""]
    assert len(shown(vocabulary).cells) == 4 * 11
    words = [EVIL, "شاي"]
    assert shown(textkit.WordVectors(words, np.eye(2))).cells == ["word", *words]
    assert shown(textkit.WordVectors(words, np.eye(2), counts=[7, 2])).cells[3:] == [EVIL, "7", "", "شاي", "2", ""]


def test_a_corpus_of_files_shows_its_first_documents(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"{EVIL} line {row}\n" for row in range(9)) + "x" * 500)
    assert shown(textkit.corpus(tmp_path / "a.txt")).cells == [f"{EVIL} line {row}" for row in range(5)]
    (tmp_path / "a.txt").write_text("x" * 500)
    assert shown(textkit.corpus(tmp_path / "a.txt")).cells == ["x" * 100 + "..."]


def test_a_corpus_that_can_be_read_once_is_not_read():
    documents = iter(["one", "two"])
    corpus = textkit.corpus(documents)
    assert not shown(corpus).cells
    assert list(corpus) == ["one", "two"]


def test_a_language_model_shows_its_curves():
    pytest.importorskip("matplotlib")
    model = textkit.train_language_model(
        ["to be or not to be"] * 9,
        config=textkit.RnnLanguageModelConfig(dim=3, hidden=4),
        settings=textkit.LanguageModelSettings(batch_size=2, window=5, epochs=2),
        progress=False,
    )
    parsed = shown(model)
    assert "img" in parsed.tags
    assert parsed.cells[:2] == ["unit", "char"]
    assert parsed.cells[parsed.cells.index("hidden") + 1] == "4"
    score = shown(model.score(["to be"]))
    assert score.cells[score.cells.index("characters") + 1] == "6"


def test_a_classification_report(monkeypatch):
    from textkit.evaluation.classification import report

    classes = [EVIL, *(f"class {row}" for row in range(29))]
    result = report(classes, np.eye(30), classes)
    parsed = shown(result)
    assert EVIL in parsed.cells
    assert "class 28" not in parsed.cells
    lines = repr(result).split("\n")
    assert len(lines) == 20
    assert lines[0].startswith("accuracy")
    assert lines[-1].endswith("more lines; print(...) shows all")
    assert "class 28" in str(result)


def test_results_show_their_pictures_only_with_matplotlib(monkeypatch):
    pytest.importorskip("matplotlib")
    vectors = textkit.WordVectors(["a", "b", "c"], [[1, 0], [1, 0.1], [0, 1]])
    report = textkit.evaluate_similarity(vectors, [("a", "b", 9.0), ("a", "c", 1.0), ("b", "c", 2.0)])
    assert "img" in shown(report).tags
    assert repr(report) == str(report)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    parsed = shown(report)
    assert "img" not in parsed.tags
    assert "3 of 3" in parsed.cells


def test_an_analogy_report():
    vectors = textkit.WordVectors(["a", "b", "c", "d"], [[1, 0], [1, 1], [2, 0.1], [2, 2.1]])
    report = textkit.evaluate_analogies(vectors, [("a", "b", "c", "d")])
    assert "total" in shown(report).cells
    assert repr(report) == str(report)


def test_an_explanation_colors_its_tokens():
    from textkit.evaluation.explanation import Explanation

    tokens = (EVIL, *(f"word{row}" for row in range(60)))
    shares = (2.0, -1.0, *[0.5] * 59)
    result = Explanation(label=EVIL, probability=0.9, tokens=tokens, shares=shares, rest=0.0, exact=True)
    text = result._repr_html_()
    assert "script" not in shown(result).tags
    assert 'title="+2.000" style="background:rgba(0,114,178,0.70)">&lt;script' in text
    assert 'title="-1.000" style="background:rgba(213,94,0,0.35)">word0</span>' in text
    assert len(repr(result).split("\n")) == 20


def test_the_report_of_an_epoch_shows_what_was_measured():
    report = textkit.ClassifierReport(
        epoch=3, loss=0.25, valid_loss=None, valid_accuracy=None, texts_per_second=1000.0, seconds=2.0
    )
    assert shown(report).cells == ["epoch", "3", "loss", "0.2500", "texts per second", "1000", "seconds", "2.0000"]


def test_a_classifier_is_shown_by_scikit_learn():
    classifier = textkit.TextClassifier(keep_words=[EVIL])
    html = classifier._repr_mimebundle_()["text/html"]
    assert "<script>alert" not in html
    assert "TextClassifier" in html
    assert len(repr(classifier).split("\n")) <= 20
