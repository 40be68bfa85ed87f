import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from textkit.batches.skip_gram import SkipGramCollator, SkipGramPairs
from textkit.models.loss import Loss
from textkit.models.skip_gram import SkipGram, SkipGramConfig
from textkit.training import loop
from textkit.training.loop import Progress, train
from textkit.training.schedules import linear


class Number:
    """A batch that is one number."""

    def __init__(self, value, count=1, rate=1.0):
        self.value, self.count, self.rate = value, count, rate

    def to(self, device):
        return self


class Guess(nn.Module):
    """Guesses a number; the loss is the squared error, and the penalty a multiple of the guess."""

    def __init__(self, start=0.0, penalty=None):
        super().__init__()
        self.guess = nn.Parameter(torch.tensor(start))
        self.penalty = penalty

    def loss(self, batch):
        penalty = None if self.penalty is None else batch.count * self.penalty * self.guess
        return Loss(total=batch.count * (self.guess - batch.value) ** 2, count=batch.count, penalty=penalty)


def sgd(model, rate=0.25):
    return torch.optim.SGD(model.parameters(), lr=rate)


def test_steps_and_means_by_hand():
    model = Guess()
    records = list(train(model, lambda epoch: [Number(4.0), Number(4.0, count=3)], sgd(model), epochs=1))
    # guess 0 -> error 16; gradient -8, step +2; guess 2 -> error 4, three times
    assert [(r.step, r.loss, r.count, r.end_of_epoch) for r in records] == [
        (1, 16.0, 1, False),
        (2, (16 + 3 * 4) / 4, 4, False),
        (2, 7.0, 4, True),
    ]
    assert model.guess.item() == 3.0


def test_schedule_and_clipping():
    model = Guess()
    list(train(model, lambda epoch: [Number(4.0)] * 2, sgd(model), epochs=1, schedule=linear(2), clip_norm=1.0))
    assert model.guess.item() == pytest.approx(0.25 + 0.125, abs=1e-5)


def test_a_loss_that_is_not_finite_stops_before_the_step():
    model = Guess(1.0)
    with pytest.raises(FloatingPointError, match="loss became inf at step 2 of epoch 1; try a smaller learning rate"):
        list(train(model, lambda epoch: [Number(1.0), Number(float("inf"))], sgd(model), epochs=1))
    assert model.guess.item() == 1.0


def test_a_gradient_that_is_not_finite_stops_before_the_step():
    class Steep(Guess):
        def loss(self, batch):
            return Loss(total=(self.guess - batch.value).abs().sqrt(), count=1)  # at 0 its slope has no end

    model = Steep(1.0)
    with pytest.raises(FloatingPointError, match=r"gradient became (inf|nan) at step 1 of epoch 1"):
        list(train(model, lambda epoch: [Number(1.0)], sgd(model), epochs=1, clip_norm=1.0))
    assert model.guess.item() == 1.0


def test_a_penalty_moves_the_weights_and_is_not_reported():
    model = Guess(4.0, penalty=2.0)
    records = list(train(model, lambda epoch: [Number(4.0, count=3)], sgd(model), epochs=1))
    assert records[-1].loss == 0.0
    assert model.guess.item() == 4.0 - 0.25 * 2.0


def test_a_batch_can_rescale_its_own_step():
    model = Guess()
    list(train(model, lambda epoch: [Number(4.0, rate=0.5)], sgd(model), epochs=1))
    assert model.guess.item() == 1.0  # half of the step of 2


def test_batches_that_are_accumulated_step_like_one_batch_of_all():
    # one step with 1 prediction of 4 and 3 of 8: the mean gradient at 0 is -(8 + 3 * 16) / 4 = -14
    model = Guess()
    numbers = [Number(4.0), Number(8.0, count=3), Number(7.0, rate=0.5)]
    records = list(train(model, lambda epoch: numbers, sgd(model), epochs=1, accumulate=2))
    # the third number is alone in the last step: guess 3.5 -> error 3.5 ** 2, gradient -7, half a step of 1.75
    assert [(r.step, r.batch, r.count) for r in records] == [(1, 2, 4), (2, 3, 5), (2, 3, 5)]
    assert records[0].loss == (16 + 3 * 64) / 4
    assert model.guess.item() == pytest.approx(3.5 + 0.875)
    whole = Guess(penalty=1.0)
    parts = Guess(penalty=1.0)
    list(train(whole, lambda epoch: [Number(4.0, count=4)], sgd(whole), epochs=1))
    list(train(parts, lambda epoch: [Number(4.0), Number(4.0, count=3)], sgd(parts), epochs=1, accumulate=2))
    assert parts.guess.item() == whole.guess.item() == 1.75


def test_a_shorter_number_format_is_used_within_the_loss_alone():
    seen = []

    class Matrix(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.eye(2))

        def loss(self, batch):
            product = self.weight @ self.weight
            seen.append(product.dtype)
            return Loss(total=product.float().sum(), count=1)

    model = Matrix()
    list(train(model, lambda epoch: [Number(0)], sgd(model), epochs=1, autocast=torch.bfloat16))
    assert seen == [torch.bfloat16]
    assert model.weight.dtype == model.weight.grad.dtype == torch.float32


def numbers_of(epoch):
    return [Number(float(5 * epoch + place), count=place + 1) for place in range(4)]


@pytest.mark.parametrize("accumulate", [1, 3])
def test_going_on_from_any_record_ends_where_an_unbroken_training_ends(accumulate):
    settings = {"epochs": 3, "schedule": linear(12), "accumulate": accumulate}
    whole = Guess()
    records, guesses = [], []
    for record in train(whole, numbers_of, sgd(whole, 0.1), **settings):
        records.append(record)
        guesses.append(whole.guess.item())
    for place, record in enumerate(records):
        model = Guess(guesses[place])
        rest = list(train(model, numbers_of, sgd(model, 0.1), **settings, start=record))
        assert rest == records[place + 1 :]
        assert model.guess.item() == guesses[-1]
    assert records[-1].end_of_epoch
    assert Progress().loss == 0.0


class TestRunningAhead:
    """On a GPU no step waits for the device. Fused optimizers of a CPU can skip a step too."""

    @pytest.fixture(autouse=True)
    def ahead(self, monkeypatch):
        monkeypatch.setattr(loop, "_runs_ahead", lambda optimizer, device: True)

    @staticmethod
    def optimizer(model, kind):
        fused = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[kind]
        return fused(model.parameters(), lr=0.1, fused=True)

    @pytest.mark.parametrize("kind", ["sgd", "adamw"])
    def test_it_trains_the_same(self, kind, monkeypatch):
        settings = {"epochs": 3, "schedule": linear(12), "accumulate": 3, "clip_norm": 1.0}
        ahead = Guess()
        records = list(train(ahead, numbers_of, self.optimizer(ahead, kind), **settings))
        monkeypatch.undo()
        waiting = Guess()
        expected = list(train(waiting, numbers_of, self.optimizer(waiting, kind), **settings))
        assert ahead.guess.item() == waiting.guess.item()
        for record, other in zip(records, expected, strict=True):
            assert record.loss == pytest.approx(other.loss, rel=1e-6)
            assert (record.settled().count, record.step) == (other.count, other.step)

    def test_no_step_looks_at_a_loss(self, monkeypatch):
        def look(tensor):
            raise AssertionError("the host waited for the device")

        model = Guess()
        steps = train(model, numbers_of, self.optimizer(model, "sgd"), epochs=1, clip_norm=1.0)
        with monkeypatch.context() as patch:
            for name in ("item", "__float__", "__bool__", "tolist", "cpu"):
                patch.setattr(torch.Tensor, name, look)
            for _ in range(4):
                next(steps)
        assert next(steps).end_of_epoch

    @pytest.mark.parametrize("kind", ["sgd", "adamw"])
    @pytest.mark.parametrize("clip_norm", [None, 1.0])
    def test_the_weights_stay_those_before_a_loss_that_is_not_finite(self, kind, clip_norm):
        model, guesses = Guess(1.0), []
        batches = [Number(2.0), Number(float("inf")), Number(2.0), Number(2.0)]
        steps = train(model, lambda epoch: batches, self.optimizer(model, kind), epochs=1, clip_norm=clip_norm)
        for _ in batches:
            progress = next(steps)
            guesses.append(model.guess.item())
        assert guesses[0] != 1.0
        assert guesses == [guesses[0]] * 4
        message = r"loss or the gradient became (inf|nan) by step 4 of epoch 1; try"
        with pytest.raises(FloatingPointError, match=message):
            progress.settled()
        with pytest.raises(FloatingPointError, match=message):
            next(steps)


def test_no_batch_and_no_epoch_are_errors():
    with pytest.raises(ValueError, match="at least one prediction, got none in epoch 1"):
        list(train(Guess(), lambda epoch: [], sgd(Guess()), epochs=1))
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        list(train(Guess(), lambda epoch: [], sgd(Guess()), epochs=0))
    with pytest.raises(ValueError, match="accumulate must be at least 1 batch, got 0"):
        list(train(Guess(), lambda epoch: [], sgd(Guess()), epochs=1, accumulate=0))


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_gradients_that_are_turned_off_are_an_error(off):
    guess = Guess()
    with off(), pytest.raises(RuntimeError, match=r"gradients, but they are turned off; move it out of torch.no_grad"):
        next(train(guess, lambda epoch: [Number(1.0)], torch.optim.SGD(guess.parameters(), lr=0.1), epochs=1))


def test_the_readable_skip_gram_learns_through_the_loop():
    random = np.random.default_rng(0)
    # words 0-4 stand together, and words 5-9
    documents = [random.integers(0, 5, 30) + 5 * (i % 2) for i in range(40)]
    counts = np.bincount(np.concatenate(documents))
    pairs = SkipGramPairs(documents, counts, subsample=0)
    loader = DataLoader(pairs, batch_size=4, collate_fn=SkipGramCollator(counts))
    model = SkipGram(SkipGramConfig(vocab=10, dim=8), generator=torch.Generator().manual_seed(0))

    def batches(epoch):
        pairs.set_epoch(epoch)
        return loader

    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    losses = [record.loss for record in train(model, batches, optimizer, epochs=20) if record.end_of_epoch]
    assert losses[-1] < losses[0] - 0.5
    unit = nn.functional.normalize(model.centers.weight.detach())
    together = (unit[:5] @ unit[:5].T).mean()
    apart = (unit[:5] @ unit[5:].T).mean()
    assert together > 0.8 > 0.2 > apart
