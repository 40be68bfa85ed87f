"""The built-in language model: trained at its first use, then cached."""

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from textkit.data.catalog import corpora_folder
from textkit.data.data_files import cache_folder
from textkit.language_model.defaults import default_config, default_settings
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.train import train_language_model
from textkit.progress import say

CORPUS = "tales.txt"
CONFIG = default_config("char")
SETTINGS = default_settings("char")
SEED = 1


def built_in_model(*, progress: bool = True) -> LanguageModel:
    """Return a character language model trained on the tales that come with textkit.

    The first call trains it, which takes about a minute, and saves it in the user's cache (``TEXTKIT_CACHE`` sets
    another folder); later calls load it from there. If the cache is not writable, each call trains it again.

    Args:
        progress: Whether to show progress on stderr.

    Raises:
        FileNotFoundError: If the installation lacks the tales.
    """
    corpus = corpora_folder() / CORPUS
    folder = _cache_path(corpus)
    cached = _load_cached(folder)
    if cached is not None:
        return cached
    if progress:
        say(f"training the built-in model on {corpus.name}, this once")
    # On the CPU, so that the model is the same everywhere.
    trained = train_language_model(
        corpus, unit="char", config=CONFIG, settings=SETTINGS, device="cpu", seed=SEED, progress=progress
    )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        trained.save(folder)
    except OSError as error:
        say(f"the built-in model cannot be cached, and will be trained again next time: {error}")
    return trained


def _cache_path(corpus: Path) -> Path:
    """Return the folder in the cache; it depends on the corpus, the settings and the version of textkit."""
    digest = hashlib.sha256(corpus.read_bytes())
    digest.update(repr((CONFIG, SETTINGS, SEED)).encode())
    return cache_folder() / "models" / f"{corpus.stem}-{digest.hexdigest()[:16]}-{version('textkit')}"


def _load_cached(folder: Path) -> LanguageModel | None:
    try:
        return LanguageModel.load(folder)
    except ValueError as error:
        say(f"the built-in model in the cache is damaged and will be trained again: {error}")
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass  # missing or not readable
    return None
