"""A trained classifier as a folder of plain files, and back."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.classifier.defaults import CLASSES, new_network
from textkit.classifier.run import ClassifierReport
from textkit.classifier.settings import ClassifierSettings
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.classifier_storage import load_weights, quantized_rows, weight_arrays
from textkit.models.storage import read_folder, write_folder
from textkit.models.word_avg import WordAvgConfig
from textkit.text.saved_tokenizer import restored_tokenizer, tokenizer_entries, tokenizer_files
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

KIND = "text-classifier"
_TIMES = ("texts_per_second", "seconds")


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredClassifier:
    """What a folder holds.

    Attributes:
        model: The network, on the CPU, in evaluation mode.
        vocabulary: The vocabulary of its texts.
        classes: (classes,) the labels, sorted.
        tokenizer: Name of the tokenizer, or the function that was passed.
        multi_label: Whether a text may have any number of labels.
        settings: Settings of its training.
        thresholds: (classes,) tuned thresholds of the labels; None for one half.
        metadata: How it was trained; empty if that is unknown.
        history: A report for each epoch; empty if that is unknown.
    """

    model: Classifier
    vocabulary: Vocabulary
    classes: NDArray[Any]
    tokenizer: str | Tokenizer
    multi_label: bool
    settings: ClassifierSettings
    thresholds: NDArray[np.float64] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    history: list[ClassifierReport] = field(default_factory=list)


def save_classifier(
    folder: str | os.PathLike[str],
    model: Classifier,
    vocabulary: Vocabulary,
    described: Mapping[str, Any],
    *,
    tokenizer: str | Tokenizer,
    metadata: Mapping[str, Any],
    history: Sequence[ClassifierReport],
) -> None:
    """Write a folder.

    Args:
        folder: The folder; a model that it holds is replaced.
        model: The network.
        vocabulary: The vocabulary of its texts.
        described: The other fields of `StoredClassifier`, as JSON has them.
        tokenizer: Its tokenizer.
        metadata: How it was trained; see `textkit.training.provenance`.
        history: A report for each epoch, of which the times are left out, as they differ from run to run.

    Raises:
        ValueError: If ``folder`` is a file or holds anything but a model, or ends in .ftz.
        OSError: If it cannot be written.
    """
    if os.fspath(folder).endswith(".ftz"):
        raise ValueError(
            f"folder must not end in .ftz, got {os.fspath(folder)!r}; save it as a folder, or as .bin for fastText"
        )
    config = {
        "model": {"name": type(model.config).__name__, **asdict(model.config)},
        **({} if (rows := quantized_rows(model)) is None else {"quantized": rows.settings()}),
        **tokenizer_entries(tokenizer),
        **described,
    }
    write_folder(
        folder,
        kind=KIND,
        config=config,
        vocabulary=vocabulary,
        weights=weight_arrays(model),
        files=tokenizer_files(tokenizer),
        metadata=metadata,
        history=[{name: value for name, value in asdict(report).items() if name not in _TIMES} for report in history],
    )


def load_classifier(
    folder: str | os.PathLike[str],
    *,
    tokenizer: str | Tokenizer | None = None,
    trust_tokenizer: bool = False,
    model: type[ClassifierConfig] | None = None,
) -> StoredClassifier:
    """Read what `save_classifier` wrote.

    Args:
        folder: The folder.
        tokenizer: The tokenizer, if it is a function; None for the named one.
        trust_tokenizer: Whether to import a function that the folder names as its tokenizer.
        model: Config class of a network of your own; None for the networks of textkit.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it does not hold a classifier, the classifier has a newer version or is damaged, or its
            tokenizer is a function that is neither passed nor trusted; or its network is another one than that of
            ``model``.
        ImportError: If its tokenizer is one of Hugging Face, and tokenizers is not installed.
    """
    stored = read_folder(folder, kind=KIND)
    split = restored_tokenizer(stored.config, stored.files, folder, tokenizer=tokenizer, trust=trust_tokenizer)
    config_class = _config_class(stored.config, os.fspath(folder), model)
    try:
        saved = dict(stored.config["model"])
        if saved["name"] == WordAvgConfig.__name__:
            saved.setdefault("binary", False)  # as it was before there was this option
        del saved["name"]
        classes: Sequence[Any] = stored.config["classes"]
        # The meta device allocates no memory; load_weights assigns the stored arrays.
        with torch.device("meta"):
            generator = torch.Generator("cpu")
            network = new_network(config_class(**saved), len(stored.vocabulary), len(classes), generator=generator)
        quantized = stored.config.get("quantized")
        load_weights(network, stored.weights, None if quantized is None else check_count("dsub", quantized["dsub"], 1))
        return StoredClassifier(
            model=network.eval(),
            vocabulary=stored.vocabulary,
            classes=np.array(classes),
            tokenizer=split,
            multi_label=stored.config["multi_label"],
            settings=ClassifierSettings(**stored.config["settings"]),
            thresholds=_thresholds(stored.config.get("thresholds"), len(classes)),
            metadata=stored.metadata,
            history=[ClassifierReport(**{**epoch, **dict.fromkeys(_TIMES, math.nan)}) for epoch in stored.history],
        )
    except (AttributeError, KeyError, IndexError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"folder must hold a whole classifier, got {os.fspath(folder)!r} ({error!r}); save it again"
        ) from error


def _thresholds(saved: Any, classes: int) -> NDArray[np.float64] | None:
    if saved is None:
        return None
    thresholds = np.array(saved, dtype=np.float64)
    if thresholds.shape != (classes,) or not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError(f"thresholds must be from 0 to 1, one for each of {classes} classes, got {saved!r}")
    return thresholds


def _config_class(config: Mapping[str, Any], folder: str, own: type[ClassifierConfig] | None) -> type[ClassifierConfig]:
    """Return the config class that a folder names, among those of textkit and the one that the caller passes."""
    described = config.get("model")
    name = described.get("name") if isinstance(described, dict) else None
    if not isinstance(name, str):
        raise ValueError(
            f"folder must hold a whole classifier, got {folder!r} without the name of its model; save it again"
        )
    if own is not None and not (isinstance(own, type) and issubclass(own, ClassifierConfig)):
        raise TypeError(f"model must be a subclass of textkit.models.ClassifierConfig, got {own!r}; pass the class")
    if own is not None and own.__name__ != name:
        raise ValueError(
            f"model must be {name}, with which {folder!r} was trained, got {own.__name__}; pass that class"
        )
    known = {each.__name__: each for each in CLASSES}
    if own is None and name not in known:
        raise ValueError(
            f"folder must hold a whole classifier, got {folder!r} with a network that is not textkit's, {name!r}; "
            "save it again, or pass the class of its config: textkit.load(folder, model=Config)"
        )
    return known[name] if own is None else own
