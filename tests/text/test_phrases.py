import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.phrases import Phrase, Phrases


def phrases(*joined, delimiter="_"):
    return Phrases([Phrase(tuple(words.split()), 5, 10.0) for words in joined], delimiter=delimiter)


@pytest.mark.parametrize(
    ("known", "text", "joined"),
    [
        (["a b"], "a b a a b b", "a_b a a_b b"),
        (["a b", "b c"], "a b c b c", "a_b c b_c"),
        (["a a"], "a a a", "a_a a"),
        (["a b", "a b c"], "a b c a b d", "a_b_c a_b d"),
        (["a of c", "a b"], "a of c a of b a b of", "a_of_c a of b a_b of"),
        (["a of the c", "c d"], "a of the c d", "a_of_the_c d"),
        ([], "a b", "a b"),
        (["a b"], "", ""),
        (["a b"], "a", "a"),
    ],
)
def test_phrases_are_joined_from_left_to_right_the_longest_first(known, text, joined):
    assert phrases(*known).join(text.split()) == joined.split()


words = st.lists(st.sampled_from("abc"), max_size=12)


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=3).map(" ".join), max_size=4), words)
def test_joining_loses_no_word(known, text):
    joined = phrases(*known).join(text)
    assert [word for token in joined for word in token.split("_")] == text


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=2).map(" ".join), max_size=4), words)
def test_pairs_are_joined_the_same_in_both_ways(known, text):
    found = phrases(*known)
    assert found._join_pairs(text) == found._join_any(text)


def test_order_and_membership():
    found = Phrases([Phrase(("a", "b"), 3, 1.0), Phrase(("c", "d"), 9, 7.0), Phrase(("a", "a"), 1, 1.0)])
    assert [phrase.tokens for phrase in found] == [("c", "d"), ("a", "a"), ("a", "b")]
    assert ("a", "b") in found
    assert "a b" not in found
    assert ("a",) not in found


def test_phrases_are_a_step_of_any_tokenizer():
    found = phrases("new york")
    tokenizer = found.tokenizer("word-lower")
    assert tokenizer("New York!") == ["new_york", "!"]
    assert list(tokenizer.pipe(["in New York", ""])) == [["in", "new_york"], []]
    assert pickle.loads(pickle.dumps(tokenizer))("new york") == ["new_york"]
    stacked = phrases("new_york times").tokenizer(tokenizer)
    assert stacked("the New York Times") == ["the", "new_york_times"]


@pytest.mark.parametrize("delimiter", ["_", " ", "\t", "\n", "␣␣"])
def test_saving_keeps_everything(tmp_path, delimiter):
    first = Phrases(
        [Phrase(("a\tb", "c\n", "\\"), 7, 0.1 + 0.2), Phrase(("茶", ""), 2, -0.5), Phrase(("x", "y"), 9, 1e300)],
        delimiter=delimiter,
    )
    first.save(tmp_path / "phrases.txt")
    second = Phrases.load(tmp_path / "phrases.txt")
    assert list(second) == list(first)
    assert second.delimiter == delimiter
    assert second.join(["x", "y"]) == [f"x{delimiter}y"]


HEAD = "textkit-phrases\t1\t_\n"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "line 1"),
        ("a b\n", "line 1"),
        ("textkit-phrases\t2\t_\n", "line 1: the version must be 1"),
        ("textkit-phrases\t1\n", "line 1"),
        ("textkit-phrases\t1\t\n", "line 1: the delimiter is missing"),
        ("textkit-phrases\t1\t\\q\n", "line 1"),
        (HEAD + "3\t1.5\ta\n", "line 2"),
        (HEAD + "3\t1.5\ta\tb\n-3\t1.5\ta\tb\n", "line 3"),
        (HEAD + "3\tnan\ta\tb\n", "line 2"),
        (HEAD + "3\tx\ta\tb\n", "line 2"),
        (HEAD + "3\t1.5\ta\tb", "line 2"),
        (HEAD + "3\t1.5\ta\t\\q\n", "line 2"),
    ],
)
def test_damaged_files_are_refused_with_the_line(tmp_path, content, place):
    (tmp_path / "phrases.txt").write_text(content)
    with pytest.raises(ValueError, match=place) as error:
        Phrases.load(tmp_path / "phrases.txt")
    assert "phrases.txt" in str(error.value)


def test_other_bytes_are_refused(tmp_path):
    (tmp_path / "phrases.txt").write_bytes(HEAD.encode() + b"3\t1.5\ta\t\xff\n")
    with pytest.raises(ValueError, match="must be phrases in UTF-8, got the byte 0xff"):
        Phrases.load(tmp_path / "phrases.txt")


def test_what_cannot_be_a_phrase_is_refused():
    with pytest.raises(ValueError, match="at least two words"):
        phrases("one")
    with pytest.raises(ValueError, match="delimiter must be at least one character"):
        phrases("a b", delimiter="")
