"""Input vectors of words that are means of several rows: the word's own, and those of its n-grams.

As in fastText (Bojanowski et al. 2017), the step of such a mean goes to each of its rows whole. The mean then moves by
the step, however many rows it has.
"""

from typing import Any

import numpy as np
from numba import njit

from textkit.kernels.compiling import inlined
from textkit.kernels.simd import add, load, load_like, multiply, splat, store, zero, zero_three
from textkit.kernels.tiles import add_scaled_row, copy_row, prefetch_row
from textkit.kernels.vector_width import WIDTH


@inlined
def prefetch_input(inputs: Any, word: Any, starts: Any, pieces: Any) -> None:
    """Prefetch the rows of a word into the cache."""
    if starts is None:
        prefetch_row(inputs, word)
        return
    for piece in range(starts[word], starts[word + 1]):
        prefetch_row(inputs, np.int64(pieces[piece]))


@inlined
def copy_input(out: Any, i: int, inputs: Any, word: Any, starts: Any, pieces: Any) -> None:
    """``out[i]`` = the input vector of a word: its row or, with subwords, the mean of its rows."""
    if starts is None:
        copy_row(out, i, inputs, word)
        return
    first, last = starts[word], starts[word + 1]
    share = splat(np.float32(1) / np.float32(last - first))
    d, width = 0, out.shape[1]
    while d + 3 * WIDTH <= width:
        c0 = zero_three()
        for piece in range(first, last):
            c0 = add(c0, load_like(c0, inputs, np.int64(pieces[piece]), d))
        store(out, i, d, multiply(share, c0))
        d += 3 * WIDTH
    while d < width:
        c1 = zero()
        for piece in range(first, last):
            c1 = add(c1, load(inputs, np.int64(pieces[piece]), d))
        store(out, i, d, multiply(share, c1))
        d += WIDTH


@njit(nogil=True)
def apply_to_pieces(
    inputs: Any,
    starts: Any,
    pieces: Any,
    out: Any,
    blocks: Any,
    mass: Any,
    bound: Any,
    slices: Any,
    mine: Any,
) -> None:
    """Add the steps of words to all rows of these words, as `skip_gram_workers.apply_steps` does to single rows.

    A word changes by the mean of the changes of its rows. So the sum of the loads is limited for each row: then it is
    limited for each word, too.
    """
    targets, loads, rows = out.targets, out.loads, out.rows
    for b in range(blocks):
        begin = b * out.per_block
        for step in range(begin, begin + out.inputs):
            word = targets[step]
            if word < 0:
                continue
            for piece in range(starts[word], starts[word + 1]):
                row = np.int64(pieces[piece])
                if row & (slices - 1) == mine:
                    mass[row] += loads[step]
    for b in range(blocks):
        begin = b * out.per_block
        end = begin + out.inputs
        for step in range(begin, end):
            ahead = targets[step + 1] if step + 1 < end else np.int32(-1)
            if ahead >= 0:
                for piece in range(starts[ahead], starts[ahead + 1]):
                    row = np.int64(pieces[piece])
                    if row & (slices - 1) == mine:
                        prefetch_row(inputs, row)
            word = targets[step]
            if word < 0:
                continue
            for piece in range(starts[word], starts[word + 1]):
                row = np.int64(pieces[piece])
                if row & (slices - 1) == mine:
                    scale = np.float32(1)
                    if mass[row] > bound:
                        scale = bound / mass[row]
                    add_scaled_row(inputs, row, scale, rows, step)
    for b in range(blocks):
        begin = b * out.per_block
        for step in range(begin, begin + out.inputs):
            word = targets[step]
            if word < 0:
                continue
            for piece in range(starts[word], starts[word + 1]):
                row = np.int64(pieces[piece])
                if row & (slices - 1) == mine:
                    mass[row] = 0
