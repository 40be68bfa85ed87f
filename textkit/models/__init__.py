"""The networks: batch -> scores. Their classes and configs are public, for training loops of your own.

A network of your own trains with `textkit.TextClassifier` if it follows this protocol:

- Its config is a frozen, keyword-only dataclass derived from `ClassifierConfig`, with values that JSON can hold, whose
  method ``network(vocab, classes, *, generator=None)`` creates the network.
- The network derives from `Classifier` and computes the ``features(ids, mask)`` of texts (batch, width). They depend
  neither on the other texts of a batch nor on ids where the mask is False; an empty text has features, too.

``TextClassifier(MyConfig())`` then trains, predicts, explains, saves and exports it, and
``textkit.load(folder, model=MyConfig)`` loads it: nothing that a folder names is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.models.bidirectional_language_model import (
        BidirectionalLanguageModel,
        BidirectionalLanguageModelConfig,
    )
    from textkit.models.classifier import Classifier, ClassifierConfig
    from textkit.models.cnn import Cnn, CnnConfig
    from textkit.models.masked_language_model import MaskedLanguageModel, MaskedLanguageModelConfig
    from textkit.models.pretrained_classifier import PretrainedClassifier, PretrainedClassifierConfig
    from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
    from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
    from textkit.models.transformer_language_model import TransformerLanguageModel, TransformerLanguageModelConfig
    from textkit.models.word_avg import WordAvg, WordAvgConfig

_PUBLIC = {
    "BidirectionalLanguageModel": "textkit.models.bidirectional_language_model",
    "BidirectionalLanguageModelConfig": "textkit.models.bidirectional_language_model",
    "Classifier": "textkit.models.classifier",
    "ClassifierConfig": "textkit.models.classifier",
    "Cnn": "textkit.models.cnn",
    "CnnConfig": "textkit.models.cnn",
    "MaskedLanguageModel": "textkit.models.masked_language_model",
    "MaskedLanguageModelConfig": "textkit.models.masked_language_model",
    "PretrainedClassifier": "textkit.models.pretrained_classifier",
    "PretrainedClassifierConfig": "textkit.models.pretrained_classifier",
    "RnnClassifier": "textkit.models.rnn_classifier",
    "RnnClassifierConfig": "textkit.models.rnn_classifier",
    "RnnLanguageModel": "textkit.models.rnn_language_model",
    "RnnLanguageModelConfig": "textkit.models.rnn_language_model",
    "TransformerLanguageModel": "textkit.models.transformer_language_model",
    "TransformerLanguageModelConfig": "textkit.models.transformer_language_model",
    "WordAvg": "textkit.models.word_avg",
    "WordAvgConfig": "textkit.models.word_avg",
}

__all__ = [
    "BidirectionalLanguageModel",
    "BidirectionalLanguageModelConfig",
    "Classifier",
    "ClassifierConfig",
    "Cnn",
    "CnnConfig",
    "MaskedLanguageModel",
    "MaskedLanguageModelConfig",
    "PretrainedClassifier",
    "PretrainedClassifierConfig",
    "RnnClassifier",
    "RnnClassifierConfig",
    "RnnLanguageModel",
    "RnnLanguageModelConfig",
    "TransformerLanguageModel",
    "TransformerLanguageModelConfig",
    "WordAvg",
    "WordAvgConfig",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access (PEP 562): model folders are read without torch.

    Raises:
        AttributeError: If there is no such public name.
    """
    if name not in _PUBLIC:
        raise AttributeError(f"module 'textkit.models' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
