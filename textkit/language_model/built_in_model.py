"""The language model that is there without a file: trained at its first use, then kept in the user's cache."""

import hashlib
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from textkit.data.catalog import corpora_folder
from textkit.data.data_files import cache_folder
from textkit.language_model.defaults import default_config, default_settings
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.train import train_language_model

CORPUS = "tales.txt"
CONFIG = default_config("char")
SETTINGS = default_settings("char")
SEED = 1


def built_in_model(*, progress: bool = True) -> LanguageModel:
    """Give a language model of characters, trained on the tales that come with textkit.

    The first call trains it, which takes a minute or so, and keeps it in the user's cache (``TEXTKIT_CACHE`` names
    another folder); later calls read it from there. Where the cache cannot be written, each process trains it anew.

    Args:
        progress: Whether to show a progress bar on stderr.

    Raises:
        FileNotFoundError: If the installation lacks the tales.
    """
    corpus = corpora_folder() / CORPUS
    folder = _place(corpus)
    kept = _kept(folder)
    if kept is not None:
        return kept
    if progress:
        print(f"training the built-in model on {corpus.name}, this once", file=sys.stderr)
    trained = train_language_model(corpus, unit="char", config=CONFIG, settings=SETTINGS, seed=SEED, progress=progress)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        trained.save(folder)
    except OSError as error:
        print(f"the built-in model cannot be kept, and will be trained again next time: {error}", file=sys.stderr)
    return trained


def _place(corpus: Path) -> Path:
    """The folder in the cache: another one whenever the corpus, the settings or the version are others."""
    digest = hashlib.sha256(corpus.read_bytes())
    digest.update(repr((CONFIG, SETTINGS, SEED)).encode())
    return cache_folder() / "models" / f"{corpus.stem}-{digest.hexdigest()[:16]}-{version('textkit')}"


def _kept(folder: Path) -> LanguageModel | None:
    try:
        return LanguageModel.load(folder)
    except ValueError as error:
        print(f"the built-in model in the cache is damaged and will be made anew: {error}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        pass  # not there, or not to be read
    return None
