"""Skip-gram and CBOW with hierarchical softmax on a CPU, in blocks of tokens.

A word is predicted by the turns on its way from the root of a Huffman tree (Mikolov et al. 2013, "Distributed
Representations of Words and Phrases", section 2.1): its probability is the product of the logistic functions of the
scores at the nodes, negated where the path turns right. Skip-gram predicts each context from its center; CBOW the
center from the mean of its contexts, each of which gets the whole gradient, as in `cbow_cpu`.

As in `skip_gram_cpu`, all gradients of a block are taken at the parameters at its start. The steps of a node are summed
over the block.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from textkit.kernels.cbow_arrays import CbowShape, cbow_scratch
from textkit.kernels.cbow_cpu import cbow_windows, mean_inputs
from textkit.kernels.gathered_rows import (
    add_weighted_rows,
    add_weighted_rows_to_two,
    dot_eight_rows,
    dot_two_by_eight_rows,
)
from textkit.kernels.sampling import collect
from textkit.kernels.simd import (
    add,
    exp_minus_abs,
    load,
    logarithm,
    logistic,
    multiply,
    multiply_add,
    one,
    positive_part,
    splat,
    store,
    total,
    zero,
)
from textkit.kernels.skip_gram_arrays import END, Steps, aligned_zeros, empty_steps, round_up
from textkit.kernels.subwords_cpu import copy_input, prefetch_input
from textkit.kernels.tiles import add_scaled_row, clear_row, length, prefetch_row
from textkit.kernels.vector_width import WIDTH

_IN_PAIRS = WIDTH == 16  # then there are 32 registers, enough for the sums of two rows


class TreeShape(NamedTuple):
    """Sizes: tokens per block, window, whether the model is CBOW, rows for the nodes that the words of a block meet."""

    block_tokens: int
    window: int
    cbow: bool
    nodes: int


class TreeScratch(NamedTuple):
    """Working memory of one thread: ``words`` as in `CbowScratch`, and what is about the tree.

    By node: slots (vocab - 1,) int32, the place of a node in the block's steps, or -1. For one predicted word: hidden
    (2 * window,), the rows that it is predicted from, and scores (2 * window, longest path), then the coefficients.
    """

    words: Any
    slots: Any
    hidden: Any
    scores: Any


def tree_shape(block_tokens: int, window: int, *, cbow: bool, lengths: np.ndarray[Any, Any]) -> TreeShape:
    """Reserve the rows for nodes: a block cannot meet more than all, nor more than its words have."""
    words = round_up(block_tokens, 4) + 2 * window
    return TreeShape(block_tokens, window, cbow, min(max(len(lengths) - 1, 1), words * max(int(lengths.max()), 1)))


def tree_steps(blocks: int, shape: TreeShape, width: int) -> Steps:
    """Allocate the steps of ``blocks`` blocks."""
    inputs = round_up(shape.block_tokens, 4) + round_up(2 * shape.window, 4)
    return empty_steps(blocks, inputs, shape.nodes, width)


def tree_scratch(shape: TreeShape, width: int, lengths: np.ndarray[Any, Any]) -> TreeScratch:
    """Allocate the working memory of one thread."""
    words = cbow_scratch(CbowShape(shape.block_tokens, shape.window, 1, 8), width)
    slots = np.full(max(len(lengths) - 1, 1), -1, np.int32)
    scores = aligned_zeros(2 * shape.window, round_up(int(lengths.max()), WIDTH))
    return TreeScratch(words, slots, np.zeros(2 * shape.window, np.int64), scores)


@njit(nogil=True)
def _meet_nodes(first: Any, last: Any, nodes_of: Any, contexts: Any, kept: Any, slots: Any, out: Any, base: Any) -> Any:
    """Give each node on the paths of the collected words from ``first`` on a row in the block's steps.

    Returns:
        The number of nodes.
    """
    starts, lengths, nodes = nodes_of.starts, nodes_of.lengths, nodes_of.nodes
    rows, targets = out.rows, out.targets
    used = 0
    for at in range(first, last):
        word = kept[at]
        for place in range(starts[word], starts[word] + lengths[word]):
            node = nodes[place]
            if slots[node] < 0:
                slots[node] = used
                targets[base + used] = node
                clear_row(rows, base + used)
                prefetch_row(contexts, np.int64(node))
                used += 1
    if used < out.per_block - out.inputs:
        targets[base + used] = END
    return used


@njit(nogil=True)
def _predict(
    start: Any,
    size: Any,
    nodes: Any,
    turns: Any,
    X: Any,
    hidden: Any,
    count: Any,
    G: Any,
    shift: Any,
    contexts: Any,
    rate: Any,
    slots: Any,
    scores: Any,
    rows: Any,
    base: Any,
) -> Any:
    """Predict one word from the rows ``hidden[:count]`` of ``X``, so that the nodes of its path stay in the cache.

    The path has ``size`` nodes, from ``nodes[start]`` on. The step of row i is added to row ``shift + i`` of ``G``, and
    the steps of the nodes to ``rows``. The arguments are arrays and not tuples of them, because accessing a field of a
    tuple costs a reference count.

    Returns:
        The loss, -log of the probability of the word, summed over the rows.
    """
    stride = scores.shape[1]
    step, minus, loss, grown = splat(rate), splat(np.float32(-1)), zero(), one()
    pairs = count // 2 * 2 if _IN_PAIRS else 0
    for k in range(0, pairs, 2):
        for m in range(0, size, 8):
            dot_two_by_eight_rows(X, hidden[k], hidden[k + 1], contexts, nodes, start + m, scores, k, m)
    for k in range(pairs, count):
        for m in range(0, size, 8):
            dot_eight_rows(X, hidden[k], contexts, nodes, start + m, scores, k, m)
    for k in range(count):
        for m in range(0, size, WIDTH):
            turn = load(turns, 0, start + m)  # 0 beyond the end
            x = multiply(minus, multiply(turn, load(scores, k, m)))
            e = exp_minus_abs(x)
            grown = multiply(grown, multiply_add(multiply(turn, turn), e, one()))
            loss = add(loss, positive_part(x))
            store(scores, k, m, multiply(multiply(turn, step), logistic(x, e)))
        # The loss is the logarithm of a product, taken once; with more factors it could overflow float32.
        if k % 8 == 7:
            loss = add(loss, logarithm(grown))
            grown = one()
    loss = add(loss, logarithm(grown))
    for k in range(0, pairs, 2):
        i, j, at = shift + hidden[k], shift + hidden[k + 1], k * stride
        add_weighted_rows_to_two(G, i, j, scores, at, at + stride, 1, contexts, nodes, start, size)
    for k in range(pairs, count):
        add_weighted_rows(G, shift + hidden[k], scores, k * stride, 1, contexts, nodes, start, size)
    pairs = size // 2 * 2 if _IN_PAIRS else 0
    for m in range(0, pairs, 2):
        i, j = base + np.int64(slots[nodes[start + m]]), base + np.int64(slots[nodes[start + m + 1]])
        add_weighted_rows_to_two(rows, i, j, scores, m, m + 1, stride, X, hidden, 0, count)
    for m in range(pairs, size):
        node = np.int64(slots[nodes[start + m]])
        add_weighted_rows(rows, base + node, scores, m, stride, X, hidden, 0, count)
    return np.float64(total(loss))


@njit(nogil=True)
def tree_block(
    text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
) -> Any:
    """Compute the steps of one block, into the rows of ``out`` from ``base`` on; see `skip_gram_cpu.block_steps`.

    Returns:
        The loss (nats, float64), and the number of predictions: of pairs with skip-gram, of centers with CBOW.
    """
    inputs, contexts, nodes_of, words, slots = model.centers, model.contexts, tables.paths, work.words, work.slots
    path_starts, lengths, nodes, turns = nodes_of.starts, nodes_of.lengths, nodes_of.nodes, nodes_of.turns
    scores, hidden, starts, pieces = work.scores, work.hidden, tables.starts, tables.pieces
    rows, targets, loads = out.rows, out.targets, out.loads
    kept, left, counts, X, Y, G = words.kept, words.left, words.counts, words.X, words.Y, words.G
    base_output = base + out.inputs
    for row in range(base, base_output):
        targets[row] = -1
    targets[base_output] = END
    end = min((block + 1) * shape.block_tokens, len(text.ids))
    begin, stop, n = collect(text, block * shape.block_tokens, end, shape.window, tables, key, words)
    size = stop - begin
    if size == 0:
        return 0.0, 0

    # Request all vectors first: the time goes into waiting for memory, and the requests overlap.
    first, last = (0, n) if shape.cbow else (begin, stop)
    for at in range(first, last):
        prefetch_input(inputs, np.int64(kept[at]), starts, pieces)
    predicted_first, predicted_last = (begin, stop) if shape.cbow else (0, n)
    used = _meet_nodes(predicted_first, predicted_last, nodes_of, contexts, kept, slots, out, base_output)
    for at in range(first, last):
        copy_input(Y, at, inputs, np.int64(kept[at]), starts, pieces)
        clear_row(rows, base + at)
        targets[base + at] = kept[at]
    predictions = cbow_windows(begin, size, shape, key, words)
    loss = 0.0
    if shape.cbow:
        mean_inputs(begin, size, words)
        for c in range(size):
            clear_row(G, c)
            if counts[c] > 0:
                word = np.int64(kept[begin + c])
                hidden[0] = c
                loss += _predict(
                    path_starts[word], lengths[word], nodes, turns, X, hidden, 1, G, np.int64(0), contexts, rate,
                    slots, scores, rows, base_output,
                )  # fmt: skip
            for m in range(counts[c]):
                at = begin + c - left[c] + m + (left[c] <= m)
                add_scaled_row(rows, base + at, np.float32(1), G, c)
    else:
        predictions = 0
        for at in range(n):
            count = 0
            for center in range(max(begin, at - shape.window), min(stop, at + shape.window + 1)):
                c = center - begin
                if center != at and center - left[c] <= at <= center - left[c] + counts[c]:
                    hidden[count] = center
                    count += 1
            predictions += count
            word = np.int64(kept[at])
            loss += _predict(
                path_starts[word], lengths[word], nodes, turns, Y, hidden, count, rows, base, contexts, rate,
                slots, scores, rows, base_output,
            )  # fmt: skip

    max_input = max_node = np.float32(1)
    for k in range(used):
        node = np.int64(targets[base_output + k])
        max_node = max(max_node, length(contexts, node))
        slots[node] = -1
    for c in range(size):
        max_input = max(max_input, length(X, c) if shape.cbow else length(Y, begin + c))
    for at in range(first, last):
        loads[base + at] = max_node * length(rows, base + at)
    for k in range(used):
        loads[base_output + k] = max_input * length(rows, base_output + k)
    return loss, predictions
