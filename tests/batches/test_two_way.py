import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import IGNORED
from textkit.batches.two_way import TwoWayBatches


def two_way(tokens, **options):
    ids = np.arange(tokens, dtype=np.int32)
    return TwoWayBatches(BpttBatches(ids, **options), BpttBatches(ids[::-1], **options))


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 60), st.integers(1, 9), st.integers(1, 20), st.booleans())
def test_each_token_is_predicted_once_from_either_side(tokens, streams, window, random_windows):
    streams = min(streams, tokens // 2)
    batches = two_way(tokens, batch_size=streams, window=window, random_windows=random_windows)
    before, after, count = [], [], 0
    for batch in batches.epoch(1):
        assert batch.forward.inputs.shape == batch.backward.inputs.shape
        assert len(batch) == len(batch.forward) == len(batch.backward)
        assert (batch.first, batch.rate) == (batch.forward.first, batch.forward.rate)
        count += 1
        for found, part, step in ((before, batch.forward, 1), (after, batch.backward, -1)):
            real = part.targets != IGNORED
            assert (part.inputs[real] + step == part.targets[real]).all()
            found += part.targets[real].tolist()
    assert count == batches.steps(1)
    assert len(before) == len(set(before)) == len(after) == len(set(after)) == batches.predictions
    assert sorted(before) == sorted(tokens - 1 - token for token in after)


def test_the_backward_streams_go_on_where_they_ended():
    batches = list(two_way(12, batch_size=2, window=3).epoch())
    rows = np.concatenate([batch.backward.inputs.numpy() for batch in batches], axis=1)
    assert rows.tolist() == [[11, 10, 9, 8, 7], [5, 4, 3, 2, 1]]


def test_both_move_to_a_device():
    batch = next(iter(two_way(6, batch_size=1, window=2).epoch())).to("meta")
    assert {batch.forward.inputs.device.type, batch.backward.targets.device.type} == {"meta"}


def test_batches_of_different_windows_are_refused():
    ids = np.arange(9)
    forward, backward = (BpttBatches(ids, batch_size=1, window=window) for window in (2, 3))
    with pytest.raises(ValueError, match="zip"):
        list(TwoWayBatches(forward, backward).epoch())
