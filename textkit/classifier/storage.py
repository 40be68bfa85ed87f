"""A trained classifier as a folder of plain files, and back."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.classifier.defaults import CLASSES
from textkit.classifier.settings import ClassifierSettings
from textkit.models.classifier import Classifier
from textkit.models.classifier_storage import load_weights, weight_arrays
from textkit.models.storage import read_folder, write_folder
from textkit.models.word_avg import WordAvgConfig
from textkit.text.saved_tokenizer import restored_tokenizer
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

KIND = "text-classifier"


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
    """

    model: Classifier
    vocabulary: Vocabulary
    classes: NDArray[Any]
    tokenizer: str | Tokenizer
    multi_label: bool
    settings: ClassifierSettings


def save_classifier(
    folder: str | os.PathLike[str], model: Classifier, vocabulary: Vocabulary, described: Mapping[str, Any]
) -> None:
    """Write a folder.

    Args:
        folder: The folder; a model that it holds is replaced.
        model: The network.
        vocabulary: The vocabulary of its texts.
        described: The other fields of `StoredClassifier`, as JSON has them.

    Raises:
        ValueError: If ``folder`` is a file or holds anything but a model, or has a suffix of fastText's files.
        OSError: If it cannot be written.
    """
    if os.fspath(folder).endswith((".bin", ".ftz")):
        raise ValueError(
            f"folder must not end in .bin or .ftz, got {os.fspath(folder)!r}; a file of fastText cannot express this "
            "classifier, which has a vector for unknown words and an output bias and hashes n-grams of token numbers: "
            "save it as a folder"
        )
    config = {"model": {"name": type(model.config).__name__, **asdict(model.config)}, **described}
    write_folder(folder, kind=KIND, config=config, vocabulary=vocabulary, weights=weight_arrays(model))


def load_classifier(
    folder: str | os.PathLike[str], *, tokenizer: str | Tokenizer | None = None, trust_tokenizer: bool = False
) -> StoredClassifier:
    """Read what `save_classifier` wrote.

    Args:
        folder: The folder.
        tokenizer: The tokenizer, if it is a function; None for the named one.
        trust_tokenizer: Whether to import a function that the folder names as its tokenizer.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it does not hold a classifier, the classifier has a newer version or is damaged, or its
            tokenizer is a function that is neither passed nor trusted.
    """
    stored = read_folder(folder, kind=KIND)
    split = restored_tokenizer(stored.config.get("tokenizer"), folder, tokenizer=tokenizer, trust=trust_tokenizer)
    try:
        saved = dict(stored.config["model"])
        if saved["name"] == WordAvgConfig.__name__:
            saved.setdefault("binary", False)  # as it was before there was this option
        config_class = {known.__name__: known for known in CLASSES}[saved.pop("name")]
        classes: Sequence[Any] = stored.config["classes"]
        # The meta device allocates no memory; load_weights assigns the stored arrays.
        with torch.device("meta"):
            model = CLASSES[config_class](  # type: ignore[call-arg]
                config_class(**saved), len(stored.vocabulary), len(classes), generator=torch.Generator("cpu")
            )
        load_weights(model, stored.weights)
        return StoredClassifier(
            model=model.eval(),
            vocabulary=stored.vocabulary,
            classes=np.array(classes),
            tokenizer=split,
            multi_label=stored.config["multi_label"],
            settings=ClassifierSettings(**stored.config["settings"]),
        )
    except (AttributeError, KeyError, IndexError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"folder must hold a whole classifier, got {os.fspath(folder)!r} ({error!r}); save it again"
        ) from error
