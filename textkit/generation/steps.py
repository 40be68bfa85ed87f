"""Run a language model one token at a time: the recurrent one in NumPy, a transformer in Numba."""

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textkit.generation.numpy_rnn import TokenSteps
from textkit.generation.transformer_steps import TransformerSteps
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.masked_language_model import MaskedLanguageModel
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.models.transformer_language_model import TransformerLanguageModel


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
    """Return a language model that runs on the CPU, one token at a time, without dropout.

    Raises:
        TypeError: If it does not predict the next token.
    """
    if isinstance(model, RnnLanguageModel):
        return RecurrentSteps(model)
    if isinstance(model, TransformerLanguageModel) and not isinstance(model, MaskedLanguageModel):
        if model.training or model.embedding.device.type != "cpu":
            model = copy.deepcopy(model).cpu().eval()
        return TransformerSteps(model)
    raise TypeError(
        f"model must predict the next token to generate text, got a {model.config.kind} one; train a "
        "recurrent model or a transformer"
    )


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
