import math

import pytest
import torch

from textkit.models.classification_loss import Criterion

SCORES = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])  # probabilities 1/4 and 3/4, 4/5 and 1/5


def test_the_cost_of_one_class_is_summed():
    cost = Criterion()(SCORES, torch.tensor([1, 0]))
    assert float(cost) == pytest.approx(-math.log(3 / 4) - math.log(4 / 5))


def test_classes_have_weights():
    cost = Criterion(torch.tensor([2.0, 0.5]))(SCORES, torch.tensor([1, 0]))
    assert float(cost) == pytest.approx(-0.5 * math.log(3 / 4) - 2 * math.log(4 / 5))


def test_smoothed_labels_are_spread_over_all_classes():
    cost = Criterion(label_smoothing=0.2)(SCORES, torch.tensor([1, 0]))
    first = 0.9 * -math.log(3 / 4) + 0.1 * -math.log(1 / 4)
    second = 0.9 * -math.log(4 / 5) + 0.1 * -math.log(1 / 5)
    assert float(cost) == pytest.approx(first + second)


def test_the_cost_of_several_classes():
    scores = torch.tensor([[0.0, math.log(3)]])  # 1/2 and 3/4, each by itself
    labels = torch.tensor([[1.0, 0.0]])
    assert float(Criterion()(scores, labels)) == pytest.approx(-math.log(1 / 2) - math.log(1 / 4))
    weighted = Criterion(torch.tensor([4.0, 9.0]))(scores, labels)  # that of a class which is not there does not matter
    assert float(weighted) == pytest.approx(-4 * math.log(1 / 2) - math.log(1 / 4))
    smooth = Criterion(label_smoothing=0.2)(scores, labels)
    expected = -math.log(1 / 2) - (0.9 * math.log(1 / 4) + 0.1 * math.log(3 / 4))
    assert float(smooth) == pytest.approx(expected)


@pytest.mark.parametrize("labels", [torch.tensor([1, 0]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])])
def test_short_numbers_are_summed_as_long_ones(labels):
    cost = Criterion()(SCORES.bfloat16(), labels)
    assert cost.dtype == torch.float32
    assert Criterion()(SCORES.double(), labels.double() if labels.ndim > 1 else labels).dtype == torch.float64


@pytest.mark.parametrize(("labels", "wrong"), [([1, 2], 2), ([-1, 0], -1)])
def test_labels_out_of_range_are_named(labels, wrong):
    with pytest.raises(IndexError, match=rf"labels must be from 0 to 1, got {wrong}; number the classes from 0"):
        Criterion()(SCORES, torch.tensor(labels))
