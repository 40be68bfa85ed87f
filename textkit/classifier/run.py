"""A training run of a classifier: epochs, validation, best weights, checkpoints and progress bar."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.classifier.checkpoint import CheckpointOptions, ClassifierCheckpoint, Position
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.state import ClassifierState
from textkit.display.html import ShownAsTable
from textkit.models.classifier import Classifier
from textkit.progress import ProgressBar
from textkit.training.devices import torch_threads
from textkit.training.interrupts import HeldInterrupt
from textkit.training.loop import Batch, Progress, Trainable, train
from textkit.training.ranks import ALONE, Ranks
from textkit.training.schedules import Schedule, linear


@dataclass(frozen=True, kw_only=True)
class ClassifierReport(ShownAsTable):
    """Report of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        loss: Mean training loss of the epoch, in nats per text, with dropout and while the weights change.
        valid_loss: Validation loss in nats per text; None without validation texts.
        valid_accuracy: Validation accuracy, from 0 to 1: the fraction of texts with the correct label, or of correct
            decisions over all texts and classes if a text may have several labels. None without validation texts.
        valid_score: Validation result in the ``metric`` of the settings, for "accuracy" the accuracy; None without
            validation texts.
        texts_per_second: Number of texts per second of training.
        seconds: Duration of the epoch in seconds, without validation.
    """

    epoch: int
    loss: float
    valid_loss: float | None
    valid_accuracy: float | None
    texts_per_second: float
    seconds: float
    valid_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Best:
    """The best epoch so far: the highest score of the validation, with ties broken by the lowest validation loss."""

    epoch: int
    rank: tuple[float, float]


class ClassifierRun:
    """A training run over all epochs.

    Args:
        model: The model, changed in place.
        objective: The model with its loss, for the training loop.
        optimizer: Optimizer of the weights.
        batches: Returns the batches of an epoch, given its number from 0.
        steps: Number of batches per epoch, for the schedule.
        texts: Number of texts per epoch.
        settings: Training settings.
        threads: Number of torch threads during training, but not validation; None leaves it unchanged.
        validate: Returns the validation loss, accuracy and score, by which the best weights are chosen, of the current
            weights; None without validation texts.
        on_epoch: Called with a `ClassifierReport` after each epoch.
        progress: Whether to show progress on stderr.
        on_step: Called before the first step and after each one with the fraction of all epochs that is done. An error
            that it raises ends the run; the model has its best weights so far.
        ranks: The processes that train together.
        squares: Further state of the optimizer by name; see `ClassifierState`.
        checkpoint: Where and how often the state is saved.
        identity: Everything that the result depends on; a checkpoint with a different identity is rejected.
        schedule: Factor of the learning rate by the number of steps so far; None for a linear decay to 0.
        label: Name of the progress bar.
        frozen_epochs: Epochs at the start that do not count for ``patience``, since little is trained in them.

    Attributes:
        history: Reports of the epochs so far.
    """

    def __init__(
        self,
        model: Classifier,
        objective: Trainable,
        optimizer: torch.optim.Optimizer,
        batches: Callable[[int], Iterable[Batch | None]],
        *,
        steps: int,
        texts: int,
        settings: ClassifierSettings,
        threads: int | None,
        validate: Callable[[], tuple[float, float, float]] | None,
        on_epoch: Callable[[ClassifierReport], None] | None,
        progress: bool,
        on_step: Callable[[float], None] | None = None,
        ranks: Ranks = ALONE,
        squares: Mapping[str, NDArray[np.float32]] | None = None,
        checkpoint: CheckpointOptions | None = None,
        identity: Mapping[str, Any] | None = None,
        schedule: Schedule | None = None,
        label: str = "training",
        frozen_epochs: int = 0,
    ) -> None:
        self.schedule = schedule or linear(settings.epochs * steps)
        self.ranks = ranks
        self.state = ClassifierState(model, optimizer, squares or {}, ranks=ranks)
        self.checkpoint = ClassifierCheckpoint(checkpoint or CheckpointOptions(), self.state, identity or {})
        self.model, self.objective, self.optimizer, self.batches = model, objective, optimizer, batches
        self.texts, self.settings, self.frozen_epochs = texts, settings, frozen_epochs
        self.threads = torch.get_num_threads() if threads is None else threads
        self.validate, self.on_epoch, self.on_step = validate, on_epoch, on_step
        self.progress, self.label = progress, label
        self.history: list[ClassifierReport] = []
        self._best: _Best | None = None

    @property
    def kept_epochs(self) -> int:
        """Number of epochs up to the weights that are kept: the best ones, or else the last."""
        return len(self.history) if self._best is None else self._best.epoch + 1

    def run(self) -> None:
        """Train to the end. The model then has the best weights, even after an error or a signal.

        Raises:
            KeyboardInterrupt: On Ctrl-C, after the state is saved.
            Terminated: On SIGTERM or SIGHUP, after the state is saved.
            FloatingPointError: If a loss is not finite; the checkpoint holds the last good state.
            ValueError: If the checkpoint belongs to a different training run.
        """
        try:
            self._run()
        except FloatingPointError as error:
            if self.checkpoint.path is None or not Path(self.checkpoint.path).exists():
                raise
            raise FloatingPointError(
                f"{error}, and another checkpoint; {os.fspath(self.checkpoint.path)!r} keeps the last good state"
            ) from error
        finally:
            self.state.take_best()
            self.model.eval()

    def _run(self) -> None:
        position = self._resumed()
        threads = torch.get_num_threads()
        with self._bar(position.progress) as bar, HeldInterrupt() as interrupt, torch_threads(self.threads):
            if self.on_step is not None:
                self.on_step(bar.position / (self.texts * self.settings.epochs))
            saved = started = time.monotonic()
            for progress in self._steps(position.progress):
                seconds, report = position.seconds + time.monotonic() - started, None
                if progress.end_of_epoch:
                    with torch_threads(threads):
                        report = self._report(progress.epoch, progress.loss, seconds)
                    bar.move((progress.epoch + 1) * self.texts, _status(report, self.settings.epochs))
                    seconds = 0.0
                else:
                    bar.move(progress.epoch * self.texts + progress.count)
                # All processes must stop and save after the same step.
                due = time.monotonic() - saved >= self.checkpoint.seconds
                pressed, due = self.ranks.any((interrupt.pressed, due))
                if report or pressed or due:
                    self._save(progress, seconds)
                    saved = time.monotonic()
                if report and self.on_epoch is not None:
                    self.on_epoch(report)
                elif report:
                    bar.milestone()
                if pressed:
                    raise interrupt.error
                if self.on_step is not None:
                    self.on_step(bar.position / (self.texts * self.settings.epochs))
                if self._stopped(progress):
                    break
                if report:
                    position, started = Position(progress=progress), time.monotonic()
        # The signal may have come after the last check in the loop.
        if interrupt.pressed:
            raise interrupt.error

    def _steps(self, start: Progress) -> Iterable[Progress]:
        settings = self.settings
        if self._stopped(start):
            return ()
        return train(
            self.objective,
            self.batches,
            self.optimizer,
            epochs=settings.epochs,
            schedule=self.schedule,
            clip_norm=settings.clip_norm,
            autocast=torch.bfloat16 if settings.precision == "bfloat16" else None,
            device=self.model.embedding.device,
            start=start,
            ranks=self.ranks,
        )

    def _resumed(self) -> Position:
        """Restore the state from the checkpoint, if there is one."""
        position = self.checkpoint.load()
        self.history.extend(ClassifierReport(**report) for report in position.history)
        if position.best is not None:
            self._best = _Best(epoch=position.best["epoch"], rank=tuple(position.best["rank"]))
        return position

    def _save(self, progress: Progress, seconds: float) -> None:
        if self.checkpoint.path is not None:
            history = [asdict(report) for report in self.history]
            best = None if self._best is None else asdict(self._best)
            self.checkpoint.save(Position(progress=progress, seconds=seconds, history=history, best=best))

    def _report(self, epoch: int, loss: float, seconds: float) -> ClassifierReport:
        valid_loss = accuracy = score = None
        if self.validate is not None:
            # Computed by every process; those of the first count, so that all go on in the same way.
            valid_loss, accuracy, score = map(self.ranks.of_first, self.validate())
            rank = score, -valid_loss
            if (
                self.settings.keep_best is not False
                and np.isfinite(rank).all()
                and (self._best is None or rank > self._best.rank)
            ):
                self.state.keep_as_best()
                self._best = _Best(epoch=epoch, rank=rank)
        report = ClassifierReport(
            epoch=epoch + 1,
            loss=loss,
            valid_loss=valid_loss,
            valid_accuracy=accuracy,
            valid_score=score,
            texts_per_second=self.texts / max(seconds, 1e-9),
            seconds=seconds,
        )
        self.history.append(report)
        return report

    def _stopped(self, progress: Progress) -> bool:
        """Whether the best weights are ``patience`` epochs old, frozen ones aside."""
        patience = self.settings.patience
        if not progress.end_of_epoch or patience is None or self._best is None:
            return False
        return progress.epoch - max(self._best.epoch, self.frozen_epochs - 1) >= patience

    def _bar(self, start: Progress) -> ProgressBar:
        return ProgressBar(
            self.label,
            total=self.texts * self.settings.epochs,
            initial=start.epoch * self.texts + start.count,
            unit="texts",
            show=self.progress,
        )


def _status(report: ClassifierReport, epochs: int) -> str:
    accuracy = "" if report.valid_accuracy is None else f", valid {100 * report.valid_accuracy:.1f} %"
    return f"loss {report.loss:.3f}{accuracy}, epoch {report.epoch}/{epochs}"
