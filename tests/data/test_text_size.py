import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.data.corpus import corpus
from textkit.data.text_size import TextSize, with_size


def size_of(source):
    same, size = with_size(corpus(source))
    documents = list(same)
    return documents, (size.characters, size.utf8_bytes)


@pytest.mark.parametrize(
    ("text", "characters", "size"),
    [
        ("ab\nc\n", 5, 5),
        ("ab\nc", 5, 5),  # the last line need not have an end, and gets one
        ("ab\r\n\r\nc\r\n", 6, 6),  # a carriage return before a line feed is part of the line end
        ("a\rb\n", 4, 4),
        ("é日🙂\n", 4, 2 + 3 + 4 + 1),
        ("\ufeffab\n", 3, 3),  # a byte order mark is no text
        ("", 0, 0),
    ],
)
def test_files_are_measured_as_they_pass_by(tmp_path, text, characters, size):
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    documents, found = size_of(path)
    assert found == (characters, size)
    assert documents == list(corpus(path))


def test_a_line_longer_than_a_block_is_measured_once(tmp_path):
    line = "é" * 700_000 + " " + "a" * 700_000  # blocks have a megabyte
    (tmp_path / "text.txt").write_text(line + "\nb\n", encoding="utf-8")
    documents, found = size_of(tmp_path / "text.txt")
    assert documents == [line, "b"]
    assert found == (1_400_004, 2_100_004)


def test_documents_have_a_line_end_each_and_words_a_space_between():
    documents = ["é b", "", ["to", "be"], "x" * 2_500_000]
    same, found = size_of(documents)
    assert same == documents
    assert found == (4 + 1 + 6 + 2_500_001, 5 + 1 + 6 + 2_500_001)


def test_nothing_is_counted_before_it_is_read():
    same, size = with_size(corpus(["ab", "c"]))
    assert size == TextSize()
    next(iter(same))
    assert size.characters == 3


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))))
def test_files_and_documents_have_the_size_of_the_text(lines):
    text = "".join(line + "\n" for line in lines)
    size = TextSize()
    size.add_block(text.encode())
    assert (size.characters, size.utf8_bytes) == (len(text), len(text.encode()))
    assert size_of(iter(lines))[1] == (len(text), len(text.encode()))


@given(st.lists(st.text(st.sampled_from("ab é\t\r日"))))
def test_words_are_what_is_between_white_space(lines):
    text = "".join(line + "\n" for line in lines)
    expected = len(re.findall(r"[^ \t\r\n]+", text)) + len(lines)
    size = TextSize()
    size.add_block(text.encode())
    assert size.words == expected
    same, size = with_size(corpus(iter(lines)))
    list(same)
    assert size.words == expected
