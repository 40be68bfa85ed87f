"""What a language model is like, and how it is trained, when nothing is said about it.

Chosen on 200 kB of tales, of which a tenth was held out: about a minute of two cores, and from there on text and
patience help more than other numbers.
"""

from textkit.language_model.settings import LanguageModelSettings
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.id_stream import Unit


def default_config(unit: Unit) -> RnnLanguageModelConfig:
    """The shape of a model of characters or words."""
    if unit == "char":
        return RnnLanguageModelConfig(dim=64, hidden=384, output_dropout=0.3)
    return RnnLanguageModelConfig(
        layers=2, dim=200, hidden=200, tied=True, input_dropout=0.3, layer_dropout=0.2, output_dropout=0.4
    )


def default_settings(unit: Unit) -> LanguageModelSettings:
    """How it is trained. Words that come once are unknown, so that the model learns to expect unknown words."""
    if unit == "char":
        return LanguageModelSettings()
    return LanguageModelSettings(batch_size=10, window=35, epochs=15, min_count=2)
