"""Trackers: send the figures of each epoch to TensorBoard, Weights & Biases or a program of your own."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from textkit.files.atomic import atomic_path
from textkit.vectors.word_vectors import WordVectors

_PROJECTOR = """embeddings {
  tensor_name: "vectors"
  tensor_path: "vectors.tsv"
  metadata_path: "vectors_metadata.tsv"
}
"""


class Tracker(Protocol):
    """Anything with the ``log`` of a run of Weights & Biases; `TensorBoard` is one too."""

    def log(self, data: dict[str, Any], *, step: int) -> Any:
        """Record figures.

        Args:
            data: Figures by name.
            step: Number of the epoch, from 1.
        """


def log_to(*trackers: Tracker) -> Callable[[Any], None]:
    """Return a function to pass as ``on_epoch`` of any training, which sends each report to trackers.

    They get every number of the report under the name of its field, such as ``loss`` and ``valid_loss``; what was not
    measured is left out. Of the processes that ``torchrun`` started, only the first one logs.

    Args:
        trackers: Objects with the method of `Tracker`.

    Raises:
        TypeError: If one of them has no such method.

    >>> class Printer:
    ...     def log(self, data, *, step):
    ...         print(step, data)
    >>> from textkit import ClassifierReport
    >>> log_to(Printer())(
    ...     ClassifierReport(epoch=1, loss=0.5, valid_loss=None, valid_accuracy=None, texts_per_second=9.0, seconds=2.0)
    ... )
    1 {'loss': 0.5, 'texts_per_second': 9.0, 'seconds': 2.0}
    """
    for tracker in trackers:
        if not callable(getattr(tracker, "log", None)):
            raise TypeError(
                f"a tracker must have a method log(data, step=...), got {type(tracker).__name__}; pass "
                "textkit.TensorBoard(folder) or what wandb.init() returns"
            )

    def on_epoch(report: Any) -> None:
        if os.environ.get("RANK", "0") != "0":
            return
        values = {field.name: getattr(report, field.name) for field in fields(report) if field.name != "epoch"}
        data = {name: value for name, value in values.items() if isinstance(value, int | float)}
        for tracker in trackers:
            tracker.log(dict(data), step=report.epoch)

    return on_epoch


class TensorBoard:
    """Writes a folder that TensorBoard shows: curves, texts and the projector of word vectors.

    A context manager; look at the folder with ``tensorboard --logdir FOLDER``, also during training.

    Args:
        folder: Folder to write; it is created. Several runs can be compared if their folders are in the same one.

    Raises:
        ImportError: If tensorboard is not installed.
        NotADirectoryError: If ``folder`` is a file.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"folder must be a folder, got the file {self.folder}; choose another name")
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "a log for TensorBoard needs tensorboard, which is not installed; pip install textkit[tensorboard]"
            ) from error
        self._writer: Any = SummaryWriter(str(self.folder))

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def log(self, data: Mapping[str, float], *, step: int) -> None:
        """Add a point to the curve of each figure, and write it at once.

        Args:
            data: Figures by name; a name like ``test/accuracy`` puts the curve in the group test.
            step: Number of the epoch.
        """
        for name, value in data.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def log_texts(self, name: str, texts: Iterable[str], *, step: int) -> None:
        """Add texts, such as generated ones, as they are: without Markdown.

        Args:
            name: Name of the texts.
            texts: The texts.
            step: Number of the epoch.
        """
        for number, text in enumerate(texts, start=1):
            # In Markdown, lines with an indent of four spaces are shown as they are.
            self._writer.add_text(f"{name}/{number}", "    " + text.replace("\n", "\n    "), step)
        self._writer.flush()

    def log_vectors(self, vectors: WordVectors, *, limit: int = 10_000) -> None:
        """Write word vectors for the projector.

        Args:
            vectors: The vectors; later ones replace them.
            limit: Number of words, most frequent first; a browser can show some ten thousand.
        """
        words = [word for word in vectors.words[:limit] if word.isprintable()]
        vectors.subset(words).save(self.folder / "vectors.tsv")
        with atomic_path(self.folder / "projector_config.pbtxt") as temporary:
            temporary.write_text(_PROJECTOR, encoding="utf-8")

    def close(self) -> None:
        """Write all that is left, and close the files."""
        self._writer.close()
