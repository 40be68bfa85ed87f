"""Convert word vectors to an embedding layer for a vocabulary."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.vector_table import VectorTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

PAD = "<pad>"
_BLOCK_ROWS = 1 << 13


class HasTokens(Protocol):
    """Anything that lists its tokens in the order of their ids, such as a Vocabulary."""

    @property
    def tokens(self) -> "Sequence[str]":
        """The tokens."""


def embedding_layer(
    table: VectorTable, index: "Mapping[str, int]", vocabulary: HasTokens, *, freeze: bool, seed: int
) -> "torch.nn.Embedding":
    """Create an embedding layer; see `WordVectors.to_embedding`.

    Args:
        table: Word vectors.
        index: Row of each word in the table.
        vocabulary: Tokens of the layer, in id order.
        freeze: Whether to exclude the layer from training.
        seed: Seed for the vectors of tokens that are not in the table.

    Returns:
        A layer with weights of shape (vocabulary, dim).

    Raises:
        TypeError: If the vocabulary has no tokens.
    """
    import torch

    if not hasattr(vocabulary, "tokens"):
        raise TypeError(
            f"vocabulary must be a Vocabulary or have tokens, got {type(vocabulary).__name__}; for a list of words use "
            "Vocabulary.from_counts"
        )
    tokens = vocabulary.tokens
    dim = table.matrix.shape[1]
    rows = np.fromiter((index.get(token, -1) for token in tokens), dtype=np.int64, count=len(tokens))
    weights = np.empty((len(tokens), dim), dtype=np.float32)
    known = rows >= 0
    weights[known] = table.matrix[rows[known]]
    scale = _deviation(table.matrix)
    normal = np.random.default_rng(seed).standard_normal((int((~known).sum()), dim), dtype=np.float32)
    weights[~known] = normal * np.float32(scale)
    padding = next((row for row, token in enumerate(tokens) if token == PAD), None)
    if padding is not None:
        weights[padding] = 0
    layer: torch.nn.Embedding = torch.nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        torch.from_numpy(weights), freeze=freeze, padding_idx=padding
    )
    return layer


def _deviation(matrix: NDArray[np.float32]) -> float:
    """Compute the standard deviation of all numbers in float64, without a float64 copy of the matrix."""
    if not len(matrix):
        return 0.0
    blocks = [matrix[start : start + _BLOCK_ROWS] for start in range(0, len(matrix), _BLOCK_ROWS)]
    mean = sum(float(block.sum(dtype=np.float64)) for block in blocks) / matrix.size
    return float(np.sqrt(sum(float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks) / matrix.size))
