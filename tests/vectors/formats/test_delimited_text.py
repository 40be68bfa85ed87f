import gzip

import numpy as np
import pandas as pd
import pytest

from textkit.vectors.word_vectors import WordVectors

FRAME = pd.DataFrame([[1, 2.5], [-3, 4e-8]], index=["a", 'say "b", c'])
EXPECTED = {"a": [1.0, 2.5], 'say "b", c': [-3.0, np.float32(4e-8)]}


def load(path, content, **options):
    path.write_bytes(content)
    return WordVectors.load(path, **options)


def as_dict(vectors):
    return {word: vectors[word].tolist() for word in vectors}


@pytest.mark.parametrize(("name", "separator"), [("v.csv", ","), ("v.csv", ";"), ("v.csv", "\t"), ("v.tsv", "\t")])
@pytest.mark.parametrize("header", [True, False, ["x", "y"]])
def test_tables_of_pandas(tmp_path, name, separator, header):
    FRAME.to_csv(tmp_path / name, sep=separator, header=header)
    assert as_dict(WordVectors.load(tmp_path / name)) == EXPECTED
    FRAME.to_csv(tmp_path / name, sep=separator, header=header, index_label="word" if header else None)
    assert as_dict(WordVectors.load(tmp_path / name)) == EXPECTED


def test_what_is_written_is_read(tmp_path):
    words = ["a", ",", ";", '"', "two\nlines", "New York", "1"]
    vectors = WordVectors(words, np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32))
    for name in ("v.csv", "v.csv.gz"):
        vectors.save(tmp_path / name)
        again = WordVectors.load(tmp_path / name)
        assert again.words == vectors.words
        assert np.array_equal(again.matrix, vectors.matrix)
    assert gzip.decompress((tmp_path / "v.csv.gz").read_bytes()) == (tmp_path / "v.csv").read_bytes()
    assert WordVectors.load(tmp_path / "v.csv", words=["1", ";"]).words == (";", "1")
    assert WordVectors.load(tmp_path / "v.csv", limit=2).words == ("a", ",")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,1.5,2\nb,1\n", "line 2: a row must have a word and 2 numbers, got 'b,1'"),
        (b"a,1.5,2\nb,1,x\n", "line 2: a row must have a word and 2 numbers, got 'b,1,x'"),
        (b"a,1.5,2\na,1,3\n", "line 2: the word 'a' occurs earlier"),
        (b"a,1.5,2\nb,1,nan\n", "line 2: the vector of 'b' has a number that is not finite"),
    ],
)
def test_bad_rows(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "v.csv", content)
    with pytest.warns(UserWarning, match="skipped 1 error"):
        assert load(tmp_path / "v.csv", content, bad_rows="skip").words == ("a",)


@pytest.mark.parametrize("content", [b"", b"a\nb\n", b"text,label\na film,good\n", b"word,x\n"])
def test_other_tables(tmp_path, content):
    with pytest.raises(ValueError, match="a row must have a word and its numbers, got"):
        load(tmp_path / "v.csv", content)


def test_numbers_without_words_are_still_half_of_a_pair(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the words must be in v_metadata\.tsv"):
        load(tmp_path / "v.tsv", b"1\t2\n3\t4\n")


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin", "v.csv"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(gzip.compress(b"a 1 2\n", mtime=0), "got gzip data; add .gz to its name"), (b"%PDF-1.7\n", "got a PDF")],
)
def test_files_of_other_formats_are_named(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message):
        load(tmp_path / name, content)
