import pytest

from textkit.vectors.word_vectors import WordVectors


@pytest.fixture
def read(tmp_path):
    def read(numbers, words_file, words_name="v_metadata.tsv", **options):
        (tmp_path / "v.tsv").write_bytes(numbers)
        (tmp_path / words_name).write_bytes(words_file)
        return WordVectors.load(tmp_path / "v.tsv", **options)

    return read


def test_written_files(tmp_path):
    WordVectors(["a", "New York"], [[1, 2], [3, 4.5]]).save(tmp_path / "v.tsv")
    assert (tmp_path / "v.tsv").read_text() == "1\t2\n3\t4.5\n"
    assert (tmp_path / "v_metadata.tsv").read_text() == "a\nNew York\n"
    assert WordVectors.load(tmp_path / "v.tsv").words == ("a", "New York")


def test_a_pair_that_was_saved_is_replaced(tmp_path):
    for name in ("v.tsv", "v.tsv.gz"):
        WordVectors(["a", "b"], [[1, 2], [3, 4]]).save(tmp_path / name)
        WordVectors(["c"], [[1]]).save(tmp_path / name)
        assert WordVectors.load(tmp_path / name).words == ("c",)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (None, b"mine\n"),  # the usual name of a table about v.tsv, say
        (b"1\t2\n", b"a\nb\n"),
        (b"name\tage\n", b"mine\n"),
        (b"1\t2\n3\t4\n", b"word\tclass\na\t1\nb\t2\n"),
        (b"1\t2\n3\t4\n", b"word\tcount\na\t1\tx\nb\t2\n"),
        (b"1\t2\n", b"word\tcount\n"),
    ],
)
def test_a_file_of_words_that_was_not_saved_with_the_numbers_stays(tmp_path, numbers, words):
    if numbers is not None:
        (tmp_path / "v.tsv").write_bytes(numbers)
    (tmp_path / "v_metadata.tsv").write_bytes(words)
    with pytest.raises(ValueError, match=r"must leave v_metadata\.tsv free for the words, got .*choose another name"):
        WordVectors(["c"], [[1]]).save(tmp_path / "v.tsv")
    assert (tmp_path / "v_metadata.tsv").read_bytes() == words
    assert (tmp_path / "v.tsv").exists() == (numbers is not None)


@pytest.mark.parametrize("name", ["v_metadata.tsv", "metadata.tsv"])
def test_names_of_the_words_file(read, name):
    assert read(b"1\t2\n3\t4\n", b"a\nb\n", words_name=name)["b"].tolist() == [3, 4]


def test_words_file_with_columns_has_a_header(read):
    assert read(b"1\t2\n3\t4\n", b"word\tcount\r\na\t7\r\nb\t5\r\n").words == ("a", "b")


def test_counts_are_a_column_of_the_words_file(tmp_path, read):
    vectors = WordVectors(["a", "New York"], [[1, 2], [3, 4.5]], counts=[7, 2**63 - 1])
    for name in ("v.tsv", "v.tsv", "v.tsv.gz"):  # the second time, the pair is replaced
        vectors.save(tmp_path / name)
        again = WordVectors.load(tmp_path / name)
        assert (again.words, again.counts.tolist()) == (vectors.words, [7, 2**63 - 1])
    assert (tmp_path / "v_metadata.tsv").read_text() == f"word\tcount\na\t7\nNew York\t{2**63 - 1}\n"
    assert WordVectors.load(tmp_path / "v.tsv", words=["New York"]).counts.tolist() == [2**63 - 1]
    assert read(b"1\t2\n3\t4\n", b"word\tclass\tcount\na\tx\t7\nb\ty\t5\n").counts.tolist() == [7, 5]
    assert read(b"1\t2\n", b"word\tclass\na\t7\n").counts is None


@pytest.mark.parametrize("count", [b"\tmany", b"\t-1", b"\t9223372036854775808", b""])
def test_bad_counts_are_bad_rows(read, count):
    numbers, words = b"1\t2\n3\t4\n", b"word\tcount\na\t7\nb" + count + b"\n"
    with pytest.raises(ValueError, match="line 2: the count of a word must be an integer"):
        read(numbers, words)
    with pytest.warns(UserWarning, match="skipped 1 error"):
        assert read(numbers, words, bad_rows="skip").counts.tolist() == [7]


def test_packed_pair(tmp_path):
    WordVectors(["a"], [[1, 2]]).save(tmp_path / "v.tsv.gz")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["v.tsv.gz", "v_metadata.tsv.gz"]
    assert WordVectors.load(tmp_path / "v.tsv.gz")["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("numbers", "words", "place"),
    [
        (b"1\t2\n3\t4\n", b"a\n", "line 2: .*got more in v.tsv"),
        (b"1\t2\n", b"a\nb\n", "line 2: .*got more in v_metadata.tsv"),
        (b"1\t2\n3\n5\t6\n", b"a\nb\nc\n", "line 2: .*2 numbers, got 1"),
        (b"1\t2\n3\t4\t5\n5\t6\n", b"a\nb\nc\n", "line 2: .*2 numbers, got more"),
        (b"1\t2\n\n5\t6\n", b"a\nb\nc\n", "line 2: .*2 numbers, got 0"),
        (b"1\t2\nx\t4\n5\t6\n", b"a\nb\nc\n", "line 2: .*'x'"),
        (b"1\t2\n3\t4\n5\t6\n", b"a\n\nc\n", "line 2: the word is empty"),
        (b"1\t2\n3\t4\n5\t6\n", b"a\n\xff\nc\n", "line 2: .*0xff"),
        (b"", b"a\n", "line 1: .*end with numbers"),
    ],
)
def test_bad_pairs(read, numbers, words, place):
    with pytest.raises(ValueError, match=place):
        read(numbers, words)


def test_bad_rows_keep_words_and_numbers_together(read):
    with pytest.warns(UserWarning, match="1 error: line 2"):
        vectors = read(b"1\t2\n3\n5\t6\n", b"a\nb\nc\n", bad_rows="skip")
    assert vectors.words == ("a", "c")
    assert vectors["c"].tolist() == [5, 6]


def test_words_and_limit(read):
    assert read(b"1\n2\n3\n", b"a\nb\nc\n", limit=2).words == ("a", "b")
    assert read(b"1\n2\n3\n", b"a\nb\nc\n", words=["c"])["c"].tolist() == [3]


def test_missing_words_file(tmp_path):
    (tmp_path / "v.tsv").write_text("1\t2\n")
    with pytest.raises(FileNotFoundError, match=r"v_metadata\.tsv beside it"):
        WordVectors.load(tmp_path / "v.tsv")


@pytest.mark.parametrize("word", ["a\tb", "a\nb", ""])
def test_words_that_break_a_line(tmp_path, word):
    with pytest.raises(ValueError, match=r"save as \.safetensors"):
        WordVectors([word], [[1]]).save(tmp_path / "v.tsv")
    assert not list(tmp_path.iterdir())
