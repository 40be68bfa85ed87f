"""Embedding and adaptive softmax with shared weights, for vocabularies of many thousand tokens."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from textkit.models.cross_entropy import linear_cross_entropy
from textkit.models.output_weights import TAIL_DIVISOR, unigram_log_probs

_MIN_WIDTH = 8  # shorter vectors save hardly any time, because it is the number of scores that counts then


class TiedAdaptiveSoftmax(nn.Module):
    """The rarer tokens of a vocabulary, and the scores of all tokens.

    The tokens are divided into clusters by frequency. Those of the first cluster have vectors of full length, which
    belong to the caller; each further cluster has shorter vectors v and one projection P, and the embedding of its
    tokens is P v (adaptive input representations; Baevski and Auli 2019). The output layer scores the first cluster and
    the other clusters as wholes, and the tokens of a cluster only where one of them occurs (adaptive softmax; Grave et
    al. 2017). Its weights are the same embeddings. For a large vocabulary, time and memory are a fraction of those of a
    plain softmax.

    Args:
        vocab: Size of the vocabulary; ids are ordered by frequency.
        dim: Dimension of the embeddings.
        cutoffs: First id of each cluster but the first.
        generator: Random generator of the initial weights; torch's global one if None. All embeddings have the
            standard deviation of uniform numbers within +-0.1.
    """

    def __init__(
        self, vocab: int, dim: int, cutoffs: Sequence[int], *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.bounds = (*cutoffs, vocab)
        sizes = [end - start for start, end in pairwise(self.bounds)]
        widths = [max(dim // TAIL_DIVISOR**number, min(dim, _MIN_WIDTH)) for number in range(1, len(cutoffs) + 1)]
        shapes = list(zip(sizes, widths, strict=True))
        self.vectors = nn.ParameterList([torch.empty(size, width) for size, width in shapes])
        self.projections = nn.ParameterList([torch.empty(dim, width) for width in widths])
        self.clusters = nn.Parameter(torch.empty(len(cutoffs), dim))
        self.head_bias = nn.Parameter(torch.zeros(cutoffs[0] + len(cutoffs)))
        self.biases = nn.ParameterList([torch.zeros(size) for size in sizes])
        with torch.no_grad():
            for weight in (*self.vectors, self.clusters):
                weight.uniform_(-0.1, 0.1, generator=generator)
            for weight in self.projections:
                bound = (3 / weight.shape[1]) ** 0.5  # of variance 1 / width
                weight.uniform_(-bound, bound, generator=generator)

    @torch.no_grad()
    def init_output_bias(self, counts: NDArray[np.integer]) -> None:
        """Set the biases so that tokens are predicted by their frequencies; see ``unigram_log_probs``.

        Args:
            counts: (vocab,) count of each token in the training text.
        """
        clusters = [counts[start:end] for start, end in pairwise(self.bounds)]
        sums = [cluster.sum() for cluster in clusters]
        self.head_bias.copy_(unigram_log_probs(np.concatenate([counts[: self.bounds[0]], sums])))
        for bias, cluster in zip(self.biases, clusters, strict=True):
            bias.copy_(unigram_log_probs(cluster))

    def embed(self, ids: torch.Tensor, frequent: torch.Tensor) -> torch.Tensor:
        """Look up the embeddings of tokens.

        Args:
            ids: (batch, time) int64.
            frequent: (cutoffs[0], dim), the embeddings of the first cluster.

        Returns:
            (batch, time, dim).
        """
        flat = ids.flatten()
        places = [(flat < self.bounds[0]).nonzero().flatten()]
        parts = [F.embedding(flat[places[0]], frequent)]
        for (start, end), vectors, projection, _ in self._tails():
            places.append(((flat >= start) & (flat < end)).nonzero().flatten())
            parts.append(F.linear(F.embedding(flat[places[-1]] - start, vectors), projection).to(frequent.dtype))
        joined = frequent.new_zeros(len(flat), frequent.shape[1])
        return joined.index_copy(0, torch.cat(places), torch.cat(parts)).view(*ids.shape, -1)

    def cross_entropy(self, features: torch.Tensor, targets: torch.Tensor, frequent: torch.Tensor) -> torch.Tensor:
        """Compute the summed cross entropy of the targets.

        Args:
            features: (rows, dim).
            targets: (rows,) int64, `IGNORED` where nothing is predicted.
            frequent: (cutoffs[0], dim), the embeddings of the first cluster.

        Returns:
            (), in nats.
        """
        total = features.new_zeros((), dtype=torch.promote_types(features.dtype, torch.float32))
        head_targets = targets.clone()
        for number, ((start, end), vectors, projection, bias) in enumerate(self._tails()):
            places = ((targets >= start) & (targets < end)).nonzero().flatten()
            head_targets[places] = self.bounds[0] + number
            # Also without any target, so that every weight has a gradient in every step.
            inputs = F.linear(features[places], projection.T)
            total = total + linear_cross_entropy(
                inputs, vectors, bias, targets[places] - start, min_chunk_rows=vectors.shape[1]
            )
        return total + linear_cross_entropy(features, self._head(frequent), self.head_bias, head_targets)

    def log_probabilities(self, features: torch.Tensor, frequent: torch.Tensor) -> torch.Tensor:
        """Compute the log-probabilities (natural logarithm) of all tokens.

        Args:
            features: (..., dim).
            frequent: (cutoffs[0], dim), the embeddings of the first cluster.

        Returns:
            (..., vocab); the exponentials of each row sum to 1.
        """
        first = self.bounds[0]
        head = F.linear(features, self._head(frequent), self.head_bias).log_softmax(-1)
        parts = [head[..., :first]]
        for number, (_, vectors, projection, bias) in enumerate(self._tails()):
            within = F.linear(F.linear(features, projection.T), vectors, bias).log_softmax(-1)
            parts.append(head[..., first + number, None] + within)
        return torch.cat(parts, dim=-1)

    def _head(self, frequent: torch.Tensor) -> torch.Tensor:
        return torch.cat([frequent, self.clusters])  # (cutoffs[0] + clusters, dim)

    def _tails(self) -> Iterator[tuple[tuple[int, int], torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield the bounds, vectors (size, width), projection (dim, width) and bias (size,) of each rarer cluster."""
        yield from zip(pairwise(self.bounds), self.vectors, self.projections, self.biases, strict=True)
