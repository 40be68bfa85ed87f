"""Vectors that spaCy has saved, read as spaCy reads them."""

import re

import numpy as np
import pytest
import spacy
from spacy.vectors import Vectors

import textkit
from textkit.vectors.floret_vectors import FloretVectors
from textkit.vectors.word_vectors import WordVectors

# "PERSON" and "NOUN" are symbols of spaCy, whose keys are small numbers instead of hashes.
WORDS = ["apple", "日本語", "слово", "New York", "PERSON", "NOUN", "naïve"]
ROWS = np.random.default_rng(0).standard_normal((len(WORDS), 3)).astype(np.float32)


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    WordVectors(WORDS, ROWS).to_spacy(nlp)
    return nlp


@pytest.fixture
def folder(nlp, tmp_path):
    nlp.vocab.to_disk(tmp_path / "vocab")
    return tmp_path / "vocab"


def test_a_pipeline_its_vocabulary_and_its_vectors(nlp, tmp_path):
    nlp.to_disk(tmp_path / "pipeline")
    nlp.vocab.vectors.to_disk(tmp_path / "alone")
    for path in (tmp_path / "pipeline", tmp_path / "pipeline" / "vocab", tmp_path / "alone"):
        for load in (WordVectors.load, textkit.load):
            vectors = load(path)
            assert vectors.words == tuple(WORDS)
            assert np.array_equal(vectors.matrix, ROWS)
    assert isinstance(vectors.matrix.base.base, np.memmap)
    assert np.array_equal(nlp.vocab["New York"].vector, vectors["New York"])


def test_several_words_of_a_row_and_rows_without_words(nlp, folder):
    vectors = nlp.vocab.vectors
    vectors.add(nlp.vocab.strings.add("apples"), row=0)
    vectors.key2row.pop(nlp.vocab.strings["naïve"])
    nlp.vocab.to_disk(folder)
    loaded = WordVectors.load(folder)
    assert loaded.words == (*WORDS[:-1], "apples")
    assert np.array_equal(loaded.matrix, ROWS[[0, 1, 2, 3, 4, 5, 0]])
    assert WordVectors.load(folder, words={"apples", "NOUN", "none"}).words == ("NOUN", "apples")
    assert WordVectors.load(folder, limit=2).words == ("apple", "日本語")


def test_words_from_elsewhere(folder, tmp_path):
    (folder / "strings.json").rename(tmp_path / "strings.json")
    with pytest.raises(ValueError, match=r"word_list must be given for .*, which has no strings\.json"):
        WordVectors.load(folder)
    for words in (WORDS, tmp_path / "strings.json"):
        assert WordVectors.load(folder, word_list=words).words == tuple(WORDS)
    with pytest.raises(ValueError, match=r"key2row, entry 1: the key [0-9]+ must have a word in strings\.json or"):
        WordVectors.load(folder, word_list=["apple"])
    with pytest.warns(UserWarning, match="skipped 4 errors"):
        assert WordVectors.load(folder, word_list=["apple"], bad_rows="skip").words == ("apple", "PERSON", "NOUN")


def test_many_keys(tmp_path):
    for count in (15, 16, 300, 70_000):
        words = [f"word{number}" for number in range(count)]
        nlp = spacy.blank("en")
        WordVectors(words, np.arange(count, dtype=np.float32)[:, None]).to_spacy(nlp).vocab.to_disk(tmp_path / "v")
        vectors = WordVectors.load(tmp_path / "v")
        assert vectors.words == tuple(words)
        assert vectors.matrix[-1] == count - 1


def test_a_table_of_floret(tmp_path):
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings,
        data=ROWS,
        mode="floret",
        minn=1,
        maxn=3,
        hash_count=2,
        hash_seed=11,
        bow="^",
        eow="$",
    )
    nlp.to_disk(tmp_path / "p")
    vectors = WordVectors.load(tmp_path / "p", word_list=WORDS)
    assert isinstance(vectors, FloretVectors)
    for word in (*WORDS, "unseen", "</s>"):
        np.testing.assert_allclose(vectors[word], nlp.vocab[word].vector, atol=1e-5)
    assert vectors.words == tuple(WORDS)
    assert len(FloretVectors.load(tmp_path / "p")) == 0


def header(text):
    """The beginning of a file of NumPy."""
    return b"\x93NUMPY\x01\0" + (len(text) + 1).to_bytes(2, "little") + text.encode() + b"\n"


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("vectors", b"", "must be a matrix saved by NumPy"),
        ("vectors", b"\x93NUMPY\x01", "must be a matrix saved by NumPy"),
        ("vectors", header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)"), "must be a matrix saved by"),
        (
            "vectors",
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 30 + ", 2)}"),
            "must be a matrix",
        ),
        ("vectors", np.arange(3.0), "must be a matrix of numbers"),
        ("vectors", np.array([["a"]]), "must be a matrix of numbers"),
        ("vectors", np.array([[{}]], object), "must be a matrix saved by NumPy"),
        ("vectors", ROWS[:2], "key2row, entry 2: a row must be from 0 to 1, got 2"),
        ("vectors", ROWS * np.inf, "must be finite"),
        ("key2row", b"", "must map integers to integers as MessagePack"),
        ("key2row", b"\x81\x01", "must map integers to integers"),
        ("key2row", b"\x81\x01\xa1a", "must map integers to integers as MessagePack, got a byte 0xa1 at 2"),
        ("key2row", b"\xdf\xff\xff\xff\xff\x01", "must map integers to integers"),
        ("key2row", b"\x80more", "got 4 more bytes"),
        ("key2row", b"\x81\x01\xff", "a row must be from 0 to 6, got -1"),
        ("strings.json", b"{", "must have words"),
        ("vectors.cfg", b"[]", "must have the settings of vectors"),
        ("vectors.cfg", b'{"mode": "new"}', "mode must be 'default' or 'floret', got 'new'"),
        ("vectors.cfg", b'{"mode": "floret"}', "must have the settings of vectors"),
        ("vectors.cfg", b'{"mode": "floret", "minn": 1, "maxn": 99, "hash_count": 1, "hash_seed": 1}', "maxn must be"),
    ],
)
def test_damaged_files(folder, name, content, rule):
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    else:
        with (folder / name).open("wb") as file:
            np.save(file, content)
    with pytest.raises(ValueError, match=f"{re.escape(str(folder))}.*{rule}"):
        WordVectors.load(folder)


def test_other_folders(folder, tmp_path):
    with pytest.raises(IsADirectoryError, match="path must be a file of word vectors"):
        WordVectors.load(tmp_path / "..")
    (folder / "key2row").unlink()
    with pytest.raises(ValueError, match="must have the file key2row, got none"):
        WordVectors.load(folder)
    with pytest.raises(ValueError, match="matrix must be None"):
        WordVectors.load(folder, matrix="m")
