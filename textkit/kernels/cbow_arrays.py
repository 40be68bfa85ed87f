"""The arrays of the CBOW kernel; the names are those of `skip_gram_arrays`."""

from typing import Any, NamedTuple

import numpy as np

from textkit.kernels.skip_gram_arrays import Steps, aligned_zeros, empty_steps, round_up
from textkit.kernels.vector_width import WIDTH


class CbowShape(NamedTuple):
    """Sizes: tokens per block, window, negative samples per center, noise words drawn per block, and position weights.

    With `positions`, the number of places in a window or 0, that many rows follow those of the words in the output
    embedding: a vector for each place, by which the contexts there are multiplied.
    A class of its own, so that the kernel is compiled apart from that of skip-gram, and only when it is needed.
    """

    block_tokens: int
    window: int
    negatives: int
    drawn: int
    positions: int = 0


class CbowScratch(NamedTuple):
    """Working memory of one thread; see `cbow_scratch`.

    By collected token, in the order of the text: kept (word ids), place (position in the text), first and last (the
    range of its document), Y (input vectors). By center, in the order of the text: left and counts (number of contexts
    on the left and in all), shares (weight of each context in the mean), X (means of the contexts), G (their steps),
    scores (with the center itself, then the coefficients), present (1 with a context, 0 without) and far. N are the
    vectors of the noise words, T is N transposed.
    """

    kept: Any
    place: Any
    first: Any
    last: Any
    left: Any
    counts: Any
    shares: Any
    X: Any
    Y: Any
    G: Any
    N: Any
    T: Any
    scores: Any
    present: Any
    far: Any


def example_rows(shape: CbowShape) -> int:
    """Number of rows reserved for the centers of a block."""
    return round_up(shape.block_tokens, 4)


def cbow_inputs(shape: CbowShape) -> int:
    """Number of rows of `Steps` reserved for the contexts of a block."""
    return example_rows(shape) + round_up(2 * shape.window, 4)


def cbow_steps(blocks: int, shape: CbowShape, width: int) -> Steps:
    """Allocate the steps of ``blocks`` blocks."""
    return empty_steps(blocks, cbow_inputs(shape), example_rows(shape) + shape.positions + shape.drawn, width)


def cbow_scratch(shape: CbowShape, width: int) -> CbowScratch:
    """Allocate the working memory of one thread."""
    tokens = example_rows(shape)
    collected = tokens + 2 * shape.window
    return CbowScratch(
        kept=np.zeros(collected, np.int32),
        place=np.zeros(collected, np.int64),
        first=np.zeros(collected, np.int64),
        last=np.zeros(collected, np.int64),
        left=np.zeros(tokens, np.int64),
        counts=np.zeros(tokens, np.int64),
        shares=aligned_zeros(tokens, round_up(2 * shape.window, WIDTH)),
        X=aligned_zeros(tokens, width),
        Y=aligned_zeros(collected + 8, width),
        G=aligned_zeros(tokens, width),
        N=aligned_zeros(shape.drawn, width),
        T=aligned_zeros(width, round_up(shape.drawn, WIDTH)),
        scores=aligned_zeros(1, round_up(tokens, WIDTH)),
        present=aligned_zeros(1, round_up(tokens, WIDTH)),
        far=aligned_zeros(tokens, round_up(shape.drawn, WIDTH)),
    )
