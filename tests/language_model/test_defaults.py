from itertools import pairwise

import numpy as np
import pytest

from textkit.language_model.defaults import LARGE_VOCABULARY, adaptive_cutoffs, default_config, resolved_config
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.vocabulary import Vocabulary


def zipf(words):
    return 10_000_000 // np.arange(1, words + 1)


def vocabulary(words):
    return Vocabulary.from_counts({f"w{number}": int(count) for number, count in enumerate(zipf(words))})


def scores(counts, cutoffs):
    """Expected number of scores of rarer tokens at a position."""
    bounds = [*cutoffs, len(counts)]
    return sum(counts[start:end].sum() * (end - start) for start, end in pairwise(bounds)) / counts.sum()


@pytest.mark.parametrize("counts", [zipf(30_000), zipf(300_000), np.full(50_000, 3), zipf(300_000) ** 2])
def test_cutoffs_need_about_the_fewest_scores(counts):
    cutoffs = adaptive_cutoffs(counts)
    assert 0 < cutoffs[0] < cutoffs[1] < cutoffs[2] < len(counts)
    random = np.random.default_rng(1)
    for _ in range(500):
        other = np.sort(random.choice(np.arange(cutoffs[0] + 1, len(counts)), 2, replace=False))
        assert scores(counts, cutoffs) <= 1.05 * scores(counts, (cutoffs[0], *other))


def test_words_have_an_adaptive_softmax_from_a_large_vocabulary_on():
    config = default_config("word")
    large, small = vocabulary(LARGE_VOCABULARY + 1), vocabulary(LARGE_VOCABULARY)
    assert resolved_config(config, small).cutoffs == ()
    assert resolved_config(config, large).cutoffs == adaptive_cutoffs(large.counts)
    assert default_config("char").cutoffs == ()
    given = RnnLanguageModelConfig(cutoffs=(10, 20), tied=True)
    assert resolved_config(given, large) is given


def test_narrow_untied_layers_have_fewer_clusters():
    large = vocabulary(LARGE_VOCABULARY + 1)
    config = RnnLanguageModelConfig(cutoffs="auto", hidden=17)
    assert resolved_config(config, large).cutoffs == adaptive_cutoffs(large.counts)[:2]
