"""``textkit.load`` reads any saved model or word vectors, also from the Hugging Face Hub.

The table here maps each kind of model to its class.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkit.fasttext.model_file import is_model_file, is_supervised
from textkit.files.archives import split_archive
from textkit.hub.download import fetch, is_url
from textkit.models.storage import read_config
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.formats.spacy_folder import find_spacy_folder
from textkit.vectors.word_vectors import WordVectors

if TYPE_CHECKING:
    from textkit.models.classifier import ClassifierConfig

# Modules are imported when they are needed.
_CLASSES = {
    "language-model": ("textkit.language_model.language_model", "LanguageModel"),
    "text-classifier": ("textkit.classifier.text_classifier", "TextClassifier"),
}


def load(
    path: str | os.PathLike[str],
    *,
    tokenizer: str | Tokenizer | None = None,
    trust_tokenizer: bool = False,
    model: "type[ClassifierConfig] | None" = None,
) -> Any:
    """Load a saved model, onto the CPU, word vectors, or a model of fastText, .bin or .ftz.

    For type checking, use the ``load`` method of the class, such as ``LanguageModel.load``.

    Args:
        path: Folder of the model, or file; for vectors also a folder of spaCy's. A model that was pushed to the
            Hugging Face Hub is ``hf://user/name``, of a branch, tag or commit ``hf://user/name@revision``, and a file
            of vectors ``hf://user/name/file``; see `LanguageModel.from_pretrained`.
        tokenizer: The tokenizer of a model that was trained with a function of your own; None for the named tokenizer
            of the model.
        trust_tokenizer: Whether to import and call the function ``module:function`` that the folder names as its
            tokenizer. It is code: allow it only for folders that you trust.
        model: Class of the config of a classifier whose network is one of your own, see `textkit.models`.

    Returns:
        A `LanguageModel`, a `TextClassifier` or `WordVectors`; for a file of fastText `SubwordVectors`, or a
        `FastTextClassifier` if the model is supervised.

    Raises:
        FileNotFoundError: If the path or repository does not exist.
        PermissionError: If the repository is gated, or private.
        ConnectionError: If the Hugging Face Hub is not in reach, and its cache holds no copy.
        TypeError: If ``path`` is not a path.
        ValueError: If it was not saved by textkit, is of a newer version or is damaged (the message names the file), or
            its tokenizer is a function that is neither passed nor trusted.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a Path, got {type(path).__name__}; pass the path it was saved to")
    if is_url(path):
        path = fetch(path)
    if Path(path).is_file() or split_archive(Path(path)) is not None or find_spacy_folder(Path(path)) is not None:
        for argument, value in (("tokenizer", tokenizer), ("model", model)):
            if value is not None:
                raise ValueError(f"{argument} must be None for word vectors, got {value!r}; leave it out")
        if is_model_file(Path(path)) and is_supervised(Path(path)):
            return import_module("textkit.classifier.fasttext_classifier").FastTextClassifier.load(path)
        return WordVectors.load(path)
    kind = read_config(path)["kind"]
    if kind not in _CLASSES:
        raise ValueError(
            f"path must contain one of {', '.join(_CLASSES)}, got {kind!r} in {os.fspath(path)!r}; upgrade textkit"
        )
    options: dict[str, Any] = {"tokenizer": tokenizer, "trust_tokenizer": trust_tokenizer}
    if model is not None:
        if kind != "text-classifier":
            raise ValueError(f"model must be None for a {kind}, got {model!r}; leave it out")
        options["model"] = model
    module, name = _CLASSES[kind]
    return getattr(import_module(module), name).load(path, **options)
