import heapq

from hypothesis import given
from hypothesis import strategies as st

from textkit.fasttext.huffman import huffman_tree


def test_a_tree_by_hand():
    left, right = huffman_tree([5, 3, 2, 1])  # 2 + 1, then 3 + 3, then 5 + 6
    assert (left.tolist(), right.tolist()) == ([3, 4, 0], [2, 1, 5])


def test_a_single_leaf():
    left, right = huffman_tree([7])
    assert len(left) == len(right) == 0


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=30))
def test_it_is_as_short_as_any(counts):
    counts = sorted(counts, reverse=True)
    left, right = huffman_tree(counts)
    depths = {2 * len(counts) - 2: 0}
    for node in range(2 * len(counts) - 2, len(counts) - 1, -1):
        for child in (left[node - len(counts)], right[node - len(counts)]):
            depths[int(child)] = depths[node] + 1
    heap = list(counts)
    heapq.heapify(heap)
    shortest = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        shortest += both
        heapq.heappush(heap, both)
    assert sum(depths[leaf] * count for leaf, count in enumerate(counts)) == shortest
