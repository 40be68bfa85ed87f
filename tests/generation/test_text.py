import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.generation.text import decoded, known_tokens, prompt_tokens, start_token, until, written
from textkit.text.vocabulary import Vocabulary

CHARACTERS = Vocabulary.from_counts(dict.fromkeys("ab\n", 1), specials=["<pad>", "<unk>"])
WORDS = Vocabulary.from_counts(dict.fromkeys(["to", "be", "<unk>"], 1), specials=["<pad>", "<unk>", "<eos>"])


def test_a_prompt_is_split_as_the_training_text_was():
    assert prompt_tokens("a b\r\n", "char", None) == ["a", " ", "b", "\n"]
    assert prompt_tokens("to  be\n\nto", "word", str.split) == ["to", "be", "<eos>", "<eos>", "to"]
    assert prompt_tokens("to be\r\n", "word", str.split) == ["to", "be", "<eos>"]
    assert prompt_tokens("", "char", None) == prompt_tokens("", "word", str.split) == []


def test_unknown_tokens_of_a_prompt_are_named_once():
    with pytest.raises(ValueError, match=r"only characters that the model has seen, got 'ü', '\?'; .*skip"):
        known_tokens(list("aü?bü"), CHARACTERS, "char", "error")
    with pytest.raises(ValueError, match=r"only words that the model has seen, got 'or', 'not'; "):
        known_tokens(["to", "or", "not"], WORDS, "word", "error")
    with pytest.raises(ValueError, match=r"'9', \.\.\.; leave"):
        known_tokens(list("0123456789xyz"), CHARACTERS, "char", "error")


def test_unknown_tokens_are_skipped_on_demand():
    assert known_tokens(list("aü?bü"), CHARACTERS, "char", "skip") == ["a", "b"]
    assert known_tokens(["or"], WORDS, "word", "skip") == []


def test_a_literal_unk_is_a_word_like_any_other():
    assert known_tokens(["<unk>"], WORDS, "word", "error") == ["<unk>"]


def test_where_a_text_starts():
    assert start_token(CHARACTERS, "char") == "\n"
    assert start_token(WORDS, "word") == "<eos>"
    assert start_token(Vocabulary.from_counts({"a": 1}, specials=["<bos>", "<eos>"]), "char") == "<bos>"
    assert start_token(Vocabulary.from_counts({"a": 1}), "char") is None
    assert start_token(Vocabulary.from_counts({"<bos>": 1}, specials=["<eos>"]), "word") == "<eos>"  # a word of a text


def test_words_are_joined_by_spaces_and_line_ends():
    tokens = ["to", "be", "<eos>", "<eos>", "or"]
    assert list(written(tokens, "word")) == ["to", " be", "\n", "\n", "or"]
    assert next(written(tokens, "word", line_start=False)) == " to"
    assert list(written(["a", " ", "b", "\n"], "char", line_start=False)) == ["a", " ", "b", "\n"]


def test_a_stop_string_ends_the_text_and_is_left_out():
    assert "".join(until("to be or not", ["or"])) == "to be "
    assert "".join(until("to be or not", ["xyz", "not", "be "])) == "to "
    assert "".join(until("to be", ["x"])) == "to be"
    assert list(until("to be", ["to"])) == []
    assert list(until(["to", " be", " or"], [" be or"])) == ["to"]


def test_what_may_begin_a_stop_string_is_held_back():
    seen = []
    for piece in until("a-b--c---d", ["---"]):
        seen.append(piece)
        assert "---" not in "".join(seen)
    assert "".join(seen) == "a-b--c"
    assert seen == ["a", "-b", "--c"]
    assert "".join(until("ab--", ["---"])) == "ab--"  # the text is over: nothing more to wait for


def test_overlapping_beginnings():
    assert "".join(until("aaab", ["aab"])) == "a"
    assert "".join(until("ababac", ["abac"])) == "ab"
    assert "".join(until("abcd", ["abcd", "c"])) == "ab"  # the first that is complete


TEXTS = st.text("ab", max_size=12)


@given(TEXTS, st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3), st.data())
def test_pieces_of_any_size_give_the_same_text_up_to_the_first_complete_stop(text, stops, data):
    pieces, rest = [], text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        pieces.append(rest[:size])
        rest = rest[size:]
    ends = [
        (end, end - len(stop)) for stop in stops for end in range(len(stop), len(text) + 1) if text[:end].endswith(stop)
    ]
    found = list(until(pieces, stops))
    assert "".join(found) == (text[: min(ends)[1]] if ends else text)
    assert all(found)


def decode_bytes(tokens):
    return b"".join(bytes.fromhex(token) for token in tokens).decode(errors="replace")


@pytest.mark.parametrize(
    ("tokens", "pieces"),
    [
        (["61", "62"], ["a", "b"]),
        (["f0", "9f", "a6", "8a", "61"], ["🦊", "a"]),
        (["61", "<eos>", "62"], ["a", "\n", "b"]),
        (["f0", "9f", "<eos>", "62"], ["\ufffd", "\n", "b"]),  # never completed
        (["c3"], ["\ufffd"]),
        (["c3", "61"], ["\ufffda"]),
        ([], []),
    ],
)
def test_characters_of_several_tokens_come_at_once(tokens, pieces):
    assert list(decoded(tokens, decode_bytes)) == pieces


def test_what_a_token_looks_like_depends_on_the_one_before():
    def decode(tokens):
        return "".join(tokens).replace("_", " ").removeprefix(" ")

    assert list(decoded(["_a", "_b", "<eos>", "_c"], decode)) == ["a", " b", "\n", "c"]
    assert list(decoded(["_b"], decode, before=["_a"])) == [" b"]
