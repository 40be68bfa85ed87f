"""A transformer language model (decoder-only, as GPT-2): predicts the next token from a window of earlier ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import BpttBatch, SequenceBatch
from textkit.checks import SUITED, check_choice, set_count, set_fraction, set_switch
from textkit.models.attention_cache import AttentionCache
from textkit.models.cross_entropy import linear_cross_entropy
from textkit.models.forks import note_use
from textkit.models.language_model import LanguageModelConfig, LanguageModelNetwork
from textkit.models.layers import MOST_LAYERS, NO_DROPOUT, dropout_mask, mixed_precision
from textkit.models.loss import Loss
from textkit.models.transformer_layer import Angles, TransformerLayer
from textkit.other_names import class_with_other_names

DEVIATION = 0.02
"""Standard deviation of the initial weights."""

_NO_COMPILER = ("InvalidCxxCompiler", "CppCompileError", "C compiler")  # in the errors of torch and Triton
_ROTARY_BASE = 10_000.0  # of the wavelengths, in positions

OTHER_NAMES = {
    **dict.fromkeys(("n_embd", "d_model", "hidden_size", "embedding_dim", "embed_dim"), "dim"),
    **dict.fromkeys(("n_layer", "n_layers", "num_layers", "num_hidden_layers"), "layers"),
    **dict.fromkeys(("n_head", "n_heads", "nhead", "num_heads", "num_attention_heads"), "heads"),
    **dict.fromkeys(("n_inner", "d_ff", "ffn_dim", "dim_feedforward", "intermediate_size"), "hidden"),
    **dict.fromkeys(
        ("block_size", "context_length", "n_ctx", "n_positions", "max_position_embeddings", "max_seq_len"), "positions"
    ),
    **dict.fromkeys(("resid_pdrop", "embd_pdrop", "dropout_rate"), "dropout"),
    **dict.fromkeys(("tie_weights", "tie_word_embeddings"), "tied"),
    "position_embedding_type": "position",
}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class TransformerLanguageModelConfig(LanguageModelConfig):
    """Architecture and regularization of a `TransformerLanguageModel`.

    ``layers``, ``dim`` and ``dropout`` that are not given are what suits the unit; `default_config` in
    `textkit.language_model.defaults` has the values.

    Attributes:
        layers: Number of layers, each of attention and a feed-forward network.
        dim: Dimension of the embeddings and of the outputs of the layers.
        heads: Number of attention heads; it divides ``dim``.
        hidden: Number of units of the feed-forward networks; 0 for four times ``dim``.
        positions: Number of tokens that a prediction can see: the longest window, or document, of training. In a longer
            text the window slides: after its last position, the model goes on from the second half of it.
        position: What tells the positions apart: "rotary" (rotations of queries and keys; Su et al. 2021) or "learned"
            (an embedding of each position, as in GPT-2).
        dropout: Dropout of the embeddings and of what each layer adds to them, from 0 to below 1.
        tied: Whether the output layer shares the embedding's weights (Press and Wolf 2017).
    """

    kind: ClassVar[str] = "transformer"
    architecture: ClassVar[tuple[str, ...]] = ("layers", "dim", "heads", "hidden", "positions", "position", "tied")

    layers: int = SUITED
    dim: int = SUITED
    heads: int = 4
    hidden: int = 0
    positions: int = 256
    position: Literal["rotary", "learned"] = "rotary"
    dropout: float = SUITED
    tied: bool = True

    def __post_init__(self) -> None:
        for name in ("layers", "dim"):
            if getattr(self, name) is not SUITED:
                set_count(self, name, 1)
        set_count(self, "heads", 1)
        set_count(self, "hidden", 0, "unit", "0 is four times dim")
        set_count(self, "positions", 2, "token")
        if self.layers is not SUITED and self.layers > MOST_LAYERS:
            raise ValueError(f"layers must be at most {MOST_LAYERS}, got {self.layers}; 2 to 12 are usual")
        check_choice("position", self.position, ("rotary", "learned"))
        if self.dropout is not SUITED:
            set_fraction(self, "dropout", NO_DROPOUT)
        set_switch(self, "tied")
        if self.dim is not SUITED:
            if self.dim % self.heads:
                raise ValueError(
                    f"dim must be a multiple of the {self.heads} heads, got {self.dim}; change one of them"
                )
            if self.position == "rotary" and self.dim // self.heads % 2:
                raise ValueError(
                    f"dim must be an even multiple of the {self.heads} heads for rotary positions, got {self.dim}; "
                    "change one of them, or use position='learned'"
                )

    def network(self, vocab: int, *, generator: torch.Generator | None = None) -> "TransformerLanguageModel":
        """Create the network; see `TransformerLanguageModel`."""
        return TransformerLanguageModel(self, vocab, generator=generator)

    @property
    def state_width(self) -> int:
        """Number of units of the outputs."""
        return self.dim

    def check_longest(self, tokens: int, *, documents: bool) -> None:
        """Check that there are positions for the longest sequence of the training.

        Raises:
            ValueError: If there are too few.
        """
        if tokens > self.positions and documents:
            raise ValueError(
                f"positions must be at least {tokens} for the longest document and its end, got {self.positions}; "
                "raise it, split the documents, or read the text as one stream, with documents=False"
            )
        if tokens > self.positions:
            raise ValueError(
                f"window must be at most the {self.positions} positions of the model, got {tokens}; lower it, or raise "
                "positions"
            )

    def __str__(self) -> str:
        """Describe the architecture in a few words."""
        return f"transformer of {self.layers} x {self.dim}"


PLAIN = TransformerLanguageModelConfig(layers=4, dim=128, dropout=0.0)
"""Four layers without dropout."""


class TransformerLanguageModel(LanguageModelNetwork):
    """Predicts each token from a window of the tokens before it, by attention (Vaswani et al. 2017).

    Layers are normalized before each of their two parts, and once after the last one (pre-norm), as in GPT-2 (Radford
    et al. 2019, section 2.3), whose initialization is used: normal with a standard deviation of 0.02, divided by
    sqrt(2 * layers) for what is added to the residual stream.

    In training, windows are independent. Otherwise keys and values of earlier tokens are kept in an ``AttentionCache``,
    which is changed in place. A text may be longer than the positions: whenever they are full, the model goes on from
    the second half of them. The time is linear in the length of a text, and it does not matter in which pieces it is
    read.

    Args:
        config: Architecture and regularization; what was not given is as in ``PLAIN``.
        vocab: Size of the vocabulary.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        embedding: (vocab, dim).
        position_embedding: (positions, dim); None for rotary positions.
        output_weight: (vocab, dim); None if tied.

    Raises:
        ValueError: If the vocabulary is empty.
    """

    def __init__(
        self, config: TransformerLanguageModelConfig, vocab: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        if vocab < 1:
            raise ValueError(f"vocab must be at least 1 token, got {vocab}")
        config = config.completed(PLAIN)
        self.config: TransformerLanguageModelConfig = config
        self.vocab = vocab
        self.dropout_generator = torch.Generator("cpu").manual_seed(0)
        self.embedding = nn.Parameter(torch.empty(vocab, config.dim))
        learned = config.position == "learned"
        self.position_embedding = nn.Parameter(torch.empty(config.positions, config.dim)) if learned else None
        self.layers = nn.ModuleList(
            TransformerLayer(config.dim, config.hidden or 4 * config.dim) for _ in range(config.layers)
        )
        self._forward_of_layer: Callable[..., torch.Tensor] = TransformerLayer.forward
        self._cross_entropy: Callable[..., torch.Tensor] = linear_cross_entropy
        self.norm = nn.LayerNorm(config.dim)
        self.output_weight = None if config.tied else nn.Parameter(torch.empty(vocab, config.dim))
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if weight.ndim > 1:
                    added = name.endswith(("attended.weight", "down.weight"))
                    deviation = DEVIATION / (2 * config.layers) ** 0.5 if added else DEVIATION
                    weight.normal_(0, deviation, generator=generator)
                elif name.endswith("bias"):
                    weight.zero_()

    def features(
        self, inputs: torch.Tensor, state: AttentionCache | None = None, lengths: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, AttentionCache | None]:
        """Run the embedding and the layers.

        Args:
            inputs: (batch, time) int64 token ids.
            state: Keys and values of the tokens before; changed in place. None at the start of a text.
            lengths: Not needed, as no token sees those after it.

        Returns:
            The normalized outputs of the last layer (batch, time, dim), twice, and the new state; None in training.

        Raises:
            ValueError: If a window of the training is longer than the positions.
        """
        note_use()
        positions, time = self.config.positions, inputs.shape[1]
        if self.training:
            if time > positions:
                raise ValueError(f"inputs must be at most {positions} tokens in training, got {time}; shorten them")
            outputs = self._read(inputs, None)
            return outputs, outputs, None
        cache = AttentionCache() if state is None else state
        parts = []
        while time:
            if len(cache) == positions:
                self._read(cache.restarted(positions // 2), cache)
            part, inputs = inputs.split_with_sizes([room := min(positions - len(cache), time), time - room], dim=1)
            parts.append(self._read(part, cache))
            time -= room
        outputs = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
        return outputs, outputs, cache

    def _read(self, inputs: torch.Tensor, cache: AttentionCache | None) -> torch.Tensor:
        """Read tokens (batch, time) for which there are positions; return outputs (batch, time, dim)."""
        start, time = 0 if cache is None else len(cache), inputs.shape[1]
        sequence = F.embedding(inputs, self.embedding)
        if self.training and self.perturbation is not None:
            sequence = sequence + self.perturbation
        if self.position_embedding is not None:
            sequence = sequence + self.position_embedding[start : start + time]
        sequence = self._dropped(sequence)
        if cache is not None:
            cache.begin(inputs, self.config.positions)
        angles = None if self.position_embedding is not None else self.angles(start, time, sequence)
        for number, layer in enumerate(self.layers):
            extend = None if cache is None else partial(cache.extended, number)
            sequence = self._run_layer(layer, sequence, angles, extend=extend)
        if cache is not None:
            cache.end(inputs)
        outputs: torch.Tensor = self.norm(sequence)
        return outputs

    def _run_layer(
        self, layer: nn.Module, sequence: torch.Tensor, angles: Angles | None, **options: Any
    ) -> torch.Tensor:
        """Run a layer over a sequence (batch, time, dim), with dropout in training; see `TransformerLayer`."""
        kept = None
        if self.training and self.config.dropout:
            dtype = mixed_precision(sequence.device.type) or sequence.dtype  # of what the linear layers return
            like = sequence.new_empty(0, dtype=dtype)
            kept = (self._mask(sequence.shape, like), self._mask(sequence.shape, like))
        # Validation, which has a cache of another length in each step, is not compiled.
        run = self._forward_of_layer if self.training else TransformerLayer.forward
        assert isinstance(layer, TransformerLayer)
        result: torch.Tensor = run(layer, sequence, self.config.heads, angles, kept, **options)
        return result

    def _mask(self, shape: torch.Size, like: torch.Tensor) -> torch.Tensor:
        return dropout_mask(shape, self.config.dropout, like=like, generator=self.dropout_generator)

    def _dropped(self, values: torch.Tensor) -> torch.Tensor:
        if not self.training or self.config.dropout == 0:
            return values
        return values * self._mask(values.shape, values)

    @contextmanager
    def compiled(self, *, dynamic: bool | None = None) -> Iterator[None]:
        """Train with layers and, on a GPU, an output layer that ``torch.compile`` has compiled, within a block of code.

        All layers share the code of one.

        Args:
            dynamic: Whether to compile for windows of any shape; None if a second shape occurs.

        Raises:
            OSError: If it cannot be compiled, for instance as there is no compiler.
            RuntimeError: If the block raises it.
        """
        self._forward_of_layer = torch.compile(_copy(TransformerLayer.forward), dynamic=dynamic)
        if self.embedding.device.type != "cpu":  # where the logits are processed in chunks
            self._cross_entropy = torch.compile(_copy(linear_cross_entropy), dynamic=dynamic)
        try:
            yield
        except RuntimeError as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            if not any(sign in reason for sign in _NO_COMPILER):
                raise
            raise OSError(
                f"compile needs a C++ compiler that works, got {reason}; install one, such as g++, or leave compile out"
            ) from error
        finally:
            self._forward_of_layer, self._cross_entropy = TransformerLayer.forward, linear_cross_entropy

    def angles(self, start: int, time: int, like: torch.Tensor) -> Angles:
        """Return the angles of the rotations at some positions."""
        half = self.config.dim // self.config.heads // 2
        places = torch.arange(start, start + time, device=like.device, dtype=torch.float32)
        speeds = _ROTARY_BASE ** -(torch.arange(half, device=like.device, dtype=torch.float32) / half)
        angles = places[:, None] * speeds
        return angles.cos(), angles.sin()

    def scores(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the logits of the next token.

        Args:
            features: (..., dim).

        Returns:
            (..., vocab).
        """
        return F.linear(features, self._output_matrix)

    def log_probabilities(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the log-probabilities (natural logarithm) of the next token.

        Args:
            features: (..., dim).

        Returns:
            (..., vocab); the exponentials of each row sum to 1.
        """
        return F.log_softmax(self.scores(features), dim=-1)

    def forward(
        self, inputs: torch.Tensor, state: AttentionCache | None = None
    ) -> tuple[torch.Tensor, AttentionCache | None]:
        """Score the next token at every position.

        Args:
            inputs: (batch, time) int64 token ids.
            state: State after the tokens before; None at the start of a text.

        Returns:
            Logits, (batch, time, vocab); and the new state.
        """
        features, _, state = self.features(inputs, state)
        return self.scores(features), state

    def window_loss(
        self, batch: BpttBatch | SequenceBatch, state: AttentionCache | None = None
    ) -> tuple[Loss, AttentionCache | None]:
        """Compute the summed cross entropy of one window, and the state after it.

        Args:
            batch: Inputs, and as targets the tokens that follow them.
            state: State before the window; None at the start of a text, and in training.
        """
        features, _, state = self.features(batch.inputs, state)
        total = self._cross_entropy(features.flatten(0, 1), self._output_matrix, None, batch.targets.flatten())
        return Loss(total=total, count=len(batch)), state

    @property
    def _output_matrix(self) -> torch.Tensor:
        return self.embedding if self.output_weight is None else self.output_weight


def _copy(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Copy a function and its code, which torch compiles for eight models at most; from then on it runs as it is."""
    assert isinstance(function, FunctionType)
    code, defaults = function.__code__.replace(), function.__defaults__
    copy = FunctionType(code, function.__globals__, function.__name__, defaults, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
