import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import textkit
from textkit.vectors.word_vectors import WordVectors

MATRIX = np.array([[1, 2], [3, 4], [5, 6.5]], np.float32)
VOCABULARY = {"b": 1, "a": 0, "##c": 2}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def write_tokenizer(path, vocabulary, **more):
    content = {"version": "1.0", "model": {"type": "WordPiece", "vocab": vocabulary}, **more}
    path.with_name("tokenizer.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("name", ["embeddings", "embedding.weight", "whatever"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_matrix_beside_a_tokenizer(path, name, dtype):
    save_file({name: MATRIX.astype(dtype)}, path)
    write_tokenizer(path, VOCABULARY)
    vectors = textkit.load(path)
    assert vectors.words == ("a", "b", "##c")
    assert np.array_equal(vectors.matrix, MATRIX)
    assert WordVectors.load(path, words=["##c", "b"]).matrix.tolist() == [[3, 4], [5, 6.5]]
    assert WordVectors.load(path, limit=1).words == ("a",)


def test_bfloat16(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    save_torch({"embeddings": torch.from_numpy(MATRIX).bfloat16()}, path)
    assert np.array_equal(WordVectors.load(path, word_list=["a", "b", "c"]).matrix, MATRIX)


def test_weights_and_a_mapping_as_model2vec_applies_them(path):
    weights, mapping = np.array([2, 0.5, 1, 1], np.float64), np.array([2, 0, 0, 1])
    save_file({"embeddings": MATRIX, "weights": weights, "mapping": mapping}, path)
    write_tokenizer(path, [["a", -1.0], ["b", -2.0], ["c", -3.0]], added_tokens=[{"id": 3, "content": "[PAD]"}])
    vectors = WordVectors.load(path)
    assert vectors.words == ("a", "b", "c", "[PAD]")
    assert vectors.matrix.tolist() == [[10, 13], [0.5, 1], [1, 2], [3, 4]]


def test_lists_of_words(path, tmp_path):
    save_file({"x": MATRIX, "y": MATRIX[:, :1].copy()}, path)
    (tmp_path / "words.txt").write_text("a\nb c\nd\n")
    (tmp_path / "words.json").write_text('["a", "b c", "d"]')
    for words in (tmp_path / "words.txt", str(tmp_path / "words.json"), ["a", "b c", "d"]):
        vectors = WordVectors.load(path, matrix="y", word_list=words)
        assert (vectors.words, vectors.dim) == (("a", "b c", "d"), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "matrix must name one of the matrices in .*: 'x', 'y', got None"),
        ({"matrix": "z"}, "matrix must name a tensor of .*, got 'z'; it has .*x"),
        ({"matrix": "n"}, r"matrix must name a matrix of .*, got 'n' of shape \(3,\)"),
        ({"matrix": "x"}, "word_list must be given for .*, which has no tokenizer.json beside it"),
        ({"matrix": "x", "word_list": ["a"]}, "word_list must have a word for each of the 3 vectors in .*, got 1"),
        ({"matrix": "x", "word_list": ["a", "b", "a"]}, "must have distinct words, got 'a' twice"),
        ({"matrix": "x", "word_list": "no-such-file"}, "word_list must be given"),
    ],
)
def test_what_cannot_be_guessed_is_asked_for(path, options, message):
    save_file({"x": MATRIX, "y": MATRIX, "n": np.arange(3)}, path)
    with pytest.raises(ValueError, match=message):
        WordVectors.load(path, **options)


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ({"a": 0, "b": 7}, "must have a word for each of the 3 vectors"),
        ({"a": "x"}, "must have words, as a list, a mapping to numbers or a tokenizer.json"),
        (5, "must have words, as a list"),
    ],
)
def test_a_tokenizer_of_something_else(path, vocabulary, message):
    save_file({"embeddings": MATRIX}, path)
    write_tokenizer(path, vocabulary)
    with pytest.raises(ValueError, match=message):
        WordVectors.load(path)


def test_rows_that_only_fill_the_matrix_up_are_left_out(path):
    save_file({"embeddings": MATRIX}, path)
    write_tokenizer(path, {"a": 0, "b": 1})
    assert WordVectors.load(path).words == ("a", "b")


@pytest.mark.parametrize("name", ["v.safetensors", "v.txt", "v.csv"])
def test_own_files_have_their_words(tmp_path, name):
    WordVectors(["a"], [[1.0]]).save(tmp_path / name)
    for options in ({"matrix": "x"}, {"word_list": ["a"]}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be None for .*{name}"):
            WordVectors.load(tmp_path / name, **options)


def test_damage_is_named(path):
    save_file({"embeddings": MATRIX}, path)
    data = path.read_bytes()
    path.write_bytes(data[:-4])
    with pytest.raises(ValueError, match=r"tensor 'embeddings' must have .* truncated or damaged"):
        WordVectors.load(path, word_list=["a", "b", "c"])
    path.write_bytes(data.replace(b'"shape":[3,2]', b'"shape":[3,"]'))
    with pytest.raises(ValueError, match="header must be JSON"):
        WordVectors.load(path, word_list=["a", "b", "c"])
    for wrong in (b'"shape":[3e999]', b'"shape":[3.0,2]'):  # two bytes more, taken from the spaces that fill the header
        path.write_bytes(data.replace(b"}}  ", b"}}").replace(b'"shape":[3,2]', wrong))
        with pytest.raises(ValueError, match=r"tensor 'embeddings' must have a known type, a shape"):
            WordVectors.load(path, matrix="embeddings", word_list=["a", "b", "c"])


@pytest.mark.parametrize("number", ["Infinity", "NaN", "1e400", "1.0", '"1"', "null"])
def test_numbers_of_words_are_integers(path, number):
    save_file({"embeddings": MATRIX}, path)
    words = path.with_name("words.json")
    for content in (f'{{"a": 0, "b": {number}, "c": 2}}', f'{{"added_tokens": [{{"content": "a", "id": {number}}}]}}'):
        words.write_text(content)
        with pytest.raises(ValueError, match=r"words\.json must have words, as a list, a mapping to numbers"):
            WordVectors.load(path, word_list=words)
