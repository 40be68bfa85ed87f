"""A bidirectional language model (as ELMo): a recurrent one of a text, and one of the reversed text."""

from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import torch

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch, TwoWayBatch
from textkit.checks import SUITED
from textkit.models.loss import Loss
from textkit.models.pooling import flipped_ids
from textkit.models.rnn_language_model import OTHER_NAMES as RECURRENT_NAMES
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig, State
from textkit.other_names import class_with_other_names

OTHER_NAMES = {name: "dim" if ours == "hidden" else ours for name, ours in RECURRENT_NAMES.items()}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class BidirectionalLanguageModelConfig(RnnLanguageModelConfig):
    """Architecture and regularization of a `BidirectionalLanguageModel`: those of each of its two directions.

    ``layers``, ``dim``, ``tied``, ``cutoffs`` and the dropout of inputs, layers and outputs that are not given are what
    suits the unit; `default_bidirectional` in `textkit.language_model.defaults` has the values.

    Attributes:
        layers: Number of stacked recurrent layers of each direction.
        dim: Dimension of the token embeddings, and number of units of each layer and direction: classifiers mix them.
        hidden: To be left out.
    """

    kind: ClassVar[str] = "bidirectional"
    architecture: ClassVar[tuple[str, ...]] = ("cell", "layers", "dim", "tied", "forget_bias", "cutoffs")
    two_way: ClassVar[bool] = True
    units: ClassVar[str] = "dim"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden is not SUITED:
            raise ValueError(
                f"hidden must be left out with a bidirectional model, got {self.hidden}; each layer has dim units"
            )

    def network(self, vocab: int, *, generator: torch.Generator | None = None) -> "BidirectionalLanguageModel":
        """Create the network; see `BidirectionalLanguageModel`."""
        return BidirectionalLanguageModel(self, vocab, generator=generator)

    def __str__(self) -> str:
        """Describe the architecture in a few words."""
        return f"bidirectional {self.cell} of {self.layers} x {self.dim}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of units of each layer and direction."""
        return (self.dim,) * self.layers

    @property
    def state_width(self) -> int:
        """Number of units of both directions."""
        return 2 * self.dim


PLAIN_BIDIRECTIONAL = BidirectionalLanguageModelConfig(
    layers=2, dim=256, tied=True, input_dropout=0.0, layer_dropout=0.0, output_dropout=0.0, cutoffs=()
)
"""Two layers of each direction without dropout."""


class BidirectionalLanguageModel(RnnLanguageModel):
    """Predicts each token from those before it, and from those after it, by two directions (Peters et al. 2018).

    The directions share embeddings and output layer, and have recurrent layers of their own. The loss of tokens
    t_1, ..., t_N is the mean of both (section 3.1, equation 1, divided by -2):

        -1/2 sum_k (log p(t_k | t_1, ..., t_(k-1)) + log p(t_k | t_(k+1), ..., t_N))

    The backward direction is the same model of the reversed text, in which t_k follows t_(k+1). In a `TwoWayBatch` its
    streams begin at the end of the text and its state is carried, as that of the forward direction is. A document is
    reversed in itself: with the tokens s_0, ..., s_T of a row, the forward direction reads s_0, ..., s_(T-1) and
    predicts s_1, ..., s_T; the backward one reads s_T, ..., s_1 and predicts s_(T-1), ..., s_0. So is the window of a
    `BpttBatch`, in which the backward direction starts from an empty state.

    Whatever predicts the next token (`features`, `scores`, `log_probabilities`, `forward`) is the forward direction,
    which is a recurrent language model by itself. A state has the layers of the forward direction, then those of the
    backward one.

    Args:
        config: Architecture and regularization; what was not given is as in ``PLAIN_BIDIRECTIONAL``.
        vocab: Size of the vocabulary.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        layers: The layers of the forward direction.
        backward_layers: The layers of the backward direction.
    """

    config: BidirectionalLanguageModelConfig
    plain: ClassVar[RnnLanguageModelConfig] = PLAIN_BIDIRECTIONAL

    def __init__(
        self, config: BidirectionalLanguageModelConfig, vocab: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(config, vocab, generator=generator)
        self.backward_layers = self._new_layers(generator)

    def weights_of_layers(self) -> list[list[torch.nn.Parameter]]:
        """Return the weights of each layer, those of both directions together."""
        pairs = zip(self.layers, self.backward_layers, strict=True)
        return [[*forward.parameters(), *backward.parameters()] for forward, backward in pairs]

    def window_loss(
        self, batch: BpttBatch | SequenceBatch | TwoWayBatch, state: State | None = None
    ) -> tuple[Loss, State]:
        """Compute the loss of one window, and the state after it.

        Args:
            batch: A window of each direction, or one that both directions read; see `BidirectionalLanguageModel`.
            state: State before the window, usually `detached`; None at the start of a text.

        Returns:
            The mean of the summed cross entropies of both directions, with the penalties in training; and the state
            after the window.
        """
        count = len(self.layers)
        before, after = (None, None) if state is None else (state[:count], state[count:])
        if isinstance(batch, TwoWayBatch):
            forward, forward_state = self._window_loss(self.layers, batch.forward, before)
            backward, backward_state = self._window_loss(self.backward_layers, batch.backward, after)
        else:
            forward, forward_state = self._window_loss(self.layers, batch, before)
            backward, backward_state = self._window_loss(self.backward_layers, mirrored(batch), None)
        penalty = None
        if forward.penalty is not None and backward.penalty is not None:
            penalty = (forward.penalty + backward.penalty) / 2
        loss = Loss(
            total=(forward.total + backward.total) / 2,
            count=forward.count,
            penalty=penalty,
            directions=(forward.total, backward.total),
        )
        return loss, forward_state + backward_state

    def layer_states(
        self,
        ids: torch.Tensor,
        backward_ids: torch.Tensor,
        state: State | None = None,
        perturbations: tuple[torch.Tensor | None, torch.Tensor | None] = (None, None),
    ) -> tuple[torch.Tensor, State]:
        """Compute the states of both directions in all layers, each in the order in which it reads.

        Args:
            ids: (batch, time) int64 token ids.
            backward_ids: (batch, time) int64, the tokens that the backward direction reads.
            state: State before these tokens; None at the start of a text.
            perturbations: (batch, time, dim) each, added to the embeddings of both directions; None for nothing.

        Returns:
            (layers + 1, batch, time, 2 * dim), the embeddings and the outputs of each layer, forward and backward side
            by side; and the new state.
        """
        count = len(self.layers)
        before, after = (None, None) if state is None else (state[:count], state[count:])
        forward, forward_state = self._outputs(self.layers, ids, before, None, perturbations[0])
        backward, backward_state = self._outputs(self.backward_layers, backward_ids, after, None, perturbations[1])
        states = torch.stack([torch.cat(pair, dim=2) for pair in zip(forward, backward, strict=True)])
        return states, forward_state + backward_state


Batch = TypeVar("Batch", bound=BpttBatch | SequenceBatch)


def mirrored(batch: Batch) -> Batch:
    """Reverse what a batch reads and predicts, each row in itself.

    >>> batch = BpttBatch(inputs=torch.tensor([[1, 2, 3]]), targets=torch.tensor([[2, 3, 4]]), first=True)
    >>> mirrored(batch).inputs.tolist(), mirrored(batch).targets.tolist()
    ([[4, 3, 2]], [[3, 2, 1]])
    """
    real = batch.targets != IGNORED  # (batch, time)
    lengths = real.sum(1)
    inputs, targets = flipped_ids(batch.targets.clamp(min=0), lengths), flipped_ids(batch.inputs, lengths)
    return replace(batch, inputs=inputs, targets=targets.masked_fill(~real, IGNORED))
