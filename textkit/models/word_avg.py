"""The mean of word vectors and of hashed n-grams, and a linear layer: fast, and hard to beat on long texts."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.pooling import masked_sum
from textkit.text.ngrams import MOST_BUCKETS, MULTIPLIER


@dataclass(frozen=True, kw_only=True)
class WordAvgConfig(ClassifierConfig):
    """The shape of a `WordAvg`.

    Attributes:
        dim: Length of a word's vector.
        ngrams: The longest n-grams, in words; 1 for words alone.
        buckets: Number of vectors that all n-grams share, found by a hash; a power of two, at most 2**24.
        dropout: Share of the units of the mean that are dropped in training.
        word_dropout: Share of the words that become ``<unk>`` in training.
    """

    dim: int = 32
    ngrams: int = 2
    buckets: int = 1 << 20
    dropout: float = 0.0
    word_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_whole("ngrams", "buckets")
        if self.buckets > MOST_BUCKETS or self.buckets & (self.buckets - 1):
            raise ValueError(f"buckets must be a power of two up to 2**24, got {self.buckets}; try {1 << 20}")


def ngram_ids(ids: torch.Tensor, n: int, buckets: int) -> torch.Tensor:
    """The bucket of the n-gram that begins at each token.

    The hash of the tokens i, j, k is ((i * m + j) * m + k) modulo ``buckets``, with m the `MULTIPLIER`.

    Args:
        ids: (batch, time) int64 token ids, from 0.
        n: Tokens in an n-gram.
        buckets: Number of buckets.

    Returns:
        (batch, time) int64; n-grams that reach beyond the last step have zeros there.

    >>> ngram_ids(torch.tensor([[5, 7, 2]]), 2, 1000)  # 5 * 116049371 + 7 ends in 862, and so on
    tensor([[862, 599, 742]])
    """
    time = ids.shape[1]
    ids = F.pad(ids, (0, n - 1))
    hashed = ids[:, :time] % buckets
    for place in range(1, n):
        hashed = (hashed * MULTIPLIER + ids[:, place : place + time]) % buckets
    return hashed


class WordAvg(Classifier):
    """Scores the mean of the vectors of a text's words and n-grams (Joulin et al. 2016, "Bag of Tricks").

    The score is ``output_weight @ mean + output_bias``; the mean of an empty text is 0. Word vectors start evenly
    within +-1 / dim, n-grams at 0, and the output layer normally distributed with a deviation of one over the root of
    ``dim``.

    Args:
        config: The shape.
        vocab: Number of words; the first two are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        generator: Where the weights at the start are drawn from; torch's global state if None.

    Attributes:
        ngram_embedding: (buckets, dim); None if there are words alone.
    """

    config: WordAvgConfig

    def __init__(
        self, config: WordAvgConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(config, vocab, classes, width=config.dim, bound=1 / config.dim, generator=generator)
        self.ngram_embedding = None
        if config.ngrams > 1:
            self.ngram_embedding = nn.Parameter(torch.zeros(config.buckets, config.dim))
        with torch.no_grad():
            self.output_weight.normal_(0, config.dim**-0.5, generator=generator)

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The mean of the vectors (batch, dim); see `Classifier.features`."""
        total, count = masked_sum(self.embed(ids), mask)
        if self.ngram_embedding is not None:
            for n in range(2, self.config.ngrams + 1):
                whole = F.pad(mask, (0, n - 1))[:, n - 1 :]  # (batch, time): whether the last of n tokens is real
                vectors = F.embedding(ngram_ids(ids, n, self.config.buckets), self.ngram_embedding)
                more, number = masked_sum(vectors, whole)
                total, count = total + more, count + number
        return total / count.clamp(min=1)
