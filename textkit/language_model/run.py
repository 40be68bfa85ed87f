"""A training run of a language model: steps, timing, progress bar and checkpoints."""

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from textkit.batches.records import BpttBatch, SequenceBatch, TwoWayBatch
from textkit.display.html import ShownAsTable
from textkit.files.atomic import remove_leftovers
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import LanguageModelState
from textkit.progress import ProgressBar
from textkit.training.checkpoint import check_identity, load_checkpoint, save_checkpoint
from textkit.training.early_stopping import stalled
from textkit.training.interrupts import HeldInterrupt
from textkit.training.loop import Progress, train
from textkit.training.ranks import ALONE, Ranks
from textkit.training.schedules import Plateau, Schedule

_USUAL_RATES = {"adamw": 0.004, "sgd": 10.0, "muon": 0.004}  # the highest to advise
_SHOWN_SECONDS = 0.1  # between two updates of the bar, each of which waits for a GPU


@dataclass(frozen=True, kw_only=True)
class LanguageModelReport(ShownAsTable):
    """Report of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        loss: Mean training loss of the epoch, in nats per token, with dropout and while the weights change.
        valid_loss: Validation loss at the end of the epoch, in nats per token, with the averaged weights if there are
            any; None without a validation text. A long text is read in parallel parts that start from an empty state,
            so this is slightly higher than the result of `LanguageModel.score`. Of a bidirectional model it is the mean
            of both directions, as ``loss`` is.
        valid_perplexity: exp(valid_loss).
        direction_perplexities: The validation perplexity of the forward and of the backward direction of a
            bidirectional model; empty for other models.
        learning_rate: Learning rate at the end of the epoch.
        averaged: Number of steps whose weights are averaged (NT-ASGD); 0 before averaging starts.
        tokens_per_second: Number of predictions per second of training.
        seconds: Duration of the epoch in seconds, without validation.
    """

    epoch: int
    loss: float
    valid_loss: float | None
    valid_perplexity: float | None
    learning_rate: float
    averaged: int
    tokens_per_second: float
    seconds: float
    direction_perplexities: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Position:
    """Position in a training run: what resuming needs besides the arrays.

    Attributes:
        progress: Progress record of the training loop.
        seconds: Duration of the current epoch so far, in seconds.
        losses: Mean training loss of each epoch.
        valid_losses: Validation loss after each epoch; empty without a validation text.
        direction_losses: Those of the forward and the backward direction of a bidirectional model; empty for others.
    """

    progress: Progress = field(default_factory=Progress)
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)
    direction_losses: list[list[float]] = field(default_factory=list)

    @property
    def history(self) -> list[dict[str, Any]]:
        """The number, loss and, with a validation text, validation loss of each epoch, also that of each direction."""
        epochs: list[dict[str, Any]] = [{"epoch": number, "loss": loss} for number, loss in enumerate(self.losses, 1)]
        for epoch, valid_loss in zip(epochs, self.valid_losses, strict=False):
            epoch["valid_loss"] = valid_loss
        for epoch, (forward, backward) in zip(epochs, self.direction_losses, strict=False):
            epoch |= {"forward_valid_loss": forward, "backward_valid_loss": backward}
        return epochs


class LanguageModelRun:
    """A training run over all epochs.

    Args:
        state: State of the training; changed in place.
        settings: Training settings.
        batches: Returns the batches of an epoch, given its number from 0.
        predictions: Number of predictions per epoch.
        schedule: Learning rate schedule.
        plateau: The plateau schedule within ``schedule``, to be told the validation losses; None for other schedules.
        validate: Returns the validation loss of the current weights, or that of each direction; None without a
            validation text.
        identity: Everything that the result depends on; a checkpoint with a different identity is rejected.
        describe: Returns a description of the run for its checkpoints; see `textkit.training.provenance`.
        checkpoint: File to which the state is saved; None for no checkpoints.
        resume: Whether to resume from the checkpoint if it exists.
        checkpoint_seconds: Seconds between two checkpoints within an epoch.
        on_epoch: Called with a `LanguageModelReport` after each epoch.
        progress: Whether to show progress on stderr.
        ranks: The processes that train together.

    Attributes:
        history: The number and the losses of each complete epoch, those before resuming included.
    """

    def __init__(
        self,
        state: LanguageModelState,
        settings: LanguageModelSettings,
        batches: Callable[[int], Iterable[BpttBatch | SequenceBatch | TwoWayBatch | None]],
        *,
        predictions: int,
        schedule: Schedule,
        plateau: Plateau | None,
        validate: Callable[[], tuple[float, ...]] | None,
        identity: Mapping[str, Any],
        describe: Callable[[], Mapping[str, Any]],
        checkpoint: str | os.PathLike[str] | None,
        resume: bool,
        checkpoint_seconds: float,
        on_epoch: Callable[[LanguageModelReport], None] | None,
        progress: bool,
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.state, self.settings, self.batches = state, settings, batches
        self.predictions, self.schedule, self.plateau, self.validate = predictions, schedule, plateau, validate
        self.identity, self.describe, self.checkpoint, self.resume = identity, describe, checkpoint, resume
        self.checkpoint_seconds, self.on_epoch, self.progress = checkpoint_seconds, on_epoch, progress
        self.device = next(state.model.parameters()).device
        self.history: list[dict[str, Any]] = []

    def run(self) -> None:
        """Train to the end, resuming from the checkpoint if there is one, and load the best weights into the model.

        Raises:
            KeyboardInterrupt: On Ctrl-C, after the state is saved.
            Terminated: On SIGTERM or SIGHUP, after the state is saved.
            FloatingPointError: If a loss or a weight is not finite; the checkpoint holds the last good state.
            ValueError: If the checkpoint belongs to a different training run.
            RuntimeError: If an operation of torch fails.
        """
        position = self._resumed()
        self.history = position.history
        with self._bar(position) as bar, HeldInterrupt() as interrupt:
            try:
                saved = shown = started = time.monotonic()
                for progress in self._steps(position):
                    # The record at the end of an epoch follows the one of its last step, which is already averaged.
                    if self.state.average is not None and not progress.end_of_epoch:
                        self.state.average.step()
                    seconds = position.seconds + time.monotonic() - started
                    position, report = replace(position, progress=progress, seconds=seconds), None
                    if progress.end_of_epoch:
                        position, report = self._after_epoch(position)
                        self.history = position.history
                    if bar.shown and (report or time.monotonic() - shown >= _SHOWN_SECONDS):
                        self._show(bar, position)
                        shown = time.monotonic()
                    # All processes must stop and save after the same step.
                    pressed, due = self.ranks.any(
                        (interrupt.pressed, time.monotonic() - saved >= self.checkpoint_seconds)
                    )
                    if report or pressed or due:
                        self._save(position)
                        saved = time.monotonic()
                    if report and self.on_epoch:
                        self.on_epoch(report)
                    elif report:
                        bar.milestone()
                    if pressed:
                        raise interrupt.error
                    if self._stopped(position):
                        break
                    started = time.monotonic()
            except FloatingPointError as error:
                raise FloatingPointError(self._advice(error)) from error
            except RuntimeError as error:
                if not interrupt.pressed or self.ranks.size > 1:
                    raise
                self._save(position)  # the signal also ended the compiler that torch had called
                raise interrupt.error from error
        # The signal may have come after the last check in the loop.
        if interrupt.pressed:
            raise interrupt.error
        self.take_best()

    def take_best(self) -> None:
        """Load the best weights so far into the model; the last ones stay without validation."""
        if self.state.best:
            self.state.model.load_state_dict(self.state.best)

    def _steps(self, position: Position) -> Iterable[Progress]:
        if self._stopped(position):
            return ()
        settings, model = self.settings, self.state.model
        return train(
            self.state.carried if model.config.carries_state and not settings.documents else model,
            self.batches,
            self.state.optimizer,
            epochs=settings.epochs,
            schedule=self.schedule,
            clip_norm=settings.clip_norm,
            accumulate=settings.accumulate,
            autocast=torch.bfloat16 if settings.precision == "bfloat16" else None,
            device=self.device,
            start=position.progress,
            ranks=self.ranks,
        )

    def _stopped(self, position: Position) -> bool:
        """Whether the validation loss has not improved for ``patience`` epochs."""
        return position.progress.end_of_epoch and stalled(position.valid_losses, self.settings.patience)

    def _after_epoch(self, position: Position) -> tuple[Position, LanguageModelReport]:
        progress, average = position.progress, self.state.average
        rate = self.settings.learning_rate * self.schedule(progress.step - 1)
        averaged = 0 if average is None else average.count
        self._check_weights()
        losses = self._validated(position)
        valid_loss = fmean(losses) if losses else None
        if valid_loss is not None:
            position = replace(position, valid_losses=[*position.valid_losses, valid_loss])
        if len(losses) > 1:
            position = replace(position, direction_losses=[*position.direction_losses, losses])
        report = LanguageModelReport(
            epoch=progress.epoch + 1,
            loss=progress.loss,
            valid_loss=valid_loss,
            valid_perplexity=None if valid_loss is None else _perplexity(valid_loss),
            direction_perplexities=tuple(map(_perplexity, losses)) if len(losses) > 1 else (),
            learning_rate=rate,
            averaged=averaged,
            tokens_per_second=progress.count / max(position.seconds, 1e-9),
            seconds=position.seconds,
        )
        return replace(position, seconds=0.0, losses=[*position.losses, progress.loss]), report

    def _validated(self, position: Position) -> list[float]:
        """Compute the validation losses, and update best weights, average and plateau schedule with their mean."""
        if self.validate is None:
            return []
        average = self.state.average
        with nullcontext() if average is None else average.in_place():
            # Computed by every process; that of the first counts, so that all go on in the same way.
            losses = list(map(self.ranks.of_first, self.validate()))
            loss = fmean(losses)
            if loss < min(position.valid_losses, default=math.inf):
                self.state.keep_as_best()
        if average is not None:
            average.observe(loss)
        if self.plateau is not None:
            self.plateau.observe(loss)
        return losses

    def _save(self, position: Position) -> None:
        if self.checkpoint is not None:
            # A damaged state must never replace a good one.
            self._check_weights()
            position = replace(position, progress=position.progress.settled())
            arrays = self.state.arrays()
            if self.ranks.is_first:
                described = {"identity": self.identity, "metadata": self.describe()}
                save_checkpoint(self.checkpoint, arrays, {**described, "position": asdict(position)})

    def _check_weights(self) -> None:
        for name, weight in self.state.model.named_parameters():
            if not weight.isfinite().all():
                raise FloatingPointError(f"weights must stay finite, but those of {name} did not")

    def _resumed(self) -> Position:
        """Restore the state and the position from the checkpoint, if there is one."""
        if self.checkpoint is None:
            return Position()
        if self.ranks.is_first:
            remove_leftovers(self.checkpoint)
        if not self.resume or not Path(self.checkpoint).exists():
            return Position()
        arrays, state = load_checkpoint(self.checkpoint)
        self._check_epochs(state.get("identity", {}))
        check_identity(self.checkpoint, state.get("identity", {}), self.identity)
        self.state.restore(arrays)
        saved = state["position"]
        position = Position(**{**saved, "progress": Progress(**saved["progress"])})
        # The plateau schedule is not saved; the validation losses determine its state.
        if self.plateau is not None:
            for loss in position.valid_losses:
                self.plateau.observe(loss)
        return position

    def _check_epochs(self, found: Mapping[str, Any]) -> None:
        """Say what to do if only the number of epochs differs from that of the checkpoint."""
        current = json.loads(json.dumps(dict(self.identity)))
        if "epochs" in found and [name for name in current if found.get(name) != current[name]] == ["epochs"]:
            raise ValueError(
                f"epochs must be {found['epochs']}, as in {os.fspath(self.checkpoint or '')!r}, got "
                f"{self.settings.epochs}: the schedule {self.settings.schedule!r} spreads the learning rate over all "
                "epochs; to train a finished model for longer, pass it as init with a new checkpoint, or use the "
                "schedule 'constant' or 'plateau' from the start"
            )

    def _advice(self, error: FloatingPointError) -> str:
        lower = f"learning_rate={min(self.settings.learning_rate / 4, _USUAL_RATES[self.settings.optimizer]):g}"
        clipping = "" if self.settings.clip_norm is not None else " or clip_norm=1.0"
        checkpoint = ""
        if self.checkpoint is not None and Path(self.checkpoint).exists():
            checkpoint = (
                f" and another checkpoint; {os.fspath(self.checkpoint)!r} keeps the last good state of this run"
            )
        return f"{str(error).split(';')[0]}; start again with {lower}{clipping}{checkpoint}"

    def _bar(self, position: Position) -> ProgressBar:
        return ProgressBar(
            "training",
            total=self.predictions * self.settings.epochs,
            initial=self._predictions_so_far(position),
            unit="tokens",
            show=self.progress,
        )

    def _predictions_so_far(self, position: Position) -> int:
        return position.progress.epoch * self.predictions + position.progress.count

    def _show(self, bar: ProgressBar, position: Position) -> None:
        progress = position.progress
        validation = f", valid {position.valid_losses[-1]:.3f}" if position.valid_losses else ""
        status = f"loss {progress.loss:.3f}{validation}, epoch {progress.epoch + 1}/{self.settings.epochs}"
        bar.move(self._predictions_so_far(position), status)


def _perplexity(nats: float) -> float:
    return math.exp(min(nats, 700.0))
