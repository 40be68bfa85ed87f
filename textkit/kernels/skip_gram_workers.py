"""Distribute blocks of text over threads, either lock-free (Hogwild) or with results independent of their number.

Both functions are called by every worker, run without the GIL and return when the blocks are done.

Their machine code is cached on disk and includes that of the functions they call; see `textkit.kernels.compiling`.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.extending import overload

from textkit.kernels.atomic import fetch, fetch_add
from textkit.kernels.cbow_arrays import CbowShape
from textkit.kernels.cbow_cpu import cbow_block
from textkit.kernels.compiling import compiled
from textkit.kernels.hierarchical_cpu import TreeShape, tree_block
from textkit.kernels.skip_gram_arrays import END, Shape
from textkit.kernels.skip_gram_cpu import block_steps
from textkit.kernels.subwords_cpu import apply_to_pieces
from textkit.kernels.tiles import add_scaled_row

PATIENCE = 200_000  # polls of a counter, some tenths of a millisecond, before a waiting worker goes to sleep


class Span(NamedTuple):
    """The blocks of one call: from first to below last, of an epoch that starts at token `before` of `all_tokens`.

    The learning rate decays linearly with the number of tokens seen, down to `floor` times `rate`.
    """

    first: int
    last: int
    before: int
    all_tokens: int
    rate: float
    floor: float
    key: Any


class Report(NamedTuple):
    """Loss (nats, float64) and number of pairs (int64) of each block of the span."""

    loss: Any
    pairs: Any


_KERNELS: dict[type, Any] = {Shape: block_steps, CbowShape: cbow_block, TreeShape: tree_block}


def _block_steps(
    text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
) -> Any:
    """Compute the steps of one block of the model that the class of ``shape`` stands for."""
    return _KERNELS[type(shape)](text, block, shape, tables, model, rate, key, work, out, base)


@overload(_block_steps)
def _choose_kernel(
    text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
) -> Any:
    # Chosen by the type, so that each model has machine code of its own.
    kernel = _KERNELS[shape.instance_class]

    def code(
        text: Any, block: Any, shape: Any, tables: Any, model: Any, rate: Any, key: Any, work: Any, out: Any, base: Any
    ) -> Any:
        return kernel(text, block, shape, tables, model, rate, key, work, out, base)

    return code


@njit(nogil=True)
def _rate(span: Any, block: Any, block_tokens: Any) -> Any:
    seen = span.before + block * block_tokens
    return np.float32(span.rate * max(1.0 - seen / span.all_tokens, span.floor))


@njit(nogil=True)
def _weigh(targets: Any, loads: Any, begin: Any, end: Any, mass: Any, slices: Any, mine: Any) -> None:
    for row in range(begin, end):
        word = targets[row]
        if word == END:
            break
        if word >= 0 and word & (slices - 1) == mine:
            mass[word] += loads[row]


@njit(nogil=True)
def _apply(
    matrix: Any, targets: Any, steps: Any, begin: Any, end: Any, mass: Any, bound: Any, slices: Any, mine: Any
) -> None:
    for row in range(begin, end):
        word = targets[row]
        if word == END:
            break
        if word >= 0 and word & (slices - 1) == mine:
            scale = np.float32(1)
            if mass[word] > bound:
                scale = bound / mass[word]
            add_scaled_row(matrix, np.int64(word), scale, steps, row)


@njit(nogil=True)
def _forget(targets: Any, begin: Any, end: Any, mass: Any, slices: Any, mine: Any) -> None:
    for row in range(begin, end):
        word = targets[row]
        if word == END:
            break
        if word >= 0 and word & (slices - 1) == mine:
            mass[word] = 0


@njit(nogil=True)
def _apply_to_rows(
    matrix: Any, begin: Any, end: Any, out: Any, blocks: Any, mass: Any, bound: Any, slices: Any, mine: Any
) -> None:
    """Add the steps ``begin`` to ``end`` of each block to the rows of one embedding."""
    targets, loads, steps = out.targets, out.loads, out.rows
    for b in range(blocks):
        first = b * out.per_block
        _weigh(targets, loads, first + begin, first + end, mass, slices, mine)
    for b in range(blocks):
        first = b * out.per_block
        _apply(matrix, targets, steps, first + begin, first + end, mass, bound, slices, mine)
    for b in range(blocks):
        first = b * out.per_block
        _forget(targets, first + begin, first + end, mass, slices, mine)


@njit(nogil=True)
def _apply_to_inputs(
    inputs: Any, starts: Any, pieces: Any, out: Any, blocks: Any, mass: Any, bound: Any, slices: Any, mine: Any
) -> None:
    if starts is None:
        _apply_to_rows(inputs, 0, out.inputs, out, blocks, mass, bound, slices, mine)
    else:
        apply_to_pieces(inputs, starts, pieces, out, blocks, mass, bound, slices, mine)


@njit(nogil=True)
def apply_steps(model: Any, tables: Any, out: Any, blocks: Any, mass: Any, bound: Any, slices: Any, mine: Any) -> None:
    """Add the steps of the first ``blocks`` blocks of ``out`` to the words with ``id % slices == mine``.

    ``slices`` is a power of 2. All gradients of a round are taken at the same parameters. If a word occurs so often
    that the sum of its steps would overshoot, the sum is scaled down: the sum of the loads of a word in a round (its
    mass) is limited to ``bound``. With subwords, that holds for rows of the input embedding instead of words.
    """
    _apply_to_inputs(model.centers, tables.starts, tables.pieces, out, blocks, mass[0], bound, slices, mine)
    _apply_to_rows(model.contexts, out.inputs, out.per_block, out, blocks, mass[1], bound, slices, mine)


@compiled
def run_hogwild(
    text: Any,
    shape: Any,
    tables: Any,
    model: Any,
    span: Any,
    bound: Any,
    control: Any,
    work: Any,
    out: Any,
    mass: Any,
    report: Any,
) -> Any:
    """Process blocks one by one and apply their steps immediately, without locks (Recht et al. 2011, "Hogwild!").

    All workers share ``control`` (1,) int64, initially zero, and ``report``; each worker has its own ``work``, ``out``
    (the `Steps` of one block) and ``mass``, a float32 for each row of the two embeddings, initially zero.
    """
    while True:
        block = span.first + fetch_add(control, 0, 1)
        if block >= span.last:
            return True
        rate = _rate(span, block, shape.block_tokens)
        loss, pairs = _block_steps(text, block, shape, tables, model, rate, span.key, work, out, 0)
        report.loss[block - span.first] = loss
        report.pairs[block - span.first] = pairs
        apply_steps(model, tables, out, 1, mass, bound, 1, 0)


@njit(nogil=True)
def _reached(control: Any, index: Any, count: Any) -> Any:
    polls = 0
    while fetch(control, index) < count:
        polls += 1
        if polls == PATIENCE:
            return False
    return True


@compiled
def run_rounds(
    text: Any,
    shape: Any,
    tables: Any,
    model: Any,
    span: Any,
    bound: Any,
    control: Any,
    work: Any,
    out: Any,
    mass: Any,
    report: Any,
    per_round: Any,
    slices: Any,
    at: Any,
) -> Any:
    """Work in rounds: first compute the steps of all blocks of a round, then apply each word's steps in text order.

    The numbers and the order in which they are added are the same whichever thread computes a block or updates a word.

    All workers share ``control`` (4 * rounds,) int64, initially zero (for each round the number of blocks taken, blocks
    done, slices taken and slices done), ``out`` (the `Steps` of ``per_round`` blocks), ``mass``, a float32 for each row
    of the two embeddings, initially zero, and ``report``. Each worker has its own ``work`` and ``at`` (2,) int64,
    initially zero: the round and the phase at which it continues. The words are updated in ``slices`` independent
    parts, a power of 2.

    Returns:
        True when all rounds are done; False when the worker has waited long for others: call again after a pause.
    """
    rows = out.per_block
    rounds = (span.last - span.first + per_round - 1) // per_round
    while at[0] < rounds:
        first = span.first + at[0] * per_round
        blocks = min(per_round, span.last - first)
        counters = at[0] * 4
        if at[1] == 0:
            while True:
                b = fetch_add(control, counters, 1)
                if b >= blocks:
                    break
                rate = _rate(span, first + b, shape.block_tokens)
                loss, pairs = _block_steps(text, first + b, shape, tables, model, rate, span.key, work, out, b * rows)
                report.loss[first + b - span.first] = loss
                report.pairs[first + b - span.first] = pairs
                fetch_add(control, counters + 1, 1)
            at[1] = 1
        if at[1] == 1:
            if not _reached(control, counters + 1, blocks):
                return False
            while True:
                mine = fetch_add(control, counters + 2, 1)
                if mine >= slices:
                    break
                apply_steps(model, tables, out, blocks, mass, bound, slices, mine)
                fetch_add(control, counters + 3, 1)
            at[1] = 2
        if not _reached(control, counters + 3, slices):
            return False
        at[0] += 1
        at[1] = 0
    return True
