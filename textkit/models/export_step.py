"""Export a language model as one step: a token and a state in, the probabilities of the next token and a state out."""

import copy
import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn import functional as F

from textkit.files.atomic import atomic_path
from textkit.models.layers import RecurrentLayer
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.vocabulary import Vocabulary

Step: TypeAlias = Callable[[torch.Tensor, list[torch.Tensor]], tuple[torch.Tensor, list[torch.Tensor]]]

METADATA = "metadata.json"
"""Name of the extra file with the metadata in a .pt2 file."""

_CHECK_TOKENS = 20  # random tokens on which an exported file is checked
_TOLERANCE = 1e-4  # largest difference of a log-probability, absolute or as a fraction of the largest one


class LanguageModelStep(nn.Module):
    """The exported module: it reads a token of each text and scores the next one.

    Args:
        model: The language model.
    """

    def __init__(self, model: RnnLanguageModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, state: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Read a token.

        Args:
            ids: (batch,) int64 token ids.
            state: The state of each layer, from the first: h, or h and c of an LSTM; (batch, units) each, zeros before
                the first token.

        Returns:
            The log-probabilities (natural logarithm) of the next token (batch, vocab), and the new state.
        """
        model = self.model
        sequence = _embedding(model, ids)
        new_state: list[torch.Tensor] = []
        for layer, parts in zip(model.layers, _by_layer(model, state), strict=True):
            assert isinstance(layer, RecurrentLayer)
            new_state += _cell_step(layer, sequence, parts)
            # The step of a cell returns h first.
            sequence = new_state[-len(parts)]
        return _log_probabilities(model, sequence), new_state


def state_names(model: RnnLanguageModel) -> list[str]:
    """Return the names of the state's parts in an exported file.

    An LSTM of two layers has h0, c0, h1 and c1.
    """
    parts = "hc" if model.config.cell == "lstm" else "h"
    return [f"{part}{layer}" for layer in range(model.config.layers) for part in parts]


def empty_state(model: RnnLanguageModel, batch: int) -> list[torch.Tensor]:
    """Return the state before the first token: zeros."""
    parts = 2 if model.config.cell == "lstm" else 1
    return [torch.zeros(batch, width) for width in model.config.widths for _ in range(parts)]


def step_metadata(vocabulary: Vocabulary, *, unit: str, tokenizer: str, start: str | None) -> dict[str, str]:
    """Return what an exported file says of its ids; lists are JSON."""
    return {
        "format": "textkit language model",
        "unit": unit,
        "tokenizer": tokenizer,
        "vocabulary": json.dumps(vocabulary.tokens, ensure_ascii=False),
        "specials": json.dumps(vocabulary.specials),
        "start": start or "",
    }


def export_step(
    model: RnnLanguageModel, path: str | os.PathLike[str], metadata: Mapping[str, str], *, check: bool = True
) -> None:
    """Export a language model to a file that other programs can run; see `LanguageModel.export`.

    Args:
        model: The model; it is not changed.
        path: A file name that ends in .pt2 (torch.export) or .onnx.
        metadata: What else the file says, by name.
        check: Whether to run the exported file on random tokens and compare it with the model.

    Raises:
        ValueError: If the path has another suffix.
        ImportError: If an ONNX export needs a package that is not installed.
        RuntimeError: If the file's log-probabilities differ from the model's; nothing is written then.
        FileNotFoundError: If the folder of the path does not exist.
    """
    kind = Path(path).suffix.lower()
    if kind not in (".pt2", ".onnx"):
        raise ValueError(f"path must end in .pt2 for torch.export or in .onnx, got {os.fspath(path)!r}; choose one")
    for name in ("onnx", "onnxscript") if kind == ".onnx" else ():
        if find_spec(name) is None:
            raise ImportError(
                f"an .onnx file needs {name}, which is not installed; pip install onnx onnxscript onnxruntime, or "
                "export to .pt2"
            )
    plain = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    step = LanguageModelStep(plain).eval()
    with atomic_path(path) as temporary, torch.no_grad():
        (_write_program if kind == ".pt2" else _write_onnx)(step, temporary, metadata)
        if check and (program := (_open_program if kind == ".pt2" else _open_onnx)(temporary, plain)) is not None:
            _compare(program, plain)


def _embedding(model: RnnLanguageModel, ids: torch.Tensor) -> torch.Tensor:
    layer = model.tied_adaptive
    if layer is None:
        return F.embedding(ids, model.embedding)
    # Unlike in training, every cluster is looked up for every token, so that no shape depends on the ids.
    vectors = F.embedding(ids.clamp(max=layer.bounds[0] - 1), model.embedding)
    for (start, end), rows, projection in zip(pairwise(layer.bounds), layer.vectors, layer.projections, strict=True):
        rare = F.linear(F.embedding((ids - start).clamp(0, end - start - 1), rows), projection)
        vectors = torch.where(((ids >= start) & (ids < end))[:, None], rare, vectors)
    return vectors


def _by_layer(model: RnnLanguageModel, state: Sequence[torch.Tensor]) -> list[Sequence[torch.Tensor]]:
    parts = len(state) // model.config.layers
    return [state[layer * parts : (layer + 1) * parts] for layer in range(model.config.layers)]


def _cell_step(layer: RecurrentLayer, inputs: torch.Tensor, state: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the state after a step, with torch's equations and order of gates."""
    projected = F.linear(inputs, layer.weight_ih, layer.bias_ih)
    recurrent = F.linear(state[0], layer.weight_hh, layer.bias_hh)
    if layer.cell == "lstm":
        i, f, g, o = (projected + recurrent).chunk(4, dim=1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return [o.sigmoid() * c.tanh(), c]
    if layer.cell == "gru":
        (reset, update, new), (reset_h, update_h, new_h) = projected.chunk(3, dim=1), recurrent.chunk(3, dim=1)
        update = (update + update_h).sigmoid()
        new = (new + (reset + reset_h).sigmoid() * new_h).tanh()
        return [(1 - update) * new + update * state[0]]
    return [(projected + recurrent).tanh() if layer.cell == "rnn_tanh" else (projected + recurrent).relu()]


def _log_probabilities(model: RnnLanguageModel, features: torch.Tensor) -> torch.Tensor:
    adaptive = model.adaptive
    if adaptive is None:
        return model.log_probabilities(features)
    # torch's own adaptive softmax writes into an empty tensor, which is slow in other runtimes.
    first = adaptive.cutoffs[0]
    head = adaptive.head(features).log_softmax(-1)
    tails = [
        head[:, first + number, None] + tail(features).log_softmax(-1) for number, tail in enumerate(adaptive.tail)
    ]
    return torch.cat([head[:, :first], *tails], dim=-1)


def _example(model: RnnLanguageModel) -> tuple[torch.Tensor, list[torch.Tensor]]:
    return torch.arange(3) % model.vocab, empty_state(model, 3)


def _dynamic_shapes(model: RnnLanguageModel) -> Any:
    batch = torch.export.Dim("batch", min=1)
    return {0: batch}, [{0: batch} for _ in state_names(model)]


def _write_program(step: LanguageModelStep, path: Path, metadata: Mapping[str, str]) -> None:
    shapes = _dynamic_shapes(step.model)
    program = torch.export.export(step, _example(step.model), dynamic_shapes=shapes, strict=False)
    torch.export.save(program, path, extra_files={METADATA: json.dumps(dict(metadata), ensure_ascii=False)})


def _open_program(path: Path, model: RnnLanguageModel) -> Step:
    program: Step = torch.export.load(path).module()
    return program


def _write_onnx(step: LanguageModelStep, path: Path, metadata: Mapping[str, str]) -> None:
    names = state_names(step.model)
    with warnings.catch_warnings():
        # They are about names of axes and torch's own calls, and nobody can do anything about them.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            step,
            _example(step.model),
            path,
            dynamo=True,
            dynamic_shapes=_dynamic_shapes(step.model),
            input_names=["ids", *names],
            output_names=["log_probabilities", *(f"new_{name}" for name in names)],
            external_data=False,  # keep the weights in the same file
            verbose=False,
        )
    onnx: Any = import_module("onnx")
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, dict(metadata))
    onnx.save(graph, path)


def _open_onnx(path: Path, model: RnnLanguageModel) -> Step | None:
    """Open an ONNX graph; None if onnxruntime is not installed, as onnx has no complete runtime of its own."""
    if find_spec("onnxruntime") is None:
        return None
    onnxruntime: Any = import_module("onnxruntime")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(ids: torch.Tensor, state: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        named = zip(["ids", *state_names(model)], [ids, *state], strict=True)
        scores, *after = session.run(None, {name: tensor.numpy() for name, tensor in named})
        return torch.from_numpy(scores), [torch.from_numpy(part) for part in after]

    return run


def _compare(program: Step, model: RnnLanguageModel) -> None:
    ids = torch.randint(model.vocab, (2, _CHECK_TOKENS), generator=torch.Generator().manual_seed(1))
    expected = model.log_probabilities(model.features(ids)[0])  # (batch, time, vocab)
    state = empty_state(model, len(ids))
    for time in range(_CHECK_TOKENS):
        found, state = program(ids[:, time], list(state))
        difference = (found - expected[:, time]).abs().max().item()
        if not difference <= _TOLERANCE * max(1.0, float(expected[:, time].abs().max())):  # also true for nan
            raise RuntimeError(
                f"the exported file must give the model's log-probabilities, got a difference of {difference:.2g} at "
                f"token {time + 1}; nothing was written; try another release of torch"
            )
