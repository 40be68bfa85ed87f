import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.characters import split_characters

texts = st.lists(st.text("ab \t\r\né日🙂", max_size=8), max_size=5)


def tokens(block):
    types = block.types.to_pylist()
    return [types[number] for number in block.tokens]


@given(texts)
def test_documents_are_split_into_their_code_points(texts):
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    block = split_characters("".join(texts).encode(), ends)
    assert tokens(block) == list("".join(texts))
    assert block.ends.tolist() == ends.tolist()
    assert len(set(block.types.to_pylist())) == len(block.types)


@given(texts)
def test_lines_end_before_their_line_feed(texts):
    text = "".join(line + "\n" for line in texts)
    block = split_characters(text.encode())
    lines = [line.removesuffix("\r") for line in text.split("\n")[:-1]]
    assert tokens(block) == list("".join(lines))
    assert np.diff(block.ends, prepend=0).tolist() == [len(line) for line in lines]


def test_an_empty_block():
    block = split_characters(b"")
    assert len(block.types) == len(block.tokens) == len(block.ends) == 0
