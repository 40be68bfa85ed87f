"""A recurrent language model in NumPy, one token at a time: the same results as torch's, many times faster.

With a single token, torch spends nearly all its time calling kernels. Here a step of a small model takes about 50
microseconds. Matrix products are computed as rows of dot products (`numpy.vecdot`), whose results do not depend on the
number of threads.
"""

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.models.layers import RecurrentLayer
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.models.tied_adaptive import TiedAdaptiveSoftmax

Floats: TypeAlias = NDArray[np.float32]
LayerState: TypeAlias = tuple[Floats, ...]
"""(h,), or (h, c) of an LSTM; each (hidden,)."""
State: TypeAlias = tuple[LayerState, ...]
"""The states of all layers. Never changed in place."""

# Number of tokens whose input projections of the first layer are cached: all characters, or the frequent words.
_CACHED_TOKENS = 1024


class TokenSteps:
    """Runs a language model one token at a time, without dropout.

    Args:
        model: The model. Its weights are shared if they are float32 on a CPU, and copied otherwise.
    """

    def __init__(self, model: RnnLanguageModel) -> None:
        self._embedding = _floats(model.embedding)
        self._rare = None if model.tied_adaptive is None else _RareTokens(model.tied_adaptive, self._embedding)
        self._layers = [_LayerSteps(layer) for layer in model.layers if isinstance(layer, RecurrentLayer)]
        self._first_projection = lru_cache(maxsize=_CACHED_TOKENS)(self._project_token)
        self._logits: Callable[[Floats], Floats]
        if self._rare is not None:
            self._logits = self._rare.log_probs
        else:
            self._logits = _plain_output(model) if model.adaptive is None else _adaptive_output(model.adaptive)

    def start(self) -> State:
        """Return the state before any text: zeros."""
        return tuple(layer.start() for layer in self._layers)

    def read(self, token: int, state: State) -> State:
        """Read one token.

        Args:
            token: Id of the token.
            state: State before the token.

        Returns:
            The state after the token.
        """
        projected = self._first_projection(token)
        new_state: list[LayerState] = []
        for layer, layer_state in zip(self._layers, state, strict=True):
            if new_state:
                projected = layer.project(new_state[-1][0])
            new_state.append(layer.step(projected, layer_state))
        return tuple(new_state)

    def logits(self, state: State) -> Floats:
        """Score the next token: (vocab,) logits, or log-probabilities of an adaptive softmax."""
        return self._logits(state[-1][0])

    def _project_token(self, token: int) -> Floats:
        vector = self._embedding[token] if self._rare is None else self._rare.embedding(token)
        return self._layers[0].project(vector)


class _LayerSteps:
    """One recurrent layer, with torch's equations and order of gates."""

    def __init__(self, layer: RecurrentLayer) -> None:
        self._hidden = layer.hidden
        self._state_parts = 2 if layer.cell == "lstm" else 1
        self._W_ih, self._W_hh = _floats(layer.weight_ih), _floats(layer.weight_hh)
        # The two biases are added up, except in a GRU, whose reset gate multiplies the recurrent projection with its
        # bias.
        self._bias = _floats(layer.bias_ih).copy()
        self._recurrent_bias = np.zeros_like(self._bias)
        if layer.cell == "gru":
            self._recurrent_bias += _floats(layer.bias_hh)
        else:
            self._bias += _floats(layer.bias_hh)
        self._cell = {"lstm": self._lstm, "gru": self._gru, "rnn_tanh": self._tanh, "rnn_relu": self._relu}[layer.cell]

    def start(self) -> LayerState:
        return (np.zeros(self._hidden, np.float32),) * self._state_parts

    def project(self, inputs: Floats) -> Floats:
        """Return the input projection of all gates: (gates * hidden,)."""
        return cast(Floats, _product(self._W_ih, inputs) + self._bias)

    def step(self, projected: Floats, state: LayerState) -> LayerState:
        """Return the state after one step; ``projected`` is the input projection."""
        return self._cell(projected, _product(self._W_hh, state[0]), state)

    def _lstm(self, projected: Floats, recurrent: Floats, state: LayerState) -> LayerState:
        n, gates = self._hidden, projected + recurrent
        input_and_forget, output = _sigmoid(gates[: 2 * n]), _sigmoid(gates[3 * n :])
        cell = input_and_forget[n:] * state[1] + input_and_forget[:n] * np.tanh(gates[2 * n : 3 * n])
        return output * np.tanh(cell), cell

    def _gru(self, projected: Floats, recurrent: Floats, state: LayerState) -> LayerState:
        n, recurrent = self._hidden, recurrent + self._recurrent_bias
        reset_and_update = _sigmoid(projected[: 2 * n] + recurrent[: 2 * n])
        new = np.tanh(projected[2 * n :] + reset_and_update[:n] * recurrent[2 * n :])
        return (new + reset_and_update[n:] * (state[0] - new),)

    def _tanh(self, projected: Floats, recurrent: Floats, state: LayerState) -> LayerState:
        return (np.tanh(projected + recurrent),)

    def _relu(self, projected: Floats, recurrent: Floats, state: LayerState) -> LayerState:
        return (np.maximum(projected + recurrent, 0),)


def _product(weight: Floats, values: Floats) -> Floats:
    """Multiply a matrix (outputs, inputs) by a vector (inputs,)."""
    return cast(Floats, np.vecdot(weight, values))


def _sigmoid(values: Floats) -> Floats:
    # Unlike 1 / (1 + exp(-x)), this cannot overflow.
    return cast(Floats, 0.5 * np.tanh(0.5 * values) + 0.5)


def _plain_output(model: RnnLanguageModel) -> Callable[[Floats], Floats]:
    weight = _floats(model.embedding if model.output_weight is None else model.output_weight)
    if model.output_bias is None:
        raise ValueError("model must have an output bias, got None")
    bias = _floats(model.output_bias)
    return lambda features: _product(weight, features) + bias


def _adaptive_output(adaptive: nn.AdaptiveLogSoftmaxWithLoss) -> Callable[[Floats], Floats]:
    """Adaptive softmax (Grave et al. 2017).

    The head scores the frequent tokens and the clusters of rarer ones; the log-probability of a rare token is that of
    its cluster plus that of the token within the cluster.
    """
    head = _floats(adaptive.head.weight)
    tails = [(_floats(tail[0].weight), _floats(tail[1].weight)) for tail in adaptive.tail]  # type: ignore[index]
    frequent = len(head) - len(tails)

    def log_probs(features: Floats) -> Floats:
        head_log_probs = _log_softmax(_product(head, features))
        clusters = [
            head_log_probs[frequent + index] + _log_softmax(_product(output, _product(projection, features)))
            for index, (projection, output) in enumerate(tails)
        ]
        return np.concatenate([head_log_probs[:frequent], *clusters])

    return log_probs


class _RareTokens:
    """`TiedAdaptiveSoftmax`: the embeddings of rarer tokens, and the log-probabilities of all."""

    def __init__(self, layer: TiedAdaptiveSoftmax, frequent: Floats) -> None:
        self._bounds, self._frequent = layer.bounds, frequent
        self._head = np.concatenate([frequent, _floats(layer.clusters)])
        self._head_bias = _floats(layer.head_bias)
        parts = (layer.vectors, layer.projections, layer.biases)
        self._vectors, self._projections, self._biases = ([_floats(weight) for weight in part] for part in parts)

    def embedding(self, token: int) -> Floats:
        if token < self._bounds[0]:
            return cast(Floats, self._frequent[token])
        cluster = bisect_right(self._bounds, token) - 1
        return _product(self._projections[cluster], self._vectors[cluster][token - self._bounds[cluster]])

    def log_probs(self, features: Floats) -> Floats:
        head = _log_softmax(_product(self._head, features) + self._head_bias)
        frequent = self._bounds[0]
        clusters = [
            log_prob + _log_softmax(_product(vectors, _product(projection.T, features)) + bias)
            for log_prob, vectors, projection, bias in zip(
                head[frequent:], self._vectors, self._projections, self._biases, strict=True
            )
        ]
        return np.concatenate([head[:frequent], *clusters])


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max()
    return cast(Floats, shifted - np.log(np.exp(shifted).sum()))


def _floats(weight: torch.Tensor) -> Floats:
    return np.ascontiguousarray(weight.detach().cpu().float().numpy())
