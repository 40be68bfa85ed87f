"""The candidates of a search for a classifier: models, and the parameters in which they vary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from textkit.classifier.defaults import (
    MODEL_NAMES,
    ModelName,
    default_classifier_settings,
    default_tokenizer,
    model_config,
    suited_settings,
)
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.suited_tokenizer import character_ngrams, suited_tokenizer
from textkit.data.tables import Document
from textkit.language_model.language_model import LanguageModel
from textkit.models.classifier import ClassifierConfig
from textkit.models.cnn import CnnConfig
from textkit.models.pretrained_classifier import PretrainedClassifierConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.word_vectors import WordVectors

_RATES = 4.0  # how much higher or lower than its default a learning rate may be


@dataclass(frozen=True, kw_only=True)
class Space:
    """A model, and the parameters in which its candidates differ.

    Attributes:
        name: Name of the model.
        config: The config with its defaults.
        settings: The settings of all candidates, with the defaults of the model.
        pretrained: The language model of the classifier; None without one.
        vectors: Pretrained vectors of its embedding; None without any.
        tokenizer: Tokenizer of its texts; None for the one that suits the texts.
        defaults: The default of each parameter.
        distributions: An Optuna distribution for each parameter.
    """

    name: str
    config: ClassifierConfig
    settings: ClassifierSettings
    pretrained: LanguageModel | None
    vectors: WordVectors | None
    tokenizer: str | Tokenizer | None
    defaults: Mapping[str, Any]
    distributions: Mapping[str, Any]

    def config_of(self, params: Mapping[str, Any]) -> ClassifierConfig:
        """Return the config of a candidate."""
        names = {field.name for field in fields(self.config)}
        return replace(self.config, **{name: value for name, value in params.items() if name in names})

    def settings_of(self, params: Mapping[str, Any]) -> ClassifierSettings:
        """Return the settings of a candidate."""
        names = {field.name for field in fields(self.settings)}
        return replace(self.settings, **{name: value for name, value in params.items() if name in names})


def search_spaces(
    models: Iterable[ModelName | ClassifierConfig | LanguageModel],
    texts: Sequence[Document],
    *,
    classes: int,
    settings: ClassifierSettings,
    vectors: WordVectors | None,
    tokenizer: str | Tokenizer | None,
) -> list[Space]:
    """Return a space for each model; word_avg also has one of characters, where words are the default.

    Args:
        models: Names, configs, or language models.
        texts: The training texts.
        classes: Number of classes that exclude each other.
        settings: The settings that hold in all candidates; what they leave open suits the model.
        vectors: Pretrained vectors for the embeddings of "cnn" and "bilstm"; None without any.
        tokenizer: Tokenizer of the models of words; None for what suits the texts.

    Raises:
        TypeError: If ``models`` is a single one, or ``vectors`` are not `WordVectors`.
        ValueError: If there are no models, one is unknown, or none can use the vectors.
    """
    if isinstance(models, str | ClassifierConfig | LanguageModel) or not isinstance(models, Iterable):
        raise TypeError(f"models must be a list of models, got {models!r}; pass [model]")
    found: list[Space] = []
    for model in models:
        config = model_config(model)
        if isinstance(config, PretrainedClassifierConfig) and not isinstance(model, LanguageModel):
            raise ValueError("models must have the language model itself, got its config; pass textkit.load(folder)")
        own = vectors if _takes_vectors(config) else None
        config = model_config(model, vectors=own)
        characters = default_tokenizer(config) == "character"
        others: dict[str, Any] = {"settings": settings, "classes": classes, "vectors": own}
        others["pretrained"] = model if isinstance(model, LanguageModel) else None
        given = None if characters or others["pretrained"] else tokenizer
        if isinstance(config, WordAvgConfig) and model == "word_avg" and tokenizer is None:
            of_characters = replace(config, ngrams=character_ngrams(texts))
            if suited_tokenizer(texts) == "character":
                config = of_characters
                found.append(_space("word_avg", config, tokenizer=None, characters=True, **others))
            else:
                found.append(_space("word_avg", config, tokenizer=None, **others))
                config = of_characters
                name = "word_avg of characters"
                found.append(_space(name, config, tokenizer="character", characters=True, **others))
        else:
            found.append(_space(_name(model, config), config, tokenizer=given, **others))
    if not found:
        raise ValueError(f"models must have at least one model, got none; choose among {', '.join(MODEL_NAMES)}")
    if vectors is not None and all(space.vectors is None for space in found):
        raise ValueError("vectors must be left out without a cnn or bilstm among the models; add one")
    return _numbered(found)


def _takes_vectors(config: ClassifierConfig) -> bool:
    return isinstance(config, CnnConfig) or (isinstance(config, RnnClassifierConfig) and config.unit == "word")


def _space(
    name: str,
    config: ClassifierConfig,
    *,
    settings: ClassifierSettings,
    classes: int,
    vectors: WordVectors | None,
    pretrained: LanguageModel | None,
    tokenizer: str | Tokenizer | None,
    characters: bool = False,
) -> Space:
    suited = suited_settings(settings.completed(default_classifier_settings(config)), classes=classes)
    rate = "vector_rate" if isinstance(config, WordAvgConfig) else "learning_rate"
    distributions = _distributions(config, characters=characters)
    if vectors is not None:
        distributions.pop("dim", None)
    defaults = {name: getattr(config, name) for name in distributions}
    if getattr(settings, rate) is None:  # not given
        defaults[rate] = getattr(suited, rate)
        distributions[rate] = _number(defaults[rate] / _RATES, defaults[rate] * _RATES, log=True)
    for name_, value in defaults.items():
        distributions[name_] = _with(distributions[name_], value)
    return Space(
        name=name,
        config=config,
        settings=settings,
        pretrained=pretrained,
        vectors=vectors,
        tokenizer=tokenizer,
        defaults=defaults,
        distributions=distributions,
    )


def _distributions(config: ClassifierConfig, *, characters: bool) -> dict[str, Any]:
    """Return what is varied of the config of a model."""
    if isinstance(config, WordAvgConfig):
        from optuna.distributions import CategoricalDistribution

        return {
            "ngrams": _integer(2, 6) if characters else _integer(1, 3),
            "dim": CategoricalDistribution([*sorted({16, 64, config.dim} - {None}), None]),
            "word_dropout": _number(0.0, 0.3),
        }
    if isinstance(config, CnnConfig):
        return {"dim": _integer(32, 256, log=True), "dropout": _number(0.2, 0.7)}
    if isinstance(config, RnnClassifierConfig):
        sizes = {"dim": _integer(32, 256, log=True), "hidden": _integer(32, 256, log=True)}
        return {**sizes, "dropout": _number(0.2, 0.7)}
    return {"dropout": _number(0.0, 0.5)}


def _integer(low: int, high: int, *, log: bool = False) -> Any:
    from optuna.distributions import IntDistribution

    return IntDistribution(low, high, log=log)


def _number(low: float, high: float, *, log: bool = False) -> Any:
    from optuna.distributions import FloatDistribution

    return FloatDistribution(low, high, log=log)


def _with(distribution: Any, value: Any) -> Any:
    """Return a distribution of numbers whose range includes a value; any other as it is."""
    if not hasattr(distribution, "low") or distribution.low <= value <= distribution.high:
        return distribution
    low, high = min(distribution.low, value), max(distribution.high, value)
    return type(distribution)(low, high, log=distribution.log)


def _name(model: object, config: ClassifierConfig) -> str:
    if isinstance(model, str):
        return model
    if isinstance(config, PretrainedClassifierConfig):
        return "pretrained"
    return type(config).__name__


def _numbered(spaces: Sequence[Space]) -> list[Space]:
    """Tell models of the same name apart: "CnnConfig" and "CnnConfig 2"."""
    numbered: list[Space] = []
    for space in spaces:
        earlier = sum(other.name == space.name for other in spaces[: len(numbered)])
        numbered.append(replace(space, name=f"{space.name} {earlier + 1}") if earlier else space)
    return numbered
