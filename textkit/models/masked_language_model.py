"""A masked language model (a transformer encoder, as BERT): predicts a token from those before and after it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch
from textkit.checks import set_finite
from textkit.models.forks import note_use
from textkit.models.loss import Loss
from textkit.models.transformer_language_model import (
    DEVIATION,
    TransformerLanguageModel,
    TransformerLanguageModelConfig,
)
from textkit.models.transformer_language_model import OTHER_NAMES as TRANSFORMER_NAMES
from textkit.other_names import class_with_other_names

_HIDDEN, _REPLACED = 0.8, 0.1  # of the chosen tokens: the rest stays as it is (Devlin et al. 2019, section 3.1)
_READ_AT_ONCE = 1 << 14  # tokens


OTHER_NAMES = {
    **TRANSFORMER_NAMES,
    **dict.fromkeys(("mlm_probability", "mask_prob", "masked_lm_prob"), "masked"),
}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class MaskedLanguageModelConfig(TransformerLanguageModelConfig):
    """Architecture and regularization of a `MaskedLanguageModel`: those of a transformer, and how much is masked.

    Attributes:
        positions: Maximum number of tokens that are read at once. A longer text is read in pieces, each on its own.
        masked: Fraction of the tokens to predict in training, above 0 and below 1.
    """

    kind: ClassVar[str] = "masked"

    masked: float = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        set_finite(self, "masked", zero=False, remedy="0.15 is usual")
        if self.masked >= 1:
            raise ValueError(f"masked must be below 1, got {self.masked}; 0.15 is usual")

    def network(self, vocab: int, *, generator: torch.Generator | None = None) -> "MaskedLanguageModel":
        """Create the network; see `MaskedLanguageModel`."""
        return MaskedLanguageModel(self, vocab, generator=generator)

    def __str__(self) -> str:
        """Describe the architecture in a few words."""
        return f"masked transformer of {self.layers} x {self.dim}"


class MaskedLanguageModel(TransformerLanguageModel):
    """Predicts tokens that are hidden from it, from all others of a window (Devlin et al. 2019), by attention.

    The layers are those of a `TransformerLanguageModel`. In training, a fraction of the tokens of each batch is chosen,
    all of which are predicted: 80 % of them are hidden, 10 % are replaced by random ones and 10 % stay as they are.

    In evaluation, the loss of a token is its negative log-likelihood when it is hidden (pseudo-likelihood; Salazar et
    al. 2020). `window_loss` hides as many at a time as training does, every seventh by default; `token_nats` also one.

    Args:
        config: Architecture and regularization.
        vocab: Size of the vocabulary.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        gap: (1, dim), the embedding of a hidden token, whose id is ``vocab``.
    """

    config: MaskedLanguageModelConfig

    def __init__(
        self, config: MaskedLanguageModelConfig, vocab: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(config, vocab, generator=generator)
        self.evaluation_window = config.positions
        self.gap = nn.Parameter(torch.empty(1, config.dim))
        if self.position_embedding is not None:  # also for the token before a text
            self.position_embedding = nn.Parameter(torch.empty(config.positions + 1, config.dim))
        with torch.no_grad():
            for weight in (self.gap, self.position_embedding):
                if weight is not None:
                    weight.normal_(0, DEVIATION, generator=generator)

    def features(
        self, inputs: torch.Tensor, state: Any = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        """Run the embedding and the layers.

        Args:
            inputs: (batch, time) int64 token ids; ``vocab`` for a hidden token.
            state: Not used: nothing is carried from window to window.
            lengths: (batch,) int64, number of real tokens in each row, which come first; None if all are real.

        Returns:
            The normalized outputs of the last layer (batch, time, dim), twice, and None.

        Raises:
            ValueError: If a text of the training is longer than the positions.
        """
        note_use()
        time, most = inputs.shape[1], self.config.positions + 1  # with the token before a text
        if self.training and time > most:
            raise ValueError(f"inputs must be at most {most} tokens in training, got {time}; shorten them")
        real = None
        if lengths is not None:
            real = torch.arange(time, device=inputs.device) < lengths.to(inputs.device)[:, None]  # (batch, time)
        parts = [
            self._read_all(inputs[:, start : start + most], None if real is None else real[:, start : start + most])
            for start in range(0, time, most)
        ]
        outputs = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
        return outputs, outputs, None

    def _read_all(self, inputs: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Read tokens (batch, time) of which each sees all real ones; return outputs (batch, time, dim)."""
        time = inputs.shape[1]
        sequence = F.embedding(inputs, torch.cat([self.embedding, self.gap]))
        if self.training and self.perturbation is not None:
            sequence = sequence + self.perturbation
        if self.position_embedding is not None:
            sequence = sequence + self.position_embedding[:time]
        sequence = self._dropped(sequence)
        angles = None if self.position_embedding is not None else self.angles(0, time, sequence)
        # A row without a real token sees itself, as the mean of nothing would be nan.
        seen = None if real is None or bool(real.all()) else (real | ~real.any(1, keepdim=True))[:, None, None]
        for layer in self.layers:
            sequence = self._run_layer(layer, sequence, angles, causal=False, seen=seen)
        outputs: torch.Tensor = self.norm(sequence)
        return outputs

    def window_loss(self, batch: BpttBatch | SequenceBatch, state: Any = None) -> tuple[Loss, None]:
        """Compute the summed cross entropy of one window: of a sample of its tokens in training, otherwise of all.

        The sum of a sample is scaled to the number of tokens.

        Args:
            batch: Inputs, and as targets the tokens that follow them, which are those to predict.
            state: Not used.
        """
        if self.training:
            return Loss(total=self._sampled(batch), count=len(batch)), None
        nats = self.token_nats(batch.inputs, batch.targets, spacing=round(1 / self.config.masked))
        return Loss(total=nats.sum(), count=len(batch)), None

    def _sampled(self, batch: BpttBatch | SequenceBatch) -> torch.Tensor:
        generator, device = self.dropout_generator, batch.inputs.device
        targets = batch.targets.flatten()
        places = (targets != IGNORED).nonzero()[:, 0]
        count = max(round(self.config.masked * len(places)), 1)
        order = torch.randperm(len(places), generator=generator, device=generator.device)[:count]
        chosen = places[order.to(device)]
        hidden = round(_HIDDEN * len(chosen))
        replaced = chosen[hidden : hidden + round(_REPLACED * len(chosen))]
        tokens = targets.clamp(min=0)
        tokens[chosen[:hidden]] = self.vocab
        random = torch.randint(self.vocab, replaced.shape, generator=generator, device=generator.device)
        tokens[replaced] = random.to(device)
        sequence = torch.cat([batch.inputs[:, :1], tokens.view_as(batch.targets)], dim=1)  # (batch, 1 + time)
        features = self.features(sequence, lengths=_real_tokens(batch.targets))[0][:, 1:].flatten(0, 1)
        total = self._cross_entropy(features[chosen], self._output_matrix, None, targets[chosen])
        return total * (len(batch) / max(len(chosen), 1))

    def token_nats(self, inputs: torch.Tensor, targets: torch.Tensor, *, spacing: int) -> torch.Tensor:
        """Compute the negative log-likelihood of each token, while it and every further ``spacing``-th one are hidden.

        Args:
            inputs: (batch, time) int64 token ids, of which the first column is seen and not predicted.
            targets: (batch, time) int64, the tokens after them, which are predicted; `IGNORED` at the end of a row.
            spacing: Distance of the hidden tokens; at least ``time`` hides one at a time.

        Returns:
            (batch, time), 0 where nothing is predicted.
        """
        parts = []
        for start in range(0, targets.shape[1], self.config.positions):
            part = slice(start, start + self.config.positions)
            parts.append(self._piece_nats(inputs[:, start], targets[:, part], spacing))
        return torch.cat(parts, dim=1)

    def _piece_nats(self, before: torch.Tensor, targets: torch.Tensor, spacing: int) -> torch.Tensor:
        batch, time = targets.shape
        nats = torch.zeros(batch, time, device=targets.device)
        lengths, columns = _real_tokens(targets), torch.arange(time, device=targets.device)
        together = max(_READ_AT_ONCE // (batch * (time + 1)), 1)
        for first in range(0, min(spacing, time), together):
            offsets = torch.arange(first, min(first + together, spacing, time), device=targets.device)
            hidden = columns % spacing == offsets[:, None, None]  # (offsets, 1, time)
            tokens = targets.clamp(min=0).masked_fill(hidden, self.vocab)  # (offsets, batch, time)
            sequence = torch.cat([before.expand(len(offsets), -1)[..., None], tokens], dim=2)
            features = self.features(sequence.flatten(0, 1), lengths=lengths.repeat(len(offsets)))[0]
            features = features.view(len(offsets), batch, time + 1, -1)[:, :, 1:]
            asked = hidden & (targets != IGNORED)
            rows = self.log_probabilities(features[asked])
            wanted = targets.expand(len(offsets), -1, -1)[asked]
            found = torch.zeros(hidden.shape[0], batch, time, device=targets.device)
            found[asked] = -rows.gather(1, wanted[:, None])[:, 0].float()
            nats += found.sum(0)
        return nats


class OneAtATime:
    """A masked model whose tokens are hidden one at a time when it is scored, which is exact and slow.

    Args:
        model: The model.
    """

    def __init__(self, model: MaskedLanguageModel) -> None:
        self.model, self.vocab, self.training = model, model.vocab, model.training

    def train(self, mode: bool = True) -> None:
        """Switch training mode on or off."""
        self.training = mode
        self.model.train(mode)

    def window_loss(self, batch: BpttBatch | SequenceBatch, state: Any = None) -> tuple[Loss, None]:
        """Compute the summed negative log-likelihood of all tokens."""
        nats = self.model.token_nats(batch.inputs, batch.targets, spacing=batch.targets.shape[1])
        return Loss(total=nats.double().sum(), count=len(batch)), None


def _real_tokens(targets: torch.Tensor) -> torch.Tensor:
    """Return the number of tokens of each row (batch,), with the one before the targets (batch, time)."""
    return 1 + (targets != IGNORED).sum(1)
