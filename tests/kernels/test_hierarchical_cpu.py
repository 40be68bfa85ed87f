"""The kernel against the readable model: the same predictions, the same loss, the gradient that autograd finds."""

import numpy as np
import pytest

from textkit.batches.frequencies import alias_tables, keep_probabilities, noise_distribution
from textkit.batches.word_paths import word_paths
from textkit.kernels.hierarchical_cpu import tree_block, tree_scratch, tree_shape, tree_steps
from textkit.kernels.sampling import drawn_reach, is_kept
from textkit.kernels.skip_gram_arrays import END, Model, Tables, Text, aligned_zeros, lane_masks, round_up
from textkit.kernels.vector_width import WIDTH

KEY = np.uint64(987654321)
WORDS = 30


class Case:
    """A small random corpus and model, and one block of it gone through the kernel."""

    def __init__(self, *, cbow, dim, window, subsample, block_tokens=40, block=1, lengths=(5, 0, 33, 1, 70)):
        random = np.random.default_rng([dim, window])
        ids = (random.random(sum(lengths)) ** 3 * WORDS).astype(np.int32)  # frequent words first, as in a vocabulary
        ids.flags.writeable = False
        self.counts = np.bincount(ids, minlength=WORDS)
        keep = keep_probabilities(self.counts, subsample).astype(np.float32)
        paths = word_paths(self.counts)
        self.dim, self.cbow, width = dim, cbow, round_up(dim, WIDTH)
        shape = tree_shape(block_tokens, window, cbow=cbow, lengths=paths.lengths)
        self.model = Model(aligned_zeros(WORDS, width), aligned_zeros(WORDS, width))
        for matrix in self.model:
            matrix[:, :dim] = random.normal(size=(WORDS, dim))
        noise = alias_tables(noise_distribution(self.counts))
        tables = Tables(keep, *noise, lane_masks(window))._replace(paths=paths)
        self.out = tree_steps(2, shape, width)
        self.base = self.out.per_block  # the second place of two, to see that nothing is written outside
        self.rate = np.float32(0.5)
        self.work = tree_scratch(shape, width, paths.lengths)
        self.loss, self.predictions = tree_block(
            Text(ids, np.cumsum([0, *lengths])), block, shape, tables, self.model, self.rate, KEY, self.work, self.out,
            self.base,
        )  # fmt: skip
        self.centers, place = [], 0
        for length in lengths:
            kept = [at for at in range(place, place + length) if is_kept(ids, at, keep, KEY)]
            place += length
            for i, at in enumerate(kept):
                if at // block_tokens == block:
                    reach = drawn_reach(KEY, at, window)
                    around = kept[max(0, i - reach) : i] + kept[i + 1 : i + reach + 1]
                    self.centers.append((ids[at], ids[around].astype(np.int64)))

    def summed(self, first, last):
        """The steps of some rows, added up by word or node."""
        total = np.zeros((WORDS, self.dim))
        for row in range(self.base + first, self.base + last):
            if self.out.targets[row] == END:
                break
            if self.out.targets[row] >= 0:
                total[self.out.targets[row]] += self.out.rows[row, : self.dim]
        return total


CASES = [
    {"dim": 10, "window": 5, "subsample": 0},
    {"dim": 100, "window": 5, "subsample": 0.02},
    {"dim": 1, "window": 1, "subsample": 0.02},
    {"dim": 9, "window": 100, "subsample": 0, "lengths": (300,), "block_tokens": 90},
    {"dim": 33, "window": 3, "subsample": 0.05, "block": 0, "block_tokens": 7},
    {"dim": 16, "window": 4, "subsample": 0, "block": 2},  # the short last block
]


@pytest.mark.parametrize("cbow", [False, True])
@pytest.mark.parametrize("settings", CASES)
def test_block_equals_the_readable_model(settings, cbow):
    torch = pytest.importorskip("torch")
    from textkit.models.cbow import whole_gradient_means
    from textkit.models.hierarchical_softmax import HierarchicalSoftmax

    case = Case(cbow=cbow, **settings)
    inputs = torch.tensor(case.model.centers[:, : case.dim], dtype=torch.float64, requires_grad=True)
    softmax = HierarchicalSoftmax(case.counts, case.dim).double()
    with torch.no_grad():
        softmax.nodes.copy_(torch.from_numpy(case.model.contexts[: WORDS - 1, : case.dim]))
    loss, predictions = torch.zeros((), dtype=torch.float64), 0
    for center, contexts in case.centers:
        if not len(contexts):
            continue
        if cbow:
            hidden = whole_gradient_means(inputs, torch.from_numpy(contexts), torch.tensor([0]))
            words = torch.tensor([int(center)])
        else:
            hidden, words = inputs[int(center)].expand(len(contexts), -1), torch.from_numpy(contexts)
        loss = loss - softmax(hidden, words).sum()
        predictions += len(words)
    loss.backward()

    assert case.predictions == predictions > 0
    assert case.loss == pytest.approx(loss.item(), rel=1e-5)
    for found, gradient in [
        (case.summed(0, case.out.inputs), inputs.grad.numpy()),
        (case.summed(case.out.inputs, case.out.per_block)[: WORDS - 1], softmax.nodes.grad.numpy()),
    ]:
        expected = -float(case.rate) * gradient
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    assert (case.out.targets[: case.base] == -1).all()
    assert (case.work.slots == -1).all()  # ready for the next block


@pytest.mark.parametrize("cbow", [False, True])
def test_loads_bound_how_far_scores_change(cbow):
    """A load is the length of the step times that of the longest vector on the other side."""
    case = Case(cbow=cbow, **CASES[1])
    inputs, nodes = (matrix[:, : case.dim].astype(np.float64) for matrix in case.model)
    used = case.out.targets[case.base + case.out.inputs :]
    used = used[: np.flatnonzero(used == END)[0]] if END in used else used
    hidden = [
        inputs[contexts].mean(axis=0) if cbow else inputs[center]
        for center, contexts in case.centers
        if len(contexts) or not cbow
    ]
    longest_node = np.linalg.norm(nodes[used], axis=1).max()
    longest_hidden = max(np.linalg.norm(vector) for vector in hidden)
    lengths = np.linalg.norm(case.out.rows[:, : case.dim], axis=1)
    first = case.base + np.flatnonzero(case.out.targets[case.base : case.base + case.out.inputs] >= 0)
    np.testing.assert_allclose(case.out.loads[first], longest_node * lengths[first], rtol=1e-4)
    second = case.base + case.out.inputs + np.arange(len(used))
    np.testing.assert_allclose(case.out.loads[second], longest_hidden * lengths[second], rtol=1e-4)
