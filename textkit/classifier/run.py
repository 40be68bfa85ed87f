"""A training run of a classifier: epochs, validation, best weights and progress bar."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from textkit.classifier.settings import ClassifierSettings
from textkit.models.classifier import Classifier
from textkit.progress import ProgressBar
from textkit.training.devices import torch_threads
from textkit.training.interrupts import HeldInterrupt
from textkit.training.loop import Batch, Trainable, train
from textkit.training.ranks import ALONE, Ranks
from textkit.training.schedules import linear


@dataclass(frozen=True, kw_only=True)
class ClassifierReport:
    """Report of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        loss: Mean training loss of the epoch, in nats per text, with dropout and while the weights change.
        valid_loss: Validation loss in nats per text; None without validation texts.
        valid_accuracy: Validation accuracy, from 0 to 1: the fraction of texts with the correct label, or of correct
            decisions over all texts and classes if a text may have several labels. None without validation texts.
        texts_per_second: Number of texts per second of training.
        seconds: Duration of the epoch in seconds, without validation.
    """

    epoch: int
    loss: float
    valid_loss: float | None
    valid_accuracy: float | None
    texts_per_second: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Best:
    """The best weights so far: the highest validation accuracy, with ties broken by the lowest validation loss."""

    epoch: int
    rank: tuple[float, float]
    weights: dict[str, torch.Tensor]


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
        validate: Returns validation loss and accuracy of the current weights; None without validation texts.
        on_epoch: Called with a `ClassifierReport` after each epoch.
        progress: Whether to show progress on stderr.
        ranks: The processes that train together.

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
        validate: Callable[[], tuple[float, float]] | None,
        on_epoch: Callable[[ClassifierReport], None] | None,
        progress: bool,
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.model, self.objective, self.optimizer, self.batches = model, objective, optimizer, batches
        self.steps, self.texts, self.settings = steps, texts, settings
        self.threads = torch.get_num_threads() if threads is None else threads
        self.validate, self.on_epoch, self.progress = validate, on_epoch, progress
        self.history: list[ClassifierReport] = []
        self._best: _Best | None = None

    def run(self) -> None:
        """Train to the end. The model then has the best weights, even after an error or a signal.

        Raises:
            KeyboardInterrupt: On Ctrl-C.
            Terminated: On SIGTERM or SIGHUP.
            FloatingPointError: If a loss is not finite.
        """
        try:
            self._run()
        finally:
            if self._best is not None:
                self.model.load_state_dict(self._best.weights)
                self._best = None  # free the memory
            self.model.eval()

    def _run(self) -> None:
        settings = self.settings
        steps = train(
            self.objective,
            self.batches,
            self.optimizer,
            epochs=settings.epochs,
            schedule=linear(settings.epochs * self.steps),
            clip_norm=settings.clip_norm,
            autocast=torch.bfloat16 if settings.precision == "bfloat16" else None,
            device=self.model.embedding.device,
            ranks=self.ranks,
        )
        threads = torch.get_num_threads()
        with self._bar() as bar, HeldInterrupt() as interrupt, torch_threads(self.threads):
            started = time.monotonic()
            for progress in steps:
                if not progress.end_of_epoch:
                    bar.move(progress.epoch * self.texts + progress.count)
                if progress.end_of_epoch:
                    seconds = time.monotonic() - started
                    with torch_threads(threads):
                        report = self._report(progress.epoch, progress.loss, seconds)
                    bar.move((progress.epoch + 1) * self.texts, _status(report, settings.epochs))
                    if self.on_epoch is not None:
                        self.on_epoch(report)
                    else:
                        bar.milestone()
                    started = time.monotonic()
                if self.ranks.any([interrupt.pressed])[0]:
                    raise interrupt.error
                if progress.end_of_epoch and self._stopped(progress.epoch):
                    break
        # The signal may have come after the last check in the loop.
        if interrupt.pressed:
            raise interrupt.error

    def _report(self, epoch: int, loss: float, seconds: float) -> ClassifierReport:
        valid_loss, accuracy = (None, None) if self.validate is None else self.validate()
        if valid_loss is not None and accuracy is not None:
            # Computed by every process; those of the first count, so that all go on in the same way.
            valid_loss, accuracy = self.ranks.of_first(valid_loss), self.ranks.of_first(accuracy)
            rank = accuracy, -valid_loss
            if np.isfinite(valid_loss) and (self._best is None or rank > self._best.rank):
                # Copy into the tensors of the previous best weights, so that no more than one copy is in memory.
                weights = {} if self._best is None else self._best.weights
                for name, weight in self.model.state_dict().items():
                    if name in weights:
                        weights[name].copy_(weight)
                    else:
                        weights[name] = weight.detach().clone()
                self._best = _Best(epoch=epoch, rank=rank, weights=weights)
        report = ClassifierReport(
            epoch=epoch + 1,
            loss=loss,
            valid_loss=valid_loss,
            valid_accuracy=accuracy,
            texts_per_second=self.texts / max(seconds, 1e-9),
            seconds=seconds,
        )
        self.history.append(report)
        return report

    def _stopped(self, epoch: int) -> bool:
        """Whether the best weights are ``patience`` epochs old."""
        patience = self.settings.patience
        return patience is not None and self._best is not None and epoch - self._best.epoch >= patience

    def _bar(self) -> ProgressBar:
        return ProgressBar("training", total=self.texts * self.settings.epochs, unit="texts", show=self.progress)


def _status(report: ClassifierReport, epochs: int) -> str:
    accuracy = "" if report.valid_accuracy is None else f", valid {100 * report.valid_accuracy:.1f} %"
    return f"loss {report.loss:.3f}{accuracy}, epoch {report.epoch}/{epochs}"
