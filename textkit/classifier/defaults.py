"""Default configs and settings of the classifiers.

There is one set per model, chosen on held-out parts of the training splits of public data sets: IMDB, SST, TREC, AG
News and surnames. IMDB was held out in blocks of neighboring reviews, because reviews of the same film are neighbors:
few of the held-out reviews are then of a film that is also in the training part.
"""

from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import torch

from textkit.checks import SUITED
from textkit.classifier.pretrained import pretrained_config
from textkit.classifier.settings import ClassifierSettings
from textkit.language_model.language_model import LanguageModel
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.pretrained_classifier import PretrainedClassifier, PretrainedClassifierConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import USUAL_BUCKETS, WordAvg, WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

ModelName: TypeAlias = Literal["word_avg", "cnn", "bilstm", "char_gru"]
MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)

CONFIGS: dict[ModelName, ClassifierConfig] = {
    "word_avg": WordAvgConfig(),
    "cnn": CnnConfig(),
    "bilstm": RnnClassifierConfig(),
    "char_gru": RnnClassifierConfig(unit="char"),
}
CLASSES: dict[type[ClassifierConfig], type[Classifier]] = {
    WordAvgConfig: WordAvg,
    CnnConfig: Cnn,
    RnnClassifierConfig: RnnClassifier,
    PretrainedClassifierConfig: PretrainedClassifier,
}
"""The model class of each config class of textkit; configs of others have a method ``network`` of their own."""

_MAX_TABLE = 1 << 27  # maximum number of values in the n-gram embedding, where its size is chosen here
_FEWEST_BUCKETS = 1 << 16  # more texts may come later

_USUAL = ClassifierSettings(
    epochs=10,
    min_steps=0,
    batch_size=32,
    learning_rate=0.001,
    vector_rate=0.1,
    label_smoothing=0.0,
    rare_dropout=0.0,
    keep_best=True,
    refit=False,
    patience=3,
    freeze_epochs=0,
)
_AVERAGED = replace(_USUAL, epochs=5, learning_rate=0.01)  # of a word_avg with a dimension
_SETTINGS: dict[ModelName, ClassifierSettings] = {
    "word_avg": replace(
        _AVERAGED, epochs=6, min_steps=1200, vector_rate=SUITED, keep_best=False, refit=True, patience=None
    ),
    "cnn": replace(_USUAL, min_steps=800, freeze_epochs=5),
    "bilstm": replace(
        _USUAL,
        epochs=6,
        min_steps=800,
        label_smoothing=0.1,
        rare_dropout=1.0,
        keep_best=False,
        patience=None,
        freeze_epochs=2,
    ),
    "char_gru": replace(
        _USUAL, epochs=15, min_steps=400, batch_size=64, learning_rate=0.003, label_smoothing=0.1, patience=5
    ),
}
# On held-out reviews of IMDB all layers at once were better than gradual unfreezing, 0.004 and a layer_decay of 2.6.
_FINE_TUNING = replace(_USUAL, learning_rate=0.003, patience=None)


def model_config(model: object, *, vectors: Any = None) -> ClassifierConfig:
    """Return the config of a named model; a config is returned as it is.

    Args:
        model: The name of a model, a config, or a language model for the default config of a classifier on it.
        vectors: Pretrained vectors. A named model takes on their dimension, and fewer n-gram buckets if the table would
            become too large.

    Raises:
        ValueError: If ``model`` is neither a known name nor a config.
        TypeError: If ``vectors`` are not `WordVectors`.
    """
    if vectors is not None and not isinstance(vectors, WordVectors):
        got = type(vectors).__name__
        raise TypeError(f"vectors must be WordVectors, got {got}; load a file with WordVectors.load(path)")
    if isinstance(model, LanguageModel):
        return pretrained_config(PretrainedClassifierConfig(), model)
    if isinstance(model, ClassifierConfig) and (type(model) in CLASSES or _is_own(model)):
        return model
    if isinstance(model, str) and model in MODEL_NAMES:
        config = CONFIGS[model]
        if vectors is None:
            return config
        if isinstance(config, WordAvgConfig):
            most_buckets = 1 << ((_MAX_TABLE // vectors.dim).bit_length() - 1)  # a power of two
            config = replace(config, buckets=min(config.buckets or USUAL_BUCKETS, most_buckets))
        return replace(config, dim=vectors.dim)
    remedy = "to train on a saved language model, pass textkit.load(folder)"
    if model == "auto":
        remedy = "textkit.search_classifier(texts, labels) tries them"
    raise ValueError(
        f"model must be one of {', '.join(MODEL_NAMES)}, or the config of a model, got {model!r}; {remedy}"
    )


def suited_config(config: ClassifierConfig, *, tokens: int, classes: int) -> ClassifierConfig:
    """Choose the number of n-gram buckets where a config leaves it open: two or more for each n-gram of the texts.

    Args:
        config: The config of any model.
        tokens: Number of tokens of the training texts.
        classes: Number of classes.

    >>> suited_config(WordAvgConfig(), tokens=100_000, classes=2).buckets == 1 << 18
    True
    """
    if not isinstance(config, WordAvgConfig) or config.buckets != SUITED:
        return config
    most = min(USUAL_BUCKETS, 1 << max((_MAX_TABLE // (config.dim or classes)).bit_length() - 1, 0))
    enough = 1 << (2 * tokens * (config.ngrams - 1)).bit_length()
    return replace(config, buckets=max(1, min(most, max(enough, _FEWEST_BUCKETS))))


def suited_settings(settings: ClassifierSettings, *, classes: int) -> ClassifierSettings:
    """Choose the learning rate of a linear model where the settings leave it open: a tenth of the root of the classes.

    The rate of each n-gram is divided by the mean square of its gradients over the classes, most of which are nearly 0
    where there are many. On held-out parts of training texts 0.1 to 0.2 was best for 2 to 5 classes, 0.3 and 0.4 for 18
    and 23.

    Args:
        settings: The settings.
        classes: Number of classes that exclude each other.

    >>> suited_settings(default_classifier_settings("word_avg"), classes=4).vector_rate
    0.2
    """
    if settings.vector_rate != SUITED:
        return settings
    return replace(settings, vector_rate=0.1 * classes**0.5)


def default_classifier_settings(model: object) -> ClassifierSettings:
    """Return the default training settings of a model; a config has those of the named model of its kind.

    The ``vector_rate`` of a linear model is left open: `suited_settings` chooses it.

    Raises:
        ValueError: If ``model`` is neither a known name nor a config.
    """
    config = model_config(model)
    if isinstance(config, RnnClassifierConfig):
        return _SETTINGS["char_gru" if config.unit == "char" else "bilstm"]
    if isinstance(config, WordAvgConfig):
        return _SETTINGS["word_avg"] if config.dim is None else _AVERAGED
    if isinstance(config, PretrainedClassifierConfig):
        return _FINE_TUNING
    return _SETTINGS["cnn"] if isinstance(config, CnnConfig) else _USUAL


def new_network(
    config: ClassifierConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
) -> Classifier:
    """Create the network of a config.

    Args:
        config: The config; one of your own creates its network itself.
        vocab: Size of the vocabulary.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Raises:
        TypeError: If a config of your own creates anything but a `Classifier`.
    """
    known: Any = CLASSES.get(type(config))
    network = (
        config.network(vocab, classes, generator=generator)
        if known is None
        else known(config, vocab, classes, generator=generator)
    )
    if not isinstance(network, Classifier):
        raise TypeError(
            f"network of {type(config).__name__} must return a textkit.models.Classifier, got "
            f"{type(network).__name__}; derive it from that class"
        )
    return network


def _is_own(config: ClassifierConfig) -> bool:
    return type(config).network is not ClassifierConfig.network


def default_tokenizer(config: ClassifierConfig) -> str:
    """Return the default tokenizer of a model: lower-cased words, or characters with a model of characters."""
    return "character" if isinstance(config, RnnClassifierConfig) and config.unit == "char" else "word-lower"
