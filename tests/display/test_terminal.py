from hypothesis import given
from hypothesis import strategies as st

from textkit.display.terminal import columns_of, pad_to_width


def test_what_is_too_long_is_cut():
    assert pad_to_width("abcdefgh", 8) == "abcdefgh"
    assert pad_to_width("abcdefghi", 8) == "abcde..."
    assert pad_to_width("茶茶茶茶茶", 8) == "茶茶... "  # a third would take the ninth column
    assert pad_to_width("ab", 4, right=True) == "  ab"


def test_line_ends_and_escapes_are_shown():
    assert pad_to_width("a\n\x1b", 9) == r"a\n\x1b  "


@given(st.text(), st.integers(3, 30))
def test_every_text_takes_the_columns_asked_for(text, columns):
    assert columns_of(pad_to_width(text, columns)) == columns
    assert "\n" not in pad_to_width(text, columns)
