import math

import pytest

from textkit.training.schedules import Plateau, constant, cosine, linear, warmed_up


def test_constant_never_changes():
    assert {constant(step) for step in (0, 1, 10**9)} == {1.0}


def test_cosine_begins_at_one_is_half_way_in_the_middle_and_ends_at_zero():
    schedule = cosine(100)
    assert schedule(0) == 1.0
    assert schedule(50) == pytest.approx(0.5)
    assert schedule(100) == schedule(1000) == pytest.approx(0)
    # a third of the way the cosine of 60 degrees is 1/2
    assert cosine(3)(1) == pytest.approx(0.75)
    assert all(schedule(step) > schedule(step + 1) for step in range(100))


@pytest.mark.parametrize("schedule", [constant, linear(8), cosine(8), Plateau(0.5)])
def test_a_warm_up_rises_evenly_and_then_the_schedule_begins_at_its_own_start(schedule):
    warm = warmed_up(schedule, 4)
    assert [warm(step) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert [warm(step) for step in range(4, 14)] == [schedule(step) for step in range(10)]
    assert warmed_up(schedule, 0)(0) == schedule(0)


def test_a_plateau_cuts_each_time_the_loss_is_not_below_the_best():
    plateau = Plateau(0.25)
    levels = []
    for loss in (5.0, 4.0, 4.5, 4.2, 3.0, 3.0, math.inf):
        plateau.observe(loss)
        levels.append(plateau(step=1))
    # 4.2 is lower than the loss before it, but not than the best
    assert levels == [1, 1, 1 / 4, 1 / 16, 1 / 16, 1 / 64, 1 / 256]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear(0), "steps must be at least 1, got 0"),
        (lambda: cosine(0), "steps must be at least 1, got 0"),
        (lambda: warmed_up(constant, -1), "steps must be at least 0, got -1"),
        (lambda: Plateau(1.0), "factor must be above 0 and below 1, got 1.0"),
        (lambda: Plateau(0.0), "factor must be above 0 and below 1, got 0.0"),
    ],
)
def test_wrong_numbers_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
