"""Export a classifier to one file that runs without textkit: a torch.export program or an ONNX graph."""

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from torch import nn

from textkit.files.atomic import atomic_path
from textkit.models.classifier import Classifier
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.models.word_avg import WordAvg

Program: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_NAMES = ("ids", "mask")
_CHECK_BATCHES = 12  # random batches on which an exported file is checked
_MAX_TOKENS, _MAX_TEXTS = 50, 5  # their largest size
_TOLERANCE = 1e-5  # largest absolute difference of a probability


class Probabilities(nn.Module):
    """The exported module: a classifier with probabilities as its outputs.

    Args:
        model: The classifier.
        multi_label: Whether classes are independent (sigmoid) rather than exclusive (softmax).
    """

    def __init__(self, model: Classifier, *, multi_label: bool = False) -> None:
        super().__init__()
        self.model = model
        self.multi_label = multi_label

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the probabilities of the classes.

        Args:
            ids: (batch, time) int64 token ids, time at least 1.
            mask: (batch, time) bool, True for a real token; real tokens come first.

        Returns:
            (batch, classes).
        """
        scores: torch.Tensor = self.model(ids, mask)
        return scores.sigmoid() if self.multi_label else scores.softmax(dim=1)


def export_model(
    model: Classifier,
    path: str | os.PathLike[str],
    *,
    multi_label: bool = False,
    check: bool = True,
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Export a classifier to a file that other programs can run, for any number and length of texts.

    Its inputs are ``ids`` (batch, time), int64, and ``mask`` (batch, time), bool, True for a real token, with real
    tokens first. Its output is the probabilities (batch, classes). There must be at least one step: an empty text is a
    row whose mask is False. A ``.pt2`` file is opened with ``torch.export.load(path).module()``.

    Args:
        model: The classifier; it is not changed.
        path: A file name that ends in .pt2 (torch.export) or .onnx.
        multi_label: Whether classes are independent (sigmoid) rather than exclusive (softmax).
        check: Whether to run the exported file on random texts of 1 to 50 tokens and compare it with the model.
        metadata: Entries for the metadata of an ONNX graph.

    Raises:
        ValueError: If the path has another suffix, or the model is on a language model that cannot be exported.
        ImportError: If an ONNX export needs a package that is not installed.
        RuntimeError: If the file's probabilities differ from the model's; nothing is written then.
        FileNotFoundError: If the folder of the path does not exist.
    """
    if (kind := Path(path).suffix.lower()) not in (".pt2", ".onnx"):
        raise ValueError(f"path must end in .pt2 for torch.export or in .onnx, got {str(path)!r}; choose one")
    if kind == ".onnx":
        _require_onnx()
    if isinstance(model, PretrainedClassifier) and not model.exportable:
        raise ValueError(
            "a classifier to export must be on a recurrent language model of LSTM or GRU layers, got "
            f"{model.config.language_model}; save it as a folder, which textkit.load reads"
        )
    exported = copy.deepcopy(model)
    if isinstance(exported, WordAvg):
        exported.compact()
    # With gradients, the scan of a recurrent layer would need a compiler on the machine that runs the file.
    whole = Probabilities(exported, multi_label=multi_label).cpu().eval().requires_grad_(False)
    with atomic_path(path) as temporary, torch.no_grad():
        example = _texts(model.vocab, batch=3, time=7, generator=torch.Generator().manual_seed(0))
        if kind == ".pt2":
            _write_program(whole, temporary, example)
        else:
            _write_onnx(whole, temporary, example, metadata)
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


def _write_onnx(
    model: nn.Module, path: Path, example: tuple[torch.Tensor, torch.Tensor], metadata: Mapping[str, str]
) -> None:
    program = torch.onnx.export(
        model,
        example,
        dynamo=True,
        dynamic_shapes=_dynamic_shapes(),
        input_names=_NAMES,
        output_names=["probabilities"],
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)  # the weights are kept in the same file


def _open_onnx(path: Path) -> Program | None:
    """Open an ONNX graph; None if onnxruntime is not installed, as onnx has no complete runtime of its own."""
    if find_spec("onnxruntime") is None:
        return None
    onnxruntime: Any = import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        inputs = {name: tensor.numpy() for name, tensor in zip(_NAMES, tensors, strict=True)}
        return torch.from_numpy(session.run(None, inputs)[0])

    return run


def _require_onnx() -> None:
    for name in ("onnx", "onnxscript"):
        if find_spec(name) is None:
            raise ImportError(
                f"an .onnx file needs {name}, which is not installed; pip install onnx onnxscript onnxruntime, or "
                "export to .pt2"
            )


def _texts(vocab: int, *, batch: int, time: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw random padded texts, some of them empty: ids and mask, each (batch, time)."""
    ids = torch.randint(vocab, (batch, time), generator=generator)
    lengths = torch.randint(time + 1, (batch,), generator=generator)
    lengths[0] = time
    mask = torch.arange(time) < lengths[:, None]
    return ids.masked_fill(~mask, 0), mask


def _batches(vocab: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw random batches of 1 to 5 texts of 1 to 50 tokens, with the smallest and largest sizes among them."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(1, 1), (_MAX_TEXTS, _MAX_TOKENS), (1, _MAX_TOKENS), (_MAX_TEXTS, 1)]
    while len(sizes) < _CHECK_BATCHES:
        batch, time = (int(torch.randint(1, most + 1, (), generator=generator)) for most in (_MAX_TEXTS, _MAX_TOKENS))
        sizes.append((batch, time))
    for batch, time in sizes:
        yield _texts(vocab, batch=batch, time=time, generator=generator)


def _compare(program: Program, model: nn.Module, vocab: int) -> None:
    for ids, mask in _batches(vocab):
        difference = (program(ids, mask) - model(ids, mask)).abs().max().item()
        if not difference <= _TOLERANCE:  # also true for nan
            raise RuntimeError(
                f"the exported file must give the model's probabilities, got a difference of {difference:.2g} for "
                f"{len(ids)} texts of {ids.shape[1]} tokens; nothing was written; try another release of torch"
            )
