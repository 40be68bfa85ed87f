"""Tables of floret: vectors of any word, as spaCy and floret compute them from the same table."""

import gzip
import json
import os
import pickle
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import textkit
from textkit.vectors.floret_vectors import FloretVectors
from textkit.vectors.formats.floret_file import FloretSettings, FloretTable
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

WORDS = [
    "a",
    "ab",
    "<a>",
    "apple",
    "Straße",
    "日本語",
    "слово",
    "مرحبا",
    "हिन्दी",
    "한국어",
    "ไทย",
    "naïve",
    "👩‍💻",
    "no-break\u00a0",
    "x" * 100,
]
ROWS = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)


@pytest.fixture
def write(tmp_path):
    """Write a table as floret does."""

    def written(name="v.floret", *, header=None, rows=ROWS, lines=None, minn=2, maxn=4, count=2, seed=2166136261):
        header = header or f"{len(rows)} {rows.shape[1]} {minn} {maxn} {count} {seed} < >"
        lines = lines or [f"{number} {' '.join(map(repr, row.tolist()))} " for number, row in enumerate(rows)]
        content = "\n".join([header, *lines, ""]).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return written


def in_spacy(words, **settings):
    from spacy.strings import StringStore
    from spacy.vectors import Vectors

    vectors = Vectors(strings=StringStore(words), data=ROWS, mode="floret", **settings)
    return np.array([vectors[word] for word in words])


@pytest.mark.parametrize(("minn", "maxn", "count", "seed"), [(2, 4, 2, 2166136261), (3, 5, 4, 0)])
def test_words_of_many_scripts_as_in_spacy(write, minn, maxn, count, seed):
    vectors = WordVectors.load(write(minn=minn, maxn=maxn, count=count, seed=seed))
    assert isinstance(vectors, SubwordVectors)
    expected = in_spacy(WORDS, minn=minn, maxn=maxn, hash_count=count, hash_seed=seed)
    np.testing.assert_allclose(vectors[WORDS], expected, atol=1e-5)


def test_the_marks_alone_are_ngrams_in_spacy_only():
    settings = {"minn": 1, "maxn": 1, "hash_count": 1, "hash_seed": 0}
    spacy = FloretVectors(FloretTable(FloretSettings(**settings, like_spacy=True), ROWS))
    floret = FloretVectors(FloretTable(FloretSettings(**settings), ROWS))
    np.testing.assert_allclose(spacy[WORDS], in_spacy(WORDS, **settings), atol=1e-5)
    whole = FloretSettings(**settings | {"minn": 0, "maxn": 0}, like_spacy=True)
    expected = in_spacy(WORDS, **settings | {"minn": 0, "maxn": 0})  # the empty string, for each letter
    np.testing.assert_allclose(FloretVectors(FloretTable(whole, ROWS))[WORDS], expected, atol=1e-5)
    # "<a>" and "a" against "<a>", "<", "a" and ">"
    assert (spacy._sums(["a"])[1][0], floret._sums(["a"])[1][0]) == (4, 2)
    assert spacy.get("</s>") is not None
    assert floret.get("</s>") is None
    assert spacy.get("") is None


def test_words_to_search_are_given(write, tmp_path):
    path = write()
    plain = textkit.load(path)
    assert (len(plain), plain.dim, plain.subwords) == (0, 4, (2, 4))
    assert "FloretVectors(0 words, dim 4, n-grams of 2 to 4 in 50 rows)" in repr(plain)
    for use in (lambda: plain.most_similar("apple"), lambda: plain.matrix, lambda: plain.save(tmp_path / "v.txt")):
        with pytest.raises(ValueError, match="word_list must be given to search"):
            use()
    (tmp_path / "words.txt").write_text("apple\nab\n", encoding="utf-8")
    for words in (["apple", "ab"], tmp_path / "words.txt"):
        vectors = FloretVectors.load(path, word_list=words)
        assert vectors.words == ("apple", "ab")
        assert [word for word, _ in vectors.most_similar("apples")] in (["apple", "ab"], ["ab", "apple"])
        vectors.save(tmp_path / "some.bin")
        assert np.array_equal(WordVectors.load(tmp_path / "some.bin").matrix, plain[["apple", "ab"]])
        again = pickle.loads(pickle.dumps(vectors))
        assert np.array_equal(again[WORDS], vectors[WORDS])
    assert WordVectors.load(path, words={"b", "a"}).words == ("a", "b")
    assert WordVectors.load(path, word_list=["c", "b", "a"], words={"b", "a"}, limit=1).words == ("b",)
    with pytest.raises(ValueError, match=r"limit must be None for .*, a table without words"):
        WordVectors.load(path, limit=3)
    with pytest.raises(ValueError, match="word_list must have distinct words, got 'a' twice"):
        WordVectors.load(path, word_list=["a", "a"])
    with pytest.raises(ValueError, match="matrix must be None"):
        WordVectors.load(path, matrix="m")


def test_other_names_of_the_file(write, tmp_path):
    whole = WordVectors.load(write())[WORDS]
    assert np.array_equal(WordVectors.load(write("v.floret.gz"))[WORDS], whole)
    assert np.array_equal(WordVectors.load(write("v.txt"), format="floret")[WORDS], whole)
    WordVectors(["a"], ROWS[:1]).save(tmp_path / "w.txt")
    with pytest.raises(ValueError, match="must be a table of floret, got other vectors"):
        FloretVectors.load(tmp_path / "w.txt")


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"header": "50 4 2 4 2 7 <"}, r"line 1: the header must be 'rows dim"),
        ({"header": "50 4 2 4 5 7 < >"}, "hash_count must be an integer from 1 to 4, got 5"),
        ({"header": "50 4 4 2 1 7 < >"}, "minn must be at most maxn, 2, got 4"),
        ({"header": "50 4 2 999999 1 7 < >"}, "maxn must be an integer from 0 to 64, got 999999"),
        ({"header": "50 4 2 4 1 -7 < >"}, "hash_seed must be an integer from 0"),
        ({"header": "0 4 2 4 1 7 < >"}, "rows of 1 to"),
        ({"header": "50 0 2 4 1 7 < >"}, "rows of 1 to"),
        ({"header": "x" * 10_000}, "the line is too long"),
        ({"header": "51 4 2 4 1 7 < >"}, "the number of rows, got 51 for 50 rows"),
        ({"header": "49 4 2 4 1 7 < >"}, "the number of rows, got 49 for 50 rows"),
        ({"header": "2000000000 4 2 4 1 7 < >"}, "got 2,000,000,000 for 50 rows"),
        ({"header": "50 5 2 4 1 7 < >"}, "line 2: a row must have 5 numbers, got 4"),
        ({"header": "1 2 1 1 1 7 < >", "lines": ["1 0 0"]}, "line 2: a row must begin with its number, 0, got b'1'"),
        ({"header": "1 2 1 1 1 7 < >", "lines": ["0 0 nan"]}, "line 2: the vector of '0' has a number that is not fin"),
    ],
)
def test_bad_files(write, options, rule):
    path = write(**options)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}.*{rule}"):
        WordVectors.load(path)


def test_numbers_that_are_not_finite():
    rows = ROWS.copy()
    rows[7, 1] = np.inf
    with pytest.raises(ValueError, match="rows must be finite, got nan or inf in row 7"):
        FloretVectors(FloretTable(FloretSettings(minn=1, maxn=1, hash_count=1, hash_seed=0), rows))


def test_training_does_not_start_from_a_table(write):
    with pytest.raises(ValueError, match="init must be SubwordVectors with n-grams"):
        textkit.train_word2vec(
            [["a", "b"]] * 9, subwords=(2, 4), buckets=50, dim=4, min_count=1, init=WordVectors.load(write())
        )


FLORET = """
import json, sys, floret
open("text.txt", "w", encoding="utf-8").write(" ".join(json.loads(sys.argv[1])) + "\\n")
for minn, maxn, count in ((1, 3, 2), (3, 5, 1), (2, 3, 4)):
    model = floret.train_unsupervised("text.txt", mode="floret", hashCount=count, bucket=500, minn=minn, maxn=maxn,
                                      minCount=1, dim=4, thread=1, epoch=50, verbose=0)
    name = f"{minn}.floret"
    model.save_floret_vectors(name)
    # The vector of its first word differs from what its own table gives.
    asked = [word for word in model.get_words()[1:] if word != "</s>"] + ["unknown", "неизвестно", "未知", "z"]
    json.dump([asked, [model.get_word_vector(word).tolist() for word in asked]], open(name + ".json", "w"))
"""


@pytest.mark.oracle
def test_the_same_as_floret(tmp_path):
    python = os.environ.get("TEXTKIT_ORACLE") or (sys.executable if find_spec("floret") else None)
    if python is None or subprocess.run([python, "-c", "import floret"], capture_output=True).returncode:
        pytest.skip("TEXTKIT_ORACLE names no Python that has floret")
    words = [word for word in WORDS if word.split() == [word]]
    subprocess.run([python, "-c", FLORET, json.dumps(words * 20)], cwd=tmp_path, check=True, capture_output=True)
    for minn in (1, 3, 2):
        asked, expected = json.loads((tmp_path / f"{minn}.floret.json").read_text())
        assert len(asked) >= 15
        # The table has five digits of each number.
        np.testing.assert_allclose(WordVectors.load(tmp_path / f"{minn}.floret")[asked], expected, atol=1e-4)
