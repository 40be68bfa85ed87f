"""A classifier as one file that runs without textkit: a program of torch.export, or an ONNX graph."""

import copy
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from textkit.files.atomic import atomic_path
from textkit.models.classifier import Classifier

Program: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_NAMES = ("ids", "mask")
_CHECKS, _LONGEST, _LARGEST = 12, 50, 5  # random batches, their tokens and texts
_TOLERANCE = 1e-5  # of a probability


class Probabilities(nn.Module):
    """What is exported: token ids in, probabilities out.

    Args:
        model: A classifier.
        multi_label: Whether each class has a probability of its own.
    """

    def __init__(self, model: Classifier, *, multi_label: bool = False) -> None:
        super().__init__()
        self.model = model
        self.multi_label = multi_label

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The probabilities (batch, classes) of texts.

        Args:
            ids: (batch, time) int64 token ids, time at least 1.
            mask: (batch, time) bool, True for a real token; real tokens come first.
        """
        scores: torch.Tensor = self.model(ids, mask)
        return scores.sigmoid() if self.multi_label else scores.softmax(dim=1)


def export_model(
    model: Classifier, path: str | os.PathLike[str], *, multi_label: bool = False, check: bool = True
) -> None:
    """Write a classifier to a file that other programs run, for texts of any number and any length.

    It takes ``ids`` (batch, time), int64, and ``mask`` (batch, time), bool, True for a real token, real tokens first;
    and gives the probabilities (batch, classes). One step at least is needed: an empty text is a row whose mask is
    False. A ``.pt2`` file is opened with ``torch.export.load(path).module()``.

    Args:
        model: The classifier; it is not changed.
        path: A file that ends in .pt2, for torch.export, or .onnx.
        multi_label: Whether each class has a probability of its own.
        check: Whether to run what was written on random texts of 1 to 50 tokens and compare it with the model.

    Raises:
        ValueError: If the path ends otherwise.
        ImportError: If ONNX is asked for and not installed.
        RuntimeError: If the file gives other probabilities than the model; then nothing is written.
        FileNotFoundError: If the folder of the path does not exist.
    """
    kinds: dict[str, Callable[[nn.Module, Path, Any], None]] = {".pt2": _write_program, ".onnx": _write_onnx}
    if (kind := Path(path).suffix.lower()) not in kinds:
        raise ValueError(f"path must end in .pt2 for torch.export or in .onnx, got {str(path)!r}; choose one")
    if kind == ".onnx":
        _require_onnx()
    # without gradients, the loop of a recurrent layer needs no compiler where the file is run
    whole = Probabilities(copy.deepcopy(model), multi_label=multi_label).cpu().eval().requires_grad_(False)
    with atomic_path(path) as temporary, torch.no_grad():
        example = _texts(model.vocab, batch=3, time=7, generator=torch.Generator().manual_seed(0))
        kinds[kind](whole, temporary, example)
        if check:
            program = _open_program(temporary) if kind == ".pt2" else _open_onnx(temporary)
            if program is not None:
                _compare(program, whole, model.vocab)


def _dynamic_shapes() -> tuple[dict[int, Any], dict[int, Any]]:
    batch, time = torch.export.Dim("batch", min=1), torch.export.Dim("time", min=1)
    return {0: batch, 1: time}, {0: batch, 1: time}


def _write_program(model: nn.Module, path: Path, example: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.export.save(torch.export.export(model, example, dynamic_shapes=_dynamic_shapes(), strict=False), path)


def _open_program(path: Path) -> Program:
    program: Program = torch.export.load(path).module()
    return program


def _write_onnx(model: nn.Module, path: Path, example: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.onnx.export(
        model,
        example,
        path,
        dynamo=True,
        dynamic_shapes=_dynamic_shapes(),
        input_names=_NAMES,
        output_names=["probabilities"],
        external_data=False,  # one file
        verbose=False,
    )


def _open_onnx(path: Path) -> Program | None:
    """Open an ONNX graph; None without a program to run it, as onnx itself has none that is complete."""
    if find_spec("onnxruntime") is None:
        return None
    onnxruntime: Any = import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        given = {name: tensor.numpy() for name, tensor in zip(_NAMES, tensors, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return run


def _require_onnx() -> None:
    for name in ("onnx", "onnxscript"):
        if find_spec(name) is None:
            raise ImportError(
                f"an .onnx file needs {name}, which is not installed; pip install onnx onnxscript onnxruntime, or "
                "export to .pt2"
            )


def _texts(vocab: int, *, batch: int, time: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw padded texts: ids and mask, each (batch, time); some are empty."""
    ids = torch.randint(vocab, (batch, time), generator=generator)
    lengths = torch.randint(time + 1, (batch,), generator=generator)
    lengths[0] = time
    mask = torch.arange(time) < lengths[:, None]
    return ids.masked_fill(~mask, 0), mask


def _batches(vocab: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw batches of 1 to 5 texts of 1 to 50 tokens; the smallest and the largest are among them."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(1, 1), (_LARGEST, _LONGEST), (1, _LONGEST), (_LARGEST, 1)]
    while len(sizes) < _CHECKS:
        batch, time = (int(torch.randint(1, most + 1, (), generator=generator)) for most in (_LARGEST, _LONGEST))
        sizes.append((batch, time))
    for batch, time in sizes:
        yield _texts(vocab, batch=batch, time=time, generator=generator)


def _compare(program: Program, model: nn.Module, vocab: int) -> None:
    for ids, mask in _batches(vocab):
        distance = (program(ids, mask) - model(ids, mask)).abs().max().item()
        if not distance <= _TOLERANCE:  # nan is not
            raise RuntimeError(
                f"the exported file must give the model's probabilities, got a difference of {distance:.2g} for "
                f"{len(ids)} texts of {ids.shape[1]} tokens; nothing was written; try another release of torch"
            )
