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
    """The numbers that fix the work: tokens of a block, window, negatives for a pair, noise words drawn for a block.

    A center with all 2 * window contexts meets all noise words of its block, one with fewer meets fewer.
    """

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
    (n,) float32 says how far a step reaches: its length, times that of the longest vector which it can meet in the
    block. Sums of loads bound what the sum of the steps does to a score. For a center it is the length of what its
    contexts alone add, if that is longer: noise may cancel it in one score, but not in each.
    A block owns `block_rows` rows of each: first the centers, then the contexts and, behind them, the noise words.
    """

    rows: Any
    targets: Any
    loads: Any


class Scratch(NamedTuple):
    """One thread's working memory; see `scratch`.

    kept (ids), place (in the text), first, last and Y (the context vectors) belong to the collected tokens, left
    and counts to the centers in the order of the text. X (the center vectors), near and far (scores, then
    coefficients), lengths (of what contexts add), products and weights stand in the order of `order`, whose inverse
    is `rank`. N are the vectors of the noise words, T is N transposed.
    """

    kept: Any
    place: Any
    first: Any
    last: Any
    order: Any
    rank: Any
    left: Any
    counts: Any
    buckets: Any
    met: Any
    meeting: Any
    X: Any
    Y: Any
    N: Any
    T: Any
    near: Any
    far: Any
    lengths: Any
    products: Any
    weights: Any


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


def lane_masks(window: int) -> np.ndarray[Any, Any]:
    """Which numbers of a row of scores are pairs: row ``n`` has 1 for the first ``n`` and 0 for the rest.

    Returns:
        (2 * window + 1, 2 * window rounded up to a multiple of 8) float32.
    """
    return (np.arange(round_up(2 * window, 8)) < np.arange(2 * window + 1)[:, None]).astype(np.float32)


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
    tokens = center_rows(shape)
    around = tokens + 2 * shape.window
    return Scratch(
        kept=np.zeros(around, np.int32),
        place=np.zeros(around, np.int64),
        first=np.zeros(around, np.int64),
        last=np.zeros(around, np.int64),
        order=np.zeros(tokens, np.int64),
        rank=np.zeros(tokens, np.int64),
        left=np.zeros(tokens, np.int64),
        counts=np.zeros(tokens, np.int64),
        buckets=np.zeros(2 * shape.window + 2, np.int64),
        met=np.zeros(tokens // 4, np.int64),
        meeting=np.zeros(shape.drawn // 8, np.int64),
        X=aligned_zeros(tokens, width),
        Y=aligned_zeros(around + 8, width),
        N=aligned_zeros(shape.drawn, width),
        T=aligned_zeros(width, shape.drawn),
        near=aligned_zeros(tokens, round_up(2 * shape.window, 8)),
        far=aligned_zeros(tokens, shape.drawn),
        lengths=np.zeros(tokens, np.float32),
        products=aligned_zeros(1, round_up(tokens, 8)),
        weights=aligned_zeros(1, round_up(tokens, 8)),
    )
