"""One training of a language model: steps, and between them the clock, the progress bar and the checkpoint."""

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from textkit.batches.records import BpttBatch, SequenceBatch
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import LanguageModelState
from textkit.training.checkpoint import check_identity, load_checkpoint, remove_leftovers, save_checkpoint
from textkit.training.interrupts import HeldInterrupt
from textkit.training.loop import Progress, train
from textkit.training.schedules import Plateau, Schedule


@dataclass(frozen=True, kw_only=True)
class LanguageModelReport:
    """One epoch of a training.

    Attributes:
        epoch: From 1.
        loss: Mean loss of the epoch, in nats per token. Taken while the weights change and with dropout.
        valid_loss: Nats per token on the held-out text at the end of the epoch, with the averaged weights if there are
            any; None without a held-out text. Long texts are read in parts side by side, each of which begins without
            memory, so that this is a little above what `LanguageModel.score` gives.
        valid_perplexity: exp(valid_loss).
        learning_rate: At the end of the epoch.
        averaged: How many weights are averaged (NT-ASGD); 0 before the average begins.
        tokens_per_second: Predictions for each second of training.
        seconds: Time of the epoch without validation.
    """

    epoch: int
    loss: float
    valid_loss: float | None
    valid_perplexity: float | None
    learning_rate: float
    averaged: int
    tokens_per_second: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a training stands: what going on from here needs besides the arrays.

    Attributes:
        progress: The loop's own record.
        seconds: Time of the epoch so far.
        losses: Mean loss of each epoch.
        valid_losses: Held-out loss after each epoch, if there is a held-out text.
    """

    progress: Progress = field(default_factory=Progress)
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)


class LanguageModelRun:
    """One run over the epochs.

    Args:
        state: What is trained; changed in place.
        settings: The settings.
        batches: Gives the batches of an epoch, from 0.
        predictions: How many predictions an epoch has.
        schedule: The schedule of the learning rate.
        plateau: The one that is to be told of held-out losses, if it is such.
        validate: Gives the held-out loss of the weights of now; None without a held-out text.
        identity: All that the result depends on; a checkpoint with another one is refused.
        checkpoint: Where the state is saved; None for nowhere.
        resume: Whether to go on from the checkpoint if it exists.
        checkpoint_seconds: Time between two savings.
        on_epoch: Called with a `LanguageModelReport` after every epoch.
        progress: Whether to show a bar on stderr.
    """

    def __init__(
        self,
        state: LanguageModelState,
        settings: LanguageModelSettings,
        batches: Callable[[int], Iterable[BpttBatch | SequenceBatch]],
        *,
        predictions: int,
        schedule: Schedule,
        plateau: Plateau | None,
        validate: Callable[[], float] | None,
        identity: Mapping[str, Any],
        checkpoint: str | os.PathLike[str] | None,
        resume: bool,
        checkpoint_seconds: float,
        on_epoch: Callable[[LanguageModelReport], None] | None,
        progress: bool,
    ) -> None:
        self.state, self.settings, self.batches = state, settings, batches
        self.predictions, self.schedule, self.plateau, self.validate = predictions, schedule, plateau, validate
        self.identity, self.checkpoint, self.resume = identity, checkpoint, resume
        self.checkpoint_seconds, self.on_epoch, self.progress = checkpoint_seconds, on_epoch, progress
        self.device = next(state.model.parameters()).device

    def run(self) -> Position:
        """Train to the end, from the checkpoint if there is one, and put the best weights into the model.

        Raises:
            KeyboardInterrupt: On Ctrl-C, after the state is saved.
            FloatingPointError: If a loss or a weight is not finite; the checkpoint holds the last good state.
            ValueError: If the checkpoint is of another training.
        """
        position = self._resumed()
        with self._bar(position) as bar, HeldInterrupt() as interrupt:
            try:
                saved = begun = time.monotonic()
                for progress in self._steps(position):
                    if self.state.average is not None and not progress.end_of_epoch:
                        self.state.average.step()
                    seconds = position.seconds + time.monotonic() - begun
                    position, report = replace(position, progress=progress, seconds=seconds), None
                    if progress.end_of_epoch:
                        position, report = self._after_epoch(position)
                    self._show(bar, position)
                    if report or interrupt.pressed or time.monotonic() - saved >= self.checkpoint_seconds:
                        self._save(position)
                        saved = time.monotonic()
                    if report and self.on_epoch:
                        self.on_epoch(report)
                    if interrupt.pressed:
                        raise KeyboardInterrupt
                    if self._stopped(position):
                        break
                    begun = time.monotonic()
            except FloatingPointError as error:
                raise FloatingPointError(self._advice(error)) from error
        if interrupt.pressed:  # after the last look at it
            raise KeyboardInterrupt
        if self.state.best:
            self.state.model.load_state_dict(self.state.best)
        return position

    def _steps(self, position: Position) -> Iterable[Progress]:
        if self._stopped(position):
            return ()
        settings = self.settings
        return train(
            self.state.model if settings.documents else self.state.carried,
            self.batches,
            self.state.optimizer,
            epochs=settings.epochs,
            schedule=self.schedule,
            clip_norm=settings.clip_norm,
            accumulate=settings.accumulate,
            autocast=torch.bfloat16 if settings.precision == "bfloat16" else None,
            device=self.device,
            start=position.progress,
        )

    def _stopped(self, position: Position) -> bool:
        """Whether the held-out loss has not fallen for as many epochs as there is patience."""
        patience, losses = self.settings.patience, position.valid_losses
        if patience is None or not position.progress.end_of_epoch or len(losses) <= patience:
            return False
        return min(losses[-patience:]) >= min(losses[:-patience])

    def _after_epoch(self, position: Position) -> tuple[Position, LanguageModelReport]:
        progress, average = position.progress, self.state.average
        rate = self.settings.learning_rate * self.schedule(progress.step - 1)
        averaged = 0 if average is None else average.count
        self._check_weights()
        valid_loss = self._validated(position)
        if valid_loss is not None:
            position = replace(position, valid_losses=[*position.valid_losses, valid_loss])
        report = LanguageModelReport(
            epoch=progress.epoch + 1,
            loss=progress.loss,
            valid_loss=valid_loss,
            valid_perplexity=None if valid_loss is None else math.exp(min(valid_loss, 700.0)),
            learning_rate=rate,
            averaged=averaged,
            tokens_per_second=progress.count / max(position.seconds, 1e-9),
            seconds=position.seconds,
        )
        return replace(position, seconds=0.0, losses=[*position.losses, progress.loss]), report

    def _validated(self, position: Position) -> float | None:
        """Measure the held-out loss, and let the best weights, the average and the plateau know of it."""
        if self.validate is None:
            return None
        average = self.state.average
        with nullcontext() if average is None else average.in_place():
            loss = self.validate()
            if loss < min(position.valid_losses, default=math.inf):
                self.state.keep_as_best()
        if average is not None:
            average.observe(loss)
        if self.plateau is not None:
            self.plateau.observe(loss)
        return loss

    def _save(self, position: Position) -> None:
        if self.checkpoint is not None:
            self._check_weights()  # never in the place of a good state
            save_checkpoint(
                self.checkpoint, self.state.arrays(), {"identity": self.identity, "position": asdict(position)}
            )

    def _check_weights(self) -> None:
        for name, weight in self.state.model.named_parameters():
            if not weight.isfinite().all():
                raise FloatingPointError(f"weights must stay finite, but those of {name} did not")

    def _resumed(self) -> Position:
        """Take everything from the checkpoint, if there is one."""
        if self.checkpoint is None:
            return Position()
        remove_leftovers(self.checkpoint)
        if not self.resume or not Path(self.checkpoint).exists():
            return Position()
        arrays, state = load_checkpoint(self.checkpoint)
        check_identity(self.checkpoint, state.get("identity", {}), self.identity)
        self.state.restore(arrays)
        found = state["position"]
        position = Position(**{**found, "progress": Progress(**found["progress"])})
        if self.plateau is not None:
            for loss in position.valid_losses:
                self.plateau.observe(loss)
        return position

    def _advice(self, error: FloatingPointError) -> str:
        lower = f"learning_rate={self.settings.learning_rate / 4:g}"
        clipped = "" if self.settings.clip_norm is not None else " or clip_norm=1.0"
        kept = ""
        if self.checkpoint is not None and Path(self.checkpoint).exists():
            kept = f" and another checkpoint; {os.fspath(self.checkpoint)!r} keeps the last good state of this one"
        return f"{str(error).split(';')[0]}; start again with {lower}{clipped}{kept}"

    def _bar(self, position: Position) -> "tqdm[Any]":
        return tqdm(
            total=self.predictions * self.settings.epochs,
            initial=self._seen(position),
            unit=" tokens",
            unit_scale=True,
            desc="language model",
            disable=not self.progress,
            dynamic_ncols=True,
        )

    def _seen(self, position: Position) -> int:
        """Predictions made."""
        return position.progress.epoch * self.predictions + position.progress.count

    def _show(self, bar: "tqdm[Any]", position: Position) -> None:
        progress = position.progress
        shown = f"epoch {progress.epoch + 1}/{self.settings.epochs}, loss {progress.loss:.3f}"
        if position.valid_losses:
            valid = position.valid_losses[-1]
            shown += f", held-out {valid:.3f} (perplexity {math.exp(min(valid, 700.0)):.2f})"
        bar.set_postfix_str(shown, refresh=False)
        bar.update(self._seen(position) - bar.n)
