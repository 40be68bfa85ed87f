"""Vectors as the first layer of a network: rows in the order of a vocabulary."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.vector_table import VectorTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

PAD = "<pad>"
_ROWS_AT_ONCE = 1 << 13


class HasTokens(Protocol):
    """Anything that lists its tokens in the order of their ids, such as a Vocabulary."""

    @property
    def tokens(self) -> "Sequence[str]":
        """The tokens."""


def embedding_layer(
    table: VectorTable, index: "Mapping[str, int]", vocabulary: HasTokens, *, freeze: bool, seed: int
) -> "torch.nn.Embedding":
    """Make an embedding layer; see `WordVectors.to_embedding`.

    Args:
        table: The vectors.
        index: The row of each word.
        vocabulary: What the rows of the layer stand for.
        freeze: Whether training leaves the layer as it is.
        seed: Chooses the numbers of tokens without a vector.

    Returns:
        A layer with weights of shape (vocabulary, dim).
    """
    import torch

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
    """Give the standard deviation of all numbers, in float64 and without a float64 copy of the matrix."""
    if not len(matrix):
        return 0.0
    blocks = [matrix[start : start + _ROWS_AT_ONCE] for start in range(0, len(matrix), _ROWS_AT_ONCE)]
    mean = sum(float(block.sum(dtype=np.float64)) for block in blocks) / matrix.size
    return float(np.sqrt(sum(float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks) / matrix.size))
