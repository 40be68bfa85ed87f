"""Default configs and settings of language models.

They were chosen on 200 kB of tales, with a tenth of the text for validation: training takes about a minute on two
cores. Beyond that, more text and more epochs help more than other settings.
"""

from dataclasses import replace

from textkit.language_model.settings import LanguageModelSettings
from textkit.models.rnn_language_model import PLAIN, RnnLanguageModelConfig
from textkit.text.id_stream import Unit


def default_config(unit: Unit) -> RnnLanguageModelConfig:
    """Return the default config of a character or word model."""
    if unit == "char":
        return replace(PLAIN, dim=64, output_dropout=0.3)
    return replace(
        PLAIN, layers=2, dim=200, hidden=200, tied=True, input_dropout=0.3, layer_dropout=0.2, output_dropout=0.4
    )


def default_settings(unit: Unit) -> LanguageModelSettings:
    """Return the default training settings of a character or word model."""
    if unit == "char":
        return LanguageModelSettings(batch_size=16, window=64, epochs=10, min_count=1)
    # Words that occur once become <unk>, so that the model learns to expect unknown words.
    return LanguageModelSettings(batch_size=10, window=35, epochs=15, min_count=2)
