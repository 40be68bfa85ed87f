"""The only gradient loop: it knows no model, and yields its progress instead of printing or saving."""

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

    If it has a number called ``rate``, the learning rate of its step is multiplied with it.
    """

    def to(self, device: torch.device | str) -> Any:
        """The same batch on another device."""


class Trainable(Protocol):
    """A torch module with a loss."""

    def loss(self, batch: Any) -> Loss:
        """The summed loss of a batch and the number of predictions in it."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights."""

    def train(self, mode: bool = True) -> Any:
        """Switch training on."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a training stands after a step; `train` can go on from such a place.

    Attributes:
        epoch: The current epoch, from 0.
        step: Steps made in all epochs.
        batch: Batches gone through in this epoch.
        total: Summed loss of the epoch so far, in nats.
        count: Predictions of the epoch so far.
        end_of_epoch: Whether the epoch is over; such a record follows the last step of each epoch.
    """

    epoch: int = 0
    step: int = 0
    batch: int = 0
    total: float = 0.0
    count: int = 0
    end_of_epoch: bool = False

    @property
    def loss(self) -> float:
        """Mean loss of the epoch so far, in nats for each prediction; 0 before the first."""
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

    Losses are summed in float64 and divided once by the count of predictions. The gradient of a step is that of the
    summed losses (and penalties) of its batches, divided once by the count of their predictions.

    Args:
        model: Module with a method ``loss(batch) -> Loss``.
        batches: Gives the batches of an epoch, from 0.
        optimizer: Holds the model's parameters; its learning rates are taken as the peak.
        epochs: How often the batches are gone through.
        schedule: Maps the steps made so far to a factor of the learning rate.
        clip_norm: Longest gradient, by its Euclidean norm; None leaves gradients alone.
        accumulate: Batches for each step.
        autocast: Number format for the parts of a model where torch thinks a shorter one safe, such as
            ``torch.bfloat16``; None computes in the format of the weights.
        device: Where batches are moved.
        start: Go on after this record, the batches that it has seen being passed over; None begins. Weights and
            optimizer must be those of that moment.

    Yields:
        A `Progress` after every step, and one at the end of every epoch.

    Raises:
        ValueError: If epochs or accumulate is below 1, or an epoch has no prediction.
        FloatingPointError: If a loss or a gradient that is clipped is not finite; the weights are then those before
            that step.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if accumulate < 1:
        raise ValueError(f"accumulate must be at least 1 batch, got {accumulate}")
    start = Progress() if start is None else start
    if start.end_of_epoch:
        start = Progress(epoch=start.epoch + 1, step=start.step)
    peaks = [group["lr"] for group in optimizer.param_groups]
    weights = list(model.parameters())
    step = start.step
    for epoch in range(start.epoch, epochs):
        model.train()
        here = start if epoch == start.epoch else Progress(epoch=epoch)
        number, total, count = here.batch, here.total, here.count
        rest = islice(batches(epoch), number, None)
        while group := list(islice(rest, accumulate)):
            value, predictions = _gradient(model, group, optimizer, autocast, device)
            norm = None if clip_norm is None else nn.utils.clip_grad_norm_(weights, clip_norm)
            for name, found in (("loss", value), ("gradient", 0.0 if norm is None else float(norm))):
                if not math.isfinite(found):
                    raise FloatingPointError(
                        f"the {name} became {found} at step {step} of epoch {epoch}; "
                        "try a smaller learning rate or clip_norm=1.0"
                    )
            rate = schedule(step) * sum(getattr(batch, "rate", 1.0) for batch in group) / len(group)
            for parameters, peak in zip(optimizer.param_groups, peaks, strict=True):
                parameters["lr"] = peak * rate
            optimizer.step()
            number, step = number + len(group), step + 1
            total, count = total + value, count + predictions
            yield Progress(epoch=epoch, step=step, batch=number, total=total, count=count)
        if count == 0:
            raise ValueError(f"batches must give at least one prediction, got none in epoch {epoch}")
        yield Progress(epoch=epoch, step=step, batch=number, total=total, count=count, end_of_epoch=True)


def _gradient(
    model: Trainable,
    group: list[Batch],
    optimizer: torch.optim.Optimizer,
    autocast: torch.dtype | None,
    device: torch.device | str,
) -> tuple[float, int]:
    """Set the gradient to that of the mean loss of the batches; return their summed loss and their predictions."""
    optimizer.zero_grad()
    totals, counts = [], []
    for batch in group:
        with _format(autocast, device):
            loss = model.loss(batch.to(device))
        totals.append(loss.total.detach())
        counts.append(loss.count)
        whole = loss.total if loss.penalty is None else loss.total + loss.penalty
        # the count of all is known only after the last batch; divided by that of the first, numbers stay small
        (whole / max(counts[0], 1)).backward()  # type: ignore[no-untyped-call]
    if sum(counts) != counts[0]:
        for parameters in optimizer.param_groups:
            for weight in parameters["params"]:
                if weight.grad is not None:
                    weight.grad.mul_(max(counts[0], 1) / sum(counts))
    return sum(total.item() for total in totals), sum(counts)  # the one place that waits for the device


def _format(autocast: torch.dtype | None, device: torch.device | str) -> AbstractContextManager[Any]:
    if autocast is None:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=autocast)
