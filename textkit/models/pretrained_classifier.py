"""A text classifier on top of a language model: pooled states, a hidden layer and the output layer."""

from dataclasses import dataclass
from typing import Any, cast, get_args

import torch
from torch import nn
from torch.nn import functional as F

from textkit.checks import check_choice, set_count, set_fraction
from textkit.models.classifier import OTHER_NAMES, Classifier, ClassifierConfig
from textkit.models.export_scan import GatedCell, scan_layer
from textkit.models.language_model_kinds import CONFIGS
from textkit.models.layers import NO_DROPOUT, RecurrentLayer, dropout_mask
from textkit.models.pooling import POOLINGS, PooledStates, Pooling
from textkit.other_names import class_with_other_names

_OUTPUT_ONLY = ("output_weight", "output_bias", "adaptive")
"""Parts of a language model that its states do not need."""


@class_with_other_names({**OTHER_NAMES, "pool": "pooling", "lin_ftrs": "hidden", "encoder": "language_model"})
@dataclass(frozen=True, kw_only=True)
class PretrainedClassifierConfig(ClassifierConfig):
    """Architecture and regularization of a `PretrainedClassifier`.

    ``TextClassifier(PretrainedClassifierConfig(pooling="mean"), pretrained=lm)`` fills in what describes the language
    model: ``language_model``, ``kind``, ``start`` and ``dim``.

    Attributes:
        pooling: Pooling of the states of a text: "mean", "max", "last", or "concat" for last, max and mean side by side
            (Howard and Ruder 2018, equation 4).
        hidden: Number of units of the hidden layer between the pooled states and the output layer; 0 for none.
        pooled_dropout: Dropout of the pooled states, from 0 to below 1.
        dropout: Dropout before the output layer, from 0 to below 1.
        word_dropout: Fraction of the tokens replaced by ``<unk>`` in training, from 0 to below 1.
        language_model: Config of the language model, with its dropout, which applies in fine-tuning; None for that of
            ``pretrained``.
        kind: Kind of the language model: "recurrent", "transformer" or "masked".
        start: Id of the token that stands before the start of a text; None for no such token.
        dim: Dimension of the token embeddings, that of the language model.
    """

    pooling: Pooling = "concat"
    hidden: int = 50
    pooled_dropout: float = 0.4
    dropout: float = 0.1
    language_model: Any = None
    kind: str = "recurrent"
    start: int | None = None

    def __post_init__(self) -> None:
        check_choice("pooling", self.pooling, POOLINGS)
        check_choice("kind", self.kind, CONFIGS)
        set_count(self, "hidden", 0, "unit", "0 is no hidden layer")
        set_fraction(self, "pooled_dropout", NO_DROPOUT)
        config_class: type[Any] = CONFIGS[self.kind]
        if isinstance(self.language_model, dict):  # config.json
            object.__setattr__(self, "language_model", config_class(**self.language_model))
        if self.language_model is not None:
            if not isinstance(self.language_model, config_class):
                raise TypeError(
                    f"language_model must be a {config_class.__name__}, got {type(self.language_model).__name__}; "
                    "leave it out, and pass the language model as pretrained"
                )
            object.__setattr__(self, "dim", self.language_model.dim)
        if self.start is not None:
            set_count(self, "start", 0)
        super().__post_init__()

    @property
    def width(self) -> int:
        """Number of units of a state."""
        widths: tuple[int, ...] = getattr(self.language_model, "widths", (self.dim,))
        return widths[-1]

    @property
    def longest(self) -> int | None:
        """Maximum number of tokens of a text in training; None if the language model has no limit."""
        positions: int | None = getattr(self.language_model, "positions", None)
        return None if positions is None else positions - (self.start is not None)


class PretrainedClassifier(Classifier):
    """Classifies a text by the pooled states of a language model.

    The features are relu(W x + b) of the pooled states x, each unit of which is standardized by its mean and deviation
    over training texts, measured once before training. The output dropout of the language model is left out. A hidden
    layer between the pooled states and the output layer is that of Howard and Ruder 2018, section 3.3; they normalize
    batches instead, which would make the logits of a text depend on the other texts of its batch in training.

    Args:
        config: Architecture and regularization; with ``language_model``.
        vocab: Size of the vocabulary of the language model.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        encoder: Network of the language model, without its output layer.
        mean: (pooled,) means of the pooled states.
        deviation: (pooled,) standard deviations of the pooled states.
        hidden_weight: (hidden, pooled), initialized uniformly within +-1 / sqrt(pooled); None without hidden layer.
        hidden_bias: (hidden,); None without hidden layer.

    Raises:
        ValueError: If the config has no language model.
    """

    config: PretrainedClassifierConfig
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(
        self, config: PretrainedClassifierConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
    ) -> None:
        if config.language_model is None:
            raise ValueError("language_model must be a config, got None; pass pretrained=lm, or model=lm")
        pooled = PooledStates.width(config.width, config.pooling)
        super().__init__(config, vocab, classes, width=config.hidden or pooled, bound=None, generator=generator)
        self.encoder = config.language_model.network(vocab, generator=generator)
        without_output(self.encoder)
        self.register_buffer("mean", torch.zeros(pooled))
        self.register_buffer("deviation", torch.ones(pooled))
        self.hidden_weight, self.hidden_bias = None, None
        if config.hidden:
            self.hidden_weight = nn.Parameter(torch.empty(config.hidden, pooled))
            self.hidden_bias = nn.Parameter(torch.zeros(config.hidden))
            with torch.no_grad():
                self.hidden_weight.uniform_(-(pooled**-0.5), pooled**-0.5, generator=generator)

    @property
    def embedding(self) -> nn.Parameter:  # type: ignore[override]
        """(vocab, dim), the embeddings of the language model."""
        return cast(nn.Parameter, self.encoder.embedding)

    @property
    def exportable(self) -> bool:
        """Whether the network can be exported: its layers are those of an LSTM or a GRU."""
        return self.config.kind == "recurrent" and self.config.language_model.cell in get_args(GatedCell)

    def groups(self) -> list[list[nn.Parameter]]:
        """Return the weights from the input to the output: embeddings, each layer of the language model, the rest."""
        layers = [list(layer.parameters()) for layer in self.encoder.layers]
        of_layers = {weight for layer in layers for weight in layer}
        encoder = list(self.encoder.parameters())
        of_encoder = set(encoder)
        first = [weight for weight in encoder if weight not in of_layers]
        return [first, *layers, [weight for weight in self.parameters() if weight not in of_encoder]]

    def pooled(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the pooled states (batch, pooled), standardized; see `Classifier.features`."""
        self.encoder.dropout_generator = self.dropout_generator
        if self.config.start is None:
            states = self._states(ids, mask.sum(1))  # (batch, time, width)
        else:
            states = self._states(F.pad(ids, (1, 0), value=self.config.start), mask.sum(1) + 1)[:, 1:]
        pool = PooledStates(states.shape[0], states.shape[2], states.device)
        pool.add(states.float(), mask.sum(1))
        pooled: torch.Tensor = (pool.result(self.config.pooling) - self.mean) / self.deviation
        return pooled

    def hidden(self, pooled: torch.Tensor) -> torch.Tensor:
        """Compute the features (batch, width) from pooled states (batch, pooled)."""
        rate = self.config.pooled_dropout
        if self.training and rate > 0:
            shape = (pooled.shape[0], pooled.shape[1])
            pooled = pooled * dropout_mask(shape, rate, like=pooled, generator=self.dropout_generator)
        return pooled if self.hidden_weight is None else F.linear(pooled, self.hidden_weight, self.hidden_bias).relu()

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the hidden layer (batch, width), or the pooled states without one; see `Classifier.features`."""
        return self.hidden(self.pooled(ids, mask))

    def _states(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        # torch.export would unroll the recurrent kernel to the length of the example.
        if self.config.kind == "recurrent" and torch.compiler.is_compiling():
            sequence = self._embedded(ids)
            for layer in self.encoder.layers:
                sequence = scan_layer(cast(RecurrentLayer, layer), sequence)
            return sequence
        # No token of other models sees those after it, so that padding changes nothing.
        seen = lengths if self.config.kind == "masked" else None
        # Those before output dropout; the pooled states have dropout of their own.
        states: torch.Tensor = self.encoder.features(ids, lengths=seen)[1]
        return states

    def _embedded(self, ids: torch.Tensor) -> torch.Tensor:
        if self.encoder.tied_adaptive is None:
            return F.embedding(ids, self.embedding)
        embedded: torch.Tensor = self.encoder.tied_adaptive.embed(ids, self.embedding)
        return embedded


def without_output(network: Any) -> None:
    """Remove the parts of a language model's network that only predict tokens."""
    for name in _OUTPUT_ONLY:
        if getattr(network, name, None) is not None:
            setattr(network, name, None)
