"""The language model that a classifier is trained on: what it decides, and what must fit it."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from textkit.classifier.data import ClassifierData
from textkit.classifier.settings import ClassifierSettings
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.state_methods import end_id, start_id
from textkit.models.pretrained_classifier import PretrainedClassifier, PretrainedClassifierConfig
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary

_MOSTLY = 0.5  # fraction of unknown tokens above which there is a warning


def language_model_of(model: Any, pretrained: Any) -> LanguageModel | None:
    """Return the language model among the arguments of a classifier; None without one.

    Raises:
        TypeError: If ``pretrained`` is something else.
        ValueError: If it does not go with ``model``.
    """
    if isinstance(model, LanguageModel):
        if pretrained is not None and pretrained is not model:
            raise ValueError("pretrained must be left out if model is a language model, got both; pass one of them")
        return model
    if pretrained is None:
        return None
    if not isinstance(pretrained, LanguageModel):
        raise TypeError(
            f"pretrained must be a LanguageModel, got {type(pretrained).__name__}; load one with textkit.load(folder)"
        )
    if not isinstance(model, PretrainedClassifierConfig):
        raise ValueError(
            f"model must be a PretrainedClassifierConfig with pretrained, got {model!r}; pass the language model as "
            "model for the default one"
        )
    return pretrained


def pretrained_config(config: PretrainedClassifierConfig, model: LanguageModel) -> PretrainedClassifierConfig:
    """Fill in what describes the language model; a ``language_model`` that is given keeps its dropout."""
    own = model.model.config
    given = own if config.language_model is None else config.language_model
    start = start_id(model.vocabulary, model.unit)
    end = end_id(model.vocabulary, model.unit) if own.two_way else None
    return replace(config, language_model=given, kind=own.kind, start=start, end=end)


def tokenizer_of(model: LanguageModel, tokenizer: str | Tokenizer | None = None) -> str | Tokenizer:
    """Return the tokenizer of a language model.

    Args:
        model: The language model.
        tokenizer: The one that is asked for; None for none.

    Raises:
        ValueError: If another one is asked for.
    """
    own = get_tokenizer("character") if model.tokenizer is None else model.tokenizer
    if tokenizer is not None and get_tokenizer(tokenizer) != own:
        raise ValueError(
            f"tokenizer must be that of the language model, {own!r}, which reads units of its own ({model.unit}), got "
            f"{tokenizer!r}; leave it out, or train a language model with this tokenizer"
        )
    return own


def vocabulary_of(model: LanguageModel | None, earlier: Vocabulary | None, given: dict[str, Any]) -> Vocabulary:
    """Return the vocabulary of a classifier on a language model.

    Args:
        model: The language model; None to go on from a trained classifier.
        earlier: Vocabulary of the classifier that the training starts from; None without one.
        given: Arguments that only other models have, by name; none may be set.

    Raises:
        ValueError: If one is, or there is no language model, or it is another one than that of the classifier.
    """
    for name, value in given.items():
        if value is not None and (not hasattr(value, "__len__") or len(value)):
            raise ValueError(
                f"{name} must be left out with a language model, got {type(value).__name__}; it has its own vocabulary "
                "and embeddings, which train_language_model(texts, init=lm) extends"
            )
    if model is None and earlier is None:
        raise ValueError(
            "pretrained must be a LanguageModel with a PretrainedClassifierConfig, got None; pass it, or "
            "init=classifier to go on from a trained classifier"
        )
    if model is not None and earlier is not None and model.vocabulary.tokens != earlier.tokens:
        raise ValueError(
            f"init must have the vocabulary of the language model, {len(model.vocabulary)} tokens, got one of "
            f"{len(earlier)}; pass init.model_.config as model, or the language model that init was trained on"
        )
    found = model.vocabulary if earlier is None and model is not None else earlier
    assert found is not None
    return found


def check_settings(settings: ClassifierSettings) -> None:
    """Check that the language model is trained, unless it is meant to stay frozen.

    Raises:
        ValueError: If its training would begin after the last epoch.
    """
    frozen = settings.freeze_epochs
    if frozen is not None and frozen >= settings.epochs:
        raise ValueError(
            f"freeze_epochs must be below the {settings.epochs} epochs, got {frozen}: no layer of the language model "
            "would be trained; raise epochs, or pass freeze_epochs=None to train only what is above it"
        )


def check_data(config: PretrainedClassifierConfig, data: ClassifierData) -> None:
    """Check that a language model can read the training texts.

    Raises:
        ValueError: If it knows none of their tokens, or a text is too long for it.
    """
    documents = data.training.documents
    unknown = documents.unknown / max(len(documents.ids), 1)
    if unknown == 1:
        raise ValueError(
            "texts must have tokens that the language model knows, got none; pass texts of its language and units, or "
            "go on with its training: train_language_model(texts, init=lm)"
        )
    if unknown > _MOSTLY:
        warnings.warn(
            f"{100 * unknown:.0f} % of the tokens are unknown to the language model; go on with its training first: "
            "train_language_model(texts, init=lm)",
            stacklevel=4,
        )
    examples = [part for part in (data.training, data.validation) if part is not None]
    longest = max(int(np.max(part.documents.lengths, initial=0)) for part in examples)
    if config.longest is not None and longest > config.longest:
        raise ValueError(
            f"texts must have at most the {config.longest} tokens that the language model can read, got one of "
            f"{longest:,}; pass ClassifierSettings(max_length={config.longest}) to truncate them"
        )


def load_encoder(model: PretrainedClassifier, pretrained: LanguageModel) -> None:
    """Copy the weights of a language model into a classifier.

    Raises:
        ValueError: If the config of the classifier describes another language model.
    """
    given = pretrained.model.state_dict()
    own = model.encoder.state_dict()
    if wrong := [name for name, weight in own.items() if name not in given or given[name].shape != weight.shape]:
        raise ValueError(
            f"language_model must be the config of pretrained, {pretrained.model.config}, with other dropout at most, "
            f"got another one, {model.config.language_model}, whose {wrong[0]} differs; leave it out"
        )
    model.encoder.load_state_dict({name: given[name] for name in own})
