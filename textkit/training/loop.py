"""The training loop. It is independent of the model and yields progress records; the caller prints and saves."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import torch
from torch import nn

from textkit.models.forks import note_use
from textkit.models.loss import Loss
from textkit.training.ranks import ALONE, Ranks
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


_REMEDY = "try a smaller learning rate or clip_norm=1.0"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """State of a run after a step, from which `train` can resume.

    Attributes:
        epoch: Number of the current epoch, from 0.
        step: Number of steps so far, in all epochs.
        batch: Number of batches processed in this epoch.
        total: Summed loss of the epoch so far, in nats. On a GPU it stays there, as a tensor, until `settled`, as each
            look at it waits for the GPU.
        count: Number of predictions of the epoch so far.
        end_of_epoch: Whether the epoch is complete; such a record follows that of the last step of each epoch.
    """

    epoch: int = 0
    step: int = 0
    batch: int = 0
    total: float | torch.Tensor = 0.0
    count: int = 0
    end_of_epoch: bool = False

    @property
    def loss(self) -> float:
        """Mean loss of the epoch so far, in nats per prediction; 0 before the first. Waits for the GPU."""
        return float(self.settled().total) / max(self.count, 1)

    def settled(self) -> "Progress":
        """Wait for the GPU, and return the same with ``total`` as a float.

        Raises:
            FloatingPointError: If a loss or a gradient to be clipped was not finite; the weights are those before that
                step.
        """
        total = float(self.total)
        if not math.isfinite(total):
            raise FloatingPointError(
                f"the loss or the gradient became {total} by step {self.step} of epoch {self.epoch + 1}; {_REMEDY}"
            )
        return replace(self, total=total)


def train(
    model: Trainable,
    batches: Callable[[int], Iterable[Batch | None]],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    schedule: Schedule = constant,
    clip_norm: float | None = None,
    accumulate: int = 1,
    autocast: torch.dtype | None = None,
    device: torch.device | str = "cpu",
    start: Progress | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[Progress]:
    """Train a model, one step for each item taken from the iterator.

    Losses are summed in float64 and divided once by the number of predictions. The gradient of a step is that of the
    summed losses (and penalties) of its batches, divided once by their number of predictions.

    Args:
        model: Module with a method ``loss(batch) -> Loss``.
        batches: Returns the batches of an epoch, given its number from 0. With several processes, each returns its part
            of every batch, or None for no part.
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
        ranks: The processes that train together. All must begin with the same weights.

    On a GPU with a fused optimizer nothing waits for the GPU within an epoch: the host prepares the next batches
    meanwhile. A loss that is not finite is then noticed at the next look at a `Progress`, or at the end of the epoch.

    Yields:
        A `Progress` after each step, and one at the end of each epoch.

    Raises:
        ValueError: If epochs or accumulate is below 1, or an epoch has no prediction.
        RuntimeError: If gradients are turned off, by ``torch.no_grad()`` or ``torch.inference_mode()``.
        FloatingPointError: If a loss, or a gradient to be clipped, is not finite; the weights are then those before
            that step.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if accumulate < 1:
        raise ValueError(f"accumulate must be at least 1 batch, got {accumulate}")
    if not torch.is_grad_enabled():
        raise RuntimeError(
            "training must run with gradients, but they are turned off; move it out of torch.no_grad() and "
            "torch.inference_mode()"
        )
    note_use()
    start = Progress() if start is None else start
    if start.end_of_epoch:
        start = Progress(epoch=start.epoch + 1, step=start.step)
    max_rates = [group["lr"] for group in optimizer.param_groups]
    weights = list(model.parameters())
    waits = not _runs_ahead(optimizer, device) or ranks.size > 1
    step = start.step
    for epoch in range(start.epoch, epochs):
        model.train()
        resumed = start if epoch == start.epoch else Progress(epoch=epoch)
        batches_seen, total, count = resumed.batch, resumed.total, resumed.count
        remaining = islice(batches(epoch), batches_seen, None)
        while step_batches := list(islice(remaining, accumulate)):
            losses, predictions = _compute_gradient(model, step_batches, optimizer, autocast, device)
            loss: float | torch.Tensor
            if ranks.size > 1:
                own = predictions
                loss, predictions = _over_all(ranks, losses, own)
                ranks.sum_gradients(weights, own / max(predictions, 1))
            norm = None if clip_norm is None else nn.utils.clip_grad_norm_(weights, clip_norm)
            if ranks.size == 1:
                loss = sum(each.item() for each in losses) if waits else _finite_or_nan(losses, norm)
            if waits:
                for name, value in (("loss", loss), ("gradient", 0.0 if norm is None else float(norm))):
                    if not math.isfinite(value):
                        raise FloatingPointError(
                            f"the {name} became {value} at step {step + 1} of epoch {epoch + 1}; {_REMEDY}"
                        )
            factor = schedule(step) * sum(getattr(batch, "rate", 1.0) for batch in step_batches) / len(step_batches)
            for group, max_rate in zip(optimizer.param_groups, max_rates, strict=True):
                group["lr"] = max_rate * factor
            total, count = total + loss, count + predictions
            if not waits:
                # Fused optimizers skip a step where found_inf is 1. The total stays nan from then on, and so do the
                # weights stay as they are.
                optimizer.found_inf = (~torch.as_tensor(total).isfinite()).float()  # type: ignore[attr-defined]
            optimizer.step()
            batches_seen, step = batches_seen + len(step_batches), step + 1
            yield Progress(epoch=epoch, step=step, batch=batches_seen, total=total, count=count)
        if count == 0:
            raise ValueError(f"batches must give at least one prediction, got none in epoch {epoch + 1}")
        last = Progress(epoch=epoch, step=step, batch=batches_seen, total=total, count=count, end_of_epoch=True)
        yield last.settled()


def _compute_gradient(
    model: Trainable,
    batches: list[Batch | None],
    optimizer: torch.optim.Optimizer,
    autocast: torch.dtype | None,
    device: torch.device | str,
) -> tuple[list[torch.Tensor], int]:
    """Set the gradient to that of the mean loss of the batches; return their losses and the number of predictions."""
    optimizer.zero_grad()
    totals, counts = [], []
    for batch in batches:
        if batch is None:
            continue
        with _autocast_context(autocast, device):
            loss = model.loss(batch.to(device))
        totals.append(loss.total.detach())
        counts.append(loss.count)
        penalized = loss.total if loss.penalty is None else loss.total + loss.penalty
        # The total number of predictions is known only after the last batch. Dividing by that of the first batch keeps
        # the gradients small; they are rescaled below.
        (penalized / max(counts[0], 1)).backward()  # type: ignore[no-untyped-call]
    if sum(counts) != sum(counts[:1]):
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.grad.mul_(max(counts[0], 1) / sum(counts))
    return totals, sum(counts)


def _over_all(ranks: Ranks, losses: list[torch.Tensor], predictions: int) -> tuple[float, int]:
    """Return the summed loss and the number of predictions over all processes."""
    loss, count = ranks.sum([sum(each.item() for each in losses), predictions])
    return loss, int(count)


def _runs_ahead(optimizer: torch.optim.Optimizer, device: torch.device | str) -> bool:
    """Whether steps need not wait for the device: it is a GPU, and the optimizer can skip a step by itself."""
    return torch.device(device).type == "cuda" and all(group.get("fused") for group in optimizer.param_groups)


def _finite_or_nan(losses: list[torch.Tensor], norm: torch.Tensor | None) -> torch.Tensor:
    """Sum losses on their device; nan if they or the norm of the gradient are not finite."""
    loss = torch.stack([each.double() for each in losses]).sum()
    return loss if norm is None else torch.where(norm.isfinite(), loss, math.nan)


def _autocast_context(autocast: torch.dtype | None, device: torch.device | str) -> AbstractContextManager[Any]:
    if autocast is None:
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=autocast)
