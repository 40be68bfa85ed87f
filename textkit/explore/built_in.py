"""The built-in things: trained at first use on the corpora that come with textkit, then cached."""

import hashlib
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from textkit.data.catalog import corpora_folder
from textkit.data.data_files import cache_folder
from textkit.explore.things import Thing, opened_classifier, opened_language_model
from textkit.vectors.word_vectors import WordVectors

_SEED = 1


def built_in_things() -> list[Thing]:
    """Return word vectors and a language model of the fairy tales, and a classifier of film reviews."""
    return [
        Thing("fairy tales, vectors", "vectors", _vectors),
        Thing("fairy tales, language model", "language-model", _language_model),
        Thing("film reviews, classifier", "classifier", _classifier),
    ]


def _vectors(thing: Thing) -> Any:
    from textkit.explore.vectors_page import VectorsPage
    from textkit.word2vec.train import train_word2vec

    def train() -> WordVectors:
        # Many epochs, as the corpus has only 45,000 words.
        return train_word2vec(
            corpora_folder() / "tales.txt",
            tokenizer="word-lower",
            min_count=2,
            dim=50,
            epochs=30,
            seed=_SEED,
            progress=False,
        )

    path = _place("tales-vectors", "tales.txt", ".safetensors")
    return VectorsPage(_cached(thing, path, WordVectors.load, train), path)


def _language_model(thing: Thing) -> Any:
    from textkit.language_model.built_in_model import built_in_model

    thing.message = "loading; at its first use it is trained, for about a minute"
    return opened_language_model(built_in_model(progress=False))


def _classifier(thing: Thing) -> Any:
    from textkit.classifier.text_classifier import TextClassifier
    from textkit.data.splits import read_splits

    train, test = read_splits("reviews", seed=_SEED)
    loaded = _cached(
        thing,
        _place("reviews-classifier", "reviews.csv"),
        TextClassifier.load,
        lambda: TextClassifier("word_avg", seed=_SEED).fit(train.texts, train.labels),
    )
    return opened_classifier(loaded, test, training=train)


def _cached(thing: Thing, path: Path, load: Callable[[Path], Any], train: Callable[[], Any]) -> Any:
    """Load a thing from the cache, or train it and save it there if that can be written."""
    if path.exists():
        try:
            return load(path)
        except (ValueError, OSError):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    thing.message = "training, this once"
    trained = train()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trained.save(path)
    except OSError:
        pass  # it is trained again next time
    return trained


def _place(name: str, corpus: str, suffix: str = "") -> Path:
    """Return the path in the cache; it depends on the corpus and the version of textkit."""
    digest = hashlib.sha256((corpora_folder() / corpus).read_bytes()).hexdigest()[:16]
    return cache_folder() / "models" / f"{name}-{digest}-{version('textkit')}{suffix}"
