"""A recurrent text classifier, with the final states or the maximum over time as features."""

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import torch
from torch import nn

from textkit.checks import SUITED, check_choice, set_count, set_fraction, set_switch
from textkit.models.classifier import OTHER_NAMES, Classifier, ClassifierConfig
from textkit.models.export_scan import GatedCell, scan_layer
from textkit.models.layers import MOST_LAYERS, NO_DROPOUT, RecurrentLayer, locked_dropout
from textkit.models.pooling import flipped, last_step, masked_max
from textkit.other_names import class_with_other_names

Pooling = Literal["last", "max"]

Unit = Literal["char", "word"]

_BY_UNIT: dict[Unit, dict[str, Any]] = {
    "word": {
        "cell": "lstm", "hidden": 128, "pooling": "max", "dropout": 0.5, "input_dropout": 0.0, "word_dropout": 0.1,
    },
    "char": {
        "cell": "gru", "hidden": 192, "pooling": "last", "dropout": 0.4, "input_dropout": 0.2, "word_dropout": 0.0,
    },
}  # fmt: skip


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class RnnClassifierConfig(ClassifierConfig):
    """Architecture and regularization of an `RnnClassifier`.

    What is not given suits the unit: the defaults are those of the named models "bilstm" for words and "char_gru" for
    characters.

    Attributes:
        unit: Type of the tokens: "word" or "char".
        cell: Type of the recurrent cell: "lstm" or "gru".
        dim: Dimension of the token embeddings.
        hidden: Number of units per layer and direction.
        layers: Number of stacked recurrent layers.
        bidirectional: Whether each layer also reads the text backwards.
        pooling: "last" takes the final state of each direction (after the last token forwards, after the first
            backwards); "max" takes the maximum of each unit over all tokens.
        dropout: Dropout before the output layer, from 0 to below 1.
        input_dropout: Dropout before the first recurrent layer, from 0 to below 1; one mask per text.
        layer_dropout: Dropout between recurrent layers, from 0 to below 1; one mask per text.
        weight_dropout: Dropout of the recurrent weights (hidden to hidden), from 0 to below 1; one mask per batch.
        word_dropout: Fraction of the tokens replaced by ``<unk>`` in training, from 0 to below 1.
    """

    unit: Unit = "word"
    cell: GatedCell = SUITED
    dim: int = 128
    hidden: int = SUITED
    layers: int = 1
    bidirectional: bool = True
    pooling: Pooling = SUITED
    dropout: float = SUITED
    input_dropout: float = SUITED
    layer_dropout: float = 0.0
    weight_dropout: float = 0.0
    word_dropout: float = SUITED

    def __post_init__(self) -> None:
        check_choice("unit", self.unit, get_args(Unit))
        for name, value in _BY_UNIT[self.unit].items():
            if getattr(self, name) is SUITED:
                object.__setattr__(self, name, value)
        super().__post_init__()
        choices = {"cell": get_args(GatedCell), "pooling": get_args(Pooling)}
        for name, known in choices.items():
            check_choice(name, getattr(self, name), known)
        for name in ("hidden", "layers"):
            set_count(self, name, 1)
        if self.layers > MOST_LAYERS:
            raise ValueError(f"layers must be at most {MOST_LAYERS}, got {self.layers}; 1 or 2 is usual")
        set_switch(self, "bidirectional")
        for name in ("input_dropout", "layer_dropout", "weight_dropout"):
            set_fraction(self, name, NO_DROPOUT)


class RnnClassifier(Classifier):
    """Classifies a text by the outputs of a recurrent network. The embedding starts uniformly within +-0.25.

    The layers run over the padded batch, and outputs after the end of a text are ignored; for the backward direction
    each text is reversed within its length. Packed sequences would give the same result, but training with them on a
    CPU takes torch twice (GRU) to four times (LSTM) as long.

    Args:
        config: Architecture and regularization.
        vocab: Size of the vocabulary; its first two tokens are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        layers: The layers that read forwards.
        backward_layers: The layers that read backwards; empty if the network is unidirectional.
    """

    config: RnnClassifierConfig

    def __init__(
        self, config: RnnClassifierConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
    ) -> None:
        width = config.hidden * (2 if config.bidirectional else 1)
        super().__init__(config, vocab, classes, width=width, bound=0.25, generator=generator)
        inputs = [config.dim] + [width] * (config.layers - 1)
        self.layers, self.backward_layers = (
            nn.ModuleList(RecurrentLayer(config.cell, n, config.hidden, generator=generator) for n in sizes)
            for sizes in (inputs, inputs if config.bidirectional else [])
        )

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the pooled outputs of the last layer (batch, width); see `Classifier.features`."""
        config, generator = self.config, self.dropout_generator
        # Multiplying the rates by 0 turns all dropout off in evaluation.
        active = 1.0 if self.training else 0.0
        lengths = mask.sum(1)
        sequence = locked_dropout(self.embed(ids), active * config.input_dropout, generator)  # (batch, time, dim)
        directions: list[torch.Tensor] = []
        for index, layer in enumerate(self.layers):
            if index > 0:
                # The backward outputs are in reversed order; align them with the forward ones.
                forward, *backward = directions
                sequence = torch.cat([forward, *(flipped(outputs, lengths) for outputs in backward)], dim=2)
                sequence = locked_dropout(sequence, active * config.layer_dropout, generator)
            directions = [self._run(layer, sequence)]  # each (batch, time, hidden)
            if config.bidirectional:
                directions.append(self._run(self.backward_layers[index], flipped(sequence, lengths)))
        # The maximum does not depend on the order, and the last step of the reversed outputs is the first token, so
        # the backward outputs need no second flip here.
        if config.pooling == "max":
            return torch.cat([masked_max(outputs, mask) for outputs in directions], dim=1)
        return torch.cat([last_step(outputs, lengths) for outputs in directions], dim=1)

    def _run(self, layer: nn.Module, sequence: torch.Tensor) -> torch.Tensor:
        # torch.export would unroll the recurrent kernel to the length of the example.
        if torch.compiler.is_compiling():
            return scan_layer(cast(RecurrentLayer, layer), sequence)
        rate = self.config.weight_dropout if self.training else 0.0
        outputs: torch.Tensor = layer(sequence, weight_dropout=rate, generator=self.dropout_generator)[0]
        return outputs
