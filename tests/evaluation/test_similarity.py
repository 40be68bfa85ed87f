import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.evaluation.similarity import evaluate_similarity
from textkit.vectors.word_vectors import WordVectors

# the cosines of "a" with b, c, d and e are 0.8, 0.6, 0 and -1
VECTORS = WordVectors(["a", "b", "c", "d", "e"], [[1, 0], [8, 6], [0.3, 0.4], [0, 2], [-5, 0]])
RISING = [("a", "e", 0.0), ("a", "d", 1.0), ("a", "c", 5.0), ("a", "b", 9.0)]


def only(report):
    (result,) = report.results
    return result


def test_the_same_order_gives_one_and_the_reverse_minus_one():
    assert only(evaluate_similarity(VECTORS, RISING)).spearman == pytest.approx(1)
    falling = [(a, b, -score) for a, b, score in RISING]
    assert only(evaluate_similarity(VECTORS, falling)).spearman == pytest.approx(-1)


def test_one_exchange_among_four_gives_four_fifths():
    # rank differences 0, 0, 1, 1: 1 - 6 * 2 / (4 * 15)
    pairs = [("a", "e", 0.0), ("a", "d", 1.0), ("a", "c", 9.0), ("a", "b", 5.0)]
    assert only(evaluate_similarity(VECTORS, pairs)).spearman == pytest.approx(0.8)


def test_both_habits_for_missing_words():
    result = only(evaluate_similarity(VECTORS, [*RISING, ("a", "zebra", 10.0), ("yak", "zebra", 2.0)]))
    assert (result.pairs, result.usable, result.coverage) == (6, 4, 4 / 6)
    assert result.missing == ("zebra", "yak")
    assert result.spearman == pytest.approx(1)
    # human ranks 1 2 4 5 6 3 against cosines -1 0 .6 .8 0 0 with ranks 1 3 5 6 3 3:
    # deviations -2.5 -1.5 .5 1.5 2.5 -.5 and -2.5 -.5 1.5 2.5 -.5 -.5
    assert result.spearman_missing_as_zero == pytest.approx(10.5 / math.sqrt(17.5 * 15.5))


def test_pearson_knows_the_distances_of_the_scores():
    # scores 0 1 5 9 against cosines -1 0 .6 .8: deviations -3.75 -2.75 1.25 5.25 and -1.1 -.1 .5 .7
    expected = (3.75 * 1.1 + 2.75 * 0.1 + 1.25 * 0.5 + 5.25 * 0.7) / math.sqrt(50.75 * 1.96)
    for scale in (1, 1e200, -1):
        pairs = [(a, b, scale * score) for a, b, score in [*RISING, ("a", "zebra", 7.0)]]
        assert only(evaluate_similarity(VECTORS, pairs)).pearson == pytest.approx(math.copysign(expected, scale))
    assert math.isnan(only(evaluate_similarity(VECTORS, [(a, b, 1.0) for a, b, _ in RISING])).pearson)


def test_a_word_and_itself_tie_with_another_word_and_itself():
    words = [f"w{i}" for i in range(50)]
    vectors = WordVectors(words, np.random.default_rng(0).normal(size=(50, 30)))
    pairs = [(word, word, 10.0) for word in words] + [("w0", "w1", 1.0)]
    assert only(evaluate_similarity(vectors, pairs)).spearman == pytest.approx(1)


def test_case():
    pairs = [(a.upper(), b, score) for a, b, score in RISING]
    assert only(evaluate_similarity(VECTORS, pairs)).usable == 4
    with pytest.raises(ValueError, match="at least two pairs, got 0 of the 4"):
        evaluate_similarity(VECTORS, pairs, case="exact")


def test_several_sets_at_once(tmp_path):
    path = tmp_path / "rising.csv"
    path.write_text("".join(f"{a},{b},{score}\n" for a, b, score in RISING))
    report = evaluate_similarity(VECTORS, {"file": path, "list": RISING, "none": [("x", "y", 1), ("x", "z", 2)]})
    assert [result.name for result in report.results] == ["file", "list", "none"]
    assert [result.usable for result in report.results] == [4, 4, 0]
    assert report.results[0].note == report.results[1].note == "no interval below 10 usable pairs"
    assert report.results[2].note == "Spearman needs two usable pairs, got 0"
    assert math.isnan(report.results[2].spearman)
    assert [result.name for result in evaluate_similarity(VECTORS, [path, str(path)]).results] == ["rising"] * 2


@pytest.mark.parametrize(
    ("pairs", "note"),
    [
        ([("a", "b", 5), ("a", "c", 5)], "all human scores are 5"),
        ([("a", "b", 5), ("b", "a", 6)], "all cosines are 0.8"),
    ],
)
def test_what_is_constant_has_no_correlation_and_says_so(pairs, note):
    result = only(evaluate_similarity(VECTORS, pairs))
    assert note in result.note
    assert all(math.isnan(figure) for figure in (result.spearman, result.low, result.high))
    assert note in str(evaluate_similarity(VECTORS, pairs))


def test_the_interval_holds_the_figure_and_narrows_with_confidence():
    generator = np.random.default_rng(3)
    words = [f"w{i}" for i in range(80)]
    vectors = WordVectors(words, generator.normal(size=(80, 5)))
    unit = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    pairs = [(words[i], words[i + 1], float(unit[i] @ unit[i + 1] + generator.normal(scale=0.3))) for i in range(79)]
    wide, narrow = (only(evaluate_similarity(vectors, pairs, confidence=share)) for share in (0.95, 0.5))
    assert -1 <= wide.low < narrow.low < wide.spearman < narrow.high < wide.high <= 1
    again = only(evaluate_similarity(vectors, pairs))
    assert (again.low, again.high) == (wide.low, wide.high)
    assert only(evaluate_similarity(vectors, pairs, seed=1)).low != wide.low


def test_the_interval_is_that_of_a_plain_loop():
    from scipy.stats import spearmanr

    generator = np.random.default_rng(0)
    words = [f"w{i}" for i in range(13)]
    vectors = WordVectors(words, generator.normal(size=(13, 4)))
    human = generator.normal(size=12)
    pairs = [(words[0], words[i + 1], human[i]) for i in range(12)]
    unit = vectors.matrix.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit[1:] @ unit[0]
    drawn = np.random.default_rng(7).integers(12, size=(200, 12))
    plain = [spearmanr(human[rows], cosines[rows]).statistic for rows in drawn]
    result = only(evaluate_similarity(vectors, pairs, bootstrap=200, seed=7, confidence=0.9))
    np.testing.assert_allclose([result.low, result.high], np.quantile(plain, [0.05, 0.95]))


def test_no_bootstrap_gives_no_interval():
    result = only(evaluate_similarity(VECTORS, RISING, bootstrap=0))
    assert result.spearman == pytest.approx(1)
    assert math.isnan(result.low)
    assert math.isnan(result.high)


@pytest.mark.parametrize(("count", "has_interval"), [(2, False), (9, False), (10, True)])
def test_a_few_pairs_have_a_figure_but_no_interval(count, has_interval):
    words = [f"w{i}" for i in range(11)]
    vectors = WordVectors(words, [[1, i] for i in range(11)])
    pairs = [(words[0], words[i + 1], -i) for i in range(count)]
    result = only(evaluate_similarity(vectors, pairs, bootstrap=5))
    assert result.spearman == pytest.approx(1)
    assert math.isnan(result.low) != has_interval
    assert (result.note == "") == has_interval


def test_a_frame_has_a_row_a_set_and_the_text_fits_eighty_columns():
    long = "a-name-that-is-much-longer-than-the-column"
    report = evaluate_similarity(VECTORS, {"short": RISING, long: [*RISING, ("a", "zebra", 10.0)]})
    frame = report.to_frame()
    assert list(frame["name"]) == ["short", long]
    assert list(frame["usable"]) == [4, 4]
    assert list(frame["missing"]) == [0, 1]
    assert all(len(line) <= 80 for line in str(report).splitlines())
    assert "4 of 5" in str(report)


def test_vectors_are_not_written_to():
    matrix = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    before = matrix.copy()
    evaluate_similarity(WordVectors(list("abcde"), matrix), RISING)
    assert (matrix == before).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bootstrap": -1}, "bootstrap must be 0 or more resamples, got -1"),
        ({"confidence": 1.0}, "confidence must be between 0 and 1, got 1.0"),
        ({"case": "upper"}, "case must be one of fold, exact"),
        ({"pairs": []}, "at least two pairs, got 0"),
        ({"pairs": {}}, "at least one set, got none"),
        ({"pairs": RISING[:1]}, "at least two pairs, got 1"),
        ({"pairs": [("a", "b")]}, r"pairs\[0\] must be \(word, word, finite score\)"),
        ({"pairs": [*RISING, ("a", "b", "9")]}, r"pairs\[4\] must be"),
        ({"pairs": [*RISING, ("a", "b", math.nan)]}, r"pairs\[4\] must be"),
        ({"pairs": [*RISING, "wordsim353"]}, r"pairs\[4\] must be"),
        ({"pairs": "tales"}, "pairs must be a set of pairs, got 'tales', which is text"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        evaluate_similarity(VECTORS, **{"pairs": RISING, **arguments})


def test_a_name_that_is_neither_file_nor_set():
    with pytest.raises(FileNotFoundError, match="a file or a name from the catalog, got 'wordsim'"):
        evaluate_similarity(VECTORS, "wordsim")


def test_the_wrong_separator_is_told_and_not_scipy_s_message(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("a|b|1\na|c|2\n")
    with pytest.raises(ValueError, match="check the separator"):
        evaluate_similarity(VECTORS, path)


@given(
    scores=st.lists(st.integers(-50, 50), min_size=4, max_size=4),
    known=st.lists(st.sampled_from("abcdexyz"), min_size=4, max_size=4),
)
def test_spearman_knows_only_the_order_of_the_scores(scores, known):
    pairs = [("a", word, score) for word, score in zip([*known, "b", "d"], [*scores, 0, 1], strict=True)]
    stretched = [(a, b, math.exp(score / 10)) for a, b, score in pairs]
    first = only(evaluate_similarity(VECTORS, pairs, bootstrap=20))
    second = only(evaluate_similarity(VECTORS, stretched, bootstrap=20))
    for figure in ("spearman", "spearman_missing_as_zero", "low", "high", "coverage"):
        assert getattr(first, figure) == pytest.approx(getattr(second, figure), nan_ok=True)
    assert 0 <= first.coverage <= 1
    assert first.coverage == (2 + sum(word in "abcde" for word in known)) / 6
    assert math.isnan(first.spearman) or -1 - 1e-12 <= first.spearman <= 1 + 1e-12


@pytest.mark.data
def test_the_catalog_s_sets_agree_with_gensim():
    gensim = pytest.importorskip("gensim.models.keyedvectors")
    from textkit.evaluation.pairs import read_pairs

    names = ("wordsim353.tsv", "simlex999.txt", "wordsim353_rel.txt")
    files = [Path(os.environ["TEXTKIT_DATA"], "similarity", name) for name in names]
    words = sorted({word.lower() for file in files for pair in read_pairs(file) for word in pair[:2]})[::2]
    matrix = np.random.default_rng(1).normal(size=(len(words), 20)).astype(np.float32)
    theirs = gensim.KeyedVectors(vector_size=20)
    theirs.add_vectors(words, matrix)
    report = evaluate_similarity(WordVectors(words, matrix), ["wordsim353", "simlex999", files[2]], bootstrap=0)
    for file, result in zip(files, report.results, strict=True):
        _, spearman, missing_percent = theirs.evaluate_word_pairs(file)
        assert result.spearman == pytest.approx(spearman.statistic, abs=1e-3)
        assert 100 * (1 - result.coverage) == pytest.approx(missing_percent)
        zeros = theirs.evaluate_word_pairs(file, dummy4unknown=True)[1]
        assert result.spearman_missing_as_zero == pytest.approx(zeros.statistic, abs=1e-3)


def test_pairs_may_be_a_frame():
    vectors = WordVectors(["a", "b", "c"], [[1, 0], [1, 1], [0, 1]])
    pairs = [("a", "b", 2.0), ("a", "c", 1.0), ("b", "c", 3.0)]
    # As text, because an interval may be nan, which does not equal itself.
    assert repr(evaluate_similarity(vectors, pd.DataFrame(pairs))) == repr(evaluate_similarity(vectors, pairs))
    with pytest.raises(TypeError, match="pairs must be a name, a path or a list of pairs, got int; try 'wordsim353'"):
        evaluate_similarity(vectors, 5)
