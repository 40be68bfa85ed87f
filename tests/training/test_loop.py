import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from textkit.batches.skip_gram import SkipGramCollator, SkipGramPairs
from textkit.models.loss import Loss
from textkit.models.skip_gram import SkipGram, SkipGramConfig
from textkit.training.loop import train
from textkit.training.schedules import linear


class Number:
    """A batch that is one number."""

    def __init__(self, value, count=1):
        self.value, self.count = value, count

    def to(self, device):
        return self


class Guess(nn.Module):
    """Guesses a number; the loss is the squared error."""

    def __init__(self, start=0.0):
        super().__init__()
        self.guess = nn.Parameter(torch.tensor(start))

    def loss(self, batch):
        return Loss(total=batch.count * (self.guess - batch.value) ** 2, count=batch.count)


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
    with pytest.raises(FloatingPointError, match="loss became inf at step 1 of epoch 0; try a smaller learning rate"):
        list(train(model, lambda epoch: [Number(1.0), Number(float("inf"))], sgd(model), epochs=1))
    assert model.guess.item() == 1.0


def test_no_batch_and_no_epoch_are_errors():
    with pytest.raises(ValueError, match="at least one prediction, got none in epoch 0"):
        list(train(Guess(), lambda epoch: [], sgd(Guess()), epochs=1))
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        list(train(Guess(), lambda epoch: [], sgd(Guess()), epochs=0))
    with pytest.raises(ValueError, match="steps must be at least 1"):
        linear(0)


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
