"""HTML in words, texts, labels, names and files is shown as text, wherever it is shown; no other address is asked."""

from pathlib import Path

import pytest

import textkit.explore
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.data.labeled import LabeledTexts
from textkit.explore.classifier_page import ClassifierPage
from textkit.explore.language_model_page import LanguageModelPage
from textkit.explore.things import Thing
from textkit.explore.vectors_page import VectorsPage
from textkit.vectors.word_vectors import WordVectors

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = pytest.mark.browser

HTML = "<img/src=x/onerror=ran()>"
"""It would run a function of the page if it were taken for markup."""


def failing(thing):
    raise ValueError(f"bad file {HTML}")


@pytest.fixture(scope="module")
def served(serve, ready, bigrams):
    words = [f"{HTML}{number}" for number in range(4)]
    vectors = WordVectors(words, [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1]])
    model = bigrams({HTML: {HTML: 0.5, "b": 0.5}, "b": {HTML: 1}, "<eos>": {HTML: 1}}, unit="word")
    texts, labels = [f"{HTML} good", "bad"] * 10, [f"yes{HTML}", f"no{HTML}"] * 10
    settings = ClassifierSettings(epochs=2)
    classifier = TextClassifier("word_avg", seed=1, settings=settings, tokenizer="whitespace").fit(texts, labels)
    table = LabeledTexts(texts=[f"{HTML} good", "bad"], labels=labels[1::-1])
    things = [
        ready(f"vectors {HTML}", "vectors", VectorsPage(vectors)),
        ready(f"others {HTML}", "vectors", VectorsPage(vectors)),
        ready("model", "language-model", LanguageModelPage(model)),
        ready("classifier", "classifier", ClassifierPage(classifier, table)),
        Thing("broken", "vectors", failing),
    ]
    with serve(things) as running:
        yield running


@pytest.fixture
def safe_page(page, served):
    """A page that asks no other address, and in which no markup of ours has become an element."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hasRun") is None
    assert [url for url in asked if not url.startswith((served.address, "blob:", "data:"))] == []


def test_words_of_vectors(safe_page, served):
    page = safe_page
    page.goto(served.address)
    expect(page.locator("figure.map strong")).to_have_text(f"vectors {HTML}")
    expect(page.locator("nav a").first).to_have_text(f"vectors {HTML}")
    page.get_by_label("Search a word").fill("img")
    expect(page.locator(".suggested button").first).to_have_text(f"{HTML}0")
    page.get_by_label("Search a word").fill(f"{HTML}0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Neighbors of")).to_contain_text(HTML)
    box = page.locator("canvas[role=application]").bounding_box()
    for x in range(0, int(box["width"]), 60):  # until a word is under the pointer
        for y in range(0, int(box["height"]), 60):
            page.mouse.move(box["x"] + x, box["y"] + y)
    page.get_by_label("Search a word").fill(f"{HTML}?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(HTML)


def test_words_in_the_tools(safe_page, served):
    page = safe_page
    page.goto(served.address)
    expect(page.locator("summary")).to_have_count(6)
    for summary in page.locator("summary").all():
        summary.click()
    panel = page.locator("details", has_text="Analogies")
    panel.locator("input").fill(f"{HTML}0 - {HTML}1 + {HTML}2")
    panel.get_by_role("button").first.click()
    expect(panel.locator("h3")).to_contain_text(HTML)
    panel = page.locator("details", has_text="Axis")
    panel.get_by_label("From").fill(f"{HTML}0")
    panel.get_by_label("To", exact=True).fill(f"{HTML}2")
    panel.get_by_role("button", name="Show").click()
    expect(page.locator(".poles")).to_contain_text(HTML)
    panel = page.locator("details", has_text="Groups of words")
    panel.locator("textarea").fill(f"group {HTML}: {HTML}0, {HTML}?")
    panel.get_by_role("button", name="Mark").click()
    expect(panel.locator("li")).to_contain_text(HTML)
    expect(panel).to_contain_text(f"Not on the map: {HTML}?")
    panel = page.locator("details", has_text="Clusters")
    panel.get_by_label("Number").fill("2")
    panel.get_by_role("button", name="Find").click()
    expect(panel.locator("li").first).to_contain_text(HTML)
    panel = page.locator("details", has_text="Side by side")
    panel.get_by_label("others").check()
    expect(page.locator("figure.map strong").nth(1)).to_contain_text(HTML)
    panel.get_by_role("button", name="What differs?").first.click()
    expect(panel.locator("h3", has_text="differ most")).to_contain_text(HTML)
    panel = page.locator("details", has_text="Human scores")
    pairs = "".join(f"{HTML}{first}\t{HTML}{second}\t{first + second}\n" for first in range(3) for second in range(4))
    panel.locator("input[type=file]").set_input_files(
        {"name": f"{HTML.replace('/', '_')}.tsv", "mimeType": "text/plain", "buffer": pairs.encode()}
    )
    expect(panel.locator("tbody tr").first).to_contain_text(HTML)


def test_texts_of_a_language_model(safe_page, served):
    page = safe_page
    page.goto(f"{served.address}#2")
    page.get_by_label("Prompt").fill(f"{HTML} <b>x</b>")
    page.get_by_label("Length").fill("20")
    page.get_by_role("button", name="Write").click()
    text = page.get_by_role("region", name="Written text")
    expect(text.locator(".token")).to_have_count(20)
    expect(text).to_contain_text(f"{HTML} {HTML}")
    expect(page.get_by_text("Not known to the model, left out: <b>x</b>")).to_be_visible()
    text.locator(".token").first.hover()
    expect(page.locator("aside th").first).to_contain_text("<img")
    section = page.get_by_label("Surprisal", exact=True)
    section.locator("textarea").fill(f"{HTML} b {HTML}")
    section.get_by_role("button", name="Shade").click()
    expect(section.get_by_role("region")).to_contain_text(HTML)
    expect(section.locator("ol")).to_contain_text("<img")


def test_texts_and_labels_of_a_classifier(safe_page, served):
    page = safe_page
    page.goto(f"{served.address}#3")
    section = page.get_by_label("Classify", exact=True)
    section.locator("textarea").fill(f"{HTML} good")
    expect(section.locator(".text")).to_contain_text(HTML)
    expect(section.locator(".bars th").first).to_contain_text(HTML)
    expect(section.locator("td.long").first).to_contain_text(HTML)
    section = page.get_by_label("Evaluate", exact=True)
    section.get_by_role("button", name="The table").click()
    expect(section.locator(".matrix th").nth(1)).to_contain_text(HTML)
    section.locator(".matrix button:not(:text-is('0'))").first.click()
    expect(section.locator("h3", has_text="predicted as")).to_contain_text(HTML)
    expect(section.locator("td:not(.long)", has_text=HTML).first).to_be_visible()
    section = page.get_by_label("Label", exact=True)
    section.get_by_role("button", name="The texts").click()
    expect(section.locator(".text")).to_contain_text(HTML)
    expect(section.locator(".labels button").first).to_contain_text(HTML)


def test_errors(safe_page, served):
    page = safe_page
    page.goto(f"{served.address}#4")
    expect(page.get_by_role("alert")).to_contain_text(f"bad file {HTML}")


def test_no_script_makes_markup_of_text():
    for script in (Path(textkit.explore.__file__).parent / "static").glob("*.js"):
        code = script.read_text(encoding="utf-8")
        for name in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "http:",
        ):
            assert name not in code.replace("http://www.w3.org/2000/svg", ""), (script.name, name)
