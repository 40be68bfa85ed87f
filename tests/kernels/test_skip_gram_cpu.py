"""The kernel against the readable model: the same pairs, the same loss, the gradient that autograd finds."""

import math

import numpy as np
import pytest

from textkit.batches.frequencies import alias_tables, keep_probabilities, noise_distribution
from textkit.kernels.sampling import noise_word
from textkit.kernels.skip_gram_arrays import (
    Model,
    Shape,
    Tables,
    Text,
    aligned_zeros,
    block_rows,
    center_rows,
    lane_masks,
    round_up,
    scratch,
    steps,
)
from textkit.kernels.skip_gram_cpu import block_steps
from textkit.kernels.vector_width import WIDTH

KEY = 987654321
WORDS = 30
BITS = 2**64


def hashed(purpose, place):
    """The kernel's hash, once more in plain Python integers."""
    x = (KEY + purpose * 0xD1B54A32D192ED03 + place * 0x9E3779B97F4A7C15) % BITS
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % BITS
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % BITS
    return x ^ (x >> 31)


def contexts_of_block(documents, block, block_tokens, window, keep):
    """Every kept token of the block and the words around it, straight from the definition."""
    centers, place = [], 0
    for document in documents:
        kept = []
        for word in document:
            if (hashed(0, place) & 0xFFFFFF) / 2**24 < np.float32(keep[word]):
                kept.append((place, word))
            place += 1
        for i, (where, center) in enumerate(kept):
            if where // block_tokens == block:
                reach = 1 + ((hashed(1, where) >> 32) * window >> 32)
                around = range(max(0, i - reach), min(len(kept), i + reach + 1))
                centers.append((center, [kept[j][1] for j in around if j != i]))
    return centers


def noise_words_met(centers, window, drawn):
    """How many noise words each center meets: in proportion to its contexts, the same for each four in a row.

    The centers with most contexts come first, and the first of four counts; whole eights are met.
    """
    order = sorted(range(len(centers)), key=lambda c: -len(centers[c][1]))
    met = [0] * len(centers)
    for s, c in enumerate(order):
        most = len(centers[order[s // 4 * 4]][1])
        met[c] = math.ceil(most * drawn / (2 * window) / 8) * 8
    return met


class Case:
    """A small random corpus and model, and one block of it gone through the kernel."""

    def __init__(
        self, *, dim, window, negatives, drawn, subsample, block_tokens=40, block=1, lengths=(5, 0, 33, 1, 70)
    ):
        random = np.random.default_rng([dim, window])
        self.documents = [random.integers(0, WORDS, length) for length in lengths]
        ids = np.concatenate(self.documents).astype(np.int32)
        ids.flags.writeable = False
        counts = np.bincount(ids, minlength=WORDS)
        self.keep = keep_probabilities(counts, subsample)
        self.shape = Shape(block_tokens, window, negatives, drawn)
        width = round_up(dim, WIDTH)
        self.model = Model(aligned_zeros(WORDS, width), aligned_zeros(WORDS, width))
        for matrix in self.model:
            matrix[:, :dim] = random.normal(size=(WORDS, dim))
        tables = Tables(self.keep.astype(np.float32), *alias_tables(noise_distribution(counts)), lane_masks(window))
        text = Text(ids, np.cumsum([0, *lengths]))
        self.out = steps(2, self.shape, width)
        self.base = block_rows(self.shape)  # the second place of two, to see that nothing is written outside
        self.rate = np.float32(0.5)
        self.loss, self.pairs = block_steps(
            text, block, self.shape, tables, self.model, self.rate, np.uint64(KEY), scratch(self.shape, width),
            self.out, self.base,
        )  # fmt: skip
        self.centers = contexts_of_block(self.documents, block, block_tokens, window, self.keep)
        self.met = noise_words_met(self.centers, window, drawn)
        self.noise = self.out.targets[self.base + block_rows(self.shape) - drawn :]
        self.dim = dim

    def summed(self, first, last):
        """The steps of some rows, added up by word."""
        total = np.zeros((WORDS, self.dim))
        for row in range(self.base + first, self.base + last):
            if self.out.targets[row] >= 0:
                total[self.out.targets[row]] += self.out.rows[row, : self.dim]
        return total


CASES = [
    {"dim": 10, "window": 5, "negatives": 8, "drawn": 8, "subsample": 0},
    {"dim": 100, "window": 5, "negatives": 5, "drawn": 32, "subsample": 0.02},
    {"dim": 1, "window": 1, "negatives": 1, "drawn": 32, "subsample": 0.02},
    {"dim": 24, "window": 20, "negatives": 15, "drawn": 96, "subsample": 0},
    {"dim": 9, "window": 100, "negatives": 1, "drawn": 8, "subsample": 0, "lengths": (300,), "block_tokens": 90},
    {"dim": 33, "window": 3, "negatives": 16, "drawn": 16, "subsample": 0.05, "block": 0, "block_tokens": 7},
    {"dim": 16, "window": 4, "negatives": 2, "drawn": 8, "subsample": 0, "block": 2},  # the short last block
]


@pytest.mark.parametrize("settings", CASES)
def test_block_equals_the_readable_model(settings):
    torch = pytest.importorskip("torch")
    from textkit.batches.records import SkipGramBatch
    from textkit.models.skip_gram import SkipGram, SkipGramConfig

    case = Case(**settings)
    assert case.pairs == sum(len(contexts) for _, contexts in case.centers) > 0

    # the readable model, in float64: each pair with all the noise words of its center, weighed to `negatives` of them
    readable = SkipGram(SkipGramConfig(vocab=WORDS, dim=case.dim, sparse=False)).double()
    with torch.no_grad():
        readable.centers.weight.copy_(torch.from_numpy(case.model.centers[:, : case.dim]))
        readable.contexts.weight.copy_(torch.from_numpy(case.model.contexts[:, : case.dim]))
    loss = torch.zeros((), dtype=torch.float64)
    for (center, contexts), met in zip(case.centers, case.met, strict=True):
        if contexts:
            batch = SkipGramBatch(
                centers=torch.full((len(contexts),), int(center)),
                contexts=torch.tensor(np.array(contexts)),
                negatives=torch.from_numpy(case.noise[:met].astype(np.int64)).expand(len(contexts), -1),
            )
            near, far = readable(batch)
            weight = case.shape.negatives / met
            own = -torch.nn.functional.logsigmoid(near).sum() - weight * torch.nn.functional.logsigmoid(-far).sum()
            if weight == 1:
                assert own.item() == pytest.approx(readable.loss(batch).total.item())
            loss = loss + own
    loss.backward()

    assert case.loss == pytest.approx(loss.item(), rel=1e-5)
    split = center_rows(case.shape)
    scale = -float(case.rate)
    for found, weight in [
        (case.summed(0, split), readable.centers.weight),
        (case.summed(split, block_rows(case.shape)), readable.contexts.weight),
    ]:
        expected = scale * weight.grad.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_a_block_writes_only_its_own_rows():
    case = Case(**CASES[0])
    assert (case.out.targets[: case.base] == -1).all()
    assert not case.out.rows[: case.base].any()


def test_loads_bound_how_far_scores_change():
    case = Case(**CASES[1])
    centers, contexts = (matrix[:, : case.dim].astype(np.float64) for matrix in case.model)
    middle = case.base + center_rows(case.shape)
    rows, targets, loads = case.out.rows[:, : case.dim].astype(np.float64), case.out.targets, case.out.loads
    longest_center = max(np.linalg.norm(centers[center]) for center, _ in case.centers)
    longest_context = max(np.linalg.norm(contexts[word]) for word in targets[middle:] if word >= 0)

    used = middle + np.flatnonzero(targets[middle:] >= 0)
    np.testing.assert_allclose(loads[used], longest_center * np.linalg.norm(rows[used], axis=1), rtol=1e-4)

    # the rows of centers: those with most contexts first
    order = sorted(range(len(case.centers)), key=lambda c: -len(case.centers[c][1]))
    for row, c in enumerate(order, start=case.base):
        center, around = case.centers[c]
        errors = [1 - 1 / (1 + np.exp(-centers[center] @ contexts[context])) for context in around]
        near = case.rate * (errors @ contexts[around]) if around else np.zeros(case.dim)
        expected = longest_context * max(np.linalg.norm(near), np.linalg.norm(rows[row]))
        assert targets[row] == center
        assert loads[row] == pytest.approx(expected, rel=1e-4)


def test_blocks_together_hold_every_pair_once():
    settings = {**CASES[1], "block_tokens": 16}
    found = sum(Case(**settings, block=block).pairs for block in range(7))
    whole = Case(**{**settings, "block_tokens": 200}, block=0)
    assert found == whole.pairs == sum(len(contexts) for _, contexts in whole.centers)


def test_noise_follows_the_distribution():
    counts = np.array([1000, 100, 10, 1, 0])
    chances = noise_distribution(counts)
    accept, alias = alias_tables(chances)
    drawn = np.bincount([noise_word(accept, alias, np.uint64(5), i) for i in range(40_000)], minlength=5)
    np.testing.assert_allclose(drawn / 40_000, chances, atol=0.01)
    assert drawn[4] == 0


def test_lane_masks_by_hand():
    masks = lane_masks(5)
    np.testing.assert_array_equal(masks[3], [1] * 3 + [0] * 13)
    assert not masks[0].any()
    np.testing.assert_array_equal(masks[10], [1] * 10 + [0] * 6)
