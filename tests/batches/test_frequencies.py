import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.batches.frequencies import alias_tables, keep_probabilities, kept_fraction, noise_distribution


def test_keep_probability_by_hand():
    # f = 1 and t = 0.01: sqrt(0.01) + 0.01
    assert keep_probabilities(np.array([10]), 0.01) == pytest.approx([0.11])
    assert keep_probabilities(np.array([10, 0]), 0.0).tolist() == [1, 1]
    assert keep_probabilities(np.array([10, 0]), 0.01)[1] == 1


def test_kept_fraction_weighs_words_by_their_tokens():
    assert kept_fraction(np.array([3, 1]), np.array([0.5, 1.0])) == 2.5 / 4


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any))
def test_alias_tables_hold_exactly_the_chances(counts):
    chances = noise_distribution(np.array(counts))
    accept, alias = alias_tables(chances)
    found = np.zeros(len(counts))
    for word, (level, other) in enumerate(zip(accept, alias, strict=True)):
        found[word] += level / len(counts)
        found[other] += (1 - level) / len(counts)
    np.testing.assert_allclose(found, chances, atol=1e-6)
