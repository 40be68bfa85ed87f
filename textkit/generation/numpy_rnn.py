"""A recurrent language model read token by token, in NumPy: the same numbers as torch's, many times sooner.

For a single token nearly all of torch's time goes into calling its kernels. Here a step of a small model takes some
50 microseconds. Every product is a row of dot products (`numpy.vecdot`), which do not depend on the number of threads.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.models.layers import RecurrentLayer
from textkit.models.rnn_language_model import RnnLanguageModel

Floats: TypeAlias = NDArray[np.float32]
LayerMemory: TypeAlias = tuple[Floats, ...]
"""(h,), or (h, c) of an LSTM; each (hidden,)."""
Memory: TypeAlias = tuple[LayerMemory, ...]
"""What is remembered of the text so far: for each layer its own. Never changed in place."""

_KEPT = 1024  # tokens whose way into the first layer is remembered: all characters, or the frequent words


class TokenSteps:
    """Reads one token after another; dropout is off.

    Args:
        model: The model. Its weights are used where they are, if that is on a CPU, and copied else.
    """

    def __init__(self, model: RnnLanguageModel) -> None:
        self._embedding = _floats(model.embedding)
        self._layers = [_LayerSteps(layer) for layer in model.layers if isinstance(layer, RecurrentLayer)]
        self._first = lru_cache(maxsize=_KEPT)(self._way_into_first)
        self._logits = _plain_output(model) if model.adaptive is None else _adaptive_output(model.adaptive)

    def start(self) -> Memory:
        """What is remembered before any text."""
        return tuple(layer.start() for layer in self._layers)

    def read(self, token: int, memory: Memory) -> Memory:
        """Read one token.

        Args:
            token: Its id.
            memory: What was remembered before it.

        Returns:
            What is remembered after it.
        """
        way_in = self._first(token)
        after: list[LayerMemory] = []
        for layer, before in zip(self._layers, memory, strict=True):
            if after:
                way_in = layer.way_in(after[-1][0])
            after.append(layer.step(way_in, before))
        return tuple(after)

    def logits(self, memory: Memory) -> Floats:
        """Score the next token: (vocab,) logits, or log-probabilities of an adaptive softmax."""
        return self._logits(memory[-1][0])

    def _way_into_first(self, token: int) -> Floats:
        return self._layers[0].way_in(self._embedding[token])


class _LayerSteps:
    """One recurrent layer, with torch's equations and order of gates."""

    def __init__(self, layer: RecurrentLayer) -> None:
        self._hidden = layer.hidden
        self._states = 2 if layer.cell == "lstm" else 1
        self._from_below, self._from_before = _floats(layer.weight_ih), _floats(layer.weight_hh)
        self._bias = _floats(layer.bias_ih).copy()
        self._recurrent_bias = np.zeros_like(self._bias)
        if layer.cell == "gru":  # its reset gate is applied to what comes from before, bias included
            self._recurrent_bias += _floats(layer.bias_hh)
        else:
            self._bias += _floats(layer.bias_hh)
        self._cell = {"lstm": self._lstm, "gru": self._gru, "rnn_tanh": self._tanh, "rnn_relu": self._relu}[layer.cell]

    def start(self) -> LayerMemory:
        return (np.zeros(self._hidden, np.float32),) * self._states

    def way_in(self, below: Floats) -> Floats:
        """What comes from below: (gates * hidden,)."""
        return cast(Floats, _product(self._from_below, below) + self._bias)

    def step(self, way_in: Floats, before: LayerMemory) -> LayerMemory:
        return self._cell(way_in, _product(self._from_before, before[0]), before)

    def _lstm(self, way_in: Floats, recurrent: Floats, before: LayerMemory) -> LayerMemory:
        n, gates = self._hidden, way_in + recurrent
        entrance_and_forget, out = _sigmoid(gates[: 2 * n]), _sigmoid(gates[3 * n :])
        cell = entrance_and_forget[n:] * before[1] + entrance_and_forget[:n] * np.tanh(gates[2 * n : 3 * n])
        return out * np.tanh(cell), cell

    def _gru(self, way_in: Floats, recurrent: Floats, before: LayerMemory) -> LayerMemory:
        n, recurrent = self._hidden, recurrent + self._recurrent_bias
        reset_and_update = _sigmoid(way_in[: 2 * n] + recurrent[: 2 * n])
        new = np.tanh(way_in[2 * n :] + reset_and_update[:n] * recurrent[2 * n :])
        return (new + reset_and_update[n:] * (before[0] - new),)

    def _tanh(self, way_in: Floats, recurrent: Floats, before: LayerMemory) -> LayerMemory:
        return (np.tanh(way_in + recurrent),)

    def _relu(self, way_in: Floats, recurrent: Floats, before: LayerMemory) -> LayerMemory:
        return (np.maximum(way_in + recurrent, 0),)


def _product(weight: Floats, values: Floats) -> Floats:
    """A matrix (to, from) times a vector (from,)."""
    return cast(Floats, np.vecdot(weight, values))


def _sigmoid(values: Floats) -> Floats:
    return cast(Floats, 0.5 * np.tanh(0.5 * values) + 0.5)  # unlike 1 / (1 + exp(-x)), this cannot overflow


def _plain_output(model: RnnLanguageModel) -> Callable[[Floats], Floats]:
    weight = _floats(model.embedding if model.output_weight is None else model.output_weight)
    if model.output_bias is None:
        raise ValueError("model must have a bias of the output, got none")
    bias = _floats(model.output_bias)
    return lambda features: _product(weight, features) + bias


def _adaptive_output(adaptive: nn.AdaptiveLogSoftmaxWithLoss) -> Callable[[Floats], Floats]:
    """Grave et al. 2017: the frequent tokens and the groups of rarer ones first, then the tokens of each group."""
    head = _floats(adaptive.head.weight)
    tails = [(_floats(tail[0].weight), _floats(tail[1].weight)) for tail in adaptive.tail]  # type: ignore[index]
    frequent = len(head) - len(tails)

    def logits(features: Floats) -> Floats:
        first = _log_softmax(_product(head, features))
        groups = [
            first[frequent + number] + _log_softmax(_product(score, _product(shrink, features)))
            for number, (shrink, score) in enumerate(tails)
        ]
        return np.concatenate([first[:frequent], *groups])

    return logits


def _log_softmax(logits: Floats) -> Floats:
    below = logits - logits.max()
    return cast(Floats, below - np.log(np.exp(below).sum()))


def _floats(weight: torch.Tensor) -> Floats:
    return np.ascontiguousarray(weight.detach().cpu().float().numpy())
