"""Choose and check a device, and set the number of torch threads."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch

from textkit.batches.records import BpttBatch
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.progress import say

Precision = Literal["auto", "float32", "bfloat16"]

_TOLERANCE = 1e-2  # of a gradient, as a fraction of the largest one; cuDNN computes with 10 bits by default
_said: set[str] = set()


def usable_device(device: torch.device | str, *, progress: bool = False) -> torch.device:
    """Return the device if it is usable on this machine.

    Args:
        device: "cpu", "cuda", "cuda:1", ..., "mps"; or "auto" for a GPU, CUDA or MPS, if there is one whose results
            agree with those of the CPU, and for the CPU otherwise.
        progress: Whether to say on stderr, once, which GPU "auto" has chosen.

    Raises:
        ValueError: If it is not usable.
    """
    if isinstance(device, str) and device == "auto":
        return _chosen(progress)
    try:
        usable = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(
            f"device must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps', got {device!r}; 'auto' is a GPU if there is one"
        ) from None
    # torch raises RuntimeError or AssertionError for a device that it lacks, depending on the kind of device.
    try:
        torch.empty(0, device=usable)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"device must be one that works here, got {str(device)!r} ({reason}); use 'auto' or 'cpu'"
        ) from error
    return usable


def _chosen(progress: bool) -> torch.device:
    for kind, present in (("cuda", has_gpu()), ("mps", _has_mps())):
        if not present:
            continue
        if not agrees_with_cpu(kind):
            warnings.warn(
                f"the results of {kind} must agree with those of the CPU, but they do not; device 'auto' is the CPU",
                stacklevel=4,
            )
            continue
        if progress and kind not in _said and os.environ.get("RANK", "0") == "0":
            _said.add(kind)
            name = f", {torch.cuda.get_device_name()}" if kind == "cuda" else ""
            say(f"device: {kind}{name}")
        return torch.device(kind)
    return torch.device("cpu")


@cache
def agrees_with_cpu(kind: str) -> bool:
    """Return whether a small network has the same loss and gradients on a device as on the CPU.

    Random numbers are drawn on the device, too, and a fused optimizer takes a step, as in training.
    """
    try:
        expected, found = _gradients("cpu"), _gradients(kind)
    except (RuntimeError, NotImplementedError, TypeError, AssertionError):
        return False
    largest = max(float(each.abs().max()) for each in expected)
    return all(
        float((one - other).abs().max()) <= _TOLERANCE * largest for one, other in zip(expected, found, strict=True)
    )


def _gradients(kind: str) -> list[torch.Tensor]:
    config = RnnLanguageModelConfig(layers=2, dim=16, hidden=16, tied=True)
    model = RnnLanguageModel(config, 32, generator=torch.Generator().manual_seed(1)).to(kind)
    ids = torch.randint(32, (4, 13), generator=torch.Generator().manual_seed(2))
    batch = BpttBatch(inputs=ids[:, :-1], targets=ids[:, 1:], first=True).to(kind)
    torch.empty(4, device=kind).bernoulli_(0.5, generator=torch.Generator(kind))
    loss = model.loss(batch).total
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [weight.grad.cpu() for weight in model.parameters() if weight.grad is not None]
    torch.optim.AdamW(model.parameters(), fused=True).step()
    if not all(bool(weight.isfinite().all()) for weight in model.parameters()):
        raise RuntimeError("a step must leave the weights finite")
    return [loss.detach().cpu()[None], *gradients]


def resolved_precision(precision: Precision, device: torch.device) -> Literal["float32", "bfloat16"]:
    """Resolve "auto": mixed precision on a GPU that has bfloat16, float32 elsewhere."""
    if precision != "auto":
        return precision
    return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"


def has_gpu() -> bool:
    """Whether torch can use an NVIDIA GPU."""
    return torch.cuda.is_available()


def _has_mps() -> bool:
    """Whether torch can use an Apple GPU, in a single process; its processes cannot exchange tensors."""
    return torch.backends.mps.is_available() and os.environ.get("WORLD_SIZE", "1") == "1"


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Set the number of torch threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
