import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.ranking import TokenList, check_tokens, rank_types
from textkit.text.type_counts import ArrowTypes

COUNTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.integers(1, 3), min_size=1)


@pytest.mark.parametrize("kind", [TokenList, lambda tokens: ArrowTypes(pa.array(tokens, pa.string()))])
@given(counts=COUNTS)
def test_types_are_ranked_by_count_and_then_by_spelling(kind, counts):
    words, ranked, ids = rank_types(kind(list(counts)), np.array(list(counts.values())), 1, None, ())
    expected = sorted(counts, key=lambda token: (-counts[token], token))
    assert list(words) == expected
    assert ranked.tolist() == [counts[token] for token in expected]
    assert [expected[row] for row in ids] == list(counts)


@pytest.mark.parametrize("kind", [TokenList, lambda tokens: ArrowTypes(pa.array(tokens, pa.string()))])
def test_specials_come_first_and_rare_types_are_left_out(kind):
    types = kind(["a", "b", "<unk>", "c"])
    words, counts, ids = rank_types(types, np.array([2, 3, 1, 1]), 2, 3, ("<pad>", "<unk>"))
    assert words == ("<pad>", "<unk>", "b")
    assert counts.tolist() == [0, 1, 3]
    assert ids.tolist() == [-1, 2, 1, -1]


@pytest.mark.parametrize("wrong", [1, None, 2.5, ["a"]])
def test_what_is_no_str_is_no_token(wrong):
    with pytest.raises(TypeError, match=r"a token must be a str, got .* at position 1"):
        check_tokens(["a", wrong])


@pytest.mark.parametrize("kind", [TokenList, lambda tokens: ArrowTypes(pa.array(tokens, pa.string()))])
def test_words_to_keep_stay_in_their_order(kind):
    def ranked(max_size, keep_words, min_count=2):
        types = kind(["a", "b", "<unk>", "c", "never", "d"])
        return rank_types(types, np.array([4, 2, 1, 1, 0, 3]), min_count, max_size, ("<unk>",), keep_words)

    words, counts, ids = ranked(None, ["c", "absent", "never", "a"])
    assert (words, counts.tolist()) == (("<unk>", "a", "d", "b", "c"), [1, 4, 3, 2, 1])
    assert ids.tolist() == [1, 3, 0, 4, -1, 2]
    assert ranked(3, {"c"})[0] == ("<unk>", "a", "c")
    assert ranked(3, {"a"})[0] == ("<unk>", "a", "d")
    assert ranked(None, {"c"}, min_count=9)[0] == ("<unk>", "c")
    with pytest.raises(ValueError, match="must be at least 4, the number of specials and keep_words, got 3"):
        ranked(3, ["a", "b", "c"])
    with pytest.raises(TypeError, match="must be a list of words, got the str 'abc'"):
        ranked(3, "abc")
    with pytest.raises(TypeError, match="a token must be a str, got 5"):
        ranked(3, [5])
