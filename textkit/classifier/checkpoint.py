"""Checkpoints of classifier training: when they are written, and to which training they belong."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_path, is_finite
from textkit.classifier.data import ClassifierData, Examples
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.state import ClassifierState
from textkit.files.atomic import remove_leftovers
from textkit.files.writable import check_writable
from textkit.models.classifier import Classifier
from textkit.models.classifier_storage import weight_arrays
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.training.checkpoint import (
    check_identity,
    check_replaceable,
    load_checkpoint,
    save_checkpoint,
)
from textkit.training.loop import Progress


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions:
    """Where and how often the state of a training is saved.

    Attributes:
        path: The checkpoint file; None for no checkpoints.
        resume: Whether to resume from the file if it exists.
        seconds: Seconds between two checkpoints within an epoch.
    """

    path: str | os.PathLike[str] | None = None
    resume: bool = True
    seconds: float = 60.0

    def check(self) -> None:
        """Check, before any work is done, that checkpoints can be written.

        Raises:
            ValueError: If the file is not a checkpoint, or the seconds are below 0.
            FileNotFoundError: If its folder does not exist.
            IsADirectoryError: If it is a folder.
            OSError: If it cannot be written.
            TypeError: If it is no path.
        """
        if not is_finite(self.seconds) or self.seconds < 0:
            raise ValueError(f"checkpoint_seconds must be at least 0, got {self.seconds!r}; 60 is usual")
        if self.path is not None:
            check_writable(check_path("checkpoint", self.path), "checkpoint")
            check_replaceable(self.path)


@dataclass(frozen=True, kw_only=True)
class Position:
    """Position in a training run: what resuming needs besides the arrays.

    Attributes:
        progress: Progress record of the training loop.
        seconds: Duration of the current epoch so far, in seconds.
        history: The report of each epoch, as dicts.
        best: Epoch and rank of the best weights, see `ClassifierRun`; None before the first validation.
    """

    progress: Progress = field(default_factory=Progress)
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None


class ClassifierCheckpoint:
    """The checkpoint of one training run.

    Args:
        options: Where and how often to save.
        state: State of the training.
        identity: Everything that the result depends on; a checkpoint with a different identity is rejected.
    """

    def __init__(self, options: CheckpointOptions, state: ClassifierState, identity: Mapping[str, Any]) -> None:
        self.path, self.resume, self.seconds = options.path, options.resume, options.seconds
        self.state, self.identity = state, identity

    def save(self, position: Position) -> None:
        """Save the state; every process must call this, and the first one writes.

        Raises:
            FloatingPointError: If a weight is not finite; a damaged state must never replace a good one.
            OSError: If the file cannot be written.
        """
        if self.path is None:
            return
        for name, weight in self.state.model.named_parameters():
            if not weight.isfinite().all():
                raise FloatingPointError(f"weights must stay finite, but those of {name} did not")
        progress, arrays = position.progress.settled(), self.state.arrays()
        if self.state.ranks.is_first:
            saved = {**asdict(position), "progress": asdict(progress)}
            save_checkpoint(self.path, arrays, {"identity": self.identity, "position": saved})

    def load(self) -> Position:
        """Restore the state from the file, if there is one, and return the position.

        Raises:
            ValueError: If the checkpoint belongs to a different training run, or is damaged.
        """
        if self.path is None:
            return Position()
        if self.state.ranks.is_first:
            remove_leftovers(self.path)
        self.state.ranks.of_first(0.0)  # wait until the first process has saved what an earlier run left
        if not self.resume or not Path(self.path).exists():
            return Position()
        arrays, saved = load_checkpoint(self.path)
        check_identity(self.path, saved.get("identity", {}), self.identity)
        self.state.restore(arrays)
        position = saved["position"]
        return Position(**{**position, "progress": Progress(**position["progress"])})


def identity_of(
    model: Classifier, data: ClassifierData, settings: ClassifierSettings, class_weights: Any, **options: Any
) -> dict[str, Any]:
    """Collect everything that the weights after a step depend on; patience may change.

    Args:
        model: The model before its training, whose weights stand for pretrained vectors.
        data: Training and validation data.
        settings: Training settings.
        class_weights: (classes,) tensor, or None.
        options: Further values.
    """
    vocabulary = json.dumps(data.whole_vocabulary.tokens).encode()
    initial = weight_arrays(model)
    identity: dict[str, Any] = {
        **data_digests(data),
        "vocabulary": _digest(np.frombuffer(vocabulary, np.uint8)),
        "classes": _digest(np.frombuffer(json.dumps(data.classes.tolist()).encode(), np.uint8)),
        "initial weights": _digest(*(initial[name] for name in sorted(initial))),
        "class_weight": None if class_weights is None else class_weights.tolist(),
        "model": type(model).__name__,
        **options,
        **asdict(model.config),
        **asdict(settings),
    }
    del identity["patience"]
    for name, usual in (("min_steps", 0), ("keep_best", True), ("refit", False), ("adversarial_norm", 0.0)):
        if identity[name] == usual:
            del identity[name]  # checkpoints of earlier versions lack it
    if not isinstance(model, PretrainedClassifier):
        del identity["layer_decay"]  # checkpoints of earlier versions lack it
    return identity


def data_digests(data: ClassifierData) -> dict[str, str | None]:
    """Return a digest of each part of the data; None for one that is not given."""
    return {
        "texts": _digest(data.training.documents.ids, data.training.documents.offsets),
        "labels": _digest(data.training.targets.numpy()),
        "sample_weight": _digest_of_weights(data.training),
        "valid": None if data.validation is None else _digest_of_examples(data.validation),
    }


def _digest_of_examples(examples: Examples) -> str:
    documents, targets = examples.documents, examples.targets.numpy()
    return f"{_digest(documents.ids, documents.offsets, targets)} {_digest_of_weights(examples)}"


def _digest_of_weights(examples: Examples) -> str | None:
    return None if examples.weights is None else _digest(examples.weights.numpy())


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
