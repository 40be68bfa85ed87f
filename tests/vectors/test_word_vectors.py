import copy
import os
import pickle
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textkit.vectors.word_vectors import WordVectors

# Features made by hand: male, female, royal.
ROYALS = WordVectors(
    ["man", "king", "woman", "queen", "girl"],
    [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [0, 3, -4]],
)
ANGLES = WordVectors(["east", "north", "west", "nowhere"], [[2, 0], [0, 3], [-1, 0], [0, 0]])


def test_lookup():
    assert ANGLES["north"].tolist() == [0, 3]
    assert ANGLES[["west", "east"]].tolist() == [[-1, 0], [2, 0]]
    assert ANGLES[[]].shape == (0, 2)
    assert ANGLES.index("west") == 2
    assert "west" in ANGLES
    assert "up" not in ANGLES
    assert (len(ANGLES), ANGLES.dim, list(ANGLES)) == (4, 2, ["east", "north", "west", "nowhere"])
    assert ANGLES.get("up") is None
    assert ANGLES.get("up", ANGLES["east"]).tolist() == [2, 0]
    assert ANGLES.get("north").tolist() == [0, 3]
    assert repr(ANGLES) == "WordVectors(4 words, dim 2)"


@pytest.mark.parametrize(
    "ask",
    [
        lambda v: v["queen "],
        lambda v: v[["king", "queem"]],
        lambda v: v.index("Queen"),
        lambda v: v.most_similar("qeen"),
        lambda v: v.most_similar(["queeen"]),
        lambda v: v.most_similar("king", negative=["quen"]),
        lambda v: v.most_similar_batch(["king", "queens"]),
        lambda v: v.similarity("king", "quene"),
        lambda v: v.analogy("man", "king", "quee", method="3cosmul"),
        lambda v: v.doesnt_match(["king", "queenn"]),
        lambda v: v.subset(["queeng"]),
    ],
)
def test_unknown_word_names_the_closest(ask):
    with pytest.raises(KeyError, match="did you mean 'queen'"):
        ask(ROYALS)


def test_error_for_an_unknown_word_can_be_copied():
    with pytest.raises(KeyError) as caught:
        ROYALS["quen"]
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, KeyError)
    assert "did you mean 'queen'" in str(again)
    assert "did you mean 'queen'" in str(copy.copy(caught.value))


def test_nothing_can_be_changed():
    matrix = np.ones((1, 2), dtype=np.float32)
    vectors = WordVectors(["a"], matrix, metadata={"corpus": "tales"})
    assert np.shares_memory(vectors.matrix, matrix)
    for array in (vectors.matrix, vectors["a"], vectors.unit):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5
    assert isinstance(vectors.words, tuple)
    with pytest.raises(TypeError):
        vectors.metadata["corpus"] = "other"
    with pytest.raises(AttributeError):
        vectors.matrix = matrix
    matrix[0, 0] = 7  # the caller's own array stays writable
    vectors[["a"]][0] = 5  # as does a matrix made for the caller


@pytest.mark.parametrize(
    ("words", "matrix", "error", "reason"),
    [
        (["a", "b", "a"], np.ones((3, 2)), ValueError, "got 'a' in rows 0 and 2"),
        (["a", "b"], np.ones((3, 2)), ValueError, r"each of the 2 words, got \(3, 2\)"),
        (["a"], np.ones(2), ValueError, r"got \(2,\)"),
        (["a"], np.ones((1, 0)), ValueError, r"got \(1, 0\)"),
        (["a", "b"], [[1, 2], [3, np.nan]], ValueError, "nan in the vector of 'b' .row 1"),
        (["a", "b"], [[1, 2], [3, 1e300]], ValueError, "inf in the vector of 'b'"),
        (["a", 7], np.ones((2, 2)), TypeError, "got 7"),
        ("ab", np.ones((2, 2)), TypeError, r"pass \['ab'\]"),
    ],
)
def test_bad_arguments(words, matrix, error, reason):
    with pytest.raises(error, match=reason):
        WordVectors(words, matrix)


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.vec.gz", "v.safetensors", "v.tsv"])
def test_saving_follows_links_and_never_replaces_a_pipe(tmp_path, name):
    vectors, link, pipe = WordVectors(["a"], [[1.0]]), tmp_path / name, tmp_path / f"pipe-{name}"
    link.symlink_to("there")
    vectors.save(link)
    assert link.is_symlink()
    assert WordVectors.load(link)["a"].tolist() == [1.0]
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="got the pipe"):
        vectors.save(pipe)
    assert pipe.is_fifo()


def test_bad_metadata():
    with pytest.raises(TypeError, match="must map str to str"):
        WordVectors(["a"], [[1]], metadata={"epochs": 5})


def test_not_finite_far_down():
    matrix = np.zeros((5000, 100), dtype=np.float32)
    matrix[4321, 99] = -np.inf
    with pytest.raises(ValueError, match="-inf in the vector of 'w4321'"):
        WordVectors([f"w{row}" for row in range(5000)], matrix)


def test_most_similar_by_word():
    assert ANGLES.most_similar("east") == [("north", 0), ("nowhere", 0), ("west", -1)]
    assert ANGLES.most_similar("east", k=1) == [("north", 0)]
    assert ANGLES.most_similar("east", restrict=1) == []
    assert ANGLES.most_similar("west", restrict=2) == [("north", 0), ("east", -1)]


def test_most_similar_by_vector_leaves_nothing_out():
    expected = [("north", 1), ("east", 0), ("west", 0), ("nowhere", 0)]
    assert ANGLES.most_similar([0, 5]) == expected
    assert ANGLES.most_similar(np.array([0, 1e300])) == expected
    assert ANGLES.most_similar(np.array([0, 1e-300])) == expected


def test_most_similar_by_several_words():
    (word, cosine), *_ = ANGLES.most_similar(["east", "north"], negative="west")
    assert word == "nowhere"
    assert cosine == 0
    (word, cosine), *_ = ANGLES.most_similar(["nowhere"], negative=["east"])
    assert (word, cosine) == ("west", 1)
    assert ANGLES.most_similar([], negative=["east"], k=1) == [("west", 1)]


def test_zero_vectors_give_no_nan():
    assert ANGLES.most_similar("nowhere") == [("east", 0), ("north", 0), ("west", 0)]
    assert ANGLES.most_similar([0, 0])[0] == ("east", 0)
    assert ANGLES.most_similar(["east", "west"]) == [("north", 0), ("nowhere", 0)]
    assert ANGLES.similarity("nowhere", "east") == 0
    assert ANGLES.doesnt_match(["east", "nowhere"]) == "nowhere"
    assert ANGLES.analogy("nowhere", "nowhere", "nowhere", k=1, method="3cosmul")[0][0] == "east"


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda v: v.most_similar("east", k=0), "k must be an integer of at least 1, got 0; ask for"),
        (
            lambda v: v.most_similar("east", restrict=0),
            "restrict must be an integer of at least 1, got 0; pass a number of words, a list of words, or None",
        ),
        (
            lambda v: v.analogy("east", "east", "east", k=0, method="3cosmul"),
            "k must be an integer of at least 1, got 0; ask for",
        ),
        (lambda v: v.most_similar([1, 2, 3]), r"vector of 2 numbers, got int64 of shape \(3,\)"),
        (lambda v: v.most_similar([1, np.nan]), "finite"),
        (lambda v: v.most_similar(np.ones((2, 2))), "most_similar_batch"),
        (lambda v: v.most_similar([]), "got an empty sequence"),
        (lambda v: v.most_similar_batch("east"), "use most_similar"),
        (lambda v: v.analogy("east", "east", "east", method="mul"), "method must be"),
        (lambda v: v.doesnt_match(["east"]), "two or more words"),
        (lambda v: v.doesnt_match("east"), "two or more words"),
        (lambda v: v.subset("east"), "pass a list"),
        (lambda v: v.subset(["east"], missing="ignore"), "missing must be"),
    ],
)
def test_bad_questions(ask, reason):
    with pytest.raises(ValueError, match=reason):
        ask(ANGLES)


def test_batch():
    assert ANGLES.most_similar_batch(["west", "east"], k=1) == [[("north", 0)], [("north", 0)]]
    assert ANGLES.most_similar_batch([[1, 0], [-5, 0]], k=1) == [[("east", 1)], [("west", 1)]]
    assert ANGLES.most_similar_batch([]) == []


@given(arrays(np.float32, (12, 3), elements=st.floats(-4, 4, width=32)), st.integers(1, 15))
def test_batch_answers_as_single_questions_do(matrix, k):
    vectors = WordVectors(list("abcdefghijkl"), matrix)
    assert vectors.most_similar_batch(vectors.words, k) == [vectors.most_similar(word, k) for word in vectors]
    assert vectors.most_similar_batch(matrix, k) == [vectors.most_similar(row, k) for row in matrix]


def test_similarity():
    assert ANGLES.similarity("east", "west") == -1
    assert ANGLES.similarity("east", "north") == 0
    assert ROYALS.similarity("woman", "girl") == pytest.approx(0.6)


@pytest.mark.parametrize("method", ["3cosadd", "3cosmul"])
def test_analogy(method):
    answers = ROYALS.analogy("man", "king", "woman", method=method)
    assert answers[0][0] == "queen"
    assert sorted(word for word, _ in answers) == ["girl", "queen"]
    assert ROYALS.analogy("man", "king", "woman", method=method, restrict=3) == []


def test_3cosmul_by_hand():
    vectors = WordVectors(["a", "b", "c", "x"], [[1, 0], [0, 1], [-1, 0], [0, -1]])
    # Cosines of x with a, b and c: 0, -1 and 0; moved to the range from 0 to 1: 0.5, 0 and 0.5.
    assert vectors.analogy("a", "b", "c", method="3cosmul") == [("x", 0)]
    # Of c with b, a and x: 0, -1 and 0; moved: 0.5, 0 and 0.5.
    assert vectors.analogy("b", "x", "a", method="3cosmul") == [("c", 0)]
    # Of a with b, c and x: 0, -1, 0. As "c is to b as x is to ?": 0.5 * 0.5 / (0 + 0.001).
    assert vectors.analogy("c", "b", "x", method="3cosmul") == [("a", pytest.approx(250))]


def test_doesnt_match():
    assert ROYALS.doesnt_match(["woman", "king", "girl"]) == "king"


def test_subset():
    small = ROYALS.subset(["queen", "man", "queen"])
    assert small.words == ("queen", "man")
    assert small["queen"].tolist() == ROYALS["queen"].tolist()
    assert ROYALS.subset(iter(["queen", "prince"]), missing="skip").words == ("queen",)
    assert len(ROYALS.subset([])) == 0


def test_to_embedding():
    torch = pytest.importorskip("torch")
    vocabulary = namedtuple("Vocabulary", "tokens")(["<pad>", "<unk>", "north", "east", "up"])
    layer = ANGLES.to_embedding(vocabulary, seed=3)
    weights = layer.weight.detach().numpy()
    assert layer.padding_idx == 0
    assert not layer.weight.requires_grad
    assert weights[0].tolist() == [0, 0]
    assert weights[2:4].tolist() == [[0, 3], [2, 0]]
    assert weights[1].any()
    assert (weights == ANGLES.to_embedding(vocabulary, seed=3).weight.numpy()).all()
    assert (weights[1] != ANGLES.to_embedding(vocabulary, seed=4).weight[1].numpy()).any()
    trained = ANGLES.to_embedding(vocabulary, freeze=False)
    trained(torch.tensor([2, 3])).sum().backward()
    assert trained.weight.grad is not None
    assert ANGLES["north"].tolist() == [0, 3]  # the layer has its own memory


def test_to_embedding_draws_with_the_deviation_of_the_matrix():
    pytest.importorskip("torch")
    matrix = np.random.default_rng(0).normal(5, 0.25, (1000, 20))
    vectors = WordVectors([f"w{row}" for row in range(1000)], matrix)
    vocabulary = namedtuple("Vocabulary", "tokens")([f"new{row}" for row in range(1000)])
    layer = vectors.to_embedding(vocabulary)
    assert layer.padding_idx is None
    assert float(layer.weight.std()) == pytest.approx(0.25, rel=0.05)
    assert float(layer.weight.mean()) == pytest.approx(0, abs=0.02)


def test_to_spacy(tmp_path):
    spacy = pytest.importorskip("spacy")
    nlp = ROYALS.to_spacy(spacy.blank("en"))
    king, stone = nlp("king stone")
    assert king.vector.tolist() == ROYALS["king"].tolist()
    assert king.has_vector
    assert not stone.has_vector
    assert nlp("king").similarity(nlp("queen")) == pytest.approx(ROYALS.similarity("king", "queen"))
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)("queen")[0].vector.tolist() == ROYALS["queen"].tolist()


def test_it_is_shared_by_copies_and_can_be_pickled():
    vectors = WordVectors(["sea", "boat"], np.eye(2, 3, dtype=np.float32), metadata={"from": "here"})
    assert copy.deepcopy([vectors])[0] is vectors
    again = pickle.loads(pickle.dumps(vectors))
    assert again.words == vectors.words
    assert np.array_equal(again.matrix, vectors.matrix)
    assert not again.matrix.flags.writeable
    assert again.metadata == {"from": "here"}
    assert again.most_similar("sea", 1) == vectors.most_similar("sea", 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda v: v.most_similar("a", k=1.5), ValueError, "k must be an integer of at least 1, got 1.5"),
        (lambda v: v.most_similar("a", k=None), ValueError, "k must be an integer of at least 1, got None"),
        (lambda v: v.most_similar("a", k=True), ValueError, "k must be an integer of at least 1, got True"),
        (lambda v: v.most_similar("a", restrict="b"), ValueError, "restrict must be an integer of at least 1, got"),
        (lambda v: v.most_similar("a", restrict=1.5), ValueError, "restrict must be an integer of at least 1, got"),
        (lambda v: v.most_similar(["a", np.ones(3)]), ValueError, "a query must be a known word or a vector of 2"),
        (lambda v: v.most_similar(["a", None]), ValueError, "a query must be a known word or a vector of 2"),
        (lambda v: v.most_similar_batch([[1, 2], [3]]), ValueError, "a query must be a known word .*, got a mixture"),
        (lambda v: v.most_similar("a", negative=[np.ones(3)]), ValueError, "a query must be a known word or a vector"),
        (lambda v: v.index(np.ones(2)), TypeError, "a word must be a str, got ndarray; vectors can only be part of a"),
        (lambda v: v[0], TypeError, "a word must be a str, got 0; vectors by row number are in .matrix"),
        (lambda v: v[None], TypeError, "a word must be a str, got None"),
        (lambda v: v.load(5), TypeError, "path must be a str or a Path, got int; pass the path of a file"),
        (lambda v: v.load("a.txt", limit="3"), ValueError, "limit must be an integer of at least 0, got '3'; use None"),
        (lambda v: v.load("."), IsADirectoryError, r"path must be a file of word vectors, got the folder '\.'; pass a"),
        (lambda v: v.similarity(float("nan"), "a"), KeyError, "got nan; a word is a str, not a float"),
        (lambda v: v.similarity(None, "a"), KeyError, "got None; a word is a str, not a NoneType"),
        (lambda v: v.similarity(1, "a"), KeyError, "got 1; a word is a str, not a int"),
    ],
)
def test_types_that_nobody_expects_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call(WordVectors(["a", "b"], np.eye(2)))


def test_an_embedding_is_of_a_vocabulary():
    pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"vocabulary must be a Vocabulary .*, got list; for a list of words"):
        WordVectors(["a", "b"], np.eye(2)).to_embedding(["a"])


def test_words_may_come_from_a_generator():
    vectors = WordVectors(["a", "b"], np.eye(2))
    assert vectors.most_similar_batch(word for word in "ab") == vectors.most_similar_batch(["a", "b"])
    assert ["a"] not in vectors


COUNTED = WordVectors(["the", "cat", "sat"], np.eye(3), counts=np.array([9, 4, 2], np.uint32))


def test_counts_are_kept_by_slices_copies_and_pickles():
    assert ANGLES.counts is None
    assert COUNTED.counts.tolist() == [9, 4, 2]
    assert COUNTED.counts.dtype == np.int64
    assert COUNTED.subset(["sat", "the"]).counts.tolist() == [2, 9]
    assert COUNTED.subset([]).counts.tolist() == []
    for again in (pickle.loads(pickle.dumps(COUNTED)), copy.copy(COUNTED), copy.deepcopy(COUNTED)):
        assert again.counts.tolist() == [9, 4, 2]
    assert pickle.loads(pickle.dumps(ANGLES)).counts is None
    with pytest.raises(ValueError, match="read-only"):
        COUNTED.counts[0] = 1


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.vec"])
def test_formats_without_counts_drop_them(tmp_path, name):
    COUNTED.save(tmp_path / name)
    assert WordVectors.load(tmp_path / name).counts is None


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ([1, 2], ValueError, r"one number for each of the 3 words, got \(2,\)"),
        ([1, -2, 3], ValueError, "from 0 to .*, got -2 to 3"),
        (np.array([1, 2, 2**63], np.uint64), ValueError, "from 0 to"),
        ([1.5, 2, 3], TypeError, "counts must be integers"),
    ],
)
def test_bad_counts(counts, error, message):
    with pytest.raises(error, match=message):
        WordVectors(["a", "b", "c"], np.eye(3), counts=counts)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda v: v.most_similar("king", topn=3), r"most_similar\(\) has no argument 'topn'; use k"),
        (lambda v: v.most_similar(positive=["king"]), "use query"),
        (lambda v: v.most_similar_batch(["king"], restrict_vocab=3), "use restrict"),
        (lambda v: v.analogy("man", "king", "woman", topn=3), "use k"),
    ],
)
def test_names_of_others_are_answered_with_ours(ask, message):
    with pytest.raises(TypeError, match=message):
        ask(ROYALS)
