import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textkit.fasttext.subwords import hash_bytes, subword_buckets


def buckets_of(word, min_n, max_n, buckets):
    marked = f"<{word}>"
    found = []
    for start in range(len(marked)):
        for n in range(max(min_n, 1), max_n + 1):
            ngram = marked[start : start + n]
            if len(ngram) == n and ngram not in ("<", ">"):
                found.append(hash_bytes(ngram.encode()) % buckets)
    return sorted(found)


# Boundary marks within a word are n-grams of length 1, those around it are none.
LETTERS = st.text(st.characters(exclude_characters="<>", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(LETTERS, max_size=5), st.integers(0, 4), st.integers(0, 7))
def test_as_by_definition(words, min_n, max_n):
    owners, buckets = subword_buckets([word.encode() for word in words], min_n, max_n, 1000)
    assert (np.diff(owners) >= 0).all()
    for number, word in enumerate(words):
        assert sorted(buckets[owners == number].tolist()) == buckets_of(word, min_n, max_n, 1000)


def test_bytes_above_127_are_sign_extended():
    plain = 2166136261
    for byte in "ü".encode():
        plain = ((plain ^ byte) * 16777619) % 2**32
    assert hash_bytes("ü".encode()) != plain
    assert hash_bytes(b"\x80") == ((2166136261 ^ 0xFFFFFF80) * 16777619) % 2**32


def test_the_end_of_a_text_has_no_ngrams():
    owners, _ = subword_buckets([b"</s>", b"ab", b"</s>"], 2, 3, 10)
    assert set(owners.tolist()) == {1}


def test_a_mark_within_a_word_is_an_ngram():
    _, buckets = subword_buckets([b"<"], 1, 1, 10**6)  # of "<<>" only the one in the middle
    assert buckets.tolist() == [hash_bytes(b"<") % 10**6]


def test_bytes_that_are_not_utf8():
    owners, _ = subword_buckets([b"\x80\x80a", b"\xff" * 3], 1, 6, 100)
    assert set(owners.tolist()) == {0, 1}
