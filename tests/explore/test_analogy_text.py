import pytest

from textkit.explore.analogy_text import parsed_analogy


@pytest.mark.parametrize(
    ("text", "added", "subtracted"),
    [
        ("king - man + woman", ["king", "woman"], ["man"]),
        ("  + king − man + woman ", ["king", "woman"], ["man"]),  # a minus sign
        ("- man + king", ["king"], ["man"]),
        ("vice-president - vice + co-pilot", ["vice-president", "co-pilot"], ["vice"]),
        ("New York - city + country", ["New York", "country"], ["city"]),
        ("man : king :: woman : ?", ["king", "woman"], ["man"]),
        ("man:king=woman", ["king", "woman"], ["man"]),
        ("man king woman", ["king", "woman"], ["man"]),
    ],
)
def test_sums_and_proportions(text, added, subtracted):
    assert parsed_analogy(text) == (added, subtracted)


@pytest.mark.parametrize("text", ["", "king", "a b", "a b c d", "- a", "a - ", "a : b"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="query must be like 'king - man \\+ woman'"):
        parsed_analogy(text)
    with pytest.raises(TypeError, match="query must be a str, got list"):
        parsed_analogy([text])
