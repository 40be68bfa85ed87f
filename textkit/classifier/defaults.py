"""What the classifiers are like, and how they are trained, when nothing is said about it.

One set for each model, chosen on held-out parts of the training splits of public data sets: IMDB in stretches of
neighboring reviews, of which few are of the same film as one that is learned; SST, TREC, AG News and surnames.
"""

from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from textkit.classifier.settings import ClassifierSettings
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

ModelName: TypeAlias = Literal["word_avg", "cnn", "bilstm", "char_gru"]
MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)

CONFIGS: dict[ModelName, ClassifierConfig] = {
    "word_avg": WordAvgConfig(dim=16, buckets=1 << 21, binary=True, dropout=0.3),
    "cnn": CnnConfig(word_dropout=0.05),
    "bilstm": RnnClassifierConfig(pooling="max", word_dropout=0.1),
    "char_gru": RnnClassifierConfig(unit="char", cell="gru", hidden=192, dropout=0.4, input_dropout=0.2),
}
CLASSES: dict[type[ClassifierConfig], type[Classifier]] = {
    WordAvgConfig: WordAvg,
    CnnConfig: Cnn,
    RnnClassifierConfig: RnnClassifier,
}
"""The model of each config."""

_TABLE = 1 << 27  # numbers in a table of n-grams whose width is that of given vectors

_SETTINGS: dict[ModelName, ClassifierSettings] = {
    "word_avg": ClassifierSettings(epochs=5, learning_rate=0.01),
    "cnn": ClassifierSettings(freeze_epochs=5),
    "bilstm": ClassifierSettings(epochs=6, label_smoothing=0.1, freeze_epochs=2),
    "char_gru": ClassifierSettings(epochs=15, batch_size=64, learning_rate=0.003, label_smoothing=0.1, patience=5),
}


def model_config(model: object, *, vectors: WordVectors | None = None) -> ClassifierConfig:
    """The config that a name stands for; a config stands for itself.

    Args:
        model: A name, or a config.
        vectors: What a model is to begin with. A named one takes on their width, and of n-grams as many vectors of that
            width as a table has room for.

    Raises:
        ValueError: If it is neither.
    """
    if type(model) in CLASSES and isinstance(model, ClassifierConfig):
        return model
    if isinstance(model, str) and model in MODEL_NAMES:
        config = CONFIGS[model]
        if vectors is None:
            return config
        if isinstance(config, WordAvgConfig):
            room = 1 << ((_TABLE // vectors.dim).bit_length() - 1)  # a power of two
            config = replace(config, buckets=min(config.buckets, room))
        return replace(config, dim=vectors.dim)
    raise ValueError(f"model must be one of {', '.join(MODEL_NAMES)}, or the config of a model, got {model!r}")


def default_classifier_settings(model: object) -> ClassifierSettings:
    """How a model is trained; a config is trained like the named model of its kind.

    Raises:
        ValueError: If ``model`` is neither a name nor a config.
    """
    config = model_config(model)
    if isinstance(config, RnnClassifierConfig):
        return _SETTINGS["char_gru" if config.unit == "char" else "bilstm"]
    return _SETTINGS["cnn" if isinstance(config, CnnConfig) else "word_avg"]
