import io
import sys

import pytest

from textkit.data.labeled import read_labeled
from textkit.data.stdin import StdinTable, stdin_lines
from textkit.data.unlabeled import read_texts


@pytest.fixture
def stdin(monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (".csv", b"text;label\ngood;x\nbad;y\n"),
        (".tsv", b"label\ttext\nx\tgood\ny\tbad\n"),
        (".jsonl", b'{"text": "good", "label": "x"}\n{"text": "bad", "label": "y"}\n'),
        (".json", b'[{"text": "good", "label": "x"}, {"text": "bad", "label": "y"}]'),
    ],
)
def test_a_table_on_stdin(stdin, kind, content):
    stdin(content)
    texts, labels = read_labeled(StdinTable(kind))
    assert (texts, labels) == (["good", "bad"], ["x", "y"])
    stdin(content)
    assert list(read_texts(StdinTable(kind), text="text")) == ["good", "bad"]


def test_lines_without_their_ends_and_mark(stdin):
    stdin("\ufeffone\r\n\ntwo".encode())
    assert list(stdin_lines("utf-8", "strict", json=False)) == ["one", "", "two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text,label\ngood,\n", "stdin"),
        (b"title,label\ngood,x\n", "stdin"),
        (b"text,label\n", "got none in stdin"),
        (b"text,label\n\xff,x\n", "stdin must be utf-8 text"),
        (b"%PDF-1.7\n", "stdin"),
    ],
)
def test_what_is_wrong_is_named(stdin, content, message):
    stdin(content)
    with pytest.raises(ValueError, match=message):
        read_labeled(StdinTable(".csv"))


def test_stdin_has_no_splits(stdin):
    stdin(b"text,label\ngood,x\n")
    with pytest.raises(ValueError, match="split must be None for stdin, got 'test'"):
        read_labeled(StdinTable(".csv"), split="test")
