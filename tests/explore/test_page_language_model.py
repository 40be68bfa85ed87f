"""The view of a language model in a browser."""

import time

import pytest

from textkit.explore.language_model_page import LanguageModelPage

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def things(ready, random_model):
    return [ready("random", "language-model", LanguageModelPage(random_model()))]


@pytest.fixture(scope="module")
def served(serve, things):
    with serve(things) as running:
        yield running


@pytest.fixture
def open_page(page, served):
    page.goto(served.address)
    expect(page.get_by_role("heading", name="Write")).to_be_visible()
    return page


def write(page, length, **settings):
    page.get_by_label("Prompt").fill("the ")
    page.get_by_label("Length").fill(str(length))
    for name, value in settings.items():
        page.get_by_label(name).fill(str(value))
    page.get_by_role("button", name="Write").click()


def test_text_is_written_with_the_settings(open_page, things, picture):
    page, model = open_page, things[0].value.model
    settings = {"temperature": 0.5, "top_k": 7, "top_p": 0.9, "seed": 3}
    write(page, 60, **{"Temperature": 0.5, "Top-k": 7, "Top-p": 0.9, "Seed": 3})
    text = page.get_by_role("region", name="Written text")
    expect(text.locator(".token")).to_have_count(60)
    assert text.text_content() == model.generate("the ", length=60, **settings)
    # Alternatives of the token that is pointed at, and of the next one by the keyboard.
    text.locator(".token").first.hover()
    aside = page.locator("aside")
    expect(aside.locator("tbody tr")).to_have_count(8)
    first = aside.inner_text()
    chances = [float(cell.split()[0]) for cell in aside.locator("td.number").all_inner_texts()]
    assert chances == sorted(chances, reverse=True)
    text.focus()
    page.keyboard.press("ArrowRight")
    expect(text.locator(".token.here")).to_have_count(1)
    assert aside.inner_text() != first or text.locator(".token").nth(1).text_content() == first
    picture("language-model")


def test_text_appears_as_it_is_written(page, serve, ready, random_model):
    class Slow(LanguageModelPage):
        def write(self, **settings):
            for piece in super().write(**settings):
                time.sleep(0.02)
                yield piece

    thing = ready("slow", "language-model", Slow(random_model()))
    with serve([thing]) as running:
        page.goto(running.address)
        write(page, 2000)
        tokens = page.locator(".token")
        expect(tokens.first).to_be_visible()
        early = tokens.count()
        expect(tokens.nth(early + 5)).to_be_attached()
        assert tokens.count() < 2000
        assert thing.busy == 1
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Stop")).to_be_hidden()
        stops(thing)
        # So does a tab that is closed.
        write(page, 2000)
        expect(tokens.first).to_be_visible()
        assert thing.busy == 1
        page.close()
        stops(thing)


def stops(thing):
    end = time.monotonic() + 20
    while thing.busy:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_several_temperatures(open_page, picture):
    page = open_page
    page.get_by_label("Prompt").fill("the ")
    page.get_by_label("Length").fill("30")
    page.get_by_role("button", name="Several temperatures").click()
    for temperature in ("0.3", "0.6", "0.9", "1.2"):
        region = page.get_by_role("region", name=f"Temperature {temperature}")
        expect(region.locator(".token")).to_have_count(30)
    picture("temperatures")


def test_surprisal_is_shaded(open_page, things, picture):
    page, text = open_page, "the fox É\nran"
    section = page.get_by_label("Surprisal", exact=True)
    section.locator("textarea").fill(text)
    section.get_by_role("button", name="Shade").click()
    shades = section.get_by_role("region").locator(".shade")
    expect(shades).to_have_count(len(text))
    bits = [bits for _, bits, _ in things[0].value.surprisal(text)["tokens"]]
    assert "not predicted" in shades.first.get_attribute("title")
    strengths = shades.evaluate_all(
        """(all) => all.map((each) => {
            const parts = getComputedStyle(each).backgroundColor.match(/[\\d.]+/g).map(Number);
            return parts.length === 4 ? parts[3] : 1;
        })"""
    )
    for strength, bit in list(zip(strengths, bits, strict=True))[1:]:
        assert strength == pytest.approx(0.6 * min(1, bit / 12), abs=0.01)
    assert section.locator(".text .unknown").all_inner_texts() == ["É"]
    expect(section).to_contain_text(f"{len(text)} tokens")
    picture("surprisal")


def test_bad_settings_and_texts(open_page):
    page = open_page
    write(page, 10, **{"Top-k": 1})
    page.get_by_label("Length").fill("0")
    page.evaluate("document.querySelectorAll('input').forEach((input) => input.removeAttribute('min'))")
    page.get_by_role("button", name="Write").click()
    expect(page.get_by_role("alert")).to_contain_text("length must be")
    section = page.get_by_label("Surprisal", exact=True)
    section.locator("textarea").fill("a" * 1_000_000)
    section.get_by_role("button", name="Shade").click()
    expect(section).to_contain_text("Only the first 5,000 of 1,000,000 characters are read", timeout=30_000)
