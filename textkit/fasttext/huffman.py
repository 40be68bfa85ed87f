"""The tree of hierarchical softmax, as fastText builds it from the counts of labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NOT_BUILT = 10**15  # fastText's count of a node that is still to be built


def huffman_tree(counts: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Build the tree.

    Args:
        counts: Count of each leaf, below 10**15; fastText sorts them in descending order.

    Returns:
        The left and the right child of each inner node, both (leaves - 1,). Leaves are numbered from 0, inner nodes
        after them; the last is the root.

    >>> left, right = huffman_tree([5, 2, 1])
    >>> left.tolist(), right.tolist()
    ([2, 3], [1, 0])
    """
    n = len(counts)
    count = [*counts, *[_NOT_BUILT] * (n - 1)]
    children = np.empty((max(n - 1, 0), 2), np.int32)
    leaf, node = n - 1, n
    for inner in range(n, 2 * n - 1):
        for side in range(2):
            if leaf >= 0 and count[leaf] < count[node]:
                children[inner - n, side], leaf = leaf, leaf - 1
            else:
                children[inner - n, side], node = node, node + 1
        count[inner] = count[children[inner - n, 0]] + count[children[inner - n, 1]]
    return children[:, 0].copy(), children[:, 1].copy()
