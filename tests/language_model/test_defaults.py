from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from textkit.language_model.defaults import (
    LARGE_VOCABULARY,
    adaptive_cutoffs,
    default_config,
    default_settings,
    resolved_config,
)
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import PLAIN, RnnLanguageModel, RnnLanguageModelConfig
from textkit.text.encoding import encode_corpus
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
    config = RnnLanguageModelConfig(cutoffs="auto", hidden=17, tied=False)
    assert resolved_config(config, large).cutoffs == adaptive_cutoffs(large.counts)[:2]


@pytest.mark.parametrize("unit", ["char", "word"])
def test_what_is_not_given_suits_the_unit(unit):
    config, settings = default_config(unit), default_settings(unit)
    assert RnnLanguageModelConfig().completed(config) == config
    assert RnnLanguageModelConfig(layers=3).completed(config) == replace(config, layers=3)
    given = RnnLanguageModelConfig(tied=False, output_dropout=0, cutoffs=(5,))
    assert given.completed(config) == replace(config, tied=False, output_dropout=0, cutoffs=(5,))
    assert LanguageModelSettings().completed(settings) == settings
    assert LanguageModelSettings(epochs=5, clip_norm=None).completed(settings) == replace(
        settings, epochs=5, clip_norm=None
    )
    for complete in (config, settings):
        assert complete.completed(complete) == complete
        open_fields = [field.name for field in fields(complete) if getattr(complete, field.name) is None]
        assert set(open_fields) <= {"patience", "max_vocab"}  # None means something there


def test_training_takes_the_defaults_of_its_unit():
    texts = [["a", "b", "a", "c"]] * 40 + [["once"]]
    config = RnnLanguageModelConfig(dim=4, hidden=4)
    settings = LanguageModelSettings(epochs=1)
    model = train_language_model(texts, unit="word", config=config, settings=settings, progress=False)
    assert model.model.config == replace(default_config("word"), dim=4, hidden=4, cutoffs=())
    assert "once" not in model.vocabulary
    model = train_language_model(["a fox"] * 300, config=config, settings=settings, progress=False)
    assert model.model.config == replace(default_config("char"), dim=4, hidden=4)


def test_a_network_made_by_hand_is_plain():
    assert RnnLanguageModel(RnnLanguageModelConfig(dim=3, hidden=4), 5).config == replace(PLAIN, dim=3, hidden=4)


def test_an_encoded_corpus_keeps_all_its_words():
    encoded = encode_corpus(
        ["a b a c"] * 40 + ["once"], specials=["<pad>", "<unk>", "<eos>"], unknown="keep", line_end="<eos>"
    )
    config, settings = RnnLanguageModelConfig(dim=4, hidden=4), LanguageModelSettings(epochs=1)
    model = train_language_model(encoded, unit="word", config=config, settings=settings, progress=False)
    assert "once" in model.vocabulary
