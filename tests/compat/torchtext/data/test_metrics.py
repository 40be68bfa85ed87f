import math

import pytest

from textkit.compat.torchtext.data.metrics import bleu_score


def test_of_the_paper():
    # Papineni et al. 2002, section 2.1.1: clipping gives 2/7, and the closest reference has 7 words.
    candidate = ["the", "the", "the", "the", "the", "the", "the"]
    references = [["the", "cat", "is", "on", "the", "mat"], ["there", "is", "a", "cat", "on", "the", "mat"]]
    assert bleu_score([candidate], [references], max_n=1, weights=[1.0]) == pytest.approx(2 / 7)


def test_short_translations_are_penalized():
    assert bleu_score([["a", "b"]], [[["a", "b", "c"]]], max_n=1, weights=[1]) == pytest.approx(math.exp(1 - 3 / 2))
    longer_is_as_close = [["a"], ["a", "b", "c"]]
    assert bleu_score([["a", "b"]], [longer_is_as_close], max_n=1, weights=[1]) == pytest.approx(1.0)
    shorter_is_as_close = longer_is_as_close[::-1]  # of two that are equally close, the first counts
    assert bleu_score([["a", "b"]], [shorter_is_as_close], max_n=1, weights=[1]) == pytest.approx(math.exp(-1 / 2))


def test_counts_are_summed_over_the_corpus():
    candidates = [["a", "b", "c"], ["d"]]
    references = [[["a", "b", "x"]], [["d"]]]
    # 3 of 4 words, 1 of 2 bigrams
    assert bleu_score(candidates, references, max_n=2, weights=[0.5, 0.5]) == pytest.approx(math.sqrt(3 / 4 * 1 / 2))


def test_nothing_in_common_is_zero():
    assert bleu_score([["a"]], [[["b"]]], max_n=1, weights=[1]) == 0
    assert bleu_score([["a", "b", "c"]], [[["a", "b", "c"]]]) == 0  # no n-gram of four words
    assert bleu_score([], []) == 0
    assert bleu_score([[]], [[["a"]]], max_n=1, weights=[1]) == 0


def test_wrong_numbers_are_errors():
    with pytest.raises(ValueError, match="weights must be 2 numbers"):
        bleu_score([["a"]], [[["a"]]], max_n=2)
    with pytest.raises(ValueError, match=r"as many items as candidate_corpus \(1\), got 2"):
        bleu_score([["a"]], [[["a"]], [["b"]]])
    with pytest.raises(ValueError, match="got none for item 0"):
        bleu_score([["a"]], [[]])
