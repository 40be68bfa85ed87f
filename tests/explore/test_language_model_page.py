import json

import pytest

from textkit.explore.language_model_page import SHADED_CHARACTERS, LanguageModelPage


@pytest.fixture(scope="module")
def page(random_model):
    return LanguageModelPage(random_model())


def test_what_is_said_of_it(page):
    about = page.about()
    assert (about["unit"], about["vocabulary"], about["writes"]) == ("char", 30, True)
    json.dumps(about)


def test_writing(page):
    pieces = list(page.write("the fox", length=20, temperature=0.8, seed=2))
    assert "".join(piece["text"] for piece in pieces) == page.model.generate(
        "the fox", length=20, temperature=0.8, seed=2
    )
    assert pieces[0] == {"text": "the fox", "choices": []}
    (choice,) = pieces[1]["choices"]
    assert choice["token"] == pieces[1]["text"]
    assert len(choice["alternatives"]) == 8
    json.dumps(pieces)


def test_unknown_tokens_of_the_prompt_are_named(page):
    pieces = list(page.write("The fox", length=1))
    assert pieces[0]["left_out"] == ["T"]
    assert pieces[1]["text"] == "he fox"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, "temperature must be"),
        ({"top_k": 0}, "top_k must be"),
        ({"top_p": 2}, "top_p must be"),
        ({"length": 10_000}, "length must be at most 5,000 tokens"),
        ({"seed": "x"}, "seed must be"),
    ],
)
def test_bad_settings_are_refused_by_the_call(page, settings, message):
    with pytest.raises(ValueError, match=message):
        page.write("a", **settings)


def test_surprisal(bigrams):
    model = bigrams({"a": {"b": 0.25, "a": 0.75}, "b": {"a": 1}})
    found = LanguageModelPage(model).surprisal("aba")
    assert [token for token, _, _ in found["tokens"]] == ["a", "b", "a"]
    assert found["tokens"][0][1] is None
    assert [bits for _, bits, _ in found["tokens"][1:]] == pytest.approx([2, 0], abs=1e-5)
    assert found["mean"] == pytest.approx(1)
    json.dumps(found, allow_nan=False)


def test_unknown_tokens_and_line_ends(page):
    tokens = page.surprisal("a\r\nÉ")["tokens"]
    assert [token for token, _, _ in tokens] == ["a", "\n", "É"]
    assert [unknown for _, _, unknown in tokens] == [False, False, True]
    with pytest.raises(ValueError, match="at least 2 tokens"):
        page.surprisal("a")
    with pytest.raises(TypeError, match="text must be a str, got int"):
        page.surprisal(3)


def test_of_a_megabyte_the_beginning_is_read(page):
    found = page.surprisal("a b " * 250_000)
    assert len(found["tokens"]) == found["read"] == SHADED_CHARACTERS
    assert found["characters"] == 1_000_000


def test_the_name_of_a_file_is_a_text_too(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ab").touch()
    assert len(page.surprisal("ab")["tokens"]) == 2
