import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.fasttext import word_index
from textkit.fasttext.dictionary import new_dictionary
from textkit.fasttext.word_index import WordIndex

WORDS = ["cat", "", "cats", "über", "語", "at", "tac"]


def index_of(words):
    return WordIndex(new_dictionary([word.encode() for word in words], np.ones(len(words), np.int64), n_tokens=1))


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6), unique=True),
    st.text(max_size=6),
)
def test_it_maps_as_a_dict_does(words, other):
    expected = {word: row for row, word in enumerate(words)}
    index = index_of(words)
    assert dict(index) == expected
    assert index.get(other, -1) == expected.get(other, -1)
    assert (other in index) == (other in expected)
    assert len(index) == len(words)


def test_words_of_several_blocks(monkeypatch):
    monkeypatch.setattr(word_index, "_WORDS_AT_ONCE", 2)
    assert dict(index_of(WORDS)) == {word: row for row, word in enumerate(WORDS)}


def test_words_with_the_same_hash(monkeypatch):
    """With the base 1 a hash is the sum of the bytes, the same for words with the same letters."""
    monkeypatch.setattr(word_index, "_BASE", 1)
    index = index_of(WORDS)
    assert (index["cat"], index["tac"]) == (0, 6)
    assert "act" not in index
    with pytest.raises(ValueError, match=r"^words must be distinct, got 'tac' in rows 1 and 3; remove one of them$"):
        index_of(["cat", "tac", "act", "tac"])


def test_what_is_no_word():
    index = index_of(WORDS)
    assert 3 not in index
    assert "\ud800" not in index
    with pytest.raises(TypeError, match="unhashable"):
        index[["cat"]]
