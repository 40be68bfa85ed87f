"""CBOW with negative sampling on a CPU, in blocks of centers that share their negative samples.

The mean of the input vectors of a center's contexts predicts the center (Mikolov et al. 2013, "Efficient Estimation of
Word Representations in Vector Space"). As in `skip_gram_cpu`, all gradients of a block are taken at the parameters at
its start, and every center is paired with all N noise words of its block, with the weight negatives / N.

As in word2vec.c and fastText, each context gets the whole gradient of the mean, not its share of it. Position weights
are in `position_weights_cpu`.
"""

from typing import Any

import numpy as np
from numba import njit

from textkit.kernels.position_weights_cpu import add_weighted_steps, largest, weighted_means
from textkit.kernels.sampling import collect, drawn_reach, noise_word
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
from textkit.kernels.skip_gram_arrays import UNLIKELY
from textkit.kernels.subwords_cpu import copy_input, prefetch_input
from textkit.kernels.tiles import (
    add_scaled_row,
    clear_row,
    combine,
    combine_eight,
    copy_row,
    dot,
    length,
    longest,
    prefetch_row,
    transpose,
    weigh_rows,
)
from textkit.kernels.vector_width import WIDTH


@njit(nogil=True)
def cbow_windows(begin: Any, size: Any, shape: Any, key: Any, work: Any) -> Any:
    """Draw the reach of each center. Fills ``work.left``, ``work.counts`` and ``work.present``.

    Returns:
        The number of centers that have a context.
    """
    place, first, last, left, counts = work.place, work.first, work.last, work.left, work.counts
    present = work.present
    examples = 0
    for c in range(size):
        at = begin + c
        reach = drawn_reach(key, place[at], shape.window)
        left[c] = min(reach, at - first[at])
        counts[c] = left[c] + min(reach, last[at] - at)
        present[0, c] = np.float32(counts[c] > 0)
        examples += counts[c] > 0
    for c in range(size, (size + WIDTH - 1) // WIDTH * WIDTH):
        present[0, c] = 0
    return examples


@njit(nogil=True)
def mean_inputs(begin: Any, size: Any, work: Any) -> None:
    """Average the input vectors of the contexts of each center, ``work.Y``, into ``work.X``."""
    left, counts, shares, X, Y = work.left, work.counts, work.shares, work.X, work.Y
    for c in range(size):
        share = splat(np.float32(1) / np.float32(max(counts[c], 1)))
        for m in range(0, counts[c], WIDTH):
            store(shares, c, m, share)
        weigh_rows(X, c, shares, c * shares.shape[1], Y, begin + c - left[c], left[c], counts[c])


@njit(nogil=True)
def _near_scores(begin: Any, size: Any, contexts: Any, rate: Any, work: Any) -> Any:
    """Compute the scores of the means with their centers and the coefficients, in ``work.scores``; return the loss."""
    kept, X, scores, present = work.kept, work.X, work.scores, work.present
    for c in range(size):
        scores[0, c] = dot(X, c, contexts, np.int64(kept[begin + c]))
    minus, step, grown, losses = splat(np.float32(-1)), splat(rate), one(), zero()
    for c in range(0, size, WIDTH):
        mask = load(present, 0, c)
        x = multiply(minus, load(scores, 0, c))
        e = exp_minus_abs(x)
        grown = multiply(grown, multiply_add(mask, e, one()))
        losses = multiply_add(mask, positive_part(x), losses)
        store(scores, 0, c, multiply(multiply(mask, step), logistic(x, e)))
        # The loss is the logarithm of a product, taken once; with more factors it could overflow float32.
        if c % 512 == 512 - WIDTH:
            losses = add(losses, logarithm(grown))
            grown = one()
    return np.float64(total(losses)) + np.float64(total(logarithm(grown)))


@njit(nogil=True)
def _far_scores(size: Any, shape: Any, rate: Any, work: Any) -> Any:
    """Compute the scores of the means with the noise words and the coefficients, in ``work.far``; return the loss."""
    X, T, far, present = work.X, work.T, work.far, work.present
    width, drawn = X.shape[1], shape.drawn
    # Typed values, because Numba would compile a version of `combine` for each literal.
    fresh, none, one_on = np.int64(0), np.int64(0), np.int64(1)
    excess = logs = zero()
    columns = far.shape[1]
    tiles = (size + 3) // 4 * 4
    for i in range(0, tiles, 8):
        if i + 4 < tiles:
            combine_eight(far, i, fresh, X, i * width, width, one_on, T, none, width, columns)
        else:
            combine(far, i, fresh, X, i * width, width, one_on, T, none, width, columns)
        for c in range(i, min(i + 8, tiles)):
            for k in range(drawn, columns):
                far[c, k] = UNLIKELY
            pair_weight = present[0, c] * np.float32(shape.negatives) / np.float32(drawn)
            weight, step = splat(pair_weight), splat(-rate * pair_weight)
            grown = one()
            for k in range(0, drawn, WIDTH):
                x = load(far, c, k)
                e = exp_minus_abs(x)
                grown = multiply(grown, add(one(), e))
                excess = multiply_add(weight, positive_part(x), excess)
                store(far, c, k, multiply(step, logistic(x, e)))
            logs = multiply_add(weight, logarithm(grown), logs)
    return np.float64(total(logs)) + np.float64(total(excess))


@njit(nogil=True)
def cbow_block(
    text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
) -> Any:
    """Compute the steps of one block, into the rows of ``out`` from ``base`` on; see `skip_gram_cpu.block_steps`.

    Returns:
        The loss summed over the centers that have a context (nats, float64), and the number of these centers.
    """
    drawn, contexts = shape.drawn, model.contexts
    starts, pieces = tables.starts, tables.pieces
    rows, targets, loads = out.rows, out.targets, out.loads
    kept, left, counts, X, Y, G, N, scores, far = (
        work.kept, work.left, work.counts, work.X, work.Y, work.G, work.N, work.scores, work.far
    )  # fmt: skip
    base_output = base + out.inputs
    base_noise = base + out.per_block - drawn
    # The vectors of the places follow those of the words in the embedding, and the centers in the steps.
    first_position, base_positions = np.int64(len(tables.keep)), base_noise - shape.positions
    for row in range(base, base + out.per_block):
        targets[row] = -1
    end = min((block + 1) * shape.block_tokens, len(text.ids))
    begin, stop, n = collect(text, block * shape.block_tokens, end, shape.window, tables, key, work)
    size = stop - begin
    if size == 0:
        return 0.0, 0

    # Request all vectors first: the time goes into waiting for memory, and the requests overlap.
    for at in range(n):
        prefetch_input(model.centers, np.int64(kept[at]), starts, pieces)
    for at in range(begin, stop):
        prefetch_row(contexts, np.int64(kept[at]))
    for k in range(drawn):
        word = noise_word(tables.accept, tables.alias, key, block * drawn + k)
        prefetch_row(contexts, word)
        targets[base_noise + k] = word
    for at in range(n):
        copy_input(Y, at, model.centers, np.int64(kept[at]), starts, pieces)
        clear_row(rows, base + at)
        targets[base + at] = kept[at]
    for k in range(drawn):
        copy_row(N, k, contexts, np.int64(targets[base_noise + k]))
    transpose(N, drawn, work.T)
    examples = cbow_windows(begin, size, shape, key, work)
    if shape.positions:
        weighted_means(begin, size, contexts, first_position, shape.window, work)
    else:
        mean_inputs(begin, size, work)
    tiles = (size + 3) // 4 * 4
    for c in range(size, tiles):
        clear_row(X, c)
    loss = _near_scores(begin, size, contexts, rate, work) + _far_scores(size, shape, rate, work)

    # Typed values, because Numba would compile a version of `combine` for each literal.
    fresh, none, one_on = np.int64(0), np.int64(0), np.int64(1)
    width, stride = X.shape[1], far.shape[1]
    for i in range(0, tiles, 8):
        if i + 4 < tiles:
            combine_eight(G, i, fresh, far, i * stride, stride, one_on, N, none, drawn, width)
        else:
            combine(G, i, fresh, far, i * stride, stride, one_on, N, none, drawn, width)
    for k in range(0, drawn, 8):
        combine_eight(rows, base_noise + k, fresh, far, k, one_on, stride, X, none, tiles, width)
    max_output = longest(N, drawn)
    for c in range(size):
        word = np.int64(kept[begin + c])
        max_output = max(max_output, length(contexts, word))
        add_scaled_row(G, c, scores[0, c], contexts, word)
        clear_row(rows, base_output + c)
        add_scaled_row(rows, base_output + c, scores[0, c], X, c)
        targets[base_output + c] = word
        if not shape.positions:
            for m in range(counts[c]):
                at = begin + c - left[c] + m + (left[c] <= m)
                add_scaled_row(rows, base + at, np.float32(1), G, c)

    # A score changes by the mean of the changes that the contexts make, which is at most the largest of them.
    max_mean, stretch = longest(X, size), np.float32(1)
    if shape.positions:
        add_weighted_steps(begin, size, contexts, first_position, shape.window, work, rows, base, base_positions)
        stretch = largest(contexts, first_position, shape.positions)
        max_input = longest(Y, n)
        for position in range(shape.positions):
            targets[base_positions + position] = first_position + position
            loads[base_positions + position] = max_output * max_input * length(rows, base_positions + position)
    for at in range(n):
        loads[base + at] = stretch * max_output * length(rows, base + at)
    for c in range(size):
        loads[base_output + c] = max_mean * length(rows, base_output + c)
    for k in range(drawn):
        loads[base_noise + k] = max_mean * length(rows, base_noise + k)
    return loss, examples
