import tracemalloc

import numpy as np
import pytest

from textkit.vectors import text_vectors
from textkit.vectors.word_vectors import WordVectors

MATRIX = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
VECTORS = WordVectors(["the", "cat", "sat", "down"], MATRIX, counts=[8, 4, 3, 1], metadata={"tokenizer": "word-lower"})
THE, CAT, SAT, DOWN = MATRIX.astype(np.float64)


def test_the_mean_of_the_known_words():
    found = VECTORS.embed_texts(["The cat, the CAT!", ["sat", "dog", "The"], "dog", "", []])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:2], [(THE + CAT) / 2, SAT], rtol=1e-6)
    assert not found[2:].any()
    assert VECTORS.embed_texts([]).shape == (0, 3)


def test_sif_as_in_the_paper():
    """Algorithm 1, written out: the weights a / (a + p), then without the first singular vector."""
    texts = [["the", "cat", "the"], ["sat", "down"], ["cat", "dog"]]
    the, cat, sat, down = (0.1 / (0.1 + count / 16) for count in (8, 4, 3, 1))
    means = np.array([(2 * the * THE + cat * CAT) / 3, (sat * SAT + down * DOWN) / 2, cat * CAT])
    direction = np.linalg.svd(means)[2][0]
    expected = means - np.outer(means @ direction, direction)
    np.testing.assert_allclose(VECTORS.embed_texts(texts, weighting="sif", a=0.1), expected, atol=1e-6)
    kept = VECTORS.embed_texts(texts[:1], weighting="sif", a=0.1, remove_component=False)
    np.testing.assert_allclose(kept, means[:1], atol=1e-6)


@pytest.mark.parametrize("frequencies", [{"the": 0.5, "cat": 0.25, "sat": 0.1875, "down": 0.0625}, [8, 4, 3, 1]])
def test_given_frequencies(frequencies):
    texts = ["the cat", "sat down", "cat sat"]
    without = WordVectors(VECTORS.words, MATRIX)
    found = without.embed_texts(texts, weighting="sif", frequencies=frequencies, tokenizer="word")
    np.testing.assert_allclose(found, VECTORS.embed_texts(texts, weighting="sif"), atol=1e-6)


def test_batches_and_the_order_of_rows_change_nothing(monkeypatch):
    texts = [[*text] for text in (["the", "cat"], [], ["down"], ["cat", "sat", "cat"], ["dog"])] * 3
    expected = VECTORS.embed_texts(texts, weighting="sif")
    monkeypatch.setattr(text_vectors, "_TEXTS", 2)
    monkeypatch.setattr(text_vectors, "_ROWS", 3)
    np.testing.assert_allclose(VECTORS.embed_texts(iter(texts), weighting="sif"), expected, atol=1e-6)
    assert np.array_equal(VECTORS.embed_texts(texts), np.vstack([VECTORS.embed_texts([text]) for text in texts]))


def test_a_stream_is_not_held_in_memory():
    texts = (["the", "cat", f"{number:01000d}"] for number in range(20_000))
    tracemalloc.start()
    try:
        assert VECTORS.embed_texts(texts).shape == (20_000, 3)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # the texts have 20 MB
    finally:
        tracemalloc.stop()


def test_only_the_rows_of_the_words_are_read():
    """The columns of a large table are not next to each other, and it is not copied."""
    table = np.lib.stride_tricks.as_strided(MATRIX[:1], shape=(1_000_000, 3), strides=(0, 4))
    vectors = WordVectors([str(number) for number in range(1_000_000)], table)
    tracemalloc.start()
    try:
        np.testing.assert_allclose(vectors.embed_texts([["7", "999999"]]), [MATRIX[0]], rtol=1e-6)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("texts", "options", "error", "message"),
    [
        ("the cat", {}, TypeError, r"got a single str; pass \[text\]"),
        ({"the cat"}, {}, TypeError, "got set; pass a list"),
        (["the", None], {}, ValueError, "row 2 of texts"),
        (["the", 5], {}, TypeError, "row 2 of texts"),
        (5, {}, TypeError, "got int; pass a list"),
        (["the"], {"weighting": "max"}, ValueError, "weighting must be 'mean' or 'sif', got 'max'"),
        (["the"], {"weighting": "sif"}, ValueError, "texts must be at least two .*TextFeatures"),
        (["the"], {"weighting": "sif", "a": 0}, ValueError, "a must be a finite number above 0, got 0"),
        (["the"], {"frequencies": {}}, ValueError, "frequencies must be None with weighting='mean'"),
        (["the"], {"weighting": "sif", "frequencies": {"dog": 3}}, ValueError, "not all 0"),
        (["the"], {"weighting": "sif", "frequencies": [1, 2]}, ValueError, r"each of the 4 words, got shape \(2,\)"),
        (["the"], {"weighting": "sif", "frequencies": [1, 2, 3, -1]}, ValueError, "at least 0"),
    ],
)
def test_bad_arguments(texts, options, error, message):
    with pytest.raises(error, match=message):
        VECTORS.embed_texts(texts, **options)


def test_sif_needs_counts():
    vectors = WordVectors(["the"], [[1.0]])
    with pytest.raises(ValueError, match="vectors without counts; pass frequencies="):
        vectors.embed_texts([["the"], ["the"]], weighting="sif")


@pytest.mark.parametrize("name", ["", "custom", "os:listdir", "huggingface", "spacy-rules", "tokenizer.json"])
def test_a_tokenizer_is_neither_guessed_nor_imported(name):
    vectors = WordVectors(["the"], [[1.0]], metadata={"tokenizer": name} if name else {})
    with pytest.raises(ValueError, match=f"tokenizer must be given .*{name}"):
        vectors.embed_texts(["the"])
    assert vectors.embed_texts([["the"]]).tolist() == [[1.0]]
    assert vectors.embed_texts(["the"], tokenizer=str.split).tolist() == [[1.0]]
