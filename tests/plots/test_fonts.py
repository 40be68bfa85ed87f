import warnings

import pytest
from matplotlib import font_manager, ft2font, pyplot

from textkit import plots
from textkit.plots.fonts import text_style


@pytest.fixture
def installed(monkeypatch):
    """Return a function that installs fonts for one test; before its first call there are those of matplotlib only."""
    own = [font for font in font_manager.fontManager.ttflist if font.name.startswith(("DejaVu", "STIX"))]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    return lambda path: font_manager.fontManager.addfont(path)


def made_font(path, name, characters):
    """Write a font in which each of the characters is a square."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in [(0, 500), (500, 500), (500, 0)]:
        pen.lineTo(corner)
    pen.closePath()
    glyphs = [".notdef", *(f"glyph{number}" for number in range(len(characters)))]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(glyphs)
    font.setupCharacterMap(dict(zip(map(ord, characters), glyphs[1:], strict=True)))
    font.setupGlyf(dict.fromkeys(glyphs, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(glyphs, (600, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": name, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return path


def test_words_of_the_default_font_keep_it():
    assert text_style(["tea", "чай", "τσάι", "a $x$"]) == {"fontfamily": ["sans-serif"], "parse_math": False}


def test_a_font_with_the_missing_characters_is_found(tmp_path, installed):
    installed(made_font(tmp_path / "one.ttf", "One Character", "茶"))
    installed(made_font(tmp_path / "two.ttf", "Two Characters", "茶水"))
    assert text_style(["tea 茶", "水"])["fontfamily"] == ["sans-serif", "Two Characters"]


def test_of_fonts_with_the_same_characters_the_usual_one_is_taken(tmp_path, installed):
    installed(made_font(tmp_path / "a.ttf", "A Font", "茶"))
    installed(made_font(tmp_path / "noto.ttf", "Noto Sans CJK SC", "茶"))
    assert text_style(["茶"])["fontfamily"] == ["sans-serif", "Noto Sans CJK SC"]


def test_a_picture_with_a_font_that_was_found_has_no_warning(tmp_path, installed):
    installed(made_font(tmp_path / "noto.ttf", "Noto Sans CJK SC", "好坏"))
    ax = plots.explanation(explanation("好", "坏"))
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["好", "坏"]


def test_a_missing_font_is_named(installed):
    with pytest.warns(
        UserWarning, match=r"no installed font has क 茶, drawn as boxes; install Noto Sans CJK and Noto "
    ):
        assert text_style(["茶", "tea", "क"])["fontfamily"] == ["sans-serif"]


def test_arabic_is_drawn_by_the_default_font(monkeypatch):
    monkeypatch.setattr(ft2font, "__libraqm_version__", "0.10", raising=False)
    assert text_style(["شاي"])["fontfamily"] == ["sans-serif"]


def test_a_matplotlib_that_does_not_join_letters_is_named(monkeypatch):
    monkeypatch.delattr(ft2font, "__libraqm_version__", raising=False)
    with pytest.warns(
        UserWarning, match=r"draws the letters of Arabic apart, from left to right; upgrade to matplotlib 3"
    ):
        text_style(["tea", "شاي"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text_style(["tea", "чай"])


def test_a_dollar_sign_starts_no_formula():
    ax = plots.explanation(explanation("$5", "$x$"))
    ax.figure.canvas.draw()
    assert [label.get_parse_math() for label in ax.get_yticklabels()] == [False, False]
    assert pyplot.get_fignums()


def explanation(*tokens):
    from textkit.evaluation.explanation import Explanation

    return Explanation(label="good", probability=0.9, tokens=tokens, shares=(1.0,) * len(tokens), rest=0.0, exact=True)
