from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text import whitespace
from textkit.text.whitespace import split_block

SPACES = "".join(c for c in map(chr, range(0x110000)) if c.isspace())
# as much white space, and characters that look like it, as text
LIKELY = st.text(st.sampled_from(SPACES + "ab\x00\x1b\u200b\u180e\ufeff東"))


@given(st.lists(st.text() | LIKELY))
def test_tokens_and_ends_are_those_of_str_split(documents):
    encoded = [document.encode() + b"\n" for document in documents]
    split = split_block(b"".join(encoded), np.cumsum([*map(len, encoded)], dtype=np.int64))
    tokens = split.types.take(pa.array(split.tokens)).to_pylist()
    bounds = [0, *split.ends.tolist()]
    assert tokens == [token for document in documents for token in document.split()]
    assert [tokens[a:b] for a, b in pairwise(bounds)] == [d.split() for d in documents]


@given(LIKELY, st.integers(1, 9))
def test_it_does_not_matter_where_chunks_begin(text, chunk):
    before = whitespace._CHUNK
    whitespace._CHUNK = chunk
    try:
        split = split_block(text.encode())
    finally:
        whitespace._CHUNK = before
    assert split.types.take(pa.array(split.tokens)).to_pylist() == text.split()


@pytest.mark.parametrize("space", SPACES)
def test_every_white_space_of_python_splits(space):
    assert sorted(split_block(f"{space}a{space}{space}b".encode()).types.to_pylist()) == ["a", "b"]


def test_documents_end_after_line_feeds_unless_told():
    assert split_block(b"a b\n\n c\nd").ends.tolist() == [2, 2, 3]
    assert split_block(b"").ends.tolist() == []
