import lzma

import pytest

from textkit.files import lines
from textkit.files.lines import numbered_lines


def write(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_lines_are_numbered_and_cut_at_line_feeds_only(tmp_path):
    path = write(tmp_path, "\ufeffa\r\n\nb\u2028c", "text.txt")
    assert list(numbered_lines(path)) == [(1, "a"), (2, ""), (3, "b\u2028c")]


def test_packed_lines_and_damage(tmp_path):
    packed = lzma.compress(b"a\nb\n")
    assert list(numbered_lines(write(tmp_path, packed, "a.xz"))) == [(1, "a"), (2, "b")]
    with pytest.raises(ValueError, match=r"b.xz must be a complete .xz file"):
        list(numbered_lines(write(tmp_path, packed[:-12], "b.xz")))


def test_a_line_longer_than_a_block_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_BLOCK", 8)
    path = write(tmp_path, "a long first line\nb c\n\nthe fourth line has no end", "text.txt")
    assert list(numbered_lines(path)) == [
        (1, "a long first line"),
        (2, "b c"),
        (3, ""),
        (4, "the fourth line has no end"),
    ]


def test_bytes_that_are_no_utf_8_are_named_with_file_line_and_offset(tmp_path):
    with pytest.raises(ValueError, match=r"text.txt must be UTF-8 text, got the byte 0xff on line 2, byte offset 3"):
        list(numbered_lines(write(tmp_path, b"a\nb\xff\n", "text.txt")))
