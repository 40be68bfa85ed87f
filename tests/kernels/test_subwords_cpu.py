"""Means of rows and their steps, against the readable model and by hand."""

import numpy as np
import pytest

from textkit.kernels.cbow_arrays import CbowShape, cbow_inputs, cbow_scratch, cbow_steps
from textkit.kernels.cbow_cpu import cbow_block
from textkit.kernels.skip_gram_arrays import (
    Model,
    Shape,
    Tables,
    Text,
    aligned_zeros,
    center_rows,
    empty_steps,
    lane_masks,
    round_up,
    scratch,
    steps,
)
from textkit.kernels.skip_gram_cpu import block_steps
from textkit.kernels.skip_gram_workers import apply_steps
from textkit.kernels.vector_width import WIDTH

WORDS, BUCKETS = 12, 9
KEY = np.uint64(5)


def pieces_of(random):
    """The own row of each word, then some of the buckets, a few of them twice."""
    pieces = [[word, *(WORDS + random.integers(0, BUCKETS, word % 5))] for word in range(WORDS)]
    starts = np.cumsum([0, *map(len, pieces)])
    return starts, np.concatenate(pieces).astype(np.int32)


def random_model(random, dim):
    width = round_up(dim, WIDTH)
    model = Model(aligned_zeros(WORDS + BUCKETS, width), aligned_zeros(WORDS, width))
    for matrix in model:
        matrix[:, :dim] = random.normal(size=(len(matrix), dim))
    return model


@pytest.mark.parametrize("dim", [5, 40, 100])
@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_a_block_is_that_of_the_means(kind, dim):
    """The gradient of autograd, through the means of rows and then a block whose inputs are these means."""
    torch = pytest.importorskip("torch")
    from textkit.models.cbow import whole_gradient_means

    random = np.random.default_rng(dim)
    starts, pieces = pieces_of(random)
    model = random_model(random, dim)
    weight = torch.tensor(model.centers, dtype=torch.float64, requires_grad=True)
    means = whole_gradient_means(weight, torch.from_numpy(pieces.astype(np.int64)), torch.from_numpy(starts[:-1]))
    plain = Model(aligned_zeros(WORDS, model.centers.shape[1]), model.contexts)
    plain.centers[:] = means.detach().numpy()

    ids = random.integers(0, WORDS, 60).astype(np.int32)
    ids.flags.writeable = False
    alias = np.ones(WORDS, np.float32), np.zeros(WORDS, np.int32)
    found = []
    for matrices, rows_of in [(model, (starts, pieces)), (plain, ())]:
        tables = Tables(np.ones(WORDS, np.float32), *alias, lane_masks(3), *rows_of)
        if kind == "cbow":
            shape = CbowShape(40, 3, 5, 16)
            out, work, block, inputs = cbow_steps, cbow_scratch, cbow_block, cbow_inputs(shape)
        else:
            shape = Shape(40, 3, 5, 16)
            out, work, block, inputs = steps, scratch, block_steps, center_rows(shape)
        out, work = out(1, shape, matrices.centers.shape[1]), work(shape, matrices.centers.shape[1])
        text = Text(ids, np.array([0, 25, 60]))
        loss, _ = block(text, 0, shape, tables, matrices, np.float32(0.1), KEY, work, out, 0)
        found.append((loss, out, tables))
    (loss, out, tables), (expected, plain_out, _) = found
    assert loss == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(out.rows, plain_out.rows, rtol=1e-4, atol=1e-6)

    # what the steps of the words are for the rows
    by_word = np.zeros(plain.centers.shape)
    for row in np.flatnonzero(plain_out.targets[:inputs] >= 0):
        by_word[plain_out.targets[row]] += plain_out.rows[row]
    means.backward(torch.from_numpy(by_word))
    before = model.centers.copy()
    masses = tuple(np.zeros(len(matrix), np.float32) for matrix in model)
    for mine in (1, 0):
        apply_steps(model, tables, out, 1, masses, np.float32(1e9), 2, mine)
    np.testing.assert_allclose(model.centers - before, weight.grad.numpy(), rtol=1e-3, atol=1e-5)
    assert not masses[0].any()


def test_the_loads_of_a_row_are_those_of_all_words_that_have_it():
    """Words 0 and 1 share bucket 0. Its steps are scaled down together, those of the words' own rows are not."""
    starts, pieces = np.array([0, 2, 4, 5]), np.array([0, 3, 1, 3, 2], np.int32)
    model = Model(aligned_zeros(4, WIDTH), aligned_zeros(3, WIDTH))
    out = empty_steps(1, 3, 1, WIDTH)
    out.rows[:3] = np.array([1, 10, 100])[:, None]
    out.targets[:3], out.loads[:3] = (0, 1, 0), (1, 2, 1)
    ones = np.ones(3, np.float32)
    tables = Tables(ones, ones, np.zeros(3, np.int32), lane_masks(1), starts, pieces)
    masses = np.zeros(4, np.float32), np.zeros(3, np.float32)
    apply_steps(model, tables, out, 1, masses, np.float32(2), 1, 0)
    assert model.centers[:, 0].tolist() == [101, 10, 0, 111 / 2]
    assert not masses[0].any()
