import bz2
import gzip
import lzma
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.files.compression import open_bytes
from textkit.files.reading import utf8_blocks


def packed(text, suffix):
    match suffix:
        case ".gz":
            return gzip.compress(text)
        case ".xz":
            return lzma.compress(text)
        case ".bz2":
            return bz2.compress(text)
        case ".zst":
            return pa.compress(text, codec="zstd", asbytes=True)
    return text


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".bz2", ".zst"])
def test_every_packing_is_opened(tmp_path, suffix):
    text = b"one\ntwo\n" * 1000
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(packed(text, suffix))
    with open_bytes(path) as file:
        assert file.read() == text
    assert b"".join(utf8_blocks(path, block_bytes=64)) == text


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2", ".zst"])
def test_a_truncated_packed_file_is_an_error_that_names_it(tmp_path, suffix):
    path = tmp_path / f"cut.txt{suffix}"
    whole = packed("".join(f"{i * i % 9973} " for i in range(30_000)).encode(), suffix)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.txt.* must be a complete .* got a damaged one"):
        list(utf8_blocks(path))


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2", ".zst"])
def test_a_file_that_only_claims_to_be_packed_is_an_error_that_names_it(tmp_path, suffix):
    path = tmp_path / f"plain.txt{suffix}"
    path.write_bytes(b"just text\n" * 10)
    with pytest.raises(ValueError, match=r"plain\.txt.* got a damaged one"):
        list(utf8_blocks(path))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.integers(4, 40))
def test_blocks_join_to_the_text_and_are_valid_each(tmp_path_factory, text, size):
    path = tmp_path_factory.mktemp("blocks") / "a.txt"
    path.write_text(text, encoding="utf-8", newline="")
    blocks = [block.decode() for block in utf8_blocks(path, block_bytes=size)]
    assert "".join(blocks) == text.removeprefix("\ufeff")
    assert all(blocks)


def test_a_line_shorter_than_a_block_is_never_cut(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one two\nthree four five six\nseven eight", encoding="utf-8")
    blocks = list(utf8_blocks(path, block_bytes=24))
    assert b"".join(blocks).split(b"\n") == [
        line for block in blocks for line in block.removesuffix(b"\n").split(b"\n")
    ]


def test_a_long_line_is_cut_after_a_space_and_without_one_between_characters(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("aaaa bbbb cccc dddd", encoding="utf-8")
    assert all(block.endswith(b" ") for block in list(utf8_blocks(path, block_bytes=7))[:-1])
    path.write_text("東京都" * 10, encoding="utf-8")
    blocks = list(utf8_blocks(path, block_bytes=7))
    assert len(blocks) > 1
    assert "".join(block.decode() for block in blocks) == "東京都" * 10


def test_a_byte_that_is_no_utf8_is_named_with_file_line_and_offset(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("ä\nöö\nca".encode() + b"f\xe9 au lait\n")
    with pytest.raises(
        ValueError, match=r"latin\.txt must be UTF-8 text, got the byte 0xe9 on line 3, byte offset 11;"
    ):
        list(utf8_blocks(path))


def test_the_place_is_right_in_a_later_block_and_after_a_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + b"word\n" * 100 + b"\xff\n")
    with pytest.raises(ValueError, match="line 101, byte offset 503;"):
        list(utf8_blocks(path, block_bytes=16))


def test_a_character_cut_off_at_the_end_is_an_error(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("a\né".encode()[:-1])
    with pytest.raises(ValueError, match="0xc3 on line 2, byte offset 2;"):
        list(utf8_blocks(path))


@pytest.mark.parametrize(("errors", "text"), [("replace", "caf\ufffd \nx"), ("ignore", "caf \nx")])
def test_wrong_bytes_and_nul_bytes_pass_when_told(tmp_path, errors, text):
    path = tmp_path / "a.txt"
    path.write_bytes(b"caf\xe9\0\nx")
    assert b"".join(utf8_blocks(path, errors=errors)).decode() == text


def test_a_nul_byte_is_an_error_with_its_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\0\n")
    with pytest.raises(
        ValueError, match=r"got a NUL byte on line 2, byte offset 7; .*encoding='utf-16'.*errors='replace'"
    ):
        list(utf8_blocks(path))


def test_a_byte_order_mark_is_dropped_at_the_beginning_only(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert b"".join(utf8_blocks(path)).decode() == "a\n\ufeffb\n"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "gb18030", "cp1252"])
def test_other_encodings_become_utf8(tmp_path, encoding):
    path = tmp_path / "a.txt"
    text = "café\n" * 50
    path.write_text(text, encoding=encoding, newline="")
    assert b"".join(utf8_blocks(path, encoding=encoding, block_bytes=7)).decode() == text


def test_bytes_that_are_not_in_another_encoding_are_placed_too(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"ok\n" * 4 + b"caf\xe9\n")
    with pytest.raises(ValueError, match=r"must be ascii text, got the byte 0xe9 on line 5, byte offset 15;"):
        list(utf8_blocks(path, encoding="ascii", block_bytes=5))


def test_an_error_of_the_disk_passes_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(utf8_blocks(tmp_path / "missing.txt"))


@pytest.mark.parametrize("filler", ["word ", "x", "東"])
def test_one_line_of_100_mb_needs_little_memory(tmp_path, filler):
    path = tmp_path / "line.txt"
    path.write_bytes((filler * 1_000_000).encode() * (100_000_000 // len((filler * 1_000_000).encode())))
    program = (
        "import sys, resource; from textkit.data.corpus import corpus\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "size = sum(len(p.content.encode()) for p in corpus(sys.argv[1]).pieces())\n"
        "print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    size, growth = map(int, done.stdout.split())
    assert size == path.stat().st_size
    assert growth * (1 if sys.platform == "darwin" else 1024) < 40_000_000


def test_an_encoding_without_its_mark_names_the_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("a b".encode("utf-16-le"))
    with pytest.raises(ValueError, match=r"a.txt must be utf-16 text, got .*; pass the correct encoding"):
        list(utf8_blocks(path, encoding="utf-16"))
