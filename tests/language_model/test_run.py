import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.batches.bptt import BpttBatches
from textkit.language_model.averaging import TriggeredAverage
from textkit.language_model.run import LanguageModelRun
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.state import LanguageModelState
from textkit.language_model.train import train_language_model
from textkit.models.rnn_language_model import RnnLanguageModel, RnnLanguageModelConfig
from textkit.training.optimizers import optimizer_for
from textkit.training.schedules import Plateau, constant

CONFIG = RnnLanguageModelConfig(dim=8, hidden=16)
SETTINGS = LanguageModelSettings(batch_size=4, window=16, epochs=2, learning_rate=0.004, warmup=0)
TEXTS = [f"the {n % 9} boats and the {n % 7} ships went out to sea" for n in range(40)]
pytestmark = pytest.mark.usefixtures("one_thread")


def train(corpus=TEXTS, config=CONFIG, settings=SETTINGS, **options):
    return train_language_model(corpus, **{"config": config, "settings": settings, "progress": False, **options})


def weights(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


class Scripted:
    """A run of one step for each epoch, with held-out losses that are known beforehand."""

    def __init__(self, losses, **settings):
        self.losses, self.validated, self.reports = list(losses), [], []
        settings = LanguageModelSettings(
            **{"optimizer": "sgd", "learning_rate": 0.5, "schedule": "constant", "epochs": len(losses), **settings}
        )
        self.model = RnnLanguageModel(CONFIG, 5, generator=torch.Generator().manual_seed(0))
        average = TriggeredAverage(self.model.parameters(), settings.non_monotone) if settings.averaging else None
        plateau = Plateau(0.5) if settings.schedule == "plateau" else None
        run = LanguageModelRun(
            LanguageModelState(self.model, optimizer_for(self.model.parameters(), settings), average),
            settings,
            BpttBatches(np.arange(20) % 5, batch_size=2, window=9).epoch,
            predictions=18,
            schedule=constant if plateau is None else plateau,
            plateau=plateau,
            validate=self.validate,
            identity={},
            describe=dict,
            checkpoint=None,
            resume=False,
            checkpoint_seconds=60,
            on_epoch=self.reports.append,
            progress=False,
        )
        run.run()

    def validate(self):
        self.validated.append(weights(self.model))
        return (self.losses[len(self.validated) - 1],)


def test_the_best_weights_are_returned():
    scripted = Scripted([3.0, 1.0, 2.0, 1.0])
    assert same(weights(scripted.model), scripted.validated[1])  # the first of equals
    assert not same(weights(scripted.model), scripted.validated[3])
    assert [report.valid_loss for report in scripted.reports] == [3.0, 1.0, 2.0, 1.0]
    assert [report.epoch for report in scripted.reports] == [1, 2, 3, 4]
    assert scripted.reports[1].valid_perplexity == math.e


def test_patience_ends_a_training():
    assert len(Scripted([3.0, 2.0, 2.5, 2.0, 1.0], patience=2).reports) == 4
    assert len(Scripted([3.0, 2.0, 2.5, 1.9, 2.0, 2.0, 0.0], patience=2).reports) == 6
    assert len(Scripted([3.0, 4.0, 1.0], patience=1).reports) == 2
    assert len(Scripted([3.0, 4.0, 5.0]).reports) == 3


def test_a_plateau_cuts_the_learning_rate_of_the_next_epoch():
    scripted = Scripted([3.0, 3.0, 2.0, 2.5, 2.5], schedule="plateau")
    assert [report.learning_rate for report in scripted.reports] == [0.5, 0.5, 0.25, 0.25, 0.125]
    before, plain = scripted.validated, Scripted([3.0, 2.0, 1.0]).validated
    moved = [(before[2][name] - before[1][name]).norm() / (plain[2][name] - plain[1][name]).norm() for name in plain[0]]
    assert moved == pytest.approx([0.5] * len(moved), rel=1e-3)


def test_a_schedule_with_a_warm_up_spans_all_steps():
    reports = []
    settings = replace(SETTINGS, epochs=6, schedule="linear", warmup=2, learning_rate=0.01)
    train(["x" * 33 + "y" * 34], settings=settings, on_epoch=reports.append)  # four streams of 17: one step each epoch
    assert [report.learning_rate for report in reports] == pytest.approx([0.005, 0.01, 0.01, 0.0075, 0.005, 0.0025])


def test_windows_may_be_random():
    fixed, random = [], []
    train(settings=replace(SETTINGS, epochs=1), on_epoch=fixed.append)
    train(settings=replace(SETTINGS, epochs=1, random_windows=True), on_epoch=random.append)
    assert fixed[0].loss != random[0].loss


def test_averages_are_validated_and_the_last_weights_trained():
    losses = [1.0, 2.0, 0.5, 0.25, 0.1]  # the second one begins the average
    plain = Scripted(losses).validated
    scripted = Scripted(losses, averaging=True, non_monotone=0)
    assert [report.averaged for report in scripted.reports] == [0, 0, 2, 3, 4]
    for last in range(5):
        first = last if last < 2 else 1
        for name, weight in scripted.validated[last].items():
            mean = torch.stack([raw[name] for raw in plain[first : last + 1]]).mean(0)
            torch.testing.assert_close(weight, mean)
    assert same(weights(scripted.model), scripted.validated[-1])  # averages are what is returned, too
