"""The view of a classifier in a browser."""

import csv
import io

import pytest

from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.labeled import LabeledTexts
from textkit.explore.classifier_page import ClassifierPage

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser

TEXTS = ["a good film", "so good", "a bad film", "bad, very bad"] * 8
TABLE = LabeledTexts(texts=["good", 'bad, "so" bad\nindeed', "so bad", "very good"], labels=["yes", "no", "yes", "yes"])


@pytest.fixture(scope="module")
def served(serve, ready):
    settings = ClassifierSettings(epochs=5)
    classifier = TextClassifier("word_avg", seed=1, settings=settings).fit(TEXTS, ["yes", "yes", "no", "no"] * 8)
    with serve([ready("reviews", "classifier", ClassifierPage(classifier, TABLE))]) as running:
        yield running


@pytest.fixture
def open_page(page, served):
    page.goto(served.address)
    expect(page.get_by_role("heading", name="Classify a text")).to_be_visible()
    return page


def test_probabilities_and_shares(open_page, picture):
    page = open_page
    section = page.get_by_label("Classify", exact=True)
    section.locator("textarea").fill("a good but bad film")
    shades = section.locator(".text .shade")
    expect(shades).to_have_count(5)
    assert {"good+", "bad−"} <= set(shades.all_inner_texts())
    good, bad = section.locator(".text .for", has_text="good"), section.locator(".text .against", has_text="bad")
    # The signs differ in the sign itself, in the line below and in the color.
    style = "(word) => [getComputedStyle(word).borderBottomStyle, getComputedStyle(word).backgroundColor]"
    assert good.evaluate(style)[0] == "solid"
    assert bad.evaluate(style)[0] == "dashed"
    assert good.evaluate(style)[1] != bad.evaluate(style)[1]
    chances = section.locator(".bars td.number").all_inner_texts()
    assert sum(float(chance.split()[0]) for chance in chances) == pytest.approx(100, abs=0.2)
    expect(section.locator("table.data tbody tr")).to_have_count(4)  # the nearest texts
    section.get_by_label("Class to explain").select_option(index=1)
    expect(section.locator(".text .shade").nth(1)).to_have_text("good−")
    expect(section.get_by_label("Class to explain")).to_be_focused()
    picture("classifier")


def test_cells_of_the_confusion_matrix_open_their_texts(open_page, picture):
    page = open_page
    section = page.get_by_label("Evaluate", exact=True)
    section.get_by_role("button", name="The table of 4 texts").click()
    expect(section).to_contain_text("Accuracy 75.0 %")
    section.get_by_role("button", name="1 texts of yes predicted as no").click()
    expect(section.get_by_role("heading", name="yes, predicted as no: 1")).to_be_visible()
    assert section.locator("td.long").all_inner_texts() == ["so bad"]
    expect(section.get_by_role("img", name="Calibration")).to_be_visible()
    assert section.locator("svg circle").count() >= 1
    section.get_by_role("button", name="Errors by confidence (1)").click()
    expect(section.get_by_role("heading", name="Errors, the most confident first: 1")).to_be_visible()
    picture("confusion-matrix")


def test_a_small_table_is_evaluated_at_once_and_does_not_replace_a_later_one(page, served):
    held = []
    page.route("**/evaluate", lambda route: route.continue_() if held else held.append(route))
    page.goto(served.address)
    section = page.get_by_label("Evaluate", exact=True)
    expect(section).to_contain_text("Evaluating")
    section.locator("input[type=file]").set_input_files(
        {"name": "table.csv", "mimeType": "text/csv", "buffer": b"text,label\ngood,yes\nso bad,no\na film,no\n"}
    )
    expect(section).to_contain_text(", 3 texts")
    with page.expect_response("**/evaluate"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    expect(section).to_contain_text(", 3 texts")


def test_errors_are_sorted_by_confidence(open_page):
    page = open_page
    section = page.get_by_label("Evaluate", exact=True)
    rows = ["good,no", "a film,no", "bad,yes", "so good,no", "good,yes"]
    section.locator("input[type=file]").set_input_files(
        {"name": "table.csv", "mimeType": "text/csv", "buffer": "\n".join(["text,label", *rows]).encode()}
    )
    expect(section).to_contain_text(", 5 texts")
    section.get_by_role("button", name="Errors by confidence").click()
    chances = [float(text.split()[0]) for text in section.locator("td.number").all_inner_texts()]
    assert len(chances) >= 3
    assert chances == sorted(chances, reverse=True)
    section.locator("input[type=file]").set_input_files(
        {"name": "table.csv", "mimeType": "text/csv", "buffer": b"words\nx\n"}
    )
    expect(section.get_by_role("alert")).to_contain_text("the file")


def test_labels_are_saved_as_csv(open_page, picture):
    page = open_page
    section = page.get_by_label("Label", exact=True)
    section.get_by_role("button", name="The texts of the table").click()
    expect(section).to_contain_text("Text 1 of 4, 0 labeled")
    section.get_by_role("button", name="Skip").focus()
    page.keyboard.press("2")  # yes
    expect(section).to_contain_text("Text 2 of 4, 1 labeled")
    page.keyboard.press("1")  # no
    page.keyboard.press("ArrowLeft")
    expect(section.get_by_role("button", name="1 no")).to_have_attribute("aria-pressed", "true")
    picture("labels")
    with page.expect_download() as download:
        section.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == "table-labeled.csv"
    written = download.value.path().read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(written, newline=""))) == [
        ["text", "label"],
        ["good", "yes"],
        ['bad, "so" bad\nindeed', "no"],
    ]


def test_a_megabyte(open_page):
    page = open_page
    section = page.get_by_label("Classify", exact=True)
    section.locator("textarea").fill("good bad " * 111_112)
    expect(section).to_contain_text("only the first 5,000 of 1,000,008 characters are read", timeout=30_000)
