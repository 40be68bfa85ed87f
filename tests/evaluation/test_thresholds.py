import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from textkit.evaluation.thresholds import best_thresholds


def column(*numbers):
    return np.array(numbers, dtype=float)[:, None]


def test_the_threshold_lies_between_two_probabilities():
    assert best_thresholds(column(0.9, 0.4, 0.2, 0.1), column(1, 1, 0, 0)).tolist() == [(0.4 + 0.2) / 2]


def test_one_half_stays_where_it_is_as_good():
    assert best_thresholds(column(0.9, 0.1), column(1, 0)).tolist() == [0.5]
    assert best_thresholds(column(0.9, 0.1), column(0, 0)).tolist() == [0.5]


def test_weights_count():
    probabilities, targets = column(0.9, 0.3, 0.2), column(1, 0, 1)
    assert best_thresholds(probabilities, targets).tolist() == [0.1]  # F1 4/5, 2/3 above
    assert best_thresholds(probabilities, targets, np.array([9.0, 9.0, 1.0])).tolist() == [0.5]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=12))
def test_no_threshold_is_better(rows):
    probabilities = np.array([[number / 8] for number, _ in rows])
    targets = np.array([[positive] for _, positive in rows], dtype=int)
    (found,) = best_thresholds(probabilities, targets)
    scores = [
        f1_score(targets[:, 0], probabilities[:, 0] > limit, zero_division=0) for limit in (found, *np.arange(17) / 16)
    ]
    if targets.any():
        # A probability of 0 is never above a threshold.
        assert scores[0] >= max(scores[1:]) - 1e-9 or (probabilities[targets > 0] == 0).any()
    else:
        assert found == 0.5
