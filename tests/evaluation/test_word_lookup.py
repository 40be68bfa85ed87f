import numpy as np
import pytest

from textkit.evaluation.word_lookup import RowLookup
from textkit.vectors.word_vectors import WordVectors

VECTORS = WordVectors(["the", "Paris", "paris", "IBM", "Ibm"], np.eye(5))


def test_exact_takes_words_as_they_are():
    look_up = RowLookup(VECTORS, "exact")
    assert [look_up(word) for word in ("paris", "Paris", "PARIS", "ibm")] == [2, 1, None, None]


def test_fold_goes_from_exact_to_lower_case_to_the_first_spelling():
    look_up = RowLookup(VECTORS, "fold")
    assert [look_up(word) for word in ("Paris", "PARIS", "ibm", "rome")] == [1, 2, 3, None]


def test_no_other_case_is_known():
    with pytest.raises(ValueError, match="case must be one of fold, exact, got 'upper'"):
        RowLookup(VECTORS, "upper")
