"""What the page shows: trained things, each loaded in a thread when it is first asked for."""

import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from textkit.data.labeled import LabeledTexts, read_labeled
from textkit.fasttext.model_file import is_model_file, is_supervised
from textkit.files.archives import split_archive
from textkit.loading import load
from textkit.models.storage import read_config
from textkit.vectors.formats.spacy_folder import find_spacy_folder
from textkit.vectors.word_vectors import WordVectors

Kind = Literal["vectors", "language-model", "classifier"]
State = Literal["waiting", "loading", "ready", "failed"]

_KINDS: dict[str, Kind] = {"language-model": "language-model", "text-classifier": "classifier"}


@dataclass(eq=False)
class Thing:
    """A trained thing, with the state of its loading.

    Attributes:
        name: Name on the page.
        kind: "vectors", "language-model" or "classifier".
        opener: Loads it; is called once, in a thread.
        path: The file or folder; None for a built-in thing.
        state: "waiting" until it is first asked for, then "loading", then "ready" or "failed".
        message: What is being done, or the reason of the failure.
        value: The thing itself, once it is ready.
        busy: Number of texts that are being written.
    """

    name: str
    kind: Kind
    opener: Callable[["Thing"], Any]
    path: Path | None = None
    state: State = "waiting"
    message: str = ""
    value: Any = None
    busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _done: threading.Event = field(default_factory=threading.Event, repr=False)

    def start(self) -> None:
        """Begin to load the thing, unless that has begun before."""
        with self._lock:
            if self.state != "waiting":
                return
            self.state = "loading"
        threading.Thread(target=self._load, name=f"load {self.name}", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Begin to load the thing, and wait; return whether it is ready or has failed by then."""
        self.start()
        return self._done.wait(seconds)

    def described(self) -> dict[str, Any]:
        """Return what the page is told of the thing."""
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "message": self.message,
            "path": None if self.path is None else str(self.path),
            "busy": self.busy,
        }

    def _load(self) -> None:
        try:
            self.value = self.opener(self)
            self.message, self.state = "", "ready"
        except Exception as error:  # whatever it is, the page shows it
            self.message, self.state = message_of(error), "failed"
        self._done.set()


def message_of(error: BaseException) -> str:
    """Return the message of an error for a person.

    >>> message_of(KeyError("no such word")), message_of(MemoryError())
    ('no such word', 'MemoryError')
    """
    if type(error) is KeyError and error.args:  # whose str() has quotes
        return str(error.args[0])
    return str(error) or type(error).__name__


def things_at(paths: Sequence[Path], *, limit: int | None = None, table: object = None) -> list[Thing]:
    """Prepare trained things to be shown; none of them is loaded yet.

    Args:
        paths: Files or folders.
        limit: Number of words to read of vectors; None for all.
        table: Labeled texts for the classifiers, as `textkit.read_labeled` takes them; None for none.

    Raises:
        FileNotFoundError: If there is nothing at a path.
        ValueError: If it is no trained thing.
    """
    kinds = [kind_at(path) for path in paths]
    names = _names(paths)

    def opener(path: Path, kind: Kind) -> Callable[[Thing], Any]:
        def open_thing(thing: Thing) -> Any:
            if kind == "vectors":
                return opened_vectors(path, limit)
            value = load(path)
            if kind == "language-model":
                return opened_language_model(value)
            return opened_classifier(value, None if table is None else read_labeled(table))

        return open_thing

    return [Thing(name, kind, opener(path, kind), path) for name, kind, path in zip(names, kinds, paths, strict=True)]


def kind_at(path: Path) -> Kind:
    """Find out what is saved at a path, from a small part of it.

    Raises:
        FileNotFoundError: If there is nothing.
        ValueError: If it is no trained thing.
    """
    is_archive = split_archive(path) is not None
    if not path.exists() and not is_archive:
        raise FileNotFoundError(f"THING must exist, got {path}; check its spelling")
    if path.is_dir() and not is_archive and find_spacy_folder(path) is None:
        kind = read_config(path)["kind"]
        if kind not in _KINDS:
            raise ValueError(f"THING must be one of {', '.join(_KINDS)}, got {kind!r} in {path}; upgrade textkit")
        return _KINDS[kind]
    if is_model_file(path):
        return "classifier" if is_supervised(path) else "vectors"
    if path.is_file() and not is_archive:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they come again when it is loaded
            WordVectors.load(path, limit=1)
    return "vectors"


def opened_vectors(path: Path, limit: int | None) -> Any:
    """Read vectors, and prepare what searches need."""
    from textkit.explore.vectors_page import VectorsPage

    return VectorsPage(WordVectors.load(path, limit=limit), path, limit)


def opened_language_model(model: Any) -> Any:
    """Prepare a language model for the page."""
    import pandas  # noqa: F401  # for the tables of surprisal; the first answer must not wait for it

    from textkit.explore.language_model_page import LanguageModelPage

    _use_one_thread()
    return LanguageModelPage(model)


def opened_classifier(classifier: Any, table: LabeledTexts | None, training: LabeledTexts | None = None) -> Any:
    """Prepare a classifier for the page, with labeled texts and training texts if there are some."""
    from textkit.explore.classifier_page import ClassifierPage

    _use_one_thread()
    return ClassifierPage(classifier, table, training=training)


def _use_one_thread() -> None:
    """Let torch compute in the thread that answers, as answers are short; more would mostly wait for each other."""
    import torch

    torch.set_num_threads(1)


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a short name for each path; those with the same last part are written in full."""
    short = [path.name or str(path) for path in paths]
    return [name if short.count(name) == 1 else str(path) for name, path in zip(short, paths, strict=True)]
