"""Default configs and settings of language models.

They were chosen on 200 kB of tales, with a tenth of the text for validation: training takes about a minute on two
cores. Beyond that, more text and more epochs help more than other settings.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.language_model.settings import LanguageModelSettings
from textkit.models.bidirectional_language_model import PLAIN_BIDIRECTIONAL, BidirectionalLanguageModelConfig
from textkit.models.language_model import LanguageModelConfig
from textkit.models.output_weights import TAIL_DIVISOR
from textkit.models.rnn_language_model import PLAIN, RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig
from textkit.text.id_stream import Unit
from textkit.text.vocabulary import Vocabulary

LARGE_VOCABULARY = 20_000  # tokens; above this, cutoffs "auto" give an adaptive softmax
_HEAD = 4000  # tokens of its first cluster, which are scored at every position
_GRID = 48  # candidates for each further cutoff


def default_config(unit: Unit) -> RnnLanguageModelConfig:
    """Return the default config of a recurrent model of characters, words or subwords."""
    if unit == "char":
        return replace(PLAIN, dim=64, output_dropout=0.3)
    return replace(
        PLAIN,
        layers=2,
        dim=200,
        hidden=200,
        tied=True,
        input_dropout=0.3,
        layer_dropout=0.2,
        output_dropout=0.4,
        # Subwords are few, and not in the order of their frequencies.
        cutoffs="auto" if unit == "word" else (),
    )


def default_transformer(unit: Unit) -> TransformerLanguageModelConfig:
    """Return the default config of a transformer of characters, words or subwords."""
    return TransformerLanguageModelConfig(layers=4, dim=128, dropout=0.1 if unit == "char" else 0.2)


def default_bidirectional(unit: Unit) -> BidirectionalLanguageModelConfig:
    """Return the default config of a bidirectional model of characters, words or subwords."""
    if unit == "char":
        return replace(PLAIN_BIDIRECTIONAL, output_dropout=0.3)
    return replace(
        PLAIN_BIDIRECTIONAL,
        dim=200,
        input_dropout=0.3,
        layer_dropout=0.2,
        output_dropout=0.4,
        cutoffs="auto" if unit == "word" else (),
    )


def completed(config: LanguageModelConfig, unit: Unit) -> LanguageModelConfig:
    """Take what a config leaves open from the defaults of its kind of model and the unit.

    Raises:
        TypeError: If there is no such kind.
    """
    if isinstance(config, TransformerLanguageModelConfig):
        return config.completed(default_transformer(unit))
    if isinstance(config, BidirectionalLanguageModelConfig):
        return config.completed(default_bidirectional(unit))
    if isinstance(config, RnnLanguageModelConfig):
        return config.completed(default_config(unit))
    raise TypeError(
        f"config must be of a language model, got {type(config).__name__}; pass RnnLanguageModelConfig(...)"
    )


def resolved_config(config: RnnLanguageModelConfig, vocabulary: Vocabulary) -> RnnLanguageModelConfig:
    """Replace the cutoffs "auto" by those that suit a vocabulary: none up to ``LARGE_VOCABULARY`` tokens.

    Args:
        config: Config of a model.
        vocabulary: Vocabulary with the counts of its tokens.
    """
    if config.cutoffs != "auto":
        return config
    cutoffs = () if len(vocabulary) <= LARGE_VOCABULARY else adaptive_cutoffs(vocabulary.counts)
    if not config.tied:
        while TAIL_DIVISOR ** len(cutoffs) > getattr(config, config.units):
            cutoffs = cutoffs[:-1]
    return replace(config, cutoffs=cutoffs)


def adaptive_cutoffs(counts: NDArray[np.integer]) -> tuple[int, ...]:
    """Choose the cutoffs of an adaptive softmax with three clusters of rarer tokens.

    The first 4,000 tokens are scored at every position, the tokens of a further cluster only where one of them is the
    target. The other two cutoffs minimize the expected number of scores; they are rounded to two digits.

    Args:
        counts: (vocab,) count of each token, most frequent first, but for specials.

    >>> adaptive_cutoffs(1_000_000 // np.arange(1, 100_001))
    (4000, 21000, 52000)
    """
    vocab = len(counts)
    below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()  # share of the tokens with lower ids
    grid = np.unique([int(float(f"{size:.1e}")) for size in np.geomspace(_HEAD, vocab, _GRID + 2)[1:-1]])
    grid = grid[(grid > _HEAD) & (grid < vocab)]
    second, third = grid[:, None], grid[None, :]
    scores = (
        (below[second] - below[_HEAD]) * (second - _HEAD)
        + (below[third] - below[second]) * (third - second)
        + (1 - below[third]) * (vocab - third)
    )
    best = np.where(second < third, scores, np.inf).argmin()
    row, column = np.unravel_index(best, scores.shape)
    return _HEAD, int(grid[row]), int(grid[column])


def default_settings(unit: Unit, config: LanguageModelConfig | None = None) -> LanguageModelSettings:
    """Return the default training settings of a model.

    Args:
        unit: "char", "word" or "subword".
        config: Config of the model; None for a recurrent one, whose settings a bidirectional one has, too.
    """
    # Words that occur once become <unk>, so that the model learns to expect unknown words.
    least = 2 if unit == "word" else 1
    if isinstance(config, TransformerLanguageModelConfig):
        window = min(config.positions, 256 if unit == "char" else 128)
        return LanguageModelSettings(
            batch_size=16, window=window, epochs=15, min_count=least, learning_rate=0.002, warmup=100
        )
    rate: dict[str, Any] = {"learning_rate": 0.004, "warmup": 0}
    if unit == "char":
        return LanguageModelSettings(batch_size=16, window=64, epochs=10, min_count=least, **rate)
    return LanguageModelSettings(batch_size=10, window=35, epochs=15, min_count=least, **rate)
