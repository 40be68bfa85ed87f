import math

import pytest
import torch

from textkit.evaluation.calibration import calibrate, temperature
from textkit.models.cnn import Cnn, CnnConfig


def frequent(times):
    """Scores of 20 texts that are right as often as their probabilities say, times a number."""
    rows, targets = [], []
    for right, texts in ((3, 4), (9, 10), (5, 6)):  # 3 of 4 with a probability of 3/4, and so on
        rows += [[0.0, math.log(right / (texts - right))]] * texts
        targets += [1] * right + [0] * (texts - right)
    return torch.tensor(rows) * times, torch.tensor(targets)


@pytest.mark.parametrize("times", [0.6, 1.0, 3.0, 15.0])
def test_scores_that_are_too_high_are_divided(times):
    assert temperature(*frequent(times)) == pytest.approx(times, rel=1e-3)


@pytest.mark.parametrize("times", [0.6, 3.0])
def test_with_several_labels(times):
    scores, targets = frequent(times)
    # two classes, each alone: the score against no score at all
    both = torch.stack([scores[:, 1], -scores[:, 1]], dim=1)
    labels = torch.stack([targets, 1 - targets], dim=1).float()
    assert temperature(both, labels) == pytest.approx(times, rel=1e-3)


def test_it_is_bounded():
    scores, targets = frequent(1.0)
    sure = torch.tensor([[0.0, 1.0]] * 5)
    assert temperature(sure, torch.ones(5, dtype=torch.int64)) == pytest.approx(0.5, rel=1e-3)
    assert temperature(sure, torch.zeros(5, dtype=torch.int64)) == pytest.approx(20.0, rel=1e-3)
    assert temperature(scores * 1000, targets) == pytest.approx(20.0, rel=1e-3)


def model_of():
    return Cnn(CnnConfig(dim=4, filters=3), 10, 2, generator=torch.Generator().manual_seed(1)).eval()


def test_the_scores_of_a_model_are_divided():
    model, ids = model_of(), torch.tensor([[2, 3, 4], [5, 6, 7]])
    with torch.no_grad():
        model.output_bias.copy_(torch.tensor([0.5, -1.0]))
        before = model(ids, torch.ones_like(ids, dtype=torch.bool))
        calibrate(model, *frequent(4.0))
        after = model(ids, torch.ones_like(ids, dtype=torch.bool))
    torch.testing.assert_close(after, before / 4, rtol=2e-3, atol=1e-6)
    assert torch.equal(after.argmax(1), before.argmax(1))


def test_scores_without_sense_change_nothing():
    model = model_of()
    before = model.output_weight.detach().clone()
    calibrate(model, torch.tensor([[0.0, math.nan]]), torch.tensor([1]))
    assert torch.equal(model.output_weight, before)
