"""The kinds of language models that can be restored by name."""

from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.language_model import LanguageModelConfig
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig

CONFIGS: dict[str, type[LanguageModelConfig]] = {
    config.kind: config
    for config in (
        RnnLanguageModelConfig,
        TransformerLanguageModelConfig,
        MaskedLanguageModelConfig,
        BidirectionalLanguageModelConfig,
    )
}
"""The config of each kind of model."""
