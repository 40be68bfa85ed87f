"""A text classifier on top of a language model: pooled states, a hidden layer and the output layer."""

from dataclasses import dataclass
from typing import Any, cast, get_args

import torch
from torch import nn
from torch.nn import functional as F

from textkit.checks import check_choice, set_count, set_fraction
from textkit.models.bidirectional_language_model import BidirectionalLanguageModel
from textkit.models.classifier import OTHER_NAMES, Classifier, ClassifierConfig
from textkit.models.export_scan import GatedCell, scan_layer
from textkit.models.language_model_kinds import CONFIGS
from textkit.models.layers import NO_DROPOUT, RecurrentLayer, dropout_mask
from textkit.models.pooling import POOLINGS, PooledStates, Pooling, flipped, flipped_ids
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
        kind: Kind of the language model: "recurrent", "transformer", "masked" or "bidirectional".
        start: Id of the token that stands before the start of a text; None for no such token.
        end: Id of the token that stands after the end of a text, for a bidirectional model; None for no such token.
        dim: Dimension of the token embeddings, that of the language model.
    """

    pooling: Pooling = "concat"
    hidden: int = 50
    pooled_dropout: float = 0.4
    dropout: float = 0.1
    language_model: Any = None
    kind: str = "recurrent"
    start: int | None = None
    end: int | None = None

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
        for name in ("start", "end"):
            if getattr(self, name) is not None:
                set_count(self, name, 0)
        super().__post_init__()

    @property
    def width(self) -> int:
        """Number of units of a state."""
        return self.dim if self.language_model is None else int(self.language_model.state_width)

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

    The states of a bidirectional language model are a mix of its embeddings and all its layers, learned with the
    classifier, whether the language model is trained or not (Peters et al. 2018, section 3.2, equation 1): with the
    states h_j of layer j

        x = gamma sum_j s_j (h_j - mean_j) / deviation_j,    s = softmax(w)

    The layers are pooled before they are mixed, which makes a difference for the maximum only. "last" is the last state
    of each direction: the backward one is that of the first token.

    Args:
        config: Architecture and regularization; with ``language_model``.
        vocab: Size of the vocabulary of the language model.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        encoder: Network of the language model, without its output layer.
        mean: (pooled,) means of the pooled states, of each layer that is mixed.
        deviation: (pooled,) standard deviations of the pooled states, of each layer that is mixed.
        hidden_weight: (hidden, pooled), initialized uniformly within +-1 / sqrt(pooled); None without hidden layer.
        hidden_bias: (hidden,); None without hidden layer.
        layer_scores: (layers + 1,), the w of a bidirectional language model, at first 0; None for others.
        layer_scale: (1,), its gamma, at first 1; None for others.

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
        self.layer_scores, self.layer_scale, layers = None, None, 1
        if config.language_model.two_way:
            layers = config.language_model.layers + 1
            self.layer_scores, self.layer_scale = nn.Parameter(torch.zeros(layers)), nn.Parameter(torch.ones(1))
        self.register_buffer("mean", torch.zeros(layers * pooled))
        self.register_buffer("deviation", torch.ones(layers * pooled))
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
        """Whether the network can be exported, as its layers are those of an LSTM or a GRU."""
        return self.config.kind == "recurrent" and self.config.language_model.cell in get_args(GatedCell)

    @property
    def layer_weights(self) -> torch.Tensor | None:
        """(layers + 1,), the weights gamma s of embeddings and layers of a bidirectional model; None for others."""
        if self.layer_scores is None or self.layer_scale is None:
            return None
        return self.layer_scale * self.layer_scores.softmax(0)

    def groups(self) -> list[list[nn.Parameter]]:
        """Return the weights from the input to the output: embeddings, each layer of the language model, the rest."""
        layers = self.encoder.weights_of_layers()
        of_layers = {weight for layer in layers for weight in layer}
        encoder = list(self.encoder.parameters())
        of_encoder = set(encoder)
        first = [weight for weight in encoder if weight not in of_layers]
        return [first, *layers, [weight for weight in self.parameters() if weight not in of_encoder]]

    def pooled(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the pooled states (batch, pooled), standardized; see `Classifier.features`.

        Those of a bidirectional model are those of each layer, (batch, (layers + 1) * pooled).
        """
        self.encoder.dropout_generator = self.dropout_generator
        lengths = mask.sum(1)
        if isinstance(self.encoder, BidirectionalLanguageModel):
            states = self._layer_states(self.encoder, ids, lengths)  # (layers + 1, batch, time, width)
        elif self.config.start is None:
            self.encoder.perturbation = self.perturbation
            states = self._states(ids, lengths)[None]
        else:
            self.encoder.perturbation = _with_start(self.perturbation)
            states = self._states(F.pad(ids, (1, 0), value=self.config.start), lengths + 1)[None, :, 1:]
        self.encoder.perturbation = None
        layers, batch, _, width = states.shape
        pool = PooledStates(layers * batch, width, states.device)
        pool.add(states.flatten(0, 1).float(), lengths.repeat(layers))
        found = pool.result(self.config.pooling).view(layers, batch, -1).transpose(0, 1).flatten(1)
        pooled: torch.Tensor = (found - self.mean) / self.deviation
        return pooled

    def hidden(self, pooled: torch.Tensor) -> torch.Tensor:
        """Compute the features (batch, width) from pooled states (batch, pooled), of all layers if they are mixed."""
        if (weights := self.layer_weights) is not None:
            pooled = (weights[:, None] * pooled.view(len(pooled), len(weights), -1)).sum(1)
        rate = self.config.pooled_dropout
        if self.training and rate > 0:
            shape = (pooled.shape[0], pooled.shape[1])
            pooled = pooled * dropout_mask(shape, rate, like=pooled, generator=self.dropout_generator)
        return pooled if self.hidden_weight is None else F.linear(pooled, self.hidden_weight, self.hidden_bias).relu()

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the hidden layer (batch, width), or the pooled states without one; see `Classifier.features`."""
        return self.hidden(self.pooled(ids, mask))

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Look up the vectors (batch, time, dim) of tokens (batch, time)."""
        if (adaptive := getattr(self.encoder, "tied_adaptive", None)) is None:
            return F.embedding(ids, self.embedding)
        embedded: torch.Tensor = adaptive.embed(ids, self.embedding)
        return embedded

    def _layer_states(
        self, encoder: BidirectionalLanguageModel, ids: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:
        backward, (start, end) = flipped_ids(ids, lengths), (self.config.start, self.config.end)
        added = [self.perturbation, None if self.perturbation is None else flipped(self.perturbation, lengths)]
        if start is None or end is None:
            return encoder.layer_states(ids, backward, perturbations=(added[0], added[1]))[0]
        ids, backward = F.pad(ids, (1, 0), value=start), F.pad(backward, (1, 0), value=end)
        added = [_with_start(each) for each in added]
        return encoder.layer_states(ids, backward, perturbations=(added[0], added[1]))[0][:, :, 1:]

    def _states(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        # torch.export would unroll the recurrent kernel to the length of the example.
        if self.config.kind == "recurrent" and torch.compiler.is_compiling():
            sequence = self.embed(ids)
            for layer in self.encoder.layers:
                sequence = scan_layer(cast(RecurrentLayer, layer), sequence)
            return sequence
        # No token of other models sees those after it, so that padding changes nothing.
        seen = lengths if self.config.kind == "masked" else None
        # Those before output dropout; the pooled states have dropout of their own.
        states: torch.Tensor = self.encoder.features(ids, lengths=seen)[1]
        return states


def _with_start(perturbation: torch.Tensor | None) -> torch.Tensor | None:
    """Leave the vector before the first token of each text (batch, time, dim) as it is."""
    return None if perturbation is None else F.pad(perturbation, (0, 0, 1, 0))


def without_output(network: Any) -> None:
    """Remove the parts of a language model's network that only predict tokens."""
    for name in _OUTPUT_ONLY:
        if getattr(network, name, None) is not None:
            setattr(network, name, None)
