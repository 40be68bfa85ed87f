"""The only gradient loop: it knows no model, and yields its progress instead of printing or saving."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from textkit.models.loss import Loss
from textkit.training.schedules import Schedule, constant


class Batch(Protocol):
    """Anything that can be moved to a device."""

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
    """Where a training stands after a step.

    Attributes:
        epoch: The current epoch, from 0.
        step: Steps made in all epochs.
        loss: Mean loss of the epoch so far, in nats for each prediction.
        count: Predictions of the epoch so far.
        end_of_epoch: Whether the epoch is over; such a record follows the last step of each epoch.
    """

    epoch: int
    step: int
    loss: float
    count: int
    end_of_epoch: bool = False


def train(
    model: Trainable,
    batches: Callable[[int], Iterable[Batch]],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    schedule: Schedule = constant,
    clip_norm: float | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[Progress]:
    """Train a model, one step for each item taken from the iterator.

    Losses are summed in float64 and divided once by the count of predictions.

    Args:
        model: Module with a method ``loss(batch) -> Loss``.
        batches: Gives the batches of an epoch, from 0.
        optimizer: Holds the model's parameters; its learning rates are taken as the peak.
        epochs: How often the batches are gone through.
        schedule: Maps the steps made so far to a factor of the learning rate.
        clip_norm: Longest gradient, by its Euclidean norm; None leaves gradients alone.
        device: Where batches are moved.

    Yields:
        A `Progress` after every step, and one at the end of every epoch.

    Raises:
        ValueError: If epochs is below 1, or an epoch has no batch.
        FloatingPointError: If a loss is not finite; the weights are then those before that step.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    peaks = [group["lr"] for group in optimizer.param_groups]
    step = 0
    for epoch in range(epochs):
        model.train()
        total, count = 0.0, 0
        for batch in batches(epoch):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * schedule(step)
            loss = model.loss(batch.to(device))
            value = loss.total.item()
            if not torch.isfinite(loss.total):
                raise FloatingPointError(
                    f"the loss became {value} at step {step} of epoch {epoch}; "
                    "try a smaller learning rate or clip_norm=1.0"
                )
            optimizer.zero_grad()
            (loss.total / max(loss.count, 1)).backward()  # type: ignore[no-untyped-call]
            if clip_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()
            step += 1
            total, count = total + value, count + loss.count
            yield Progress(epoch=epoch, step=step, loss=total / max(count, 1), count=count)
        if count == 0:
            raise ValueError(f"batches must give at least one prediction, got none in epoch {epoch}")
        yield Progress(epoch=epoch, step=step, loss=total / count, count=count, end_of_epoch=True)
