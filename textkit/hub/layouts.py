"""The files of a repository: what each class saves there, and which class reads what is there."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

CONFIG = "config.json"
_MODEL_FILES = (
    CONFIG,
    "training.json",
    "vocabulary.txt",
    "weights.safetensors",
    "tokenizer.json",
    "tokenizer.model",
    "spacy-tokenizer.json",
    "phrases.json",
)


@dataclass(frozen=True)
class Layout:
    """Files of a saved thing.

    Attributes:
        name: Name of its class.
        files: Names of its files; of a class that is saved as one file, those that it reads, its own first.
        kind: Kind of a model in its config.json; None for a class that is saved as one file.
    """

    name: str
    files: tuple[str, ...]
    kind: str | None = None


LANGUAGE_MODEL = Layout("LanguageModel", _MODEL_FILES, "language-model")
TEXT_CLASSIFIER = Layout("TextClassifier", _MODEL_FILES, "text-classifier")
WORD_VECTORS = Layout("WordVectors", ("vectors.safetensors", "vectors.bin"))
SUBWORD_VECTORS = Layout("SubwordVectors", ("vectors.bin",))
PHRASES = Layout("Phrases", ("phrases.txt",))
VOCABULARY = Layout("Vocabulary", ("vocabulary.txt",))
LAYOUTS = (LANGUAGE_MODEL, TEXT_CLASSIFIER, WORD_VECTORS, SUBWORD_VECTORS, PHRASES, VOCABULARY)


def found_class(names: Collection[str], config: Path | None) -> str | None:
    """Return the name of the class that saved some files; None if they are not textkit's.

    Args:
        names: Names of the files.
        config: Their config.json, if there is one.

    >>> found_class(["README.md", "vectors.bin"], None)
    'SubwordVectors'
    """
    if config is not None and (kind := _kind(config)) is not None:
        return next((layout.name for layout in LAYOUTS if layout.kind == kind), kind)
    return next((layout.name for layout in LAYOUTS if layout.kind is None and layout.files[0] in names), None)


def _kind(config: Path) -> str | None:
    try:
        described = json.loads(config.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(described, dict) or described.get("format") != "textkit":
        return None
    return str(described.get("kind"))
