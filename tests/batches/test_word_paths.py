import heapq

import numpy as np
import pytest

from textkit.batches.word_paths import word_paths


def walk(paths, word):
    """The nodes of a path and its turns."""
    start, length = paths.starts[word], paths.lengths[word]
    return paths.nodes[start : start + length].tolist(), paths.turns[0, start : start + length].tolist()


@pytest.mark.parametrize("counts", [[1], [3, 2], [5, 5, 5, 5, 1], [1, 9, 4, 0, 0, 7], list(range(100, 0, -1))])
def test_paths_lead_from_the_root_to_different_words(counts):
    paths = word_paths(np.array(counts))
    following = {}  # the next node, or the word, by node and turn
    for word in range(len(counts)):
        nodes, turns = walk(paths, word)
        assert nodes[:1] == [0][: len(counts) - 1]
        assert set(turns) <= {1.0, -1.0}
        for place, (node, turn) in enumerate(zip(nodes, turns, strict=True)):
            goal = ("node", nodes[place + 1]) if place + 1 < len(nodes) else ("word", word)
            assert following.setdefault((node, turn), goal) == goal
    assert len(following) == 2 * (len(counts) - 1)
    assert len(set(following.values())) == len(following)


@pytest.mark.parametrize("seed", range(5))
def test_no_tree_is_shorter(seed):
    """The mean length is that of the textbook's algorithm with a heap."""
    counts = np.sort(np.random.default_rng(seed).zipf(1.5, 200) % 10_000 + 1)[::-1]
    heap, expected = sorted(counts.tolist()), 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        expected += both
        heapq.heappush(heap, both)
    assert (word_paths(counts).lengths * counts).sum() == expected


def test_the_order_of_the_vocabulary_decides_between_equal_counts():
    first, again = word_paths(np.array([2, 9, 2, 2])), word_paths(np.array([9, 2, 2, 2]))
    for a, b in zip([1, 0, 2, 3], range(4), strict=True):
        assert walk(first, a) == walk(again, b)


def test_paths_are_padded_to_eights():
    paths = word_paths(np.array([1000, 300, 100, 30, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]))
    assert not (paths.starts % 16).any()
    assert paths.lengths.max() > 8
    assert np.count_nonzero(paths.turns) == paths.lengths.sum()
