import numpy as np
import pytest

import textkit
from textkit import plots


def test_coverage_counts_unknown_words_among_all_tokens():
    vocabulary = textkit.Vocabulary.from_counts({"<unk>": 10, "rare": 10, "often": 80}, specials=["<unk>"])
    ax = plots.coverage(vocabulary)
    assert ax.lines[0].get_xydata().tolist() == [[1, 0.8], [2, 0.9]]
    assert ax.get_title() == "2 words cover 90.0 % of 100 tokens"
    assert [text.get_text() for text in ax.texts] == ["80 %: 1", "90 %: 2"]


def test_coverage_of_word_vectors_and_of_counts(overlapping):
    counts = (1_000_000 / np.arange(1, 5000)).astype(int)
    vectors = textkit.WordVectors([str(row) for row in range(len(counts))], np.ones((len(counts), 2)), counts=counts)
    first, second = plots.coverage(vectors), plots.coverage(counts[::-1])
    assert np.array_equal(first.lines[0].get_ydata(), second.lines[0].get_ydata())
    assert not overlapping(first.texts)
    with pytest.raises(ValueError, match=r"vocabulary must have counts, got WordVectors"):
        plots.coverage(textkit.WordVectors(["a"], [[1.0]]))
    with pytest.raises(ValueError, match="got none above 0"):
        plots.coverage([0, 0])


def test_padding_is_the_area_between_tokens_and_the_longest_text():
    ax = plots.padding([[1, 4], [2, 2, 2], []])
    padding, tokens = ax.patches
    assert tokens.get_data().values.tolist() == [2, 2, 2, 1, 4]  # the batch with the shorter longest text comes first
    assert padding.get_data().values.tolist() == [2, 2, 2, 4, 4]
    assert ax.get_title() == "padding 21.4 % of 14 positions, 2 batches"


def test_padding_agrees_with_that_of_buckets():
    buckets = textkit.BucketBatches([3, 1, 4, 1, 5, 9, 2, 6], budget=12)
    ax = plots.padding([buckets.lengths[rows] for rows in buckets.epoch()])
    assert ax.get_title().startswith(f"padding {100 * buckets.padding():.1f} %")


def test_padding_of_nothing_is_refused():
    with pytest.raises(ValueError, match="batches must have at least one with a token"):
        plots.padding([[], [0]])


def test_repetition_is_the_fraction_of_ngrams_that_occurred_before():
    ax = plots.repetition({1.0: ["a b c d"], 0.5: ["a b a b a", "a a a a a"]}, n=2, reference="a b a b a b")
    means, level = ax.lines
    np.testing.assert_allclose(means.get_xydata(), [[0.5, (0.5 + 0.75) / 2], [1.0, 0.0]])
    # The mean length is 14 / 3, so that the reference is cut to its first four tokens: a b, b a and a b again.
    np.testing.assert_allclose(level.get_ydata(), 1 / 3)


def test_repetition_of_texts_that_are_too_short():
    with pytest.raises(ValueError, match="texts must have one with at least n=4 tokens, got none"):
        plots.repetition({1.0: ["a b"]})
    with pytest.raises(ValueError, match="n must be at least 1"):
        plots.repetition({1.0: ["a b"]}, n=0)
