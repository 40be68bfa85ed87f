import struct

import numpy as np
import pytest

from textkit.vectors.word_vectors import WordVectors


def row(word, *numbers, end=b"\n"):
    return word + b" " + struct.pack(f"<{len(numbers)}f", *numbers) + end


@pytest.fixture
def read(tmp_path):
    def read(content, name="v.bin", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return WordVectors.load(path, **options)

    return read


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_with_and_without_newlines(read, end):
    vectors = read(b"2 2\n" + row(b"a", 1, 2, end=end) + row("é".encode(), 3, 4, end=end))
    assert vectors.words == ("a", "é")
    assert vectors.matrix.tolist() == [[1, 2], [3, 4]]


def test_written_bytes(tmp_path):
    WordVectors(["a", "b"], [[1, 2], [3, 4]]).save(tmp_path / "v.bin")
    assert (tmp_path / "v.bin").read_bytes() == b"2 2\n" + row(b"a", 1, 2) + row(b"b", 3, 4)


def test_every_truncation_names_its_row(read):
    whole = b"2 2\n" + row(b"a", 1, 2) + row(b"b", 3, 4, end=b"")
    second = 4 + len(row(b"a", 1, 2))
    assert len(read(whole)) == 2
    for cut in range(len(whole)):
        with pytest.raises(ValueError, match=r"v\.bin, byte \d+: "):
            read(whole[:cut])
    with pytest.raises(ValueError, match=rf"byte {second - 1}: the header states 2 rows, .* truncated in row 2"):
        read(whole[:-1])
    with pytest.warns(UserWarning, match="1 error: byte"):
        assert read(whole[:-1], bad_rows="skip").words == ("a",)


@pytest.mark.parametrize("header", [b"1000000000000 2\n", b"999999999999999999 1\n", b"3 1000000\n"])
def test_header_that_promises_too_much(read, header):
    with pytest.raises(ValueError, match="truncated"):
        read(header + row(b"a", 1, 2))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "byte 0: the file must begin with 'count dim'"),
        (b"two 2\n", "byte 0: the file must begin with 'count dim'"),
        (struct.pack("<2i", 793712314, 12) + b"\x00" * 100, "byte 32: the loss must be"),  # of fastText
        (b"1 0\n", "byte 0: the dimension"),
        (b"1 99999999\n", "byte 0: the dimension"),
        (b"1 2\n" + b"x" * 100_000, "byte 4: a word must end"),
        (b"1 2\n" + row(b"a", 1, 2) + b"more", "byte 15: the file must end"),
    ],
)
def test_garbled(read, content, place):
    with pytest.raises(ValueError, match=place):
        read(content)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(b"b", float("nan"), 4), "not finite"),
        (row(b"b", float("inf"), 4), "not finite"),
        (row(b"a", 3, 4), "occurs earlier in the file"),
        (row(b"\xff", 3, 4), "0xff"),
        (row(b"", 3, 4), "empty"),
    ],
)
def test_bad_rows(read, bad, reason):
    content = b"3 2\n" + row(b"a", 1, 2, end=b"") + bad + row(b"c", 5, 6)
    with pytest.raises(ValueError, match=f"byte 14: .*{reason}"):
        read(content)
    with pytest.warns(UserWarning, match=f"1 error: byte 14 .*{reason}"):
        assert read(content, bad_rows="skip").words == ("a", "c")


def test_words_and_limit(read):
    content = b"3 2\n" + row(b"a", 1, 2) + row(b"b", 3, 4) + row(b"c", 5, 6)
    assert read(content, words=["c", "a"]).matrix.tolist() == [[1, 2], [5, 6]]
    assert read(content, limit=2).words == ("a", "b")
    assert read(content[:-9], limit=2).words == ("a", "b")


def test_numbers_that_look_like_text(tmp_path):
    # Bytes of numbers that are spaces and newlines must not be taken for separators.
    matrix = np.frombuffer(b" \n \n" * 8, dtype="<f4").reshape(4, 2)
    WordVectors(list("abcd"), matrix).save(tmp_path / "v.bin")
    assert WordVectors.load(tmp_path / "v.bin").matrix.tobytes() == matrix.tobytes()


def test_rows_longer_than_a_read(tmp_path):
    matrix = np.arange(600_000, dtype=np.float32).reshape(3, -1)
    WordVectors(list("abc"), matrix).save(tmp_path / "v.bin")
    assert (WordVectors.load(tmp_path / "v.bin").matrix == matrix).all()
