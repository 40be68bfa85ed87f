"""``textkit.load``: any saved thing, whatever it is. The one table from the kind of a model to its class."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from textkit.models.storage import read_config
from textkit.vectors.word_vectors import WordVectors

_CLASSES = {  # imported when they are needed
    "language-model": ("textkit.language_model.language_model", "LanguageModel"),
    "text-classifier": ("textkit.classifier.text_classifier", "TextClassifier"),
}


def load(path: str | os.PathLike[str]) -> Any:
    """Read what a ``save`` of textkit wrote: a folder of a model, onto the CPU, or a file of word vectors.

    Typed code may prefer the ``load`` of the class, such as ``LanguageModel.load``.

    Args:
        path: The folder or the file.

    Returns:
        The trained thing: a `LanguageModel`, a `TextClassifier` or `WordVectors`.

    Raises:
        FileNotFoundError: If there is nothing.
        TypeError: If it is no path.
        ValueError: If it is no saved thing, of a newer version, or damaged; the message names the file.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a Path, got {type(path).__name__}; give where it was saved")
    if Path(path).is_file():
        return WordVectors.load(path)
    kind = read_config(path)["kind"]
    if kind not in _CLASSES:
        raise ValueError(
            f"path must hold one of {', '.join(_CLASSES)}, got {kind!r} in {os.fspath(path)!r}; upgrade textkit"
        )
    module, name = _CLASSES[kind]
    return getattr(import_module(module), name).load(path)
