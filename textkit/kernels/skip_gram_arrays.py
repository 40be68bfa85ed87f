"""The arrays that the skip-gram kernel works on: what they hold, and how they are made."""

from typing import Any, NamedTuple

import numpy as np

MAX_DRAWN = 96  # the product of a row of (1 + exp(-|x|)) must stay below the largest float32


class Text(NamedTuple):
    """The encoded corpus: ids (tokens,) int32 and offsets (documents + 1,) int64."""

    ids: Any
    offsets: Any


class Tables(NamedTuple):
    """What is looked up: keep (vocab,) float32, accept (vocab,) float32, alias (vocab,) int32, masks from `band_masks`.

    ``keep`` is the chance that subsampling keeps a token; ``accept`` and ``alias`` are Walker's tables of the noise.
    """

    keep: Any
    accept: Any
    alias: Any
    masks: Any


class Shape(NamedTuple):
    """The numbers that fix the work: tokens of a block, window, negatives for a pair, noise words drawn for a block."""

    block_tokens: int
    window: int
    negatives: int
    drawn: int


class Model(NamedTuple):
    """The input and the output embedding, each (vocab, width) float32; width is dim rounded up to a multiple of 8."""

    centers: Any
    contexts: Any


class Steps(NamedTuple):
    """What blocks want to add to the model, a row for every use of a word.

    rows (n, width) float32 has the learning rate included; targets (n,) int32 is the word of each row or -1. loads
    (n,) float32 says how far a step reaches: the learning rate times the sum of error * max(1, |y|**2) over the vectors
    y that it is made of; an error is 1 - s for a pair and s for noise, s the logistic function of the score. No score
    changes by more, and the curvature of the loss along the step is no larger, since s * (1 - s) is below both errors.
    A block owns `block_rows` rows of each: first the centers, then the contexts and, behind them, the noise words.
    """

    rows: Any
    targets: Any
    loads: Any


class Scratch(NamedTuple):
    """One thread's working memory; see `scratch`."""

    kept: Any
    place: Any
    first: Any
    last: Any
    X: Any
    Y: Any
    N: Any
    near: Any
    far: Any
    products: Any
    counts: Any
    X_norms: Any
    Y_norms: Any
    N_norms: Any
    center_loads: Any
    context_loads: Any
    noise_loads: Any


def round_up(n: int, multiple: int) -> int:
    """The smallest multiple that is at least ``n``.

    >>> round_up(9, 8)
    16
    """
    return -(-n // multiple) * multiple


def aligned_zeros(rows: int, width: int) -> np.ndarray[Any, Any]:
    """A (rows, width) float32 array of zeros that begins at a cache line, so that fewer vectors lie across two.

    Large arrays take huge pages where the system gives them, which `np.zeros` does not ask for.
    """
    memory = np.empty(rows * width + 16, np.float32)
    begin = -memory.ctypes.data % 64 // 4
    array = memory[begin : begin + rows * width].reshape(rows, width)
    array[:] = 0
    return array


def band_width(window: int) -> int:
    """Numbers in a row of the band of scores: 2 * window + 1 and a margin of 3, in whole vectors."""
    return round_up(2 * window + 4, 8)


def band_masks(window: int) -> np.ndarray[Any, Any]:
    """Which columns of the band are pairs: 1 for contexts, 0 for the center, beyond the reach and in the margin.

    Returns:
        ((window + 1) ** 2, band width) float32; row ``left * (window + 1) + right`` for so many contexts on each side.
    """
    masks = np.zeros((window + 1, window + 1, band_width(window)), np.float32)
    for left in range(window + 1):
        for right in range(window + 1):
            masks[left, right, window - left : window + right + 1] = 1
            masks[left, right, window] = 0
    return masks.reshape((window + 1) ** 2, -1)


def center_rows(shape: Shape) -> int:
    """Rows of `Steps` that a block reserves for centers."""
    return round_up(shape.block_tokens, 4)


def block_rows(shape: Shape) -> int:
    """Rows of `Steps` that a block reserves."""
    return 2 * center_rows(shape) + round_up(2 * shape.window, 4) + shape.drawn


def steps(blocks: int, shape: Shape, width: int) -> Steps:
    """Room for the steps of so many blocks."""
    rows = blocks * block_rows(shape)
    return Steps(aligned_zeros(rows, width), np.full(rows, -1, np.int32), np.zeros(rows, np.float32))


def scratch(shape: Shape, width: int) -> Scratch:
    """Working memory for one thread."""
    tokens, band = center_rows(shape), band_width(shape.window)
    around = tokens + 2 * shape.window
    return Scratch(
        kept=np.zeros(around, np.int32),
        place=np.zeros(around, np.int64),
        first=np.zeros(around, np.int64),
        last=np.zeros(around, np.int64),
        X=aligned_zeros(tokens, width),
        Y=aligned_zeros(tokens + band, width),
        N=aligned_zeros(shape.drawn, width),
        near=aligned_zeros(tokens, band),
        far=aligned_zeros(tokens, shape.drawn),
        products=aligned_zeros(1, round_up(tokens, 8)),
        counts=aligned_zeros(1, round_up(tokens, 8)),
        X_norms=aligned_zeros(1, round_up(tokens, 8)),
        Y_norms=aligned_zeros(1, round_up(tokens + band, 8)),
        N_norms=aligned_zeros(1, shape.drawn),
        center_loads=aligned_zeros(1, round_up(tokens, 8)),
        context_loads=aligned_zeros(1, round_up(tokens + band, 8)),
        noise_loads=aligned_zeros(1, shape.drawn),
    )
