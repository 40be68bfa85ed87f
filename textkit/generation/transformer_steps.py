"""A transformer language model, one token at a time: the same results as torch's, several times faster.

With a single token, torch spends half its time calling kernels, and its matrix products do not use all of the memory's
bandwidth. Here a token goes through all layers in one compiled function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.kernels.transformer_step_cpu import matrix_product, read_token
from textkit.models.attention_cache import AttentionCache
from textkit.models.transformer_language_model import TransformerLanguageModel
from textkit.models.transformer_layer import TransformerLayer

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The tokens that the next one can see.

    Attributes:
        tokens: Their ids, at most as many as there are positions; changed in place.
        keys: (layers, heads, positions, dim of a head); changed in place.
        values: As ``keys``.
        features: (1, dim), the normalized output of the last layer for the last token; changed in place.
    """

    tokens: list[int]
    keys: Floats
    values: Floats
    features: Floats


class TransformerSteps:
    """Runs a transformer one token at a time, without dropout; the tokens of a prompt are read by torch, at once.

    Args:
        model: The model, on the CPU and in evaluation mode. Its weights are copied.
    """

    def __init__(self, model: TransformerLanguageModel) -> None:
        self._model, self._positions = model, model.config.positions
        self._embedding = _floats(model.embedding)
        self._output = self._embedding if model.output_weight is None else _floats(model.output_weight)
        self._no_bias = np.zeros(model.vocab, np.float32)
        self._places = None if model.position_embedding is None else _floats(model.position_embedding)
        self._weights = _rotations(model) + _stacked(model)

    def start(self) -> Window | None:
        """Return the state before any text: None."""
        return None

    def read(self, tokens: Sequence[int], state: Window | None) -> Window:
        """Return the state after further tokens, at least one; the state passed must not be used any more."""
        if state is None:
            return self._read_at_once(list(tokens))
        for token in tokens:
            if len(state.tokens) == self._positions:
                state = self._read_at_once(state.tokens[-(self._positions // 2) :])
            place = len(state.tokens)
            state.features[0] = self._embedding[token]
            if self._places is not None:
                state.features[0] += self._places[place]
            read_token(state.features, place, *self._weights, state.keys, state.values)
            state.tokens.append(token)
        return state

    def logits(self, state: Window) -> Floats:
        """Score the next token: (vocab,) logits."""
        scores = np.empty(self._model.vocab, np.float32)
        matrix_product(self._output, self._no_bias, state.features, scores)
        return scores

    def copy(self, state: Window | None) -> Window | None:
        """Return an independent copy."""
        if state is None:
            return None
        copies = {name: getattr(state, name).copy() for name in ("tokens", "keys", "values", "features")}
        return replace(state, **copies)

    def _read_at_once(self, tokens: list[int]) -> Window:
        cache = AttentionCache()
        with torch.inference_mode():
            features, _, _ = self._model.features(torch.tensor([tokens]), cache)
        ids, keys, values = cache.contents()
        return Window(
            tokens=ids[0].tolist(),
            keys=self._with_room(keys),
            values=self._with_room(values),
            features=_floats(features[:, -1]),
        )

    def _with_room(self, layers: list[torch.Tensor]) -> Floats:
        """Stack the keys or values (1, heads, tokens, dim of a head) of all layers, with room for further tokens."""
        _, heads, tokens, dim = layers[0].shape
        stacked = np.zeros((len(layers), heads, self._positions, dim), np.float32)
        for whole, found in zip(stacked, layers, strict=True):
            whole[:, :tokens] = found[0].float().numpy()
        return stacked


def _rotations(model: TransformerLanguageModel) -> tuple[Floats, Floats]:
    """Return the cosines and sines of all positions, (positions, dim of a head / 2), without rows if none are used."""
    if model.position_embedding is not None:
        return np.empty((0, 0), np.float32), np.empty((0, 0), np.float32)
    cosines, sines = model.angles(0, model.config.positions, model.embedding)
    return _floats(cosines), _floats(sines)


def _stacked(model: TransformerLanguageModel) -> tuple[Floats | float, ...]:
    """Return the weights of all layers side by side, in the order of `read_token`."""
    layers = [layer for layer in model.layers if isinstance(layer, TransformerLayer)]

    def stack(weights: Callable[[TransformerLayer], torch.Tensor]) -> Floats:
        return _floats(torch.stack([weights(layer) for layer in layers]))

    def norms(layer: TransformerLayer) -> torch.Tensor:
        both = layer.attention_norm, layer.feed_forward_norm
        return torch.stack([part for norm in both for part in (norm.weight, norm.bias)])

    return (
        stack(norms),
        stack(lambda layer: layer.projection.weight),
        stack(lambda layer: layer.projection.bias),
        stack(lambda layer: layer.attended.weight),
        stack(lambda layer: layer.attended.bias),
        stack(lambda layer: layer.up.weight),
        stack(lambda layer: layer.up.bias),
        stack(lambda layer: layer.down.weight),
        stack(lambda layer: layer.down.bias),
        _floats(torch.stack([model.norm.weight, model.norm.bias])),
        model.norm.eps,
    )


def _floats(weight: torch.Tensor) -> Floats:
    return np.ascontiguousarray(weight.detach().float().numpy())
