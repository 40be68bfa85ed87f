import math
from collections import Counter

import numpy as np
import pytest

from textkit.data.catalog import corpora_folder
from textkit.phrases import find as module
from textkit.phrases.find import ENGLISH_CONNECTORS, find_phrases

TEXTS = ["a b c a b", "b a b", "c", "", "a x b"]  # a 4, b 5, c 2, x 1; a b 3, b c 1, c a 1, b a 1, a x 1, x b 1


def found(texts=TEXTS, **settings):
    phrases = find_phrases(texts, **{"min_count": 1, "threshold": -1e9, "progress": False, **settings})
    return {phrase.tokens: (phrase.count, phrase.score) for phrase in phrases}


def test_counts_and_scores_known_by_hand():
    default = found()
    assert {tokens: count for tokens, (count, _) in default.items()} == {
        ("a", "b"): 3, ("b", "c"): 1, ("c", "a"): 1, ("b", "a"): 1, ("a", "x"): 1, ("x", "b"): 1,
    }  # fmt: skip
    assert default["a", "b"][1] == pytest.approx((3 - 1) * 12 / (4 * 5))
    assert found(scoring="pmi")["a", "b"][1] == pytest.approx(math.log2(3 * 12 / (4 * 5)))
    assert found(scoring="npmi")["a", "b"][1] == pytest.approx(math.log2(3 * 12 / (4 * 5)) / -math.log2(3 / 12))


def test_npmi_is_one_for_words_that_are_only_together():
    assert found(["p q r", "p q", "s"], scoring="npmi")["p", "q"][1] == pytest.approx(1)


def test_rare_words_are_in_no_phrase_and_separate_others():
    assert set(found(min_count=2)) == {("a", "b")}
    assert found(min_count=2)["a", "b"][0] == 3  # not 4: x stands between the last two


def test_the_threshold_is_exclusive_and_has_a_default():
    score = found()["a", "b"][1]
    assert ("a", "b") in found(threshold=score - 1e-9)
    assert ("a", "b") not in found(threshold=score)
    assert found(threshold=None) == {}


def test_connectors_stand_within_phrases():
    texts = ["bank of the west", "bank of england", "bank of of england", "of the bank", "bank the england"]
    phrases = found(texts, connectors=["of", "the", "missing"])
    assert {tokens: count for tokens, (count, _) in phrases.items()} == {
        ("bank", "of", "the", "west"): 1,
        ("bank", "of", "england"): 1,
        ("bank", "of", "of", "england"): 1,
        ("bank", "the", "england"): 1,
    }
    assert phrases["bank", "of", "england"][1] == pytest.approx(0)  # (1 - 1)


def plain_counts(lines, connectors, min_count):
    """The pairs in lists of words, counted by a dictionary."""
    words = Counter(word for line in lines for word in line)
    pairs = Counter()
    for line in lines:
        start, between = None, ()
        for word in line:
            if words[word] < min_count:
                start = None
            elif word in connectors:
                between += (word,)
            else:
                if start is not None:
                    pairs[(start, *between, word)] += 1
                start, between = word, ()
    return {tokens: count for tokens, count in pairs.items() if count >= min_count}


@pytest.mark.parametrize("connectors", [(), ENGLISH_CONNECTORS])
def test_a_real_text_is_counted_as_by_a_dictionary(connectors, monkeypatch):
    monkeypatch.setattr(module, "_SLOTS", 1 << 10)  # so that pairs are counted in parts
    path = corpora_folder() / "tales.txt"
    expected = plain_counts([line.split() for line in path.read_text().splitlines()], set(connectors), 2)
    counts = {tokens: count for tokens, (count, _) in found(path, min_count=2, connectors=connectors).items()}
    assert len(expected) > 1_000
    assert counts == expected


def test_phrases_of_phrases():
    texts = ["the new york times", "new york is new", "york", "the times", "a new york times", "is it"] * 3
    first = find_phrases(texts, threshold=1.5, min_count=2, progress=False)
    second = find_phrases(texts, threshold=1.5, min_count=2, tokenizer=first.tokenizer(), progress=False)
    assert ("new", "york") in first
    assert ("new_york", "times") in second
    assert second.tokenizer(first.tokenizer())("new york times") == ["new_york_times"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scoring": "g2"}, "scoring must be one of"),
        ({"min_count": 0}, "min_count must be an integer of at least 1"),
        ({"threshold": math.nan}, "threshold must be a finite number"),
        ({"threshold": "5"}, "threshold must be a finite number"),
        ({"threshold": True}, "threshold must be a finite number"),
        ({"delimiter": ""}, "delimiter must be"),
        ({"min_count": 9}, "min_count"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        found(**settings)


def test_connectors_as_a_str_are_refused():
    with pytest.raises(TypeError, match="connectors must be a collection of words"):
        found(connectors="of")


def test_too_many_chains_of_connectors_break_phrases():
    links, chains = np.zeros((2, 2), np.int32), np.zeros((2, 2), np.int32)  # one chain besides the empty one
    keys, counts = np.zeros(64, np.uint64), np.zeros(64, np.int64)
    roles = np.array([0, 1, 3, 0])  # two words, with two connectors between
    ids = np.array([0, 1, 3, 0, 2, 3, 0, 1, 3], np.int32)
    assert module.count_pairs(ids, np.array([0, 3, 6, 9]), roles, 0, 1, links, chains, keys, counts)
    assert sorted(counts[counts > 0].tolist()) == [2]
