"""One training of a classifier: epochs, held-out accuracy, the best weights, the progress bar."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from textkit.classifier.settings import ClassifierSettings
from textkit.models.classifier import Classifier
from textkit.training.devices import torch_threads
from textkit.training.interrupts import HeldInterrupt
from textkit.training.loop import Batch, Trainable, train
from textkit.training.schedules import linear


@dataclass(frozen=True, kw_only=True)
class ClassifierReport:
    """One epoch of a training.

    Attributes:
        epoch: From 1.
        loss: Mean loss of the epoch, in nats per text. Taken while the weights change and with dropout.
        valid_loss: Nats per text on the held-out texts; None without any.
        valid_accuracy: Share of the held-out texts with the right label (of the right labels where there may be
            several); None without any.
        texts_per_second: Of the training.
        seconds: Time of the epoch without validation.
    """

    epoch: int
    loss: float
    valid_loss: float | None
    valid_accuracy: float | None
    texts_per_second: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Best:
    """The best weights so far: those with the highest held-out accuracy, and of these the lowest loss."""

    epoch: int
    rank: tuple[float, float]
    weights: dict[str, torch.Tensor]


class ClassifierRun:
    """One run over the epochs.

    Args:
        model: The model, changed in place.
        objective: Its loss.
        optimizer: Of its weights.
        batches: Gives the batches of an epoch, from 0.
        steps: Batches in an epoch, for the schedule.
        texts: Texts in an epoch.
        settings: The settings.
        threads: Torch's threads between validations; None for as many as there are.
        validate: Gives held-out loss and accuracy of the weights of now; None without held-out texts.
        on_epoch: Called with a `ClassifierReport` after every epoch.
        progress: Whether to show a bar on stderr.

    Attributes:
        history: A report for each epoch.
    """

    def __init__(
        self,
        model: Classifier,
        objective: Trainable,
        optimizer: torch.optim.Optimizer,
        batches: Callable[[int], Iterable[Batch]],
        *,
        steps: int,
        texts: int,
        settings: ClassifierSettings,
        threads: int | None,
        validate: Callable[[], tuple[float, float]] | None,
        on_epoch: Callable[[ClassifierReport], None] | None,
        progress: bool,
    ) -> None:
        self.model, self.objective, self.optimizer, self.batches = model, objective, optimizer, batches
        self.steps, self.texts, self.settings = steps, texts, settings
        self.threads = torch.get_num_threads() if threads is None else threads
        self.validate, self.on_epoch, self.progress = validate, on_epoch, progress
        self.history: list[ClassifierReport] = []
        self._best: _Best | None = None

    def run(self) -> None:
        """Train to the end; the model then has the best weights, also after an error or Ctrl-C.

        Raises:
            KeyboardInterrupt: On Ctrl-C.
            FloatingPointError: If a loss is not finite.
        """
        try:
            self._run()
        finally:
            if self._best is not None:
                self.model.load_state_dict(self._best.weights)
                self._best = None  # their memory
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
        )
        threads = torch.get_num_threads()
        with self._bar() as bar, HeldInterrupt() as interrupt, torch_threads(self.threads):
            begun = time.monotonic()
            for progress in steps:
                bar.update(progress.epoch * self.texts + progress.count - bar.n)
                if progress.end_of_epoch:
                    seconds = time.monotonic() - begun
                    with torch_threads(threads):
                        report = self._report(progress.epoch, progress.loss, seconds)
                    bar.set_postfix_str(_described(report, settings.epochs), refresh=False)
                    if self.on_epoch is not None:
                        self.on_epoch(report)
                    begun = time.monotonic()
                if interrupt.pressed:
                    raise KeyboardInterrupt
                if progress.end_of_epoch and self._stopped(progress.epoch):
                    break
        if interrupt.pressed:  # after the last look at it
            raise KeyboardInterrupt

    def _report(self, epoch: int, loss: float, seconds: float) -> ClassifierReport:
        valid_loss, accuracy = (None, None) if self.validate is None else self.validate()
        if valid_loss is not None and accuracy is not None:
            rank = accuracy, -valid_loss
            if np.isfinite(valid_loss) and (self._best is None or rank > self._best.rank):
                weights = {} if self._best is None else self._best.weights
                for name, weight in self.model.state_dict().items():
                    if name in weights:  # their memory again
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
        """Whether the best weights are as many epochs old as there is patience."""
        patience = self.settings.patience
        return patience is not None and self._best is not None and epoch - self._best.epoch >= patience

    def _bar(self) -> "tqdm[Any]":
        return tqdm(
            total=self.texts * self.settings.epochs,
            unit=" texts",
            unit_scale=True,
            desc="classifier",
            disable=not self.progress,
            dynamic_ncols=True,
        )


def _described(report: ClassifierReport, epochs: int) -> str:
    shown = f"epoch {report.epoch}/{epochs}, loss {report.loss:.3f}"
    if report.valid_accuracy is not None:
        shown += f", held-out accuracy {100 * report.valid_accuracy:.1f} %"
    return shown
