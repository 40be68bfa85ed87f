"""Skip-gram with negative sampling on a CPU, in blocks of centers that share their negative samples.

The text is split into blocks of consecutive tokens. Within a block every kept token is a center, the noise words
(negative samples) are drawn once for all of them, and all gradients are taken at the parameters at the start of the
block. The work is then a few small matrix products instead of thousands of single pairs. The expected gradient is that
of equation 4 of Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality": a
center with n contexts is paired with the first N noise words of its block, with the weight n * negatives / N. N grows
with n, as the number of draws does in the published code, so that no work is spent on centers with little weight.

All random numbers are hashes of (key of the epoch, position in the text), so that the result does not depend on which
thread does the work. The names (near, far, reach, met, meeting, loads) are explained in `skip_gram_arrays`.
"""

from typing import Any

import numpy as np
from numba import njit

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
    product,
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
    dot_eight,
    length,
    longest,
    prefetch_row,
    transpose,
    weigh_rows,
)
from textkit.kernels.vector_width import WIDTH


@njit(nogil=True)
def _sort_centers(begin: Any, size: Any, shape: Any, key: Any, work: Any) -> Any:
    """Draw the reach of each center, and sort the centers by descending number of contexts.

    A center is paired with noise words in proportion to its contexts, so after sorting each group of four centers needs
    about the same number of them. Fills ``work.left`` and ``work.counts``, the number of contexts on the left and on
    both sides of each center; ``work.order``, the sorted centers, and its inverse ``work.rank``; ``work.met``, the
    number of noise words of each group of four sorted centers; and ``work.meeting``, the number of sorted centers that
    are paired with the eight noise words from ``8 * k`` on.

    Returns:
        The number of (center, context) pairs.
    """
    place, first, last, left, counts = work.place, work.first, work.last, work.left, work.counts
    order, rank, buckets, met, meeting = work.order, work.rank, work.buckets, work.met, work.meeting
    most, drawn = 2 * shape.window, shape.drawn
    tiles = (size + 3) // 4 * 4
    for n in range(most + 2):
        buckets[n] = 0
    pairs = 0
    for c in range(size):
        at = begin + c
        reach = drawn_reach(key, place[at], shape.window)
        left[c] = min(reach, at - first[at])
        counts[c] = left[c] + min(reach, last[at] - at)
        buckets[most - counts[c] + 1] += 1
        pairs += counts[c]
    # Counting sort: buckets[n] becomes the rank of the first center with most - n contexts.
    for n in range(most + 1):
        buckets[n + 1] += buckets[n]
    for c in range(size):
        s = buckets[most - counts[c]]
        buckets[most - counts[c]] += 1
        order[s], rank[c] = c, s
    for k in range(drawn // 8):
        meeting[k] = 0
    for i in range(0, tiles, 4):
        met[i // 4] = (counts[order[i]] * drawn + 8 * most - 1) // (8 * most) * 8
        for k in range(met[i // 4] // 8):
            meeting[k] = i + 4
    return pairs


@njit(nogil=True)
def _near_steps(
    begin: Any, size: Any, tables: Any, rate: Any, work: Any, rows: Any, base: Any, base_context: Any
) -> Any:
    """Compute the steps of the (center, context) pairs of a block, and return their loss.

    The steps of the sorted centers are written to ``rows`` from ``base`` on, those of the contexts from
    ``base_context`` on. A row of ``work.near`` holds first the scores of one center, then its coefficients.
    """
    masks, X, Y, near = tables.masks, work.X, work.Y, work.near
    order, rank, left, counts = work.order, work.rank, work.left, work.counts
    products = work.products
    # Three loops (scores, coefficients, steps), so that no center waits for the long chain of operations of another.
    for c in range(size):
        for m in range(0, counts[c], 8):
            dot_eight(X, rank[c], Y, begin + c - left[c] + m, left[c] - m, near, rank[c], m)
    minus, step = splat(np.float32(-1)), splat(rate)
    excess = logs = zero()
    for s in range(size):
        n = counts[order[s]]
        grown = one()
        for m in range(0, n, WIDTH):
            mask = load(masks, n, m)
            x = multiply(minus, load(near, s, m))
            e = exp_minus_abs(x)
            grown = multiply(grown, multiply_add(mask, e, one()))
            excess = multiply_add(mask, positive_part(x), excess)
            store(near, s, m, multiply(multiply(mask, step), logistic(x, e)))
            # The loss is the logarithm of a product, taken once; with more factors it could overflow float32.
            if m % 64 == 64 - WIDTH:
                excess = add(excess, logarithm(grown))
                grown = one()
        products[0, s] = product(grown)
    for c in range(size):
        s, n, gap = rank[c], counts[c], left[c]
        start = begin + c - gap
        weigh_rows(rows, base + s, near, s * near.shape[1], Y, start, gap, n)
        work.lengths[s] = length(rows, base + s)
        for m in range(n):
            add_scaled_row(rows, base_context + start + m + (gap <= m), near[s, m], X, s)
    for s in range(0, size, WIDTH):
        logs = add(logs, logarithm(load(products, 0, s)))
    return np.float64(total(logs)) + np.float64(total(excess))


@njit(nogil=True)
def _far_scores(size: Any, shape: Any, rate: Any, work: Any) -> Any:
    """Compute the scores of centers with noise words and their coefficients, in ``work.far``, and return their loss."""
    X, T, far, counts, products = work.X, work.T, work.far, work.counts, work.products
    order, met, weights = work.order, work.met, work.weights
    tiles, width = (size + 3) // 4 * 4, X.shape[1]
    excess = logs = zero()
    # Typed values, because Numba would compile a version of `combine` for each literal.
    fresh, none, one_on = np.int64(0), np.int64(0), np.int64(1)
    done = 0
    for i in range(0, tiles, 4):
        noise_words = met[i // 4]
        columns = (noise_words + WIDTH - 1) // WIDTH * WIDTH
        if i >= done:
            if i + 4 < tiles and met[i // 4 + 1] == noise_words:
                combine_eight(far, i, fresh, X, i * width, width, one_on, T, none, width, columns)
                done = i + 8
            else:
                combine(far, i, fresh, X, i * width, width, one_on, T, none, width, columns)
        for s in range(i, i + 4):
            pair_weight = np.float32(0)
            if s < size and noise_words > 0:
                pair_weight = np.float32(counts[order[s]] * shape.negatives) / np.float32(noise_words)
            weights[0, s] = pair_weight
            weight, step = splat(pair_weight), splat(-rate * pair_weight)
            for k in range(noise_words, columns):
                far[s, k] = UNLIKELY
            grown = one()
            for k in range(0, noise_words, WIDTH):
                x = load(far, s, k)
                e = exp_minus_abs(x)
                grown = multiply(grown, add(one(), e))
                excess = multiply_add(weight, positive_part(x), excess)
                store(far, s, k, multiply(step, logistic(x, e)))
            products[0, s] = product(grown)
    for s in range(0, tiles, WIDTH):
        logs = multiply_add(load(weights, 0, s), logarithm(load(products, 0, s)), logs)
    return np.float64(total(logs)) + np.float64(total(excess))


@njit(nogil=True)
def block_steps(
    text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
) -> Any:
    """Compute the steps of one block, into the rows of ``out`` from ``base`` on.

    Block ``block`` starts at token ``block * shape.block_tokens``. ``rate`` is the learning rate (float32), ``key`` the
    hash key of the epoch (uint64); ``base`` is the first of the `block_rows` rows that belong to the block.

    Returns:
        The loss summed over pairs (nats, float64) and the number of (center, context) pairs.
    """
    window, drawn = shape.window, shape.drawn
    ids, accept, alias, centers, contexts = text.ids, tables.accept, tables.alias, model.centers, model.contexts
    starts, pieces = tables.starts, tables.pieces
    rows, targets, loads = out.rows, out.targets, out.loads
    kept, order, X, Y, N, far = work.kept, work.order, work.X, work.Y, work.N, work.far
    reserved = (shape.block_tokens + 3) // 4 * 4
    base_context = base + reserved
    base_noise = base_context + reserved + (2 * window + 3) // 4 * 4
    for row in range(base, base_noise + drawn):
        targets[row] = -1
    end = min((block + 1) * shape.block_tokens, len(ids))
    begin, stop, n = collect(text, block * shape.block_tokens, end, window, tables, key, work)
    size = stop - begin
    if size == 0:
        return 0.0, 0

    # Request all vectors first: the time goes into waiting for memory, and the requests overlap.
    for at in range(n):
        prefetch_row(contexts, np.int64(kept[at]))
    for at in range(begin, stop):
        prefetch_input(centers, np.int64(kept[at]), starts, pieces)
    for k in range(drawn):
        word = noise_word(accept, alias, key, block * drawn + k)
        prefetch_row(contexts, word)
        targets[base_noise + k] = word
    pairs = _sort_centers(begin, size, shape, key, work)
    tiles = (size + 3) // 4 * 4
    for s in range(size):
        word = kept[begin + order[s]]
        copy_input(X, s, centers, np.int64(word), starts, pieces)
        targets[base + s] = word
    for s in range(size, tiles):
        clear_row(X, s)
    # These values contribute nothing to the sums of logarithms, which are taken a vector at a time.
    for s in range(size, (size + WIDTH - 1) // WIDTH * WIDTH):
        work.products[0, s] = 1
        work.weights[0, s] = 0
    for at in range(n):
        copy_row(Y, at, contexts, np.int64(kept[at]))
        clear_row(rows, base_context + at)
        targets[base_context + at] = kept[at]
    for k in range(drawn):
        copy_row(N, k, contexts, np.int64(targets[base_noise + k]))
    transpose(N, drawn, work.T)
    loss = _near_steps(begin, size, tables, rate, work, rows, base, base_context)
    loss += _far_scores(size, shape, rate, work)
    # Typed values, because Numba would compile a version of `combine` for each literal.
    fresh, onto, none, one_on = np.int64(0), np.int64(1), np.int64(0), np.int64(1)
    width = X.shape[1]
    stride, met, i = far.shape[1], work.met, 0
    while i < tiles:
        noise_words = met[i // 4]
        if i + 4 < tiles and met[i // 4 + 1] == noise_words:
            combine_eight(rows, base + i, onto, far, i * stride, stride, one_on, N, none, noise_words, width)
            i += 8
        else:
            combine(rows, base + i, onto, far, i * stride, stride, one_on, N, none, noise_words, width)
            i += 4
    for k in range(0, drawn, 8):
        combine_eight(rows, base_noise + k, fresh, far, k, one_on, stride, X, none, work.meeting[k // 8], width)

    max_center, max_context = longest(X, size), max(longest(Y, n), longest(N, drawn))
    for s in range(size):
        loads[base + s] = max_context * max(length(rows, base + s), work.lengths[s])
    for at in range(n):
        loads[base_context + at] = max_center * length(rows, base_context + at)
    for k in range(drawn):
        loads[base_noise + k] = max_center * length(rows, base_noise + k)
    return loss, pairs
