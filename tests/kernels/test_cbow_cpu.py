"""The kernel against the readable model: the same centers and contexts, the same loss, the gradient of autograd."""

import numpy as np
import pytest

from textkit.batches.frequencies import alias_tables, keep_probabilities, noise_distribution
from textkit.kernels.cbow_arrays import CbowShape, cbow_inputs, cbow_scratch, cbow_steps
from textkit.kernels.cbow_cpu import cbow_block
from textkit.kernels.sampling import drawn_reach, is_kept
from textkit.kernels.skip_gram_arrays import Model, Tables, Text, aligned_zeros, lane_masks, round_up
from textkit.kernels.vector_width import WIDTH

KEY = np.uint64(987654321)
WORDS = 30


def contexts_of_block(lengths, ids, block, block_tokens, window, keep):
    """Every kept token of the block, the words around it and their places, straight from the definition."""
    centers, place = [], 0
    for length in lengths:
        kept = [at for at in range(place, place + length) if is_kept(ids, at, keep, KEY)]
        place += length
        for i, at in enumerate(kept):
            if at // block_tokens == block:
                reach = drawn_reach(KEY, at, window)
                near = [j for j in range(max(0, i - reach), min(len(kept), i + reach + 1)) if j != i]
                places = [window + j - i - (j > i) for j in near]
                centers.append((ids[at], ids[[kept[j] for j in near]], np.array(places, np.int64)))
    return centers


class Case:
    """A small random corpus and model, and one block of it gone through the kernel."""

    def __init__(
        self,
        *,
        dim,
        window,
        negatives,
        drawn,
        subsample,
        block_tokens=40,
        block=1,
        lengths=(5, 0, 33, 1, 70),
        weighted=False,
    ):
        random = np.random.default_rng([dim, window])
        ids = random.integers(0, WORDS, sum(lengths)).astype(np.int32)
        ids.flags.writeable = False
        counts = np.bincount(ids, minlength=WORDS)
        keep = keep_probabilities(counts, subsample).astype(np.float32)
        positions = 2 * window if weighted else 0
        self.shape, self.dim = CbowShape(block_tokens, window, negatives, drawn, positions), dim
        self.rows, width = WORDS + positions, round_up(dim, WIDTH)
        self.model = Model(aligned_zeros(WORDS, width), aligned_zeros(self.rows, width))
        for matrix in self.model:
            matrix[:, :dim] = random.normal(size=(len(matrix), dim))
        tables = Tables(keep, *alias_tables(noise_distribution(counts)), lane_masks(window))
        self.out = cbow_steps(2, self.shape, width)
        self.base = self.out.per_block  # the second place of two, to see that nothing is written outside
        self.rate = np.float32(0.5)
        self.loss, self.examples = cbow_block(
            Text(ids, np.cumsum([0, *lengths])), block, self.shape, tables, self.model, self.rate, KEY,
            cbow_scratch(self.shape, width), self.out, self.base,
        )  # fmt: skip
        self.centers = contexts_of_block(lengths, ids, block, block_tokens, window, keep)
        self.noise = self.out.targets[-drawn:].astype(np.int64)

    def summed(self, first, last):
        """The steps of some rows, added up by word."""
        total = np.zeros((self.rows, self.dim))
        for row in range(self.base + first, self.base + last):
            if self.out.targets[row] >= 0:
                total[self.out.targets[row]] += self.out.rows[row, : self.dim]
        return total


CASES = [
    {"dim": 10, "window": 5, "negatives": 8, "drawn": 8, "subsample": 0},
    {"dim": 100, "window": 5, "negatives": 5, "drawn": 24, "subsample": 0.02},
    {"dim": 1, "window": 1, "negatives": 1, "drawn": 32, "subsample": 0.02},
    {"dim": 24, "window": 20, "negatives": 15, "drawn": 96, "subsample": 0},
    {"dim": 9, "window": 100, "negatives": 1, "drawn": 8, "subsample": 0, "lengths": (300,), "block_tokens": 90},
    {"dim": 33, "window": 3, "negatives": 16, "drawn": 16, "subsample": 0.05, "block": 0, "block_tokens": 7},
    {"dim": 16, "window": 4, "negatives": 2, "drawn": 8, "subsample": 0, "block": 2},  # the short last block
    {"dim": 10, "window": 5, "negatives": 5, "drawn": 24, "subsample": 0.02, "weighted": True},
    {"dim": 33, "window": 9, "negatives": 8, "drawn": 8, "subsample": 0, "weighted": True, "block": 0},
]


@pytest.mark.parametrize("settings", CASES)
def test_block_equals_the_readable_model(settings):
    torch = pytest.importorskip("torch")
    from textkit.batches.records import CbowBatch
    from textkit.models.cbow import Cbow, CbowConfig

    case = Case(**settings)
    examples = [example for example in case.centers if len(example[1])]
    assert case.examples == len(examples) > 0

    readable = Cbow(CbowConfig(vocab=WORDS, dim=case.dim, positions=case.shape.positions or None)).double()
    with torch.no_grad():
        readable.inputs.weight.copy_(torch.from_numpy(case.model.centers[:, : case.dim]))
        readable.outputs.weight.copy_(torch.from_numpy(case.model.contexts[:WORDS, : case.dim]))
        if readable.weights is not None:
            readable.weights.copy_(torch.from_numpy(case.model.contexts[WORDS:, : case.dim]))
    batch = CbowBatch(
        centers=torch.tensor([int(center) for center, _, _ in examples]),
        contexts=torch.from_numpy(np.concatenate([contexts for _, contexts, _ in examples]).astype(np.int64)),
        offsets=torch.tensor([0, *np.cumsum([len(contexts) for _, contexts, _ in examples])[:-1]]),
        positions=torch.from_numpy(np.concatenate([places for _, _, places in examples])),
        negatives=torch.from_numpy(case.noise).expand(len(examples), -1),
    )
    near, far = readable(batch)
    weight = case.shape.negatives / case.shape.drawn  # all noise words of the block, weighed to `negatives` of them
    logsigmoid = torch.nn.functional.logsigmoid
    loss = -logsigmoid(near).sum() - weight * logsigmoid(-far).sum()
    if weight == 1:
        assert loss.item() == pytest.approx(readable.loss(batch).total.item())
    loss.backward()

    assert case.loss == pytest.approx(loss.item(), rel=1e-5)
    split = cbow_inputs(case.shape)
    outputs = case.summed(split, case.out.per_block)
    pairs = [(case.summed(0, split)[:WORDS], readable.inputs.weight), (outputs[:WORDS], readable.outputs.weight)]
    if readable.weights is not None:
        pairs.append((outputs[WORDS:], readable.weights))
    for found, parameter in pairs:
        expected = -float(case.rate) * parameter.grad.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_a_block_writes_only_its_own_rows():
    case = Case(**CASES[0])
    assert (case.out.targets[: case.base] == -1).all()
    assert not case.out.rows[: case.base].any()


def test_loads_bound_how_far_scores_change():
    """A load is the length of the step times that of the longest vector on the other side."""
    case = Case(**CASES[1])
    inputs, outputs = (matrix[:, : case.dim].astype(np.float64) for matrix in case.model)
    middle = case.base + cbow_inputs(case.shape)
    lengths, targets = np.linalg.norm(case.out.rows[:, : case.dim], axis=1), case.out.targets
    longest_mean = max(
        np.linalg.norm(inputs[contexts].mean(axis=0)) for _, contexts, _ in case.centers if len(contexts)
    )
    longest_output = max(np.linalg.norm(outputs[word]) for word in targets[middle:] if word >= 0)
    for first, last, longest in [(case.base, middle, longest_output), (middle, len(targets), longest_mean)]:
        used = first + np.flatnonzero(targets[first:last] >= 0)
        np.testing.assert_allclose(case.out.loads[used], longest * lengths[used], rtol=1e-4)


def test_blocks_together_hold_every_center_once():
    settings = {**CASES[1], "block_tokens": 16}
    found = sum(Case(**settings, block=block).examples for block in range(7))
    assert found == Case(**{**settings, "block_tokens": 200}, block=0).examples > 0
