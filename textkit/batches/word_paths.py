"""The paths of words in the Huffman tree of hierarchical softmax. Does not need torch."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.huffman import huffman_tree

PADDING = 16  # the kernels read the turns of a path by 8 or 16


class WordPaths(NamedTuple):
    """The inner nodes on the way from the root to each word, and the turns there.

    Attributes:
        starts: (vocab,) int64, the start of each path in ``nodes`` and ``turns``, a multiple of 16.
        lengths: (vocab,) int64, number of nodes of each path.
        nodes: (paths,) int32, inner nodes from 0, the root, to vocab - 2; paths are padded with the root.
        turns: (1, paths) float32, 1 where the path turns left at the node, -1 where it turns right, 0 for padding.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    nodes: NDArray[np.int32]
    turns: NDArray[np.float32]


def word_paths(counts: NDArray[np.int64]) -> WordPaths:
    """Build the Huffman tree of words: frequent words have short paths (Mikolov et al. 2013, section 2.1).

    Words with the same count are taken in the order of the vocabulary, so that the tree is the same everywhere.

    Args:
        counts: (vocab,) count of each word, of at least one word.

    >>> paths = word_paths(np.array([5, 2, 2]))
    >>> paths.lengths.tolist(), paths.nodes[:1].tolist(), paths.nodes[16:18].tolist(), paths.turns[0, 16:18].tolist()
    ([1, 2, 2], [0], [0, 1], [1.0, -1.0])
    """
    vocab = len(counts)
    order = np.argsort(-counts, kind="stable")
    left, right = huffman_tree(counts[order].tolist())
    # Inner nodes are numbered from the leaves to the root there.
    parents, turns = np.full(2 * vocab - 1, -1), np.zeros(2 * vocab - 1, np.float32)
    for children, turn in ((left, 1), (right, -1)):
        parents[children] = np.arange(vocab, 2 * vocab - 1)
        turns[children] = turn
    # All words climb to the root together, one node at a time; first to learn how far it is.
    lengths = np.zeros(vocab, np.int64)
    words, at = order, np.arange(vocab)
    while len(words):
        below = parents[at] >= 0
        words, at = words[below], parents[at[below]]
        lengths[words] += 1
    padded = -(-lengths // PADDING) * PADDING
    starts = np.cumsum(padded) - padded
    nodes, path_turns = np.zeros(padded.sum(), np.int32), np.zeros((1, padded.sum()), np.float32)
    places = starts + lengths - 1
    words, at = order, np.arange(vocab)
    while len(words):
        below = parents[at] >= 0
        words, at = words[below], at[below]
        nodes[places[words]], path_turns[0, places[words]] = 2 * vocab - 2 - parents[at], turns[at]
        places[words] -= 1
        at = parents[at]
    return WordPaths(starts, lengths, nodes, path_turns)
