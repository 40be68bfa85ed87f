from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.type_counts import TypeCounts, token_array

TOKENS = st.lists(st.text(max_size=2))


@given(st.lists(TOKENS))
def test_numbers_are_in_order_of_first_appearance_and_counts_right(batches):
    types, numbers = TypeCounts(), []
    for batch in batches:
        encoded = token_array(batch).dictionary_encode()
        numbers += types.number(encoded.dictionary, encoded.indices.to_numpy()).tolist()
    tokens = [token for batch in batches for token in batch]
    expected = list(dict.fromkeys(tokens))
    assert types.tokens.to_pylist() == expected
    assert [expected[number] for number in numbers] == tokens
    assert dict(zip(expected, types.counts.tolist(), strict=True)) == Counter(tokens)


def test_a_type_may_be_there_twice_in_a_batch():
    types = TypeCounts()
    numbers = types.number(pa.array(["a", "b", "a"]), np.array([0, 1, 2, 2], dtype=np.int32))
    assert numbers.tolist() == [0, 1, 0, 0]
    assert types.counts.tolist() == [3, 1]


@pytest.mark.parametrize("wrong", [1, None, 2.5, ["a"]])
def test_what_is_no_str_is_no_token(wrong):
    with pytest.raises(TypeError, match=r"a token must be a str, got .* at position 1"):
        token_array(["a", wrong])


def test_half_a_surrogate_pair_is_no_text():
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        token_array(["a", "\ud83d"])
