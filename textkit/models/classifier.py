"""The parts shared by all text classifiers: embedding, dropout and output layer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from textkit.batches.records import TextBatch
from textkit.checks import SUITED, set_count, set_fraction
from textkit.models.forks import note_use
from textkit.models.layers import NO_DROPOUT, drop_words, dropout_mask

PAD, UNKNOWN = 0, 1
"""The ids of ``<pad>`` and ``<unk>``."""


OTHER_NAMES = {
    **dict.fromkeys(("vector_size", "embedding_dim", "embed_dim", "emb_dim", "embedding_size"), "dim"),
    **dict.fromkeys(("hidden_size", "hidden_dim", "units"), "hidden"),
    **dict.fromkeys(("num_layers", "n_layers"), "layers"),
    **dict.fromkeys(("num_filters", "n_filters"), "filters"),
    **dict.fromkeys(("kernel_sizes", "filter_sizes", "kernel_size"), "widths"),
    **dict.fromkeys(("ngram_range", "wordNgrams", "word_ngrams"), "ngrams"),
    "bucket": "buckets",
    "dropout_rate": "dropout",
    "rnn_type": "cell",
}
"""Names of the fields of the configs in other libraries."""


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig:
    """Base class of the classifier configs; one of a network of your own overrides `network`.

    Attributes:
        dim: Dimension of the token embeddings; None, which only some models allow, for that of the features.
        dropout: Dropout before the output layer, from 0 to below 1.
        word_dropout: Fraction of the tokens replaced by ``<unk>`` in training, from 0 to below 1.
    """

    dim: int = 128
    dropout: float = 0.5
    word_dropout: float = 0.0

    def __post_init__(self) -> None:
        usual: Any = type(self).dim
        if (self.dim, usual) != (SUITED, SUITED):  # left open only where that is the default
            set_count(self, "dim", 1)
        for name in ("dropout", "word_dropout"):
            set_fraction(self, name, NO_DROPOUT)

    def network(self, vocab: int, classes: int, *, generator: torch.Generator | None = None) -> "Classifier":
        """Create the network of this config; for training, and before its weights are loaded.

        Args:
            vocab: Size of the vocabulary; its first two tokens are ``<pad>`` and ``<unk>``.
            classes: Number of classes.
            generator: Random generator of the initial weights; torch's global one if None.

        Raises:
            NotImplementedError: If the config does not override this method.
        """
        raise NotImplementedError(f"{type(self).__name__} must override network(vocab, classes, generator=...)")


class Classifier(nn.Module, ABC):
    """Base class of the text classifiers; a subclass computes the `features` of a text.

    The logits of a text do not depend on the other texts of its batch.

    Args:
        config: Architecture and regularization.
        vocab: Size of the vocabulary; its first two tokens are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        width: Dimension of the features.
        bound: The embedding is initialized uniformly within +-bound; None for a subclass with an embedding of its own.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        embedding: (vocab, dim); the row of ``<pad>`` is 0 and stays 0.
        output_weight: (classes, width), initialized uniformly within +-1 / sqrt(width).
        output_bias: (classes,).
        dropout_generator: Random generator of the dropout masks, used in training only. For speed, replace it by one on
            the model's device. Its state belongs in a checkpoint.
        perturbation: (batch, time, dim), added to the vectors that `embed` looks up in training; None for nothing.

    Raises:
        ValueError: If the vocabulary has fewer than 2 tokens, or there is no class.
    """

    perturbation: torch.Tensor | None = None

    def __init__(
        self,
        config: ClassifierConfig,
        vocab: int,
        classes: int,
        *,
        width: int,
        bound: float | None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if vocab < 2:
            raise ValueError(f"vocab must be at least 2 tokens, <pad> and <unk>, got {vocab}")
        if classes < 1:
            raise ValueError(f"classes must be at least 1, got {classes}")
        self.config = config
        self.vocab = vocab
        self.classes = classes
        self.dropout_generator = torch.Generator("cpu").manual_seed(0)
        if bound is not None:
            self.embedding = nn.Parameter(torch.empty(vocab, width if config.dim is None else config.dim))
        self.output_weight = nn.Parameter(torch.empty(classes, width))
        self.output_bias = nn.Parameter(torch.zeros(classes))
        with torch.no_grad():
            if bound is not None:
                self.embedding.uniform_(-bound, bound, generator=generator)
                self.embedding[PAD] = 0.0
            self.output_weight.uniform_(-(width**-0.5), width**-0.5, generator=generator)

    @abstractmethod
    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the feature vector of each text.

        Args:
            ids: (batch, time) int64 token ids.
            mask: (batch, time) bool, True for a real token; real tokens come first.

        Returns:
            (batch, width).
        """

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the logits. Sequences are padded rather than packed, so that the model can be exported.

        Args:
            ids: (batch, time) int64 token ids, with at least one step.
            mask: (batch, time) bool, True for a real token; real tokens come first.

        Returns:
            (batch, classes), logits.
        """
        note_use()
        if self.training and self.config.word_dropout > 0:
            ids = drop_words(ids, self.config.word_dropout, UNKNOWN, self.dropout_generator)
        return self.output(self.features(ids.masked_fill(~mask, PAD), mask))

    def output(self, features: torch.Tensor) -> torch.Tensor:
        """Compute the logits from `features`, with dropout in training.

        Args:
            features: (batch, width).

        Returns:
            (batch, classes), logits.
        """
        rate = self.config.dropout
        if self.training and rate > 0:
            shape = (features.shape[0], features.shape[1])
            features = features * dropout_mask(shape, rate, like=features, generator=self.dropout_generator)
        return F.linear(features, self.output_weight, self.output_bias)

    def scores(self, batch: TextBatch) -> torch.Tensor:
        """Compute the logits of a batch.

        Returns:
            (batch, classes), logits.
        """
        scores: torch.Tensor = self(batch.ids, batch.mask)
        return scores

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Look up the vectors (batch, time, dim) of tokens (batch, time); those of padding are 0 and not trained."""
        vectors = F.embedding(ids, self.embedding, padding_idx=PAD)
        return vectors + self.perturbation if self.training and self.perturbation is not None else vectors

    def set_vectors(self, matrix: torch.Tensor | NDArray[Any]) -> None:
        """Initialize the embedding with pretrained vectors.

        Args:
            matrix: (vocab, dim), in the order of the vocabulary. The row of ``<pad>`` is set to 0.

        Raises:
            ValueError: If the matrix has another shape.
        """
        if tuple(matrix.shape) != tuple(self.embedding.shape):
            raise ValueError(
                f"matrix must have the shape (vocab, dim) = {tuple(self.embedding.shape)}, got "
                f"{tuple(matrix.shape)}; set dim in the model's config to the length of the vectors"
            )
        with torch.no_grad():
            self.embedding.copy_(torch.as_tensor(matrix))
            self.embedding[PAD] = 0.0

    def add_vectors(self, matrix: torch.Tensor | NDArray[Any]) -> None:
        """Append the vectors of more tokens to the vocabulary; `embedding` becomes a new parameter.

        Args:
            matrix: (tokens, dim), in the order of their ids.
        """
        rows = [self.embedding.detach(), torch.as_tensor(matrix).to(self.embedding)]
        self.embedding = nn.Parameter(torch.cat(rows))
        self.vocab = len(self.embedding)
