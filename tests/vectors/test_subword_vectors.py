import pickle

import numpy as np
import pytest

import textkit
from textkit.fasttext.subwords import hash_bytes
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors

WORDS = ["</s>", "cat", "cats", "über"]
ROWS = np.random.default_rng(1).standard_normal((4 + 50, 3)).astype(np.float32)
MARKED = {"cat": ["<ca", "cat", "at>"], "cats": ["<ca", "cat", "ats", "ts>"], "ats": ["<at", "ats", "ts>"]}


@pytest.fixture
def vectors():
    return SubwordVectors(WORDS, ROWS, subwords=(3, 3))


def ngram_rows(word):
    return [ROWS[4 + hash_bytes(ngram.encode()) % 50] for ngram in MARKED[word]]


def test_known_and_unknown_words(vectors):
    np.testing.assert_allclose(vectors["cat"], np.mean([ROWS[1], *ngram_rows("cat")], axis=0), rtol=1e-5)
    np.testing.assert_allclose(vectors["ats"], np.mean(ngram_rows("ats"), axis=0), rtol=1e-5)
    np.testing.assert_allclose(vectors.matrix[2], np.mean([ROWS[2], *ngram_rows("cats")], axis=0), rtol=1e-5)
    assert vectors["</s>"].tolist() == ROWS[0].tolist()
    assert "cat" in vectors
    assert "ats" not in vectors
    assert vectors[["cat", "ats"]].shape == (2, 3)
    assert vectors[[]].shape == (0, 3)
    np.testing.assert_allclose(vectors.matrix, vectors[WORDS], rtol=1e-5)


def test_a_word_without_ngrams(vectors):
    short = SubwordVectors(WORDS, ROWS, subwords=(5, 6))
    with pytest.raises(KeyError, match=r"got 'ab'; .*it has no n-gram either"):
        short[["cat", "ab"]]
    assert short.get("ab") is None
    assert short.get("abc") is not None
    with pytest.raises(TypeError, match="a word must be a str, got list"):
        vectors[[["cat"]]]


def test_unknown_words_are_compared_like_their_vectors(vectors):
    """The plain vectors have a row for the unknown word too."""
    plain = WordVectors([*WORDS, "ats"], vectors[[*WORDS, "ats"]])
    assert vectors.similarities("ats") == pytest.approx(plain.similarities("ats", WORDS))
    assert vectors.similarities("cat", ["ats", "cats"]) == pytest.approx(plain.similarities("cat", ["ats", "cats"]))
    assert vectors.similarity("ats", [1, 0, 0]) == pytest.approx(plain.similarity("ats", [1, 0, 0]))
    assert vectors.n_similarity(["ats", "cat"], ["cats"]) == pytest.approx(plain.n_similarity(["ats", "cat"], ["cats"]))
    assert vectors.doesnt_match(["ats", "cat", "über"]) == plain.doesnt_match(["ats", "cat", "über"])
    assert vectors.closer_than("ats", "cat") == plain.closer_than("ats", "cat")
    assert [word for word in plain.closer_than("cat", "ats") if word != "ats"] == vectors.closer_than("cat", "ats")
    assert vectors.rank("ats", "über") == plain.rank("ats", "über")
    assert vectors.relative_cosine("ats", "cat", 3) == pytest.approx(plain.relative_cosine("ats", "cat", 3))
    answers = [dict(some.analogy("ats", "cat", "cats", method="3cosmul")) for some in (vectors, plain)]
    assert answers[0] == pytest.approx(answers[1])
    assert vectors.most_similar(["ats", [1, 0, 0]], restrict=["cats"])[0][0] == "cats"
    assert vectors.approximate().most_similar_batch(["ats"], 2) == vectors.most_similar_batch(["ats"], 2)


def test_searches(vectors):
    plain = WordVectors(WORDS, vectors.matrix)
    assert vectors.most_similar("cat", 2) == plain.most_similar("cat", 2)
    assert vectors.most_similar("ats", 2) == plain.most_similar(vectors["ats"], 2)
    assert {word for word, _ in vectors.most_similar(["ats", "cat"], 9)} == {"</s>", "cats", "über"}
    both = vectors.most_similar("ats", 9, negative="cat")
    units = [vector / np.linalg.norm(vector) for vector in (vectors["ats"], vectors["cat"])]
    assert [word for word, _ in both] == [
        word for word, _ in plain.most_similar(units[0] - units[1], 9) if word != "cat"
    ]
    assert vectors.most_similar_batch(["ats", "cat"], 2) == [vectors.most_similar(word, 2) for word in ("ats", "cat")]
    assert vectors.most_similar(np.ones(3), 1) == plain.most_similar(np.ones(3), 1)
    assert vectors.similarity("ats", "ats") == pytest.approx(1)
    with pytest.raises(ValueError, match="k must be an integer of at least 1"):
        vectors.most_similar("ats", 0)


def test_the_vector_of_a_text(vectors):
    units = [vector / np.linalg.norm(vector) for vector in (vectors["cat"], vectors["ats"])]
    np.testing.assert_allclose(vectors.text_vector(" cat\vats\n"), np.mean(units, axis=0), rtol=1e-5)
    assert vectors.text_vector(" ").tolist() == [0, 0, 0]


def test_an_embedding_has_vectors_of_unknown_words(vectors):
    pytest.importorskip("torch")
    vocabulary = Vocabulary.from_counts({"ats": 2, "cat": 1}, specials=["<pad>", "<unk>"])
    weights = vectors.to_embedding(vocabulary).weight.numpy()
    np.testing.assert_array_equal(
        weights[[vocabulary.tokens.index(word) for word in ("ats", "cat")]], vectors[["ats", "cat"]]
    )
    assert not weights[0].any()


def test_saved_and_loaded(vectors, tmp_path):
    vectors.save(tmp_path / "v.bin")
    for load in (textkit.load, WordVectors.load, SubwordVectors.load):
        loaded = load(tmp_path / "v.bin")
        assert isinstance(loaded, SubwordVectors)
        assert loaded.words == vectors.words
        assert loaded[["ats", "über"]].tolist() == vectors[["ats", "über"]].tolist()
    again = pickle.loads(pickle.dumps(loaded))
    assert again[["ats", "über"]].tolist() == vectors[["ats", "über"]].tolist()
    for name, options in (("v.vec", {}), ("w.bin", {"format": "word2vec-binary"}), ("v.safetensors", {})):
        vectors.save(tmp_path / name, **options)
        plain = WordVectors.load(tmp_path / name)
        assert not isinstance(plain, SubwordVectors)
        np.testing.assert_allclose(plain.matrix, vectors.matrix, rtol=1e-5)


def test_some_words_of_a_file(vectors, tmp_path):
    vectors.save(tmp_path / "v.bin")
    some = WordVectors.load(tmp_path / "v.bin", words=["über", "cat", "none"])
    assert some.words == ("cat", "über")
    assert some["cat"].tolist() == vectors["cat"].tolist()
    assert WordVectors.load(tmp_path / "v.bin", limit=2).words == ("</s>", "cat")


def test_opening_a_file_reads_only_what_is_asked(fasttext_bytes, tmp_path, mapped_bytes):
    rows = np.zeros((1 << 22, 4), np.float32)  # 64 MiB
    (tmp_path / "v.bin").write_bytes(fasttext_bytes(["a"], rows, rows[:1], model=2, buckets=(1 << 22) - 1, n=(3, 6)))
    before = mapped_bytes()
    vectors = SubwordVectors.load(tmp_path / "v.bin")
    assert vectors["a"].tolist() == [0, 0, 0, 0]
    assert mapped_bytes() - before < 8 << 20


def test_words_that_are_not_utf8(fasttext_bytes, tmp_path):
    path = tmp_path / "v.bin"
    path.write_bytes(fasttext_bytes(["a", b"b\xff"], np.ones((2, 1)), np.ones((2, 1)), model=2))
    with pytest.raises(ValueError, match=r"v\.bin: the words must be UTF-8, got b'b\\xff' in row 1; pass encoding_err"):
        WordVectors.load(path)
    assert WordVectors.load(path, encoding_errors="replace").words == ("a", "b\ufffd")
    assert WordVectors.load(path, encoding_errors="ignore").words == ("a", "b")
    path.write_bytes(fasttext_bytes(["a", "a"], np.ones((2, 1)), np.ones((2, 1)), model=2))
    with pytest.raises(ValueError, match=r"v\.bin: words must be distinct, got 'a'"):
        WordVectors.load(path)["a"]


def test_numbers_that_are_not_finite(fasttext_bytes, tmp_path):
    path = tmp_path / "v.bin"
    path.write_bytes(fasttext_bytes(["a", "b"], [[1], [np.nan]], np.ones((2, 1)), model=2))
    vectors = WordVectors.load(path)
    assert vectors["a"].tolist() == [1]
    for ask in (lambda: vectors["b"], lambda: vectors.matrix):
        with pytest.raises(ValueError, match=r"v\.bin: the vector of 'b' must be finite"):
            ask()


def test_other_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"subwords must be .*, got"):
        SubwordVectors(["a"], ROWS, subwords=(4, 3))
    with pytest.raises(ValueError, match="and of at least one bucket, got 1"):
        SubwordVectors(["a"], ROWS[:1])
    with pytest.raises(ValueError, match="rows must be finite, got nan or inf in row 1"):
        SubwordVectors(["a"], [[1.0], [np.inf]])
    SubwordVectors(["a"], ROWS).save(tmp_path / "v.bin")
    (tmp_path / "v.bin").rename(tmp_path / "v.bin.gz")
    with pytest.raises(ValueError, match="must not be compressed, as it is memory-mapped"):
        SubwordVectors.load(tmp_path / "v.bin.gz")


def test_a_word_that_a_model_file_cannot_hold(tmp_path):
    vectors = SubwordVectors(["a", "b\0c"], ROWS[:5])
    with pytest.raises(ValueError, match=r"must not contain U\+0000, got 'b\\x00c'; save it in another"):
        vectors.save(tmp_path / "x.bin")
    assert not list(tmp_path.iterdir())
    vectors.save(tmp_path / "x.safetensors")
