from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from textkit.generation.sampling import draw, forbid, temperature, top_k, top_p

LOGITS = arrays(np.float32, st.integers(2, 30), elements=st.floats(-20, 20, width=32))


def chances(logits):
    shares = np.exp(logits - logits.max(), dtype=np.float64)
    return shares / shares.sum()


def entropy(logits):
    shares = chances(logits)
    return -(shares[shares > 0] * np.log(shares[shares > 0])).sum()


def kept(logits):
    return np.flatnonzero(np.isfinite(logits)).tolist()


def test_logits_are_divided_and_not_probabilities():
    # 1/4 and 3/4 at temperature 1/2 are 1/16 and 9/16, normalized
    np.testing.assert_allclose(chances(temperature(np.log([0.25, 0.75]), 0.5)), [0.1, 0.9])
    np.testing.assert_allclose(chances(temperature(np.log([0.2, 0.8]), 2)), [1 / 3, 2 / 3])


@given(LOGITS, st.floats(0.05, 5), st.floats(1.1, 3))
def test_entropy_rises_with_the_temperature(logits, low, factor):
    colder, warmer = entropy(temperature(logits, low)), entropy(temperature(logits, low * factor))
    if np.ptp(logits) == 0:
        assert colder == pytest.approx(warmer)
    else:
        assert warmer >= colder - 1e-9


def test_entropy_rises_strictly_for_a_few_tokens():
    logits = np.array([0.0, 1.0, 3.0])
    found = [entropy(temperature(logits, value)) for value in (0, 0.1, 0.5, 1, 2, 10)]
    assert found[0] == 0
    assert all(colder < warmer for colder, warmer in pairwise(found))


@given(LOGITS)
def test_temperature_1_changes_no_chance(logits):
    np.testing.assert_allclose(chances(temperature(logits, 1)), chances(logits), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("value", [0, 1e-320, 1e-30])
def test_the_lowest_temperatures_take_the_likeliest(value):
    logits = np.array([-3e38, 5.0, 3e38, 7.0], np.float32)
    assert kept(temperature(logits, value))[:1] in ([2], [0])
    np.testing.assert_array_equal(chances(temperature(logits, value)), [0, 0, 1, 0])


def test_temperature_0_takes_the_first_of_equals():
    assert kept(temperature(np.array([1.0, 2.0, 2.0]), 0)) == [1]


def test_a_high_temperature_makes_all_tokens_alike():
    np.testing.assert_allclose(chances(temperature(np.array([0.0, 5.0, -3.0]), 1e9)), [1 / 3] * 3, rtol=1e-6)


def test_top_k_keeps_the_likeliest():
    assert kept(top_k(np.array([0.5, 3.0, 1.0, 2.0]), 2)) == [1, 3]
    assert kept(top_k(np.array([0.5, 3.0, 1.0, 2.0]), 9)) == [0, 1, 2, 3]
    assert kept(top_k(np.array([2.0, 1.0, 2.0, 2.0]), 2)) == [0, 2]  # equals: the lower ids
    assert kept(top_k(np.array([1.0, -np.inf, -np.inf]), 2)) == [0]


@given(LOGITS, st.integers(1, 40))
def test_top_k_keeps_k_tokens_and_their_logits(logits, k):
    found = top_k(logits, k)
    assert len(kept(found)) == min(k, len(logits))
    assert np.sort(logits)[::-1][: min(k, len(logits))].tolist() == np.sort(found[kept(found)])[::-1].tolist()


def test_top_p_keeps_the_fewest_that_reach_the_share():
    logits = np.log([0.25, 0.5, 0.125, 0.125])
    assert kept(top_p(logits, 0.4)) == [1]
    assert kept(top_p(logits, 0.5)) == [1]
    assert kept(top_p(logits, 0.51)) == [0, 1]
    assert kept(top_p(logits, 0.8)) == [0, 1, 2]  # equals: the lower ids
    assert kept(top_p(logits, 0.9)) == [0, 1, 2, 3]
    assert kept(top_p(logits, 1)) == [0, 1, 2, 3]
    assert kept(top_p(logits, 1e-300)) == [1]


def test_the_transforms_compose():
    logits = np.log([0.1, 0.2, 0.3, 0.4])
    # of 0.4, 0.3, 0.2 the first two have 0.7 / 0.9 = 0.78 of what top_k left
    assert kept(top_p(top_k(logits, 3), 0.77)) == [2, 3]
    assert kept(top_p(top_k(logits, 3), 0.79)) == [1, 2, 3]
    assert kept(top_k(forbid(logits, [3]), 1)) == [2]
    assert kept(top_p(temperature(logits, 0.01), 0.99)) == [3]


def test_transforms_leave_their_argument_alone():
    logits = np.log([0.1, 0.2, 0.7])
    before = logits.copy()
    forbid(logits, [0]), temperature(logits, 0.5), top_k(logits, 1), top_p(logits, 0.5)
    np.testing.assert_array_equal(logits, before)


def test_draws_have_the_chances_of_the_softmax():
    logits, generator = np.log([0.1, 0.2, 0.7]), np.random.default_rng(5)
    drawn = np.bincount([draw(forbid(logits, []) + 30, generator) for _ in range(20_000)], minlength=3) / 20_000
    # three standard deviations of a share of 0.7 are 0.0097
    np.testing.assert_allclose(drawn, [0.1, 0.2, 0.7], atol=0.01)


def test_the_same_generator_draws_the_same():
    logits = np.zeros(1000)
    first, second = ([draw(logits, np.random.default_rng(seed)) for _ in range(3)] for seed in (4, 4))
    assert first == second


class Extreme(np.random.Generator):
    def random(self):
        return 1 - 2**-53  # the largest that there is


@given(LOGITS)
def test_what_is_forbidden_is_never_drawn(logits):
    logits = forbid(logits, [0, len(logits) - 1]) if len(logits) > 2 else logits
    for generator in (np.random.default_rng(1), Extreme(np.random.PCG64(1))):
        assert np.isfinite(logits[draw(logits, generator)])


@pytest.mark.parametrize("logits", [[np.nan, 1.0], [-np.inf, -np.inf], [np.inf, 1.0]])
def test_scores_that_are_no_numbers_are_an_error(logits):
    logits = np.array(logits)
    for call in (
        lambda: draw(logits, np.random.default_rng(1)),
        lambda: temperature(logits, 1),
        lambda: temperature(logits, 0),
        lambda: top_p(logits, 0.5),
    ):
        with pytest.raises(FloatingPointError, match=r"the model's weights are damaged"):
            call()
