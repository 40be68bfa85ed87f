from contextlib import suppress

import pytest
import torch
from torch import nn

from textkit.language_model.averaging import TriggeredAverage


def trigger(losses, non_monotone):
    """After which of the losses, from 0, the average begins; None if it does not."""
    average = TriggeredAverage([nn.Parameter(torch.zeros(1))], non_monotone)
    for number, loss in enumerate(losses):
        average.observe(loss)
        if average.count:
            return number
    return None


def published(losses, n):
    """Algorithm 1 of Merity et al. 2018, line by line, with L = 1."""
    logs = []
    for t, v in enumerate(losses):
        if t > n and v > min(logs[0 : t - n]):
            return t
        logs.append(v)
    return None


def test_the_average_begins_where_the_paper_says():
    assert trigger([5, 4, 3, 4], 0) == 3  # the last loss is above the best before it
    assert trigger([5, 4, 3, 4], 1) is None  # 4 is not above the best of 5, 4
    assert trigger([5, 4, 3, 4, 4], 1) == 4  # it is above the best of 5, 4, 3
    assert trigger([5, 6, 6, 6, 6, 6, 6], 5) == 6  # more than five losses must stand before
    assert trigger([5, 4, 3, 2, 1], 0) is None
    random = torch.Generator().manual_seed(1)
    for n in range(6):
        for _ in range(50):
            losses = torch.rand(20, generator=random).tolist()
            assert trigger(losses, n) == published(losses, n)


def test_the_mean_is_of_all_weights_from_the_trigger_on():
    weight = nn.Parameter(torch.tensor([0.0, 1.0]))
    average = TriggeredAverage([weight], non_monotone=0)
    average.observe(1.0)
    average.step()
    assert average.count == 0
    weight.data.fill_(2.0)
    average.observe(3.0)  # begins with the weights of now: 2
    for value in (4.0, 9.0):
        weight.data.fill_(value)
        average.step()
    assert average.count == 3
    torch.testing.assert_close(average.means, [torch.tensor([5.0, 5.0])])
    average.observe(0.1)  # a loss that falls again does not end it
    assert average.count == 3


def test_averages_stand_in_for_the_weights_and_leave_again():
    weight = nn.Parameter(torch.tensor([1.0]))
    average = TriggeredAverage([weight], non_monotone=0)
    with average.in_place():
        assert weight.item() == 1.0  # nothing to put there yet
    average.observe(1.0)
    average.observe(2.0)
    weight.data.fill_(3.0)
    average.step()
    with suppress(KeyboardInterrupt), average.in_place():
        assert weight.item() == 2.0
        raise KeyboardInterrupt
    assert weight.item() == 3.0
    assert average.means[0].item() == 2.0


def test_a_wrong_interval_is_named():
    with pytest.raises(ValueError, match="non_monotone must be at least 0 epochs, got -1"):
        TriggeredAverage([], -1)
