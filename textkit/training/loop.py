"""The training loop. It is independent of the model and yields progress records; the caller prints and saves."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import torch
from torch import nn

from textkit.models.loss import Loss
from textkit.training.schedules import Schedule, constant


class Batch(Protocol):
    """Anything that can be moved to a device.

    If it has an attribute ``rate``, the learning rate of its step is multiplied by it.
    """

    def to(self, device: torch.device | str) -> Any:
        """Move the batch to another device."""


class Trainable(Protocol):
    """A torch module with a loss."""

    def loss(self, batch: Any) -> Loss:
        """Compute the summed loss of a batch and its number of predictions."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over all weights."""

    def train(self, mode: bool = True) -> Any:
        """Switch training mode on or off."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """State of a run after a step, from which `train` can resume.

    Attributes:
        epoch: Number of the current epoch, from 0.
        step: Number of steps so far, in all epochs.
        batch: Number of batches processed in this epoch.
        total: Summed loss of the epoch so far, in nats.
        count: Number of predictions of the epoch so far.
        end_of_epoch: Whether the epoch is complete; such a record follows that of the last step of each epoch.
    """

    epoch: int = 0
    step: int = 0
    batch: int = 0
    total: float = 0.0
    count: int = 0
    end_of_epoch: bool = False

    @property
    def loss(self) -> float:
        """Mean loss of the epoch so far, in nats per prediction; 0 before the first."""
        return self.total / max(self.count, 1)


def train(
    model: Trainable,
    batches: Callable[[int], Iterable[Batch]],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    schedule: Schedule = constant,
    clip_norm: float | None = None,
    accumulate: int = 1,
    autocast: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    start: Progress | None = None,
) -> Iterator[Progress]:
    """Train a model, one step for each item taken from the iterator.

    Losses are summed in float64 and divided once by the number of predictions. The gradient of a step is that of the
    summed losses (and penalties) of its batches, divided once by their number of predictions.

    Args:
        model: Module with a method ``loss(batch) -> Loss``.
        batches: Returns the batches of an epoch, given its number from 0.
        optimizer: Optimizer of the model's parameters; its learning rates are the maximum ones.
        epochs: Number of passes over the batches.
        schedule: Maps the number of steps so far to a factor of the learning rate.
        clip_norm: Gradient clipping norm (Euclidean); None disables clipping.
        accumulate: Number of batches per step (gradient accumulation).
        autocast: dtype for mixed precision, such as ``torch.bfloat16``, used for the operations that torch considers
            safe; None computes in the dtype of the weights.
        device: Device to which batches are moved.
        start: Record to resume after; the batches it covers are skipped. Weights and optimizer must be in the state
            that they had then. None starts from the beginning.

    Yields:
        A `Progress` after each step, and one at the end of each epoch.

    Raises:
        ValueError: If epochs or accumulate is below 1, or an epoch has no prediction.
        FloatingPointError: If a loss, or a gradient to be clipped, is not finite; the weights are then those before
            that step.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if accumulate < 1:
        raise ValueError(f"accumulate must be at least 1 batch, got {accumulate}")
    start = Progress() if start is None else start
    if start.end_of_epoch:
        start = Progress(epoch=start.epoch + 1, step=start.step)
    max_rates = [group["lr"] for group in optimizer.param_groups]
    weights = list(model.parameters())
    step = start.step
    for epoch in range(start.epoch, epochs):
        model.train()
        resumed = start if epoch == start.epoch else Progress(epoch=epoch)
        batches_seen, total, count = resumed.batch, resumed.total, resumed.count
        remaining = islice(batches(epoch), batches_seen, None)
        while step_batches := list(islice(remaining, accumulate)):
            loss, predictions = _compute_gradient(model, step_batches, optimizer, autocast, device)
            norm = None if clip_norm is None else nn.utils.clip_grad_norm_(weights, clip_norm)
            for name, value in (("loss", loss), ("gradient", 0.0 if norm is None else float(norm))):
                if not math.isfinite(value):
                    raise FloatingPointError(
                        f"the {name} became {value} at step {step} of epoch {epoch}; "
                        "try a smaller learning rate or clip_norm=1.0"
                    )
            factor = schedule(step) * sum(getattr(batch, "rate", 1.0) for batch in step_batches) / len(step_batches)
            for group, max_rate in zip(optimizer.param_groups, max_rates, strict=True):
                group["lr"] = max_rate * factor
            optimizer.step()
            batches_seen, step = batches_seen + len(step_batches), step + 1
            total, count = total + loss, count + predictions
            yield Progress(epoch=epoch, step=step, batch=batches_seen, total=total, count=count)
        if count == 0:
            raise ValueError(f"batches must give at least one prediction, got none in epoch {epoch}")
        yield Progress(epoch=epoch, step=step, batch=batches_seen, total=total, count=count, end_of_epoch=True)


def _compute_gradient(
    model: Trainable,
    batches: list[Batch],
    optimizer: torch.optim.Optimizer,
    autocast: torch.dtype | None,
    device: torch.device | str,
) -> tuple[float, int]:
    """Set the gradient to that of the mean loss of the batches; return their summed loss and number of predictions."""
    optimizer.zero_grad()
    totals, counts = [], []
    for batch in batches:
        with _autocast_context(autocast, device):
            loss = model.loss(batch.to(device))
        totals.append(loss.total.detach())
        counts.append(loss.count)
        penalized = loss.total if loss.penalty is None else loss.total + loss.penalty
        # The total number of predictions is known only after the last batch. Dividing by that of the first batch keeps
        # the gradients small; they are rescaled below.
        (penalized / max(counts[0], 1)).backward()  # type: ignore[no-untyped-call]
    if sum(counts) != counts[0]:
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.grad.mul_(max(counts[0], 1) / sum(counts))
    # item() waits for the device, so it is called only after all batches are launched.
    return sum(total.item() for total in totals), sum(counts)


def _autocast_context(autocast: torch.dtype | None, device: torch.device | str) -> AbstractContextManager[Any]:
    if autocast is None:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=autocast)
