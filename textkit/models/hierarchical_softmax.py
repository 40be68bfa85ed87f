"""Hierarchical softmax as a torch module: a vector for each inner node of a Huffman tree of the words."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from textkit.batches.word_paths import word_paths


class HierarchicalSoftmax(nn.Module):
    """Predicts words by the turns on their way from the root of a Huffman tree (Mikolov et al. 2013, section 2.1).

    With the vector h of the input and the vector n of a node, the path turns left with the probability s(h.n), where s
    is the logistic function. The probabilities of all words sum to 1. The vectors of the nodes start as zeros.

    Args:
        counts: (vocab,) count of each word.
        dim: Dimension of the vectors.
    """

    turns: torch.Tensor

    def __init__(self, counts: NDArray[Any], dim: int) -> None:
        super().__init__()
        paths = word_paths(counts)
        self.nodes = nn.Parameter(torch.zeros(max(len(counts) - 1, 1), dim))
        turns = torch.zeros(len(counts), len(self.nodes))  # (vocab, nodes): 1 for left, -1 for right, 0 if not passed
        for word, (start, length) in enumerate(zip(paths.starts, paths.lengths, strict=True)):
            passed = slice(start, start + length)
            turns[word, torch.from_numpy(paths.nodes[passed]).long()] = torch.from_numpy(paths.turns[0, passed])
        self.register_buffer("turns", turns)

    def forward(self, hidden: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Compute the log-probability of one word for each input.

        Args:
            hidden: (batch, dim).
            words: (batch,) int64 word ids.

        Returns:
            (batch,) log-probabilities.
        """
        turns = self.turns[words]  # (batch, nodes)
        scores = hidden @ self.nodes.T  # (batch, nodes)
        return (F.logsigmoid(turns * scores) * turns.abs()).sum(-1)
