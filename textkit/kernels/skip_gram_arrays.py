"""The arrays that the word2vec kernels work on, and the functions that allocate them.

Glossary of the kernels' names:

    block       consecutive tokens of the text that are processed together
    kept        tokens that subsampling keeps
    reach       window size drawn for a center: the maximum distance of its contexts
    near        scores of the centers with their contexts (positive pairs), then the coefficients of these pairs
    far         scores of the centers with the block's noise words (negative pairs), then their coefficients
    drawn       number of noise words (negative samples) drawn for a block
    met         for each group of four centers, the number of noise words that they are paired with
    meeting     for each group of eight noise words, the number of centers that they are paired with
    step        what a block adds to one row of an embedding, learning rate included
    load        bound of the change of a score by a step: |change of score| <= load = ||step|| * max ||v||, where v runs
                over the vectors in the block with which the row has a score
    mass        sum of the loads of a word; if it exceeds a bound, the word's steps are scaled down
"""

from typing import Any, NamedTuple

import numpy as np

from textkit.kernels.vector_width import WIDTH

END = -2  # in the targets of a block's output steps: the rest of its rows is unused
MAX_DRAWN = 96  # the product of (1 + exp(-|x|)) over a row, at most 2**96, must stay below the largest float32
UNLIKELY = np.float32(-100)  # the score of a noise word that adds nothing to the loss, for the rest of a vector


class Text(NamedTuple):
    """The encoded corpus: ids (tokens,) int32 and offsets (documents + 1,) int64."""

    ids: Any
    offsets: Any


class Tables(NamedTuple):
    """Lookup tables: keep (vocab,) float32, accept (vocab,) float32, alias (vocab,) int32, masks from `lane_masks`.

    ``keep`` is the probability that subsampling keeps a token; ``accept`` and ``alias`` are the tables of the alias
    method (Walker 1977) for the noise distribution. With subwords, the input vector of word w is the mean of the rows
    ``pieces[starts[w] : starts[w + 1]]`` of the input embedding: starts (vocab + 1,) int64, pieces (n-grams,) int32.
    Without, both are None, and Numba compiles code that has no branch for them. ``paths`` are the `WordPaths` of
    hierarchical softmax; None for negative sampling.
    """

    keep: Any
    accept: Any
    alias: Any
    masks: Any
    starts: Any = None
    pieces: Any = None
    paths: Any = None


class Shape(NamedTuple):
    """Sizes: tokens per block, window, negative samples per pair, noise words drawn per block.

    A center with all 2 * window contexts is paired with all noise words of its block, one with fewer contexts with
    fewer of them.
    """

    block_tokens: int
    window: int
    negatives: int
    drawn: int


class Model(NamedTuple):
    """The input and the output embedding, each (vocab, width) float32.

    width is dim rounded up to a multiple of `WIDTH`; the numbers beyond dim are zeros. With subwords, the rows of the
    hash buckets of n-grams follow those of the words in the input embedding.
    """

    centers: Any
    contexts: Any


class Steps(NamedTuple):
    """Updates of the model computed by blocks, one row per use of a word.

    rows (n, width) float32 are the steps, learning rate included; targets (n,) int32 is the word of each row, or -1;
    `END` if it and all later rows of the block are unused.
    loads (n,) float32 bounds the effect of a step on a score: ``|change of score| <= load = ||step|| * max ||v||``, the
    maximum over the vectors that the row is multiplied with in the block. The sum of the loads bounds the effect of the
    sum of the steps. For a center, ||step|| is the norm of the contribution of its contexts alone if that is larger:
    noise words may cancel this contribution in one score, but not in every one.
    A block owns ``per_block`` rows of each array. The first ``inputs`` of them are steps of the input embedding: with
    skip-gram the centers, with CBOW the contexts. Steps of the output embedding follow: with skip-gram the contexts,
    with CBOW the centers, and then the noise words; with hierarchical softmax the nodes.
    """

    rows: Any
    targets: Any
    loads: Any
    inputs: int
    per_block: int


class Scratch(NamedTuple):
    """Working memory of one thread; see `scratch`, and the glossary above.

    By collected token, in the order of the text: kept (word ids), place (position in the text), first and last (the
    range of its document), Y (context vectors). By center, in the order of the text: left and counts (number of
    contexts on the left and in all). By center, sorted by the number of contexts (`order`, with the inverse `rank`): X
    (center vectors), near and far, lengths (norms of the contributions of the contexts), products and weights. N are
    the vectors of the noise words, T is N transposed.
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
    """Round up to a multiple.

    >>> round_up(9, 8)
    16
    """
    return -(-n // multiple) * multiple


def aligned_zeros(rows: int, width: int) -> np.ndarray[Any, Any]:
    """Allocate a (rows, width) float32 array of zeros, aligned to cache lines so that fewer vectors straddle two.

    Large arrays use huge pages where the system provides them, which `np.zeros` does not request.
    """
    memory = np.empty(rows * width + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    array = memory[start : start + rows * width].reshape(rows, width)
    array[:] = 0
    return array


def lane_masks(window: int) -> np.ndarray[Any, Any]:
    """Masks for a row of scores: row ``n`` has 1 for the first ``n`` entries, which are pairs, and 0 for the others.

    Returns:
        (2 * window + 1, 2 * window rounded up to a multiple of `WIDTH`) float32.
    """
    return (np.arange(round_up(2 * window, WIDTH)) < np.arange(2 * window + 1)[:, None]).astype(np.float32)


def center_rows(shape: Shape) -> int:
    """Number of rows of `Steps` reserved for the centers of a block."""
    return round_up(shape.block_tokens, 4)


def block_rows(shape: Shape) -> int:
    """Number of rows of `Steps` reserved for a block."""
    return 2 * center_rows(shape) + round_up(2 * shape.window, 4) + shape.drawn


def steps(blocks: int, shape: Shape, width: int) -> Steps:
    """Allocate the steps of ``blocks`` blocks."""
    inputs = center_rows(shape)
    return empty_steps(blocks, inputs, block_rows(shape) - inputs, width)


def empty_steps(blocks: int, inputs: int, outputs: int, width: int) -> Steps:
    """Allocate the steps of ``blocks`` blocks, each with rows of the input and of the output embedding."""
    rows = blocks * (inputs + outputs)
    return Steps(
        aligned_zeros(rows, width), np.full(rows, -1, np.int32), np.zeros(rows, np.float32), inputs, inputs + outputs
    )


def scratch(shape: Shape, width: int) -> Scratch:
    """Allocate the working memory of one thread."""
    tokens = center_rows(shape)
    collected = tokens + 2 * shape.window
    return Scratch(
        kept=np.zeros(collected, np.int32),
        place=np.zeros(collected, np.int64),
        first=np.zeros(collected, np.int64),
        last=np.zeros(collected, np.int64),
        order=np.zeros(tokens, np.int64),
        rank=np.zeros(tokens, np.int64),
        left=np.zeros(tokens, np.int64),
        counts=np.zeros(tokens, np.int64),
        buckets=np.zeros(2 * shape.window + 2, np.int64),
        met=np.zeros(tokens // 4, np.int64),
        meeting=np.zeros(shape.drawn // 8, np.int64),
        X=aligned_zeros(tokens, width),
        Y=aligned_zeros(collected + 8, width),
        N=aligned_zeros(shape.drawn, width),
        T=aligned_zeros(width, round_up(shape.drawn, WIDTH)),
        near=aligned_zeros(tokens, round_up(2 * shape.window, WIDTH)),
        far=aligned_zeros(tokens, round_up(shape.drawn, WIDTH)),
        lengths=np.zeros(tokens, np.float32),
        products=aligned_zeros(1, round_up(tokens, WIDTH)),
        weights=aligned_zeros(1, round_up(tokens, WIDTH)),
    )
