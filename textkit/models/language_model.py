"""What language models have in common: a config that creates a network, and a network that reads windows of text."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.batches.records import BpttBatch, SequenceBatch, TwoWayBatch
from textkit.checks import SUITED
from textkit.models.loss import Loss

Config = TypeVar("Config", bound="LanguageModelConfig")


@dataclass(frozen=True, kw_only=True)
class LanguageModelConfig:
    """Base class of the configs of language models; each creates its network.

    Fields that are not given (None) are what suits the unit; `default_config` in `textkit.language_model.defaults` has
    the values.
    """

    kind: ClassVar[str] = ""
    """Name of the architecture in a saved model and on the command line."""

    architecture: ClassVar[tuple[str, ...]] = ()
    """The fields that decide the shapes and the meaning of the weights, which cannot change once there are weights."""

    carries_state: ClassVar[bool] = False
    """Whether training carries a state from window to window, so that windows are read in the order of the text."""

    two_way: ClassVar[bool] = False
    """Whether training reads a text also from its end, in `TwoWayBatch` records."""

    def network(self, vocab: int, *, generator: torch.Generator | None = None) -> "LanguageModelNetwork":
        """Create the network; for training, and before its weights are loaded.

        Args:
            vocab: Size of the vocabulary.
            generator: Random generator of the initial weights; torch's global one if None.

        Raises:
            NotImplementedError: If the config does not override this method.
        """
        raise NotImplementedError(f"{type(self).__name__} must override network(vocab, generator=...)")

    @property
    def state_width(self) -> int:
        """Number of units of a token's state; see `LanguageModel.states`."""
        raise NotImplementedError(f"{type(self).__name__} must override state_width")

    def completed(self: Config, defaults: Config) -> Config:
        """Take what was not given from the defaults of the unit."""
        left: dict[str, Any] = {
            field.name: getattr(defaults, field.name)
            for field in fields(self)
            if field.default is SUITED and getattr(self, field.name) is SUITED
        }
        return replace(self, **left)

    def check_longest(self, tokens: int, *, documents: bool) -> None:
        """Check that the network can be trained on sequences of this length.

        Args:
            tokens: Number of inputs of the longest sequence.
            documents: Whether it is a document, and not a window.
        """

    def __str__(self) -> str:
        """Describe the architecture in a few words."""
        return self.kind


class LanguageModelNetwork(nn.Module, ABC):
    """Base class of the networks: each predicts the next token from the tokens so far.

    Attributes:
        config: Architecture and regularization.
        vocab: Size of the vocabulary.
        embedding: (vocab, dim), the embeddings; with a tied adaptive softmax those of the first cluster.
        evaluation_window: Number of tokens to read at a time in evaluation; None if the result does not depend on it.
        layers: The layers, with all weights but those of embeddings, output layer and a last normalization.
        dropout_generator: Random generator of the dropout masks, used in training only. For speed, replace it by one on
            the model's device. Its state belongs in a checkpoint.
        perturbation: (batch, time, dim), added to the embeddings that `features` reads in training; None for nothing.
    """

    config: LanguageModelConfig
    vocab: int
    evaluation_window: int | None = None
    embedding: nn.Parameter
    layers: nn.ModuleList
    dropout_generator: torch.Generator
    perturbation: torch.Tensor | None = None

    @abstractmethod
    def features(
        self, inputs: torch.Tensor, state: Any = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Compute what the next token is predicted from.

        Args:
            inputs: (batch, time) int64 token ids.
            state: State after the earlier tokens, which may be changed in place; None at the start of a text.
            lengths: (batch,) int64 on the CPU, number of real tokens in each row; None if all are real.

        Returns:
            The outputs of the last layer after and before dropout, both (batch, time, width), and the new state.
        """

    @abstractmethod
    def log_probabilities(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the log-probabilities (natural logarithm) of the next token.

        Args:
            features: (..., width).

        Returns:
            (..., vocab); the exponentials of each row sum to 1.
        """

    @abstractmethod
    def window_loss(self, batch: Any, state: Any = None) -> tuple[Loss, Any]:
        """Compute the summed loss of one window and the state after it.

        Args:
            batch: A `BpttBatch` or `SequenceBatch`: inputs, and as targets the tokens that follow them. If the config
                says ``two_way``, also a `TwoWayBatch`.
            state: State before the window; None at the start of a text.
        """

    def init_output_bias(self, counts: NDArray[np.integer]) -> None:
        """Let a new network predict tokens by their frequencies, where its output layer has a bias.

        Args:
            counts: (vocab,) count of each token in the training text.
        """

    def weights_of_layers(self) -> list[list[nn.Parameter]]:
        """Return the weights of each layer, from the first to the last."""
        return [list(layer.parameters()) for layer in self.layers]

    def loss(self, batch: BpttBatch | SequenceBatch | TwoWayBatch) -> Loss:
        """Compute the loss of one window, starting from an empty state."""
        return self.window_loss(batch)[0]
