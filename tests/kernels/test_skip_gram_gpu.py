"""The Triton kernel against the readable model and the CPU kernel; in Triton's interpreter where no GPU is."""

import json

import numpy as np
import pytest
import torch

import textkit
from textkit.batches.records import SkipGramBatch
from textkit.kernels.skip_gram_arrays import Model, Text, aligned_zeros, round_up
from textkit.models.skip_gram import SkipGram, SkipGramConfig
from textkit.word2vec import train as train_module
from textkit.word2vec.settings import Word2VecSettings
from textkit.word2vec.threads import SkipGramThreads

pytest.importorskip("triton")
from textkit.word2vec.gpu import SkipGramGpu, Tuning

CARD = torch.cuda.is_available()
DEVICE = "cuda" if CARD else "cpu"
WORDS = 30


def hashed(key, purpose, place):
    """The kernel's hash, once more in plain Python integers."""
    x = (key + purpose * 0xD1B54A32D192ED03 + place * 0x9E3779B97F4A7C15) % 2**64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
    return x ^ (x >> 31)


class Case:
    """A small random corpus and model, on a device."""

    def __init__(self, *, dim=10, lengths=(5, 0, 33, 1, 70), words=WORDS, spread=1.0, tuning=None, **settings):
        random = np.random.default_rng([dim, len(lengths)])
        ids = random.integers(0, words, sum(lengths)).astype(np.int32)
        self.settings = Word2VecSettings(dim=dim, **{"subsample": 0.0, "epochs": 1, **settings})
        self.text = Text(ids, np.cumsum([0, *lengths]))
        self.counts = np.bincount(ids, minlength=words)
        width = round_up(dim, 8)
        self.model = Model(aligned_zeros(words, width), aligned_zeros(words, width))
        for matrix in self.model:
            matrix[:, :dim] = spread * random.normal(size=(words, dim))
        self.before = [matrix.copy() for matrix in self.model]
        self.gpu = SkipGramGpu(
            self.counts, self.settings, self.model, device=DEVICE, tuning=tuning or Tuning(precise=True)
        )

    def run(self, *, rate=0.5, epoch=0, epochs=1, first=0, last=None):
        last = self.gpu.blocks(self.text) if last is None else last
        tokens = len(self.text.ids)
        return self.gpu.run(
            self.text, first, last, epoch=epoch, rate=rate, before=epoch * tokens, all_tokens=epochs * tokens
        )

    def noise(self, tile, key):
        """The noise words of a tile, in plain Python."""
        accept, alias = self.gpu._accept.cpu().numpy(), self.gpu._alias.cpu().numpy()
        found = []
        for draw in range(tile * self.gpu.drawn, (tile + 1) * self.gpu.drawn):
            bits = hashed(key, 2, draw)
            word = (bits >> 32) * len(accept) >> 32
            found.append(word if (bits & 0xFFFFFF) / 2**24 < accept[word] else int(alias[word]))
        return torch.tensor(found)

    def tiles(self, epoch=0):
        """Each tile's centers with their contexts, straight from the definition."""
        key = int(self.gpu._key(epoch).cpu().numpy().view(np.uint64)[0])
        keep = self.gpu._keep.cpu().numpy()
        centers = []
        for begin, end in zip(self.text.offsets[:-1], self.text.offsets[1:], strict=True):
            kept = [
                (place, int(self.text.ids[place]))
                for place in range(begin, end)
                if (hashed(key, 0, place) & 0xFFFFFF) / 2**24 < keep[self.text.ids[place]]
            ]
            for i, (place, center) in enumerate(kept):
                reach = 1 + ((hashed(key, 1, place) >> 32) * self.settings.window >> 32)
                around = range(max(0, i - reach), min(len(kept), i + reach + 1))
                centers.append((center, [kept[j][1] for j in around if j != i]))
        size = self.gpu.centers_of_tile
        for tile, begin in enumerate(range(0, len(centers), size)):
            yield centers[begin : begin + size], self.noise(tile, key)

    def loss(self, readable, centers, noise):
        """The loss of a tile: each pair with all noise words, weighed to `negatives` of them."""
        total = torch.zeros((), dtype=torch.float64)
        for center, contexts in centers:
            if contexts:
                batch = SkipGramBatch(
                    centers=torch.full((len(contexts),), center),
                    contexts=torch.tensor(contexts),
                    negatives=noise.expand(len(contexts), -1),
                )
                near, far = readable(batch)
                weight = self.settings.negatives / len(noise)
                total = total - torch.nn.functional.logsigmoid(near).sum()
                total = total - weight * torch.nn.functional.logsigmoid(-far).sum()
        return total

    def readable(self):
        """The readable model with the first weights, in float64."""
        model = SkipGram(SkipGramConfig(vocab=len(self.counts), dim=self.settings.dim, sparse=False)).double()
        with torch.no_grad():
            for weight, matrix in zip((model.centers.weight, model.contexts.weight), self.before, strict=True):
                weight.copy_(torch.from_numpy(matrix[:, : self.settings.dim]))
        return model


CASES = [
    {"dim": 10, "window": 5, "negatives": 8},
    {"dim": 100, "window": 5, "subsample": 0.02},
    {"dim": 1, "window": 1, "negatives": 1, "subsample": 0.02},
    {"dim": 24, "window": 20, "negatives": 15},  # a tile of 128
    {"dim": 33, "window": 3, "negatives": 16, "subsample": 0.05, "lengths": (1, 2, 3, 0, 100, 16)},
    {"dim": 130, "window": 2, "negatives": 2, "lengths": (64,)},  # columns in two parts
]


@pytest.mark.parametrize("settings", CASES)
def test_tiles_equal_the_readable_model(settings):
    check_tiles(settings, rtol=1e-4, atol=1e-3)


def check_tiles(settings, *, rtol, atol):
    case = Case(spread=0.3, **settings)
    case.gpu.bound = 1e9
    readable = case.readable()
    rate, expected, pairs = 0.05, 0.0, 0
    found, found_pairs = case.run(rate=rate)
    tiles = list(case.tiles())
    gone = rate / len(tiles)
    for step, (centers, noise) in enumerate(tiles):  # plain gradient descent, a step for each tile
        loss = case.loss(readable, centers, noise)
        pairs += sum(len(contexts) for _, contexts in centers)
        expected += loss.item()
        if loss.requires_grad:
            readable.zero_grad()
            loss.backward()
            with torch.no_grad():
                for weight in readable.parameters():
                    weight -= max(rate - step * gone, rate * 1e-4) * weight.grad
    assert found_pairs == pairs > 0
    assert len(tiles) > 1
    assert found == pytest.approx(expected, rel=rtol)
    case.gpu.download()
    for matrix, before, weight in zip(
        case.model, case.before, (readable.centers.weight, readable.contexts.weight), strict=True
    ):
        moved = weight.detach().numpy() - before[:, : case.settings.dim]
        found = matrix[:, : case.settings.dim] - before[:, : case.settings.dim]
        np.testing.assert_allclose(found, moved, atol=atol * np.abs(moved).max())
        assert not matrix[:, case.settings.dim :].any()


@pytest.mark.parametrize("subsample", [0.0, 0.02])
def test_the_pairs_are_those_of_the_cpu_kernel(subsample):
    case = Case(lengths=(80, 0, 1, 120), subsample=subsample)
    threads = SkipGramThreads(case.counts, case.settings, case.model, workers=1, reproducible=True)
    for epoch in range(3):
        shared = {"epoch": epoch, "rate": 0.0, "before": 0, "all_tokens": 1}
        loss, pairs = threads.run(case.text, 0, threads.blocks(case.text), **shared)
        found, found_pairs = case.run(rate=0.0, epoch=epoch)
        assert found_pairs == pairs
        assert found == pytest.approx(loss, rel=0.1)  # other noise words
    threads.close()


def test_measuring_changes_nothing():
    case = Case()
    case.run(rate=0.0)
    for matrix, before in zip(case.gpu.download(), case.before, strict=True):
        np.testing.assert_array_equal(matrix, before)


def test_merged_steps_are_the_same_steps():
    plain, merged = (Case(spread=0.3, tuning=Tuning(precise=True, merge=merge)) for merge in (False, True))
    assert plain.run(rate=0.05)[0] == pytest.approx(merged.run(rate=0.05)[0], rel=1e-5)
    for one, other in zip(plain.gpu.download(), merged.gpu.download(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_spans_of_an_epoch_are_the_epoch(monkeypatch):
    from textkit.word2vec import gpu

    whole = Case(spread=0.3, lengths=(150, 150))
    loss, pairs = whole.run(rate=0.05)
    monkeypatch.setattr(gpu, "BLOCK_TOKENS", 64)
    parts = Case(spread=0.3, lengths=(150, 150))
    spans = [parts.run(rate=0.05, first=block, last=block + 1) for block in range(parts.gpu.blocks(parts.text))]
    assert sum(span[1] for span in spans) == pairs
    assert sum(span[0] for span in spans) == pytest.approx(loss, rel=1e-4)
    for one, other in zip(whole.gpu.download(), parts.gpu.download(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_text_in_pieces_loses_only_the_windows_at_their_ends(monkeypatch):
    from textkit.word2vec import gpu

    whole = Case(lengths=(300,)).run(rate=0.0)[1]
    monkeypatch.setattr(gpu, "BLOCK_TOKENS", 50)
    monkeypatch.setattr(gpu, "PIECE_BLOCKS", 2)
    pieces = Case(lengths=(300,)).run(rate=0.0)[1]
    assert whole - 2 * 30 <= pieces < whole


def test_the_memory_of_the_device_does_not_grow_with_the_text(monkeypatch):
    from textkit.word2vec import gpu

    lengths = (50, 0, 50, 0, 0, 50, 50, 50)  # pieces of two documents: no window crosses their boundaries
    whole = Case(lengths=lengths).run(rate=0.0)[1]
    monkeypatch.setattr(gpu, "BLOCK_TOKENS", 50)
    monkeypatch.setattr(gpu, "PIECE_BLOCKS", 2)
    case = Case(lengths=lengths)
    assert case.run(rate=0.0)[1] == whole
    for begin, ends in ((0, [50, 100]), (100, [150, 200]), (200, [250])):
        ids, offsets = case.gpu._ids_and_offsets(case.text, begin)
        assert len(ids) == min(100, 250 - begin)
        assert offsets.tolist() == ends


@pytest.mark.parametrize(
    ("lengths", "words"),
    [((1,), 1), ((100,), 1), ((2,), 2), ((3, 0, 1), 3), ((120,), 2)],
)
@pytest.mark.parametrize("rate", [0.025, 1.0])
def test_tiny_and_repetitive_corpora_stay_finite(lengths, words, rate):
    case = Case(lengths=lengths, words=words, spread=0.1)
    for epoch in range(4):
        loss, pairs = case.run(rate=rate, epoch=epoch, epochs=4)
        assert np.isfinite(loss)
        assert pairs > 0 or lengths == (1,)
    for matrix in case.gpu.download():
        assert np.isfinite(matrix).all()
        assert np.abs(matrix).max() < 100


def test_a_step_is_held_to_the_bound():
    case = Case(lengths=(300,), words=1, spread=1.0)
    case.gpu.bound = 0.01
    case.run(rate=1.0)
    steps = -(-300 // case.gpu.centers_of_tile)
    center, context = (np.linalg.norm(matrix[0]) for matrix in case.before)
    pairs = zip(case.gpu.download(), case.before, strict=True)
    moved = [np.linalg.norm(matrix[0] - before[0]) for matrix, before in pairs]
    assert moved[0] * context <= 1.05 * steps * 0.01
    assert moved[1] * center <= 1.05 * steps * 0.01


def test_training_lowers_the_loss():
    case = Case(lengths=(20,) * 8, words=16)
    case.text.ids[:] = np.repeat(np.arange(16), 10)  # each word beside itself
    losses = [case.run(rate=0.1, epoch=epoch, epochs=4)[0] for epoch in range(4)]
    assert losses[-1] < 0.8 * losses[0]


def test_a_window_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="window must be at most 32 on a GPU, got 33"):
        Case(window=33)


class TestTraining:
    """`train_word2vec` on the device; in the interpreter it is told that the CPU is a GPU."""

    @pytest.fixture(autouse=True)
    def device(self, monkeypatch):
        monkeypatch.setattr(train_module, "_is_gpu", lambda device, reproducible: device == DEVICE)

    @staticmethod
    def train(device=DEVICE, **settings):
        lines = [" ".join(f"{'ab'[n % 2]}{(n + k) % 5}" for k in range(8)) for n in range(40)]
        settings = {"dim": 8, "min_count": 1, "subsample": 0, "epochs": 3, "progress": False, **settings}
        return textkit.train_word2vec(lines, device=device, **settings)

    def test_vectors_are_trained(self):
        reports = []
        vectors = self.train(on_epoch=reports.append)
        described = json.loads(vectors.metadata["training"])
        assert described["reproducible"] is False
        assert len(vectors) == 10
        assert np.isfinite(vectors.matrix).all()
        assert reports[-1].loss < reports[0].loss

    @pytest.mark.parametrize("devices", [(DEVICE, "host"), ("host", DEVICE), (DEVICE, DEVICE)])
    def test_a_checkpoint_goes_on_on_the_other_device(self, tmp_path, devices):
        def stop(report):
            if report.epoch == 2:
                raise KeyboardInterrupt

        settings = {"checkpoint": tmp_path / "state", "valid": ["a0 a1 a2 a3 b1 b2 b3"]}
        with pytest.raises(KeyboardInterrupt):
            self.train(devices[0], **settings, on_epoch=stop)
        reports = []
        vectors = self.train(devices[1], **settings, on_epoch=reports.append)
        assert [report.epoch for report in reports] == [3]
        assert len(json.loads(vectors.metadata["training"])["valid_losses"]) == 3


def test_devices_that_cannot_be_used_are_named(monkeypatch):
    with pytest.raises(ValueError, match="device must be 'cpu', 'cuda' or 'auto', got 'gpu'"):
        textkit.train_word2vec(["a b"], device="gpu")
    monkeypatch.setattr("textkit.training.devices.usable_device", lambda device: None)
    with pytest.raises(ValueError, match="reproducible must be False or None on a GPU"):
        textkit.train_word2vec(["a b"], device="cuda", reproducible=True)


@pytest.mark.gpu
class TestOnACard:
    """What the interpreter cannot show: bfloat16 on tensor cores, and many programs at a time."""

    @pytest.mark.parametrize("warps", [4, 8])
    def test_bfloat16_is_near_the_readable_model(self, warps):
        check_tiles({**CASES[1], "tuning": Tuning(warps=warps)}, rtol=0.01, atol=0.05)

    def test_long_vectors_too(self):
        check_tiles({**CASES[5], "tuning": Tuning()}, rtol=0.01, atol=0.05)

    @pytest.mark.parametrize("subsample", [0.0, 1e-3])
    @pytest.mark.parametrize("rate", [0.025, 0.05, 1.0])
    def test_many_programs_stay_finite(self, subsample, rate):
        random = np.random.default_rng(1)
        words = 1000
        ids = np.minimum(random.zipf(1.2, 2_000_000) - 1, words - 1).astype(np.int32)
        case = Case(dim=100, lengths=(len(ids),), words=words, spread=0.01, subsample=subsample, tuning=Tuning())
        case.text.ids[:] = ids
        case.gpu = SkipGramGpu(np.bincount(ids, minlength=words), case.settings, case.model, device=DEVICE)
        assert case.gpu.programs > 8
        losses = [np.divide(*case.run(rate=rate, epoch=epoch, epochs=3)) for epoch in range(3)]
        assert np.isfinite(losses).all()
        assert rate == 1 or losses[-1] < 4.3  # that of vectors of zero is 4.16
        for matrix in case.gpu.download():
            assert np.isfinite(matrix).all()

    def test_a_repeated_line_stays_finite(self):
        case = Case(dim=100, lengths=(1_000_000,), words=3, tuning=Tuning())
        case.text.ids[:] = np.arange(1_000_000) % 3
        assert np.isfinite([case.run(rate=0.05, epoch=epoch, epochs=3)[0] for epoch in range(3)]).all()
        assert all(np.isfinite(matrix).all() for matrix in case.gpu.download())

    def test_no_memory_grows_with_the_epochs(self):
        case = Case(dim=100, lengths=(500_000,), words=3000, tuning=Tuning())
        used = []
        for epoch in range(4):
            case.run(rate=0.025, epoch=epoch, epochs=4)
            used.append(torch.cuda.memory_allocated())
        assert max(used[1:]) <= used[0] + 2**20
