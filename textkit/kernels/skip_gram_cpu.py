"""Skip-gram with negative sampling on a CPU: blocks of centers that share their negatives.

The text is cut into blocks of consecutive tokens. Within a block every kept token is a center, the noise words are
drawn once for all of them, and all gradients are taken at the parameters that the block began with. The work is then
a few small matrix products instead of thousands of single pairs. The expected gradient is that of equation 4 of
Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality": a center with n
contexts meets each of the N shared noise words with the weight n * negatives / N.

All random numbers are hashes of (key of the epoch, place in the text), so that nothing depends on which thread does
the work.
"""

from typing import Any

import numpy as np
from numba import njit, uint64

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
    subtract,
    total,
    zero,
)
from textkit.kernels.tiles import clear_row, combine, copy_row, dot_rows, prefetch_row, square_norms

_SUBSAMPLE, _REACH, _NOISE = 0, 1, 2  # what a hash is for


@njit(nogil=True)
def _hash(key: Any, purpose: Any, place: Any) -> Any:
    """64 random bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014) over distinct multiples."""
    x = uint64(key) + uint64(purpose) * uint64(0xD1B54A32D192ED03) + uint64(place) * uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(nogil=True)
def _fraction(bits: Any) -> Any:
    """The low 24 bits as a float32 from 0 to below 1."""
    return np.float32(bits & uint64(0xFFFFFF)) * np.float32(2.0**-24)


@njit(nogil=True)
def _below(bits: Any, limit: Any) -> Any:
    """An integer from 0 to below ``limit``, from the high 32 bits."""
    return np.int64(((bits >> uint64(32)) * uint64(limit)) >> uint64(32))


@njit(nogil=True)
def _is_kept(ids: Any, place: Any, keep: Any, key: Any) -> Any:
    """Whether subsampling keeps the token at ``place``."""
    return _fraction(_hash(key, _SUBSAMPLE, place)) < keep[ids[place]]


@njit(nogil=True)
def _collect(text: Any, begin: Any, end: Any, window: Any, tables: Any, key: Any, work: Any) -> Any:
    """Subsample a block of text and, within its documents, up to ``window`` kept tokens on each side.

    Fills ``work.kept`` (ids), ``work.place`` (in the text), ``work.first`` and ``work.last`` (index of the first and
    the last collected token of the same document).

    Returns:
        The index of the block's first token, the index behind its last one, and the number of all collected tokens.
    """
    ids, offsets, keep = (
        text.ids,
        text.offsets,
        tables.keep,
    )  # local names: a field of a tuple costs a reference count
    kept, place, first, last = work.kept, work.place, work.first, work.last
    document, above = (
        np.int64(0),
        np.int64(len(offsets) - 1),
    )  # the last document that begins at or before `begin`
    while above - document > 1:
        middle = (document + above) // 2
        if offsets[middle] <= begin:
            document = middle
        else:
            above = middle
    at, before = begin, 0
    while at > offsets[document] and before < window:
        at -= 1
        if _is_kept(ids, at, keep, key):
            before += 1
    n = start = 0
    while at < end:
        while at >= offsets[document + 1]:  # documents may be empty
            document += 1
            start = n
        if _is_kept(ids, at, keep, key):
            kept[n], place[n], first[n] = ids[at], at, start
            n += 1
        at += 1
    stop = n
    while at < offsets[document + 1] and n < stop + window:
        if _is_kept(ids, at, keep, key):
            kept[n], place[n], first[n] = ids[at], at, start
            n += 1
        at += 1
    ending = n - 1
    for i in range(n - 1, -1, -1):
        if i < n - 1 and first[i] != first[i + 1]:
            ending = i
        last[i] = ending
    return before, stop, n


@njit(nogil=True)
def _noise_word(accept: Any, alias: Any, key: Any, draw: Any) -> Any:
    """One draw from the noise distribution by the alias method (Walker 1977)."""
    bits = _hash(key, _NOISE, draw)
    word = _below(bits, len(accept))
    if _fraction(bits) < accept[word]:
        return word
    return np.int64(alias[word])


@njit(nogil=True)
def _near_scores(size: Any, begin: Any, shape: Any, tables: Any, rate: Any, key: Any, work: Any) -> Any:
    """Turn the pairs of the block into coefficients, in ``work.near``, and return their loss and number.

    ``near[c, j]`` belongs to center ``c`` and context ``c + j - window``. ``work.counts`` becomes the number of
    contexts of each center; the loads of centers and contexts are begun.
    """
    window, masks = shape.window, tables.masks
    band = work.near.shape[1]
    X, Y, near, place, first, last = work.X, work.Y, work.near, work.place, work.first, work.last
    counts, products, X_norms, Y_norms = work.counts, work.products, work.X_norms, work.Y_norms
    center_loads, context_loads = work.center_loads, work.context_loads
    tiles = (size + 3) // 4 * 4
    for j in range(0, context_loads.shape[1], 8):
        store(context_loads, 0, j, zero())
    minus, step = splat(np.float32(-1)), splat(rate)
    excess = zero()
    pairs = 0
    zero_column = np.int64(0)  # a literal would be a compilation of its own
    for i in range(0, tiles, 4):
        dot_rows(X, i, Y, i, band, near, zero_column, zero_column - 1)
        dot_rows(X, i + 2, Y, i, band, near, zero_column - 2, zero_column - 3)
        for c in range(i, i + 4):
            left = right = 0
            if c < size:
                at = begin + c
                reach = 1 + _below(_hash(key, _REACH, place[at]), window)
                left = min(reach, at - first[at])
                right = min(reach, last[at] - at)
            pairs += left + right
            counts[0, c] = left + right
            row = left * (window + 1) + right
            grown, load_of_center, norm = one(), zero(), splat(X_norms[0, c])
            for j in range(0, band, 8):
                mask = load(masks, row, j)
                x = multiply(minus, load(near, c, j))
                e = exp_minus_abs(x)
                grown = multiply(grown, multiply_add(mask, e, one()))
                excess = multiply_add(mask, positive_part(x), excess)
                coefficient = multiply(multiply(mask, step), logistic(x, e))
                store(near, c, j, coefficient)
                store(context_loads, 0, c + j, multiply_add(coefficient, norm, load(context_loads, 0, c + j)))
                load_of_center = multiply_add(coefficient, load(Y_norms, 0, c + j), load_of_center)
                if j % 64 == 56:  # the product of more numbers could pass the largest float32
                    excess = add(excess, logarithm(grown))
                    grown = one()
            center_loads[0, c] = total(load_of_center)
            products[0, c] = product(grown)
    logs = zero()
    for c in range(0, tiles, 8):
        logs = add(logs, logarithm(load(products, 0, c)))
    return np.float64(total(logs)) + np.float64(total(excess)), pairs


@njit(nogil=True)
def _far_scores(size: Any, shape: Any, rate: Any, work: Any) -> Any:
    """Turn the products with the noise words into coefficients, in ``work.far``, and return their loss.

    The loads of centers are finished, those of noise words made.
    """
    X, N, far, counts, products, drawn = work.X, work.N, work.far, work.counts, work.products, shape.drawn
    X_norms, N_norms, center_loads, noise_loads = work.X_norms, work.N_norms, work.center_loads, work.noise_loads
    for k in range(0, drawn, 8):
        store(noise_loads, 0, k, zero())
    tiles = (size + 3) // 4 * 4
    share = np.float32(shape.negatives) / np.float32(drawn)
    excess = zero()
    zero_column = np.int64(0)
    for i in range(0, tiles, 2):
        dot_rows(X, i, N, zero_column, drawn, far, zero_column, zero_column)
        for c in range(i, i + 2):
            weight = splat(counts[0, c] * share)
            step = multiply(weight, splat(-rate))
            grown, load_of_center, norm = one(), zero(), splat(X_norms[0, c])
            for k in range(0, drawn, 8):
                x = load(far, c, k)
                e = exp_minus_abs(x)
                grown = multiply(grown, add(one(), e))
                excess = multiply_add(weight, positive_part(x), excess)
                coefficient = multiply(step, logistic(x, e))
                store(far, c, k, coefficient)
                store(noise_loads, 0, k, subtract(load(noise_loads, 0, k), multiply(coefficient, norm)))
                load_of_center = multiply_add(coefficient, load(N_norms, 0, k), load_of_center)
            center_loads[0, c] -= total(load_of_center)
            products[0, c] = product(grown)
    logs = zero()
    for c in range(0, tiles, 8):
        weight = multiply(splat(share), load(counts, 0, c))
        logs = multiply_add(weight, logarithm(load(products, 0, c)), logs)
    return np.float64(total(logs)) + np.float64(total(excess))


@njit(nogil=True)
def block_steps(
    text: Any,
    block: Any,
    shape: Any,
    tables: Any,
    model: Any,
    rate: Any,
    key: Any,
    work: Any,
    out: Any,
    base: Any,
) -> Any:
    """Compute what one block adds to the model, into the rows of ``out`` from ``base`` on.

    Block ``block`` holds the tokens from ``block * shape.block_tokens`` on. ``rate`` is the learning rate (float32),
    ``key`` the hash key of the epoch (uint64); ``base`` is the first of the `block_rows` rows that the block uses.

    Returns:
        The loss summed over pairs (nats, float64) and the number of (center, context) pairs.
    """
    window, drawn = shape.window, shape.drawn
    ids, accept, alias, centers, contexts = (
        text.ids,
        tables.accept,
        tables.alias,
        model.centers,
        model.contexts,
    )
    rows, targets, loads = out.rows, out.targets, out.loads
    kept, X, Y, N, near, far = work.kept, work.X, work.Y, work.N, work.near, work.far
    counts, products, band = work.counts, work.products, near.shape[1]
    reserved = (shape.block_tokens + 3) // 4 * 4
    base_context = base + reserved
    base_noise = base_context + reserved + (2 * window + 3) // 4 * 4
    for row in range(base, base_noise + drawn):
        targets[row] = -1
    end = min((block + 1) * shape.block_tokens, len(ids))
    begin, stop, n = _collect(text, block * shape.block_tokens, end, window, tables, key, work)
    size = stop - begin
    if size == 0:
        return 0.0, 0

    tiles = (size + 3) // 4 * 4
    for at in range(n):
        prefetch_row(contexts, np.int64(kept[at]))
    for at in range(begin, stop):
        prefetch_row(centers, np.int64(kept[at]))
    for k in range(drawn):
        word = _noise_word(accept, alias, key, block * drawn + k)
        prefetch_row(contexts, word)
        targets[base_noise + k] = word
    for c in range(tiles):
        if c < size:
            copy_row(X, c, centers, np.int64(kept[begin + c]))
            targets[base + c] = kept[begin + c]
        else:
            clear_row(X, c)
            counts[0, c] = 0
    for c in range(tiles, (tiles + 7) // 8 * 8):  # neutral in the sums of logarithms
        products[0, c] = 1
        counts[0, c] = 0
    span = tiles + 2 * window
    for j in range(tiles + band):  # row j is the context at the place of center j - window
        at = begin + j - window
        if 0 <= at < n and j < span:
            copy_row(Y, j, contexts, np.int64(kept[at]))
            targets[base_context + j] = kept[at]
        else:
            clear_row(Y, j)
    for k in range(drawn):
        copy_row(N, k, contexts, np.int64(targets[base_noise + k]))

    square_norms(X, tiles, work.X_norms)
    square_norms(Y, tiles + band, work.Y_norms)
    square_norms(N, drawn, work.N_norms)
    loss, pairs = _near_scores(size, begin, shape, tables, rate, key, work)
    loss += _far_scores(size, shape, rate, work)

    fresh, onto, none, next_one = (
        np.int64(0),
        np.int64(1),
        np.int64(0),
        np.int64(1),
    )  # literals: a compilation for each
    for i in range(0, tiles, 4):
        combine(rows, base + i, fresh, near, i * band, band - 1, next_one, Y, i, 2 * window + 4)
        combine(rows, base + i, onto, far, i * drawn, drawn, next_one, N, none, drawn)
    for j in range(0, span, 4):
        c = max(0, j - 2 * window)
        terms = min(tiles, j + 4) - c
        combine(rows, base_context + j, fresh, near, c * band + j - c, next_one, band - 1, X, c, terms)
    for k in range(0, drawn, 4):
        combine(rows, base_noise + k, fresh, far, k, next_one, drawn, X, none, tiles)

    for c in range(size):
        loads[base + c] = work.center_loads[0, c]
    for j in range(span):
        loads[base_context + j] = work.context_loads[0, j]
    for k in range(drawn):
        loads[base_noise + k] = work.noise_loads[0, k]
    return loss, pairs
