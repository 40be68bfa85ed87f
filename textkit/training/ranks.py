"""Data-parallel training: the processes that train together, as ``torchrun`` starts them.

Gradients are summed over the processes and divided by the number of predictions of all of them, so that they are those
of one process with the whole batch, however the predictions are spread. The wrappers of PyTorch, Accelerate and Fabric
average over the processes instead, where a prediction weighs less the more of them its process has. Therefore the loop
uses `torch.distributed` itself.
"""

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; alone, nothing is sent.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
        device: Where tensors must be to be sent.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process prints and saves."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Return this process's part of ``count`` things in a row.

        >>> [Ranks(rank, 3).part(7) for rank in range(3)]
        [slice(0, 2, None), slice(2, 4, None), slice(4, 7, None)]
        """
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Add up numbers over all processes; every process gets the same sums."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        distributed.all_reduce(sums)
        found: list[float] = sums.tolist()
        return found

    def sum_in_place(self, tensor: torch.Tensor) -> None:
        """Replace a tensor by its sum over all processes."""
        if self.size > 1:
            distributed.all_reduce(tensor)

    def gather(self, thing: Any) -> list[Any]:
        """Return the things of all processes, in their order; they are sent by pickle."""
        things: list[Any] = [None] * self.size
        if self.size == 1:
            return [thing]
        distributed.all_gather_object(things, thing)
        return things

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """Whether each flag is set in any process."""
        return [count > 0 for count in self.sum([float(flag) for flag in flags])] if self.size > 1 else list(flags)

    def of_first(self, number: float) -> float:
        """Return the first process's number."""
        return self.sum([number if self.is_first else 0.0])[0]

    def sum_gradients(self, weights: Sequence[nn.Parameter], factor: float) -> None:
        """Replace the gradients by the sums over all processes of ``factor`` times theirs, in one message."""
        if self.size == 1:
            return
        # A process without a prediction in this step has no gradients, but must take part.
        for weight in weights:
            if weight.requires_grad and weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients]) * factor
        distributed.all_reduce(flat)
        sums = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, summed in zip(gradients, sums, strict=True):
            gradient.copy_(summed.view_as(gradient))

    def joined(self, rows: torch.Tensor) -> torch.Tensor:
        """Join the rows of all processes, in their order; every process gets all of them."""
        if self.size == 1:
            return rows
        return torch.cat(self.gather(rows.cpu())).to(rows.device)


ALONE = Ranks()


def join_ranks(device: torch.device | str) -> tuple[Ranks, torch.device]:
    """Join the other processes if ``torchrun`` has started this one among several.

    Args:
        device: The device that was asked for. Each process of a machine takes a GPU of its own.

    Returns:
        The ranks, and the device of this process.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        return ALONE, torch.device(device)
    if str(device) == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    device = torch.device(device)
    # The group stays until the process ends, as several trainings in one process use it.
    if not distributed.is_initialized():
        # This module keeps the group that is there when it is imported, and optimizers import it: the group would
        # outlive its destruction, and a thread of gloo that frees a tensor while Python shuts down aborts the process.
        import_module("torch.distributed.nn.functional")
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(_leave)
    return Ranks(distributed.get_rank(), distributed.get_world_size(), str(device)), device


def _leave() -> None:
    """Destroy the group, which ends its threads, unless the program has done so."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
