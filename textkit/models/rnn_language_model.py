"""A recurrent language model: predicts the next token from the tokens so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import ClassVar, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch
from textkit.checks import SUITED, check_choice, is_finite, set_count, set_finite, set_fraction, set_switch
from textkit.models.cross_entropy import linear_cross_entropy
from textkit.models.forks import note_use
from textkit.models.language_model import LanguageModelConfig, LanguageModelNetwork
from textkit.models.layers import (
    CELLS,
    MOST_LAYERS,
    NO_DROPOUT,
    Cell,
    LayerState,
    RecurrentLayer,
    drop_tokens,
    locked_dropout,
)
from textkit.models.loss import Loss
from textkit.models.output_weights import TAIL_DIVISOR, adaptive_softmax, init_uniform, unigram_log_probs
from textkit.models.tied_adaptive import TiedAdaptiveSoftmax
from textkit.other_names import class_with_other_names

State: TypeAlias = tuple[LayerState, ...]
"""The recurrent state: for each layer (h,), or (h, c) of an LSTM; each (batch, units of the layer)."""


_BY_UNIT = ("layers", "dim", "hidden", "tied", "input_dropout", "layer_dropout", "output_dropout", "cutoffs")


def detached(state: State) -> State:
    """Detach a state from the graph, so that gradients stop at the boundary between two windows."""
    return tuple(tuple(part.detach() for part in layer) for layer in state)


OTHER_NAMES = {
    **dict.fromkeys(("hidden_size", "hidden_dim", "n_hid", "nhid", "units"), "hidden"),
    **dict.fromkeys(
        ("embedding_dim", "embedding_size", "emb_dim", "emb_sz", "emsize", "ninp", "input_size", "vector_size"), "dim"
    ),
    **dict.fromkeys(("num_layers", "n_layers", "nlayers"), "layers"),
    **dict.fromkeys(("rnn_type", "cell_type", "model"), "cell"),
    **dict.fromkeys(("tie_weights", "tie_word_embeddings"), "tied"),
    "dropout": "input_dropout, layer_dropout or output_dropout",
}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class RnnLanguageModelConfig(LanguageModelConfig):
    """Architecture and regularization of an `RnnLanguageModel`.

    ``layers``, ``dim``, ``hidden``, ``tied``, ``cutoffs`` and the dropout of inputs, layers and outputs that are not
    given are what suits the unit; `default_config` in `textkit.language_model.defaults` has the values. In a network
    that is made by hand they are those of ``PLAIN``.

    Attributes:
        cell: Type of the recurrent cell: "rnn_tanh", "rnn_relu", "lstm" or "gru".
        layers: Number of stacked recurrent layers.
        dim: Dimension of the token embeddings.
        hidden: Number of units per layer.
        tied: Whether the output layer shares the embedding's weights (Press and Wolf 2017); the last layer then has
            ``dim`` units. With ``cutoffs``, rarer words also have shorter embeddings; see ``TiedAdaptiveSoftmax``.
        embedding_dropout: Fraction of the vocabulary whose embeddings are dropped, from 0 to below 1; one mask per
            window.
        input_dropout: Dropout before the first recurrent layer, from 0 to below 1; one mask per window.
        layer_dropout: Dropout between recurrent layers, from 0 to below 1; one mask per window.
        output_dropout: Dropout after the last recurrent layer, from 0 to below 1; one mask per window.
        weight_dropout: Dropout of the recurrent weights (hidden to hidden), from 0 to below 1; one mask per window.
        activation_penalty: Weight of the mean square of the last layer's outputs, after dropout (AR; Merity et al.
            2017, "Revisiting Activation Regularization for Language RNNs").
        temporal_penalty: Weight of the mean square of differences between consecutive outputs of the last layer,
            before dropout (TAR; Merity et al. 2017).
        forget_bias: Initial bias of an LSTM's forget gates. 1 makes the cell retain its state at first; 0 is more
            stable for many or wide layers at a high learning rate.
        cutoffs: Ids at which the clusters of rarer words start in an adaptive softmax (Grave et al. 2017), such as
            (2000, 10000); empty for a plain softmax. "auto" is replaced before a model is made: by cutoffs chosen from
            the counts of a vocabulary of more than 20,000 tokens, and by a plain softmax for a smaller one.
    """

    kind: ClassVar[str] = "recurrent"
    architecture: ClassVar[tuple[str, ...]] = ("cell", "layers", "dim", "hidden", "tied", "forget_bias", "cutoffs")
    carries_state: ClassVar[bool] = True
    units: ClassVar[str] = "hidden"
    """Name of the field with the number of units of a layer."""

    cell: Cell = "lstm"
    layers: int = SUITED
    dim: int = SUITED
    hidden: int = SUITED
    tied: bool = SUITED
    embedding_dropout: float = 0.0
    input_dropout: float = SUITED
    layer_dropout: float = SUITED
    output_dropout: float = SUITED
    weight_dropout: float = 0.0
    activation_penalty: float = 0.0
    temporal_penalty: float = 0.0
    forget_bias: float = 1.0
    cutoffs: tuple[int, ...] | Literal["auto"] = SUITED

    def __post_init__(self) -> None:
        check_choice("cell", self.cell, CELLS)
        for name in ("layers", "dim", "hidden"):
            if getattr(self, name) is not SUITED:
                set_count(self, name, 1)
        if self.layers is not SUITED and self.layers > MOST_LAYERS:
            raise ValueError(f"layers must be at most {MOST_LAYERS}, got {self.layers}; 1 to 3 are usual")
        if self.tied is not SUITED:
            set_switch(self, "tied")
        for name in ("embedding_dropout", "input_dropout", "layer_dropout", "output_dropout", "weight_dropout"):
            if name not in _BY_UNIT or getattr(self, name) is not SUITED:
                set_fraction(self, name, NO_DROPOUT)
        for name in ("activation_penalty", "temporal_penalty"):
            set_finite(self, name, zero=True, remedy="0 disables the penalty")
        if not is_finite(self.forget_bias):
            raise ValueError(f"forget_bias must be a finite number, got {self.forget_bias!r}; 0 and 1 are usual")
        object.__setattr__(self, "forget_bias", float(self.forget_bias))
        self._check_cutoffs()

    def _check_cutoffs(self) -> None:
        if self.cutoffs is SUITED or (isinstance(self.cutoffs, str) and self.cutoffs == "auto"):
            return
        cutoffs = tuple(self.cutoffs) if isinstance(self.cutoffs, Iterable) else (self.cutoffs,)
        whole = all(isinstance(cutoff, Integral) for cutoff in cutoffs)
        if not whole or any(low >= high for low, high in pairwise((0, *cutoffs))):
            raise ValueError(
                f"cutoffs must be strictly increasing integers above 0, got {self.cutoffs!r}; try (2000, 10000)"
            )
        object.__setattr__(self, "cutoffs", tuple(map(int, cutoffs)))  # config.json stores a list
        # The last cluster's vectors are divided once per cutoff and must keep at least one dimension.
        units = getattr(self, self.units)
        if self.tied is False and units is not SUITED and (least := TAIL_DIVISOR ** len(cutoffs)) > units:
            raise ValueError(f"{self.units} must be at least {least} for {len(cutoffs)} cutoffs, got {units}; raise it")

    def network(self, vocab: int, *, generator: torch.Generator | None = None) -> "RnnLanguageModel":
        """Create the network; see `RnnLanguageModel`."""
        return RnnLanguageModel(self, vocab, generator=generator)

    def __str__(self) -> str:
        """Describe the architecture in a few words."""
        return f"{self.cell} of {self.layers} x {self.hidden}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each layer."""
        return (self.hidden,) * (self.layers - 1) + (self.dim if self.tied else self.hidden,)

    @property
    def state_width(self) -> int:
        """Number of units of the last layer."""
        return self.widths[-1]


PLAIN = RnnLanguageModelConfig(
    layers=1, dim=256, hidden=384, tied=False, input_dropout=0.0, layer_dropout=0.0, output_dropout=0.0, cutoffs=()
)
"""One layer without dropout."""


class RnnLanguageModel(LanguageModelNetwork):
    """Predicts each token from the ones before it, which are summarized in a recurrent state.

    The embedding is initialized uniformly within +-0.1, the recurrent and output weights uniformly within
    +-1 / sqrt(fan_in). Before training, the output bias is set to the logarithms of the tokens' frequencies; see
    `init_output_bias`.

    Args:
        config: Architecture and regularization; what was not given is as in ``PLAIN``.
        vocab: Size of the vocabulary.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        embedding: (vocab, dim), the embeddings; those of the first ``cutoffs[0]`` tokens only for a tied adaptive
            softmax, which has the others.
        dropout_generator: Random generator of the dropout masks, used in training only. For speed, replace it by one on
            the model's device. Its state belongs in a checkpoint.

    Raises:
        ValueError: If the vocabulary is empty, a cutoff is beyond its end, or the cutoffs are still "auto".
    """

    plain: ClassVar[RnnLanguageModelConfig] = PLAIN

    def __init__(self, config: RnnLanguageModelConfig, vocab: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if vocab < 1:
            raise ValueError(f"vocab must be at least 1 token, got {vocab}")
        config = config.completed(self.plain)
        cutoffs = config.cutoffs
        if cutoffs == "auto":
            raise ValueError("cutoffs must be chosen before a model is made, got 'auto'; use resolved_config")
        if cutoffs and cutoffs[-1] >= vocab:
            raise ValueError(f"cutoffs must be below the vocabulary of {vocab}, got {cutoffs}; lower them")
        self.config: RnnLanguageModelConfig = config
        self.vocab = vocab
        self.dropout_generator = torch.Generator("cpu").manual_seed(0)
        shortened = config.tied and bool(cutoffs)
        self.embedding = nn.Parameter(torch.empty(cutoffs[0] if shortened else vocab, config.dim))
        with torch.no_grad():
            self.embedding.uniform_(-0.1, 0.1, generator=generator)
        self.layers = self._new_layers(generator)
        self.adaptive, self.tied_adaptive = None, None
        if shortened:
            self.tied_adaptive = TiedAdaptiveSoftmax(vocab, config.dim, cutoffs, generator=generator)
        elif cutoffs:
            self.adaptive = adaptive_softmax(config.widths[-1], vocab, cutoffs, generator)
        self.output_weight, self.output_bias = None, None
        if not cutoffs:
            self.output_bias = nn.Parameter(torch.zeros(vocab))
            if not config.tied:
                self.output_weight = nn.Parameter(torch.empty(vocab, config.widths[-1]))
                init_uniform(self.output_weight, generator)

    def _new_layers(self, generator: torch.Generator | None) -> nn.ModuleList:
        config = self.config
        return nn.ModuleList(
            RecurrentLayer(config.cell, inputs, hidden, forget_bias=config.forget_bias, generator=generator)
            for inputs, hidden in zip((config.dim, *config.widths), config.widths, strict=False)
        )

    def features(
        self, inputs: torch.Tensor, state: State | None = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        """Run the embedding and the recurrent layers.

        Args:
            inputs: (batch, time) int64 token ids.
            state: State before the first token; None at the start of a text.
            lengths: (batch,) int64 on the CPU, number of real tokens in each row; None if all are real.

        Returns:
            The outputs of the last layer after and before dropout, both (batch, time, width), and the new state.
        """
        return self._features(self.layers, inputs, state, lengths)

    def _features(
        self, layers: nn.ModuleList, inputs: torch.Tensor, state: State | None, lengths: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        outputs, state = self._outputs(layers, inputs, state, lengths, self.perturbation)
        rate = self.config.output_dropout if self.training else 0.0
        return locked_dropout(outputs[-1], rate, self.dropout_generator), outputs[-1], state

    def _outputs(
        self,
        layers: nn.ModuleList,
        inputs: torch.Tensor,
        state: State | None,
        lengths: torch.Tensor | None,
        perturbation: torch.Tensor | None,
    ) -> tuple[list[torch.Tensor], State]:
        """Return the embeddings (batch, time, dim), the outputs of each layer (batch, time, units), and the state."""
        note_use()
        config, generator = self.config, self.dropout_generator
        # Multiplying the rates by 0 turns all dropout off in evaluation.
        active = 1.0 if self.training else 0.0
        if self.tied_adaptive is None:
            sequence = F.embedding(inputs, self.embedding)  # (batch, time, dim)
        else:
            sequence = self.tied_adaptive.embed(inputs, self.embedding)
        if self.training and perturbation is not None:
            sequence = sequence + perturbation
        sequence = drop_tokens(sequence, inputs, self.vocab, active * config.embedding_dropout, generator)
        sequence = locked_dropout(sequence, active * config.input_dropout, generator)
        outputs, layer_states = [sequence], list[LayerState]()
        for index, layer in enumerate(layers):
            if index > 0:
                sequence = locked_dropout(sequence, active * config.layer_dropout, generator)
            sequence, layer_state = layer(
                sequence,
                None if state is None else state[index],
                lengths=lengths,
                weight_dropout=active * config.weight_dropout,
                generator=generator,
            )  # (batch, time, hidden)
            outputs.append(sequence)
            layer_states.append(layer_state)
        return outputs, tuple(layer_states)

    @torch.no_grad()
    def init_output_bias(self, counts: NDArray[np.integer]) -> None:
        """Let a new network predict tokens by their frequencies; see ``unigram_log_probs``.

        Args:
            counts: (vocab,) count of each token in the training text.
        """
        if self.tied_adaptive is not None:
            self.tied_adaptive.init_output_bias(counts)
        elif self.output_bias is not None:
            self.output_bias.copy_(unigram_log_probs(counts))

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the logits of the next token, for a plain softmax.

        Args:
            features: (..., width).

        Returns:
            (..., vocab).

        Raises:
            ValueError: If the softmax is adaptive, which has no logits; use `log_probabilities`.
        """
        if self.config.cutoffs:
            raise ValueError(f"cutoffs must be () for scores, got {self.config.cutoffs}; use log_probabilities")
        return F.linear(features, self._output_matrix, self.output_bias)

    def log_probabilities(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the log-probabilities (natural logarithm) of the next token.

        Args:
            features: (..., width).

        Returns:
            (..., vocab); the exponentials of each row sum to 1.
        """
        if self.tied_adaptive is not None:
            return self.tied_adaptive.log_probabilities(features, self.embedding)
        if self.adaptive is None:
            return F.log_softmax(self.scores(features), dim=-1)
        with _full_precision(features):
            rows = self.adaptive.log_prob(features.reshape(-1, features.shape[-1]).to(self.embedding.dtype))
        return rows.view(*features.shape[:-1], self.vocab)

    def forward(self, inputs: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """Score the next token at every position.

        Args:
            inputs: (batch, time) int64 token ids.
            state: State before the first token; None at the start of a text.

        Returns:
            Logits, or log-probabilities of an adaptive softmax, (batch, time, vocab); and the new state.
        """
        features, _, state = self.features(inputs, state)
        return self.log_probabilities(features) if self.config.cutoffs else self.scores(features), state

    def window_loss(self, batch: BpttBatch | SequenceBatch, state: State | None = None) -> tuple[Loss, State]:
        """Compute the loss of one window and the state after it.

        Args:
            batch: Inputs, and as targets the tokens that follow them.
            state: State before the window, usually `detached`; None at the start of a text.

        Returns:
            The summed cross entropy, with the penalties in training; and the state after the window.
        """
        return self._window_loss(self.layers, batch, state)

    def _window_loss(
        self, layers: nn.ModuleList, batch: BpttBatch | SequenceBatch, state: State | None
    ) -> tuple[Loss, State]:
        lengths = batch.lengths if isinstance(batch, SequenceBatch) else None
        features, undropped, state = self._features(layers, batch.inputs, state, lengths)
        rows, targets = features.flatten(0, 1), batch.targets.flatten()  # (batch * time, width), (batch * time,)
        if self.tied_adaptive is not None:
            total = self.tied_adaptive.cross_entropy(rows, targets, self.embedding)
        elif self.adaptive is not None:
            # torch's adaptive softmax has no ignore_index.
            real = targets != IGNORED
            with _full_precision(features):
                total = -self.adaptive(rows[real].to(self.embedding.dtype), targets[real]).output.sum()
        else:
            total = linear_cross_entropy(rows, self._output_matrix, self.output_bias, targets)
        return Loss(total=total, count=len(batch), penalty=self._penalty(features, undropped, batch)), state

    @property
    def _output_matrix(self) -> torch.Tensor:
        """The weights of the output layer (vocab, width): the embedding if they are tied."""
        return self.embedding if self.output_weight is None else self.output_weight

    def _penalty(
        self, features: torch.Tensor, undropped: torch.Tensor, batch: BpttBatch | SequenceBatch
    ) -> torch.Tensor | None:
        """AR and TAR as in the published code of Merity et al. 2018: means over all units, times their weights."""
        config = self.config
        if not self.training or not (config.activation_penalty or config.temporal_penalty):
            return None
        real = batch.targets != IGNORED  # (batch, time)
        penalty = features.new_zeros(())
        if config.activation_penalty:
            penalty = penalty + config.activation_penalty * _mean_square(features, real)
        if config.temporal_penalty:
            differences = undropped[:, 1:] - undropped[:, :-1]  # (batch, time - 1, width)
            penalty = penalty + config.temporal_penalty * _mean_square(differences, real[:, 1:])
        # The training loop divides by the number of predictions, as it does with the loss.
        return penalty * len(batch)


def _mean_square(values: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Mean square of ``values`` (batch, time, dim) where ``real`` (batch, time) is True; 0 if it is True nowhere."""
    squares = values.to(torch.promote_types(values.dtype, torch.float32)).square().mean(-1)
    return torch.where(real, squares, 0.0).sum() / real.sum().clamp(min=1)


def _full_precision(tensor: torch.Tensor) -> torch.autocast:
    """Turn mixed precision off for torch's adaptive softmax, which would combine tensors of two dtypes."""
    return torch.autocast(tensor.device.type, enabled=False)
