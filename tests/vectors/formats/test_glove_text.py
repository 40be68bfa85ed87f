import gzip
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit.vectors.formats.line_blocks import BLOCK_BYTES, MAX_LINE_BYTES
from textkit.vectors.word_vectors import WordVectors


@pytest.fixture
def read(tmp_path):
    def read(content, name="v.txt", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return WordVectors.load(path, **options)

    return read


@pytest.mark.parametrize(
    "content",
    [
        b"2 2\na 1 2\nb 3 4\n",  # word2vec
        b"a 1 2\nb 3 4\n",  # no header
        b"2 2\na 1 2 \nb 3 4 \n",  # a space at the end, as the C programs write it
        b"a\t1\t2\nb\t3\t4",  # tabs, no newline at the end
        b"2 2\r\na 1 2\r\nb 3 4\r\n",  # CR LF
        b"a 1 2\r\nb 3 4\r",  # cut within the last CR LF
        b"\xef\xbb\xbf2 2\na 1 2\nb 3 4\n",  # byte order mark before a header
        b"\xef\xbb\xbfa 1 2\nb 3 4\n",  # and before a row
        b"2 2\na  1   2\nb 3\t 4\n",  # columns
        b"\n2\t2\n\na 1 2\n\nb 3 4\n\n\n",  # blank lines
        b"a 1e0 2.0\nb +3 .4e1\n",
    ],
)
def test_forms_of_the_same_vectors(read, content):
    vectors = read(content)
    assert vectors.words == ("a", "b")
    assert vectors.matrix.tolist() == [[1, 2], [3, 4]]


def test_words_may_contain_spaces(read):
    vectors = read(b". . . 1 2\nthe 3 4\nNew\tYork 5 6\nat home 7 8\nof 9 10\n")
    assert vectors.words == (". . .", "the", "New\tYork", "at home", "of")
    assert vectors["at home"].tolist() == [7, 8]
    assert vectors.index("of") == 4


def test_only_ascii_blanks_and_newlines_separate(read):
    words = [
        "no\u00a0break",
        "line\u2028end",
        "next\u0085line",
        "ideographic\u3000space",
        "a\x0bb",
        "\ufeffbom",
    ]
    vectors = read("".join(f"{word} 1 2\n" for word in words).encode())
    assert vectors.words == tuple(words)


def test_numerals_are_words_too(read):
    assert read(b"1 2 3\n4 5 6\n").words == ("1", "4")
    assert read(b"5 3\n6 2\n").words == ("5", "6")  # no header: no row has three numbers
    assert read(b"2 1\n6 2\n", format="glove").words == ("2", "6")  # without the format it would be one


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a 1 2\nb 3\nc 5 6\n", 2, "must have 2 numbers, got 1"),
        (b"3 2\na 1 2\nb 3 x\nc 5 6\n", 3, "'x'"),
        (b"a 1 2\n\n\nb nan 4\nc 5 6\n", 4, "not finite"),
        (b"a 1 2\nb inf 4\nc 5 6\n", 2, "not finite"),
        (b"a 1 2\nb 1e39 4\nc 5 6\n", 2, "not finite"),
        (b"a 1 2\nb 1_0 4\nc 5 6\n", 2, "'1_0'"),
        (b"a 1 2\na 3 4\nc 5 6\n", 2, "'a' occurs earlier in the file"),
        (b"a 1 2\n 3 4\nc 5 6\n", 2, "word is empty"),
        (b"a 1 2\nb\xff 3 4\nc 5 6\n", 2, "0xff"),
        (b"a 1 2\nb \xff 4\nc 5 6\n", 2, "must have 2 numbers"),
    ],
)
def test_bad_rows_are_named_or_counted(read, content, line, reason):
    with pytest.raises(ValueError, match=rf"v\.txt, line {line}: .*{reason}"):
        read(content)
    with pytest.warns(UserWarning, match=rf"skipped 1 error: line {line} \(.*{reason}"):
        vectors = read(content, bad_rows="skip")
    assert vectors.words == ("a", "c")
    assert vectors.matrix.tolist() == [[1, 2], [5, 6]]


@pytest.mark.parametrize("space", [b"\x0b", b"\x0c", b"\x0b\x0c", b"\x1c"])
def test_a_line_of_other_white_space_is_a_bad_row(read, space):
    content = b"a 1 2\n" + space + b"\nb 3 4\n"
    with pytest.raises(ValueError, match=r"v\.txt, line 2: a row must have 2 numbers, got 0"):
        read(content)
    with pytest.warns(UserWarning, match="skipped"):
        assert read(content, bad_rows="skip").words == ("a", "b")


def test_warning_counts_all_and_shows_the_first(read):
    with pytest.warns(UserWarning, match=r"skipped 8 errors: line 3 .*line 7 .* and 3 more$"):
        assert read(b"10 2\na 1 2\n" + b"b x 2\n" * 8 + b"c 1 2\n", bad_rows="skip").words == ("a", "c")


def test_bad_row_far_into_the_file(read):
    good = [f"w{row} 1 2" for row in range(BLOCK_BYTES // 4)]
    bad = len(good) - 10
    good[bad] = "w 1 two"
    with pytest.raises(ValueError, match=f"line {bad + 1}:"):
        read("\n".join(good).encode())


@pytest.mark.parametrize("count", [1, 3, 10**12])
def test_header_with_a_wrong_count(read, count):
    content = b"%d 2\na 1 2\nb 3 4\n" % count
    with pytest.raises(ValueError, match=rf"line 1: .* got {count} for 2 rows"):
        read(content)
    with pytest.warns(UserWarning, match="1 error: line 1"):
        assert read(content, bad_rows="skip").words == ("a", "b")
    with pytest.raises(ValueError, match="line 1"):
        read(gzip.compress(content), name="v.txt.gz")
    assert read(content, limit=1).words == ("a",)  # what follows is not looked at


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"2 3\na 1 2\nb 3 4\n", "got 3 while the rows below have 2 numbers"),
        (b"2 0\n", "dimension must be from 1"),
        (b"2 999999999999\n", "dimension must be from 1"),
        (b"", "must end with numbers"),
        (b"\n\n", "must end with numbers"),
        (b"dear diary\nno numbers\n", "must end with numbers"),
        (b"\x00" * 100, "must end with numbers"),
    ],
)
def test_what_is_no_file_of_vectors(read, content, reason):
    with pytest.raises(ValueError, match=f"line 1: .*{reason}"):
        read(content)


def test_one_endless_line(read):
    with pytest.raises(ValueError, match=r"line 2: .* at most"):
        read(b"a 1 2\n" + b"x" * (MAX_LINE_BYTES + BLOCK_BYTES + 1))


def test_header_alone_is_no_words(read):
    vectors = read(b"0 7\n")
    assert (len(vectors), vectors.dim) == (0, 7)


def test_encoding_errors(read):
    content = b"caf\xe9 1 2\nb 3 4\n"
    assert read(content, encoding_errors="replace").words == ("caf\ufffd", "b")
    assert read(content, encoding_errors="ignore").words == ("caf", "b")
    with pytest.raises(ValueError, match="encoding_errors must be"):
        read(content, encoding_errors="lax")
    with pytest.raises(ValueError, match="bad_rows must be"):
        read(content, bad_rows="drop")


def test_words_and_limit(read):
    content = b"4 2\na 1 2\nb 3 4\nnew york 5 6\nd 7 8\n"
    assert read(content, limit=2).words == ("a", "b")
    assert read(content, limit=0).matrix.shape == (0, 2)
    assert read(content, words=["d", "b", "unheard"]).words == ("b", "d")
    assert read(content, words=["new york", "d"], limit=1)["new york"].tolist() == [5, 6]
    assert read(content, words=[]).words == ()
    with pytest.raises(ValueError, match="limit must be"):
        read(content, limit=-1)
    with pytest.raises(ValueError, match=r"words must be .*pass \['a'\]"):
        read(content, words="a")


def test_rows_of_other_words_are_not_parsed(read):
    assert read(b"a 1 2\nb 3 x\nc 5 6\n", words=["a", "c"]).words == ("a", "c")


def test_garbled_packing(read):
    whole = gzip.compress(b"a 1 2\n" * 1)
    for cut in range(len(whole)):
        with pytest.raises(ValueError, match=r"v\.txt\.gz"):
            read(whole[:cut], name="v.txt.gz")
    with pytest.raises(ValueError, match="after byte 0 of the decompressed data"):
        read(b"a 1 2\n", name="v.txt.xz")


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda word: not set(word) & set(" \t\r\n") and not word.startswith("\ufeff")
)


@settings(deadline=None)
@given(
    st.lists(words, unique=True, min_size=1, max_size=30),
    st.integers(1, 5),
    st.data(),
    st.sampled_from([("v.txt", "glove"), ("v.txt", None), ("v.vec", None), ("v.tsv", None)]),
)
def test_any_words_and_numbers_come_back(tmp_path_factory, vocabulary, dim, data, kind):
    name, form = kind
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    count = len(vocabulary) * dim
    values = data.draw(st.lists(numbers, min_size=count, max_size=count))
    matrix = np.array(values, dtype=np.float32).reshape(-1, dim)
    path = tmp_path_factory.getbasetemp() / name
    WordVectors(vocabulary, matrix).save(path, format=form)
    back = WordVectors.load(path, format=form)
    assert back.words == tuple(vocabulary)
    assert back.matrix.tobytes() == matrix.tobytes()  # -0.0 too


def test_written_text(tmp_path):
    vectors = WordVectors(["a", "é"], [[0.1, -2], [3e-9, 16777216]])
    vectors.save(tmp_path / "v.txt")
    vectors.save(tmp_path / "g.txt", format="glove")
    header, *rows = (tmp_path / "v.txt").read_text(encoding="utf-8").split("\n")
    assert header == "2 2"
    assert "\n".join(rows) == (tmp_path / "g.txt").read_text(encoding="utf-8")
    assert [row.split(" ")[0] for row in rows] == ["a", "é", ""]
    assert rows[0] == "a 0.1 -2"


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin"])
@pytest.mark.parametrize("word", ["a b", "a\tb", "a\nb", "a\rb", "", "\ud800"])
def test_words_that_break_a_row(tmp_path, name, word):
    (tmp_path / name).write_text("old")
    with pytest.raises(ValueError, match=r"a word .*must .*; "):
        WordVectors(["fine", word], [[1], [2]]).save(tmp_path / name)
    assert (tmp_path / name).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_no_warning_without_faults(read):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(b"a 1 2\n", bad_rows="skip")


@pytest.mark.parametrize("word", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "a\x0c"])
@pytest.mark.parametrize("form", ["glove", "word2vec", "fasttext"])
def test_a_word_of_other_white_space_comes_back(tmp_path, word, form):
    vectors = WordVectors([word], [[0.0, 1.0]])
    vectors.save(tmp_path / "v.txt", format=form)
    assert WordVectors.load(tmp_path / "v.txt", format=form).words == (word,)
