"""The view of word vectors in a browser."""

import re
import time

import numpy as np
import pytest

from textkit.explore.vectors_page import VectorsPage
from textkit.vectors.word_vectors import WordVectors

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(serve, ready, royals, tmp_path_factory):
    moved = WordVectors(royals.words, [[1, 0, 0], [1, 0, 1], [0, 1, 0], [1, 0.1, 1], [-1, 1, 0]])
    folder = tmp_path_factory.mktemp("maps")
    things = [
        ready("royals", "vectors", VectorsPage(royals, folder / "royals.vec")),
        ready("moved", "vectors", VectorsPage(moved)),
    ]
    with serve(things) as running:
        running.things = things
        yield running


@pytest.fixture
def open_page(page, served):
    page.goto(served.address)
    expect(page.locator("figure.map strong")).to_have_text("royals")
    return page


def inked(page, number=0):
    """The number of pixels of a map that are not paper."""
    return (
        page.locator("canvas[role=application]")
        .nth(number)
        .evaluate(
            """async (canvas) => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const pixels = new Uint32Array(data.buffer);
            return pixels.filter((pixel) => pixel !== pixels[0]).length;
        }"""
        )
    )


def words(place):
    return place.locator(".found button").all_inner_texts()


def test_search_and_neighbors(open_page, picture):
    page = open_page
    page.get_by_label("Search a word").fill("ki")
    page.get_by_role("button", name="king", exact=True).click()
    expect(page.get_by_role("heading", name="Neighbors of “king”")).to_be_visible()
    found = page.get_by_label("Search", exact=True)
    assert words(found)[:2] == ["man", "queen"]
    assert found.locator(".number").first.inner_text() == "0.707"
    page.get_by_label("Search a word").fill("kingg")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'king'")
    assert inked(page) > 100
    picture("vectors")


def test_a_click_on_the_map_and_its_keys(open_page):
    page = open_page
    canvas = page.get_by_role("application")
    canvas.focus()
    for key in ("+", "ArrowLeft", "ArrowUp", "0", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Neighbors of")).to_be_visible()
    first = page.get_by_role("heading", name="Neighbors of").inner_text()
    box = canvas.bounding_box()
    # The word that is farthest to the right: points are up to 0.98 of half the smaller side from the middle.
    before = inked(page)
    canvas.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.mouse.wheel(0, -600)
    assert inked(page) != before  # zoomed
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2 + 40, steps=4)
    page.mouse.up()
    canvas.press("Enter")
    expect(page.get_by_role("heading", name="Neighbors of")).to_be_visible()
    assert first.startswith("Neighbors of “")


def test_analogies_are_typed(open_page):
    page = open_page
    page.locator("summary", has_text="Analogies").click()
    panel = page.locator("details", has_text="Analogies")
    panel.locator("input").fill("king - man + woman")
    panel.locator("input").press("Enter")
    expect(panel.locator("h3")).to_have_text("king + woman − man")
    assert words(panel)[0] == "queen"
    panel.locator("input").fill("king")
    panel.get_by_role("button", name="Solve").click()
    expect(panel.get_by_role("alert")).to_contain_text("query must be like")


def test_an_axis(open_page, picture):
    page = open_page
    page.locator("summary", has_text="Axis").click()
    panel = page.locator("details", has_text="Axis")
    panel.get_by_label("From").fill("man")
    panel.get_by_label("To", exact=True).fill("woman")
    panel.get_by_role("button", name="Show").click()
    expect(page.locator(".poles")).to_have_text("← manwoman →")
    assert [column.split("\n")[0] for column in panel.locator(".columns > div").all_inner_texts()] == [
        "← man",
        "woman →",
    ]
    picture("axis")
    panel.get_by_role("button", name="Back to the map").click()
    expect(page.locator(".poles")).to_have_count(0)


def test_groups_are_marked_by_shapes(open_page):
    page = open_page
    before = inked(page)
    page.locator("summary", has_text="Groups").click()
    panel = page.locator("details", has_text="Groups of words")
    panel.locator("textarea").fill("men: man, King\nwomen: woman queen\nothers: nobody")
    panel.get_by_role("button", name="Mark").click()
    expect(panel.locator("li")).to_have_text(["men (2)", "women (2)", "others (1)"])
    expect(panel).to_contain_text("Not on the map: nobody")
    assert inked(page) > before
    panel.get_by_role("button", name="Clear").click()
    assert inked(page) == before


def test_clusters_have_names(open_page, picture):
    page = open_page
    page.locator("summary", has_text="Clusters").click()
    panel = page.locator("details", has_text="Clusters")
    panel.get_by_label("Number").fill("2")
    panel.get_by_role("button", name="Find").click()
    expect(panel.locator("li")).to_have_count(2)
    assert sum(int(re.search(r"(\d+) words", text)[1]) for text in panel.locator("li").all_inner_texts()) == 5
    picture("clusters")


def test_a_map_is_computed(open_page, served):
    pytest.importorskip("openTSNE")
    page, maps = open_page, served.things[0].value.maps
    page.get_by_label("Projection of royals").select_option("tsne")
    expect(page.locator("figcaption progress")).to_be_visible()
    end = time.monotonic() + 120
    while "tsne" not in maps.cached():
        assert time.monotonic() < end
        time.sleep(0.1)
    expect(page.locator("figcaption progress")).to_have_count(0)
    assert page.locator("figcaption [role=status]").inner_text() == ""
    assert inked(page) > 100


def test_two_models_side_by_side(open_page, picture):
    page = open_page
    page.locator("summary", has_text="Side by side").click()
    panel = page.locator("details", has_text="Side by side")
    panel.get_by_label("moved").check()
    expect(page.locator("figure.map strong")).to_have_text(["royals", "moved"])
    page.get_by_label("Search a word").fill("king")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="moved", exact=True)).to_be_visible()
    expect(panel.locator(".columns .found button").first).to_have_text("queen")
    assert inked(page, 1) > 100
    panel.get_by_role("button", name="What differs?").click()
    expect(panel.get_by_role("heading", name="Words whose neighbors differ most from moved")).to_be_visible()
    picture("side-by-side")
    panel.get_by_label("moved").uncheck()
    expect(page.locator("figure.map")).to_have_count(1)


def test_human_scores(open_page, picture):
    page = open_page
    page.locator("summary", has_text="Human scores").click()
    panel = page.locator("details", has_text="Human scores")
    pairs = "king\tqueen\t9\nman\twoman\t8\nking\tman\t5\nqueen\tman\t1\n"
    panel.locator("input[type=file]").set_input_files(
        {"name": "pairs.tsv", "mimeType": "text/plain", "buffer": pairs.encode()}
    )
    expect(panel).to_contain_text("4 of 4 pairs")
    expect(panel.locator("svg circle")).to_have_count(4)
    expect(panel.locator("tbody tr")).to_have_count(4)
    picture("human-scores")


def test_everything_is_reached_by_the_keyboard(open_page):
    page = open_page
    reached = []
    for _ in range(13):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const here = document.activeElement;
                    const style = getComputedStyle(here);
                    const seen = here.matches(":focus-visible") && style.outlineStyle !== "none";
                    return `${here.tagName}${seen ? "" : " unseen"}`;
                }"""
            )
        )
    assert reached[:3] == ["A", "A", "A"]  # past the header, then the models
    assert {"SELECT", "CANVAS", "INPUT", "BUTTON", "SUMMARY"} <= set(reached)
    assert not [name for name in reached if "unseen" in name]
    page.keyboard.press("Enter")  # the last one is a panel
    assert page.evaluate("document.activeElement.parentElement.open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_double_zoom_and_in_the_dark(browser, served, scheme):
    """640 CSS pixels are 1280 at 200 %. Nothing runs out of the page, and text stands out."""
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2, color_scheme=scheme)
    page = context.new_page()
    page.goto(served.address)
    expect(page.locator("figure.map strong")).to_have_text("royals")
    for width in (640, 400):
        page.set_viewport_size({"width": width, "height": 400})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    colors = page.evaluate(
        """() => ["--paper", "--ink", "--faint", "--accent", "--bad"].map((name) =>
            getComputedStyle(document.documentElement).getPropertyValue(name).trim())"""
    )
    paper, *others = map(luminance, colors)
    assert (paper > 0.5) == (scheme == "light")
    for other in others:
        assert (max(paper, other) + 0.05) / (min(paper, other) + 0.05) > 4.5  # WCAG 2.1, 1.4.3
    context.close()


def luminance(color):
    """The relative luminance of WCAG 2.1."""
    channels = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
