"""Run a language model one token at a time: the recurrent one in NumPy, others in torch."""

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.generation.numpy_rnn import TokenSteps
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.rnn_language_model import RnnLanguageModel


class Steps(Protocol):
    """A language model that reads tokens; what it remembers of them is its state."""

    def start(self) -> Any:
        """Return the state before any text."""

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Return the state after further tokens, at least one; the state passed must not be used any more."""

    def logits(self, state: Any) -> NDArray[np.float32]:
        """Score the next token: (vocab,) logits or log-probabilities."""

    def copy(self, state: Any) -> Any:
        """Return a state that can be read on from, while this one is kept."""


def steps_of(model: LanguageModelNetwork) -> Steps:
    """Return a language model that runs on the CPU, one token at a time, without dropout."""
    return RecurrentSteps(model) if isinstance(model, RnnLanguageModel) else CachedSteps(model)


class RecurrentSteps:
    """A recurrent model, whose state has a fixed size and is never changed in place.

    Args:
        model: The model.
    """

    def __init__(self, model: RnnLanguageModel) -> None:
        self._steps = TokenSteps(model)

    def start(self) -> Any:
        """Return the state before any text."""
        return self._steps.start()

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Return the state after further tokens."""
        for token in tokens:
            state = self._steps.read(token, state)
        return state

    def logits(self, state: Any) -> NDArray[np.float32]:
        """Score the next token: (vocab,) logits, or log-probabilities of an adaptive softmax."""
        return self._steps.logits(state)

    def copy(self, state: Any) -> Any:
        """Return the state itself."""
        return state


class CachedSteps:
    """A model whose state grows with the text, up to a limit, and is changed in place.

    A state is a pair: the features of the last token, None before the first one, and the model's own state.

    Args:
        model: The model; it is copied unless it is on a CPU and evaluates.
    """

    def __init__(self, model: LanguageModelNetwork) -> None:
        if model.training or model.embedding.device.type != "cpu":
            model = copy.deepcopy(model).cpu().eval()
        self._model = model

    def start(self) -> Any:
        """Return the state before any text."""
        return None, None

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Return the state after further tokens, which are read at once."""
        with torch.inference_mode():
            features, _, after = self._model.features(torch.tensor([list(tokens)]), state[1])
        return features[0, -1], after

    def logits(self, state: Any) -> NDArray[np.float32]:
        """Score the next token: (vocab,) log-probabilities."""
        with torch.inference_mode():
            found: NDArray[np.float32] = self._model.log_probabilities(state[0]).float().numpy()
        return found

    def copy(self, state: Any) -> Any:
        """Return an independent copy."""
        features, own = state
        return features, None if own is None else own.copy()
