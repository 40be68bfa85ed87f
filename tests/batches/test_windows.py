import numpy as np
import pytest

from textkit.batches.records import IGNORED
from textkit.batches.windows import WindowBatches


def pairs(batches):
    """All (input, target) that are predicted; the ids of the text are its positions."""
    return [
        (given, target)
        for batch in batches
        if batch is not None
        for given, target in zip(batch.inputs.flatten().tolist(), batch.targets.flatten().tolist(), strict=True)
        if target != IGNORED
    ]


@pytest.mark.parametrize(("tokens", "window", "batch_size"), [(50, 7, 3), (2, 5, 4), (8, 7, 1), (9, 1, 2), (30, 40, 2)])
def test_every_token_but_the_first_is_predicted_once(tokens, window, batch_size):
    batches = WindowBatches(np.arange(tokens), batch_size=batch_size, window=window)
    for epoch in range(8):
        found = list(batches.epoch(epoch))
        assert len(found) == batches.steps(epoch)
        assert sorted(pairs(found)) == [(place, place + 1) for place in range(tokens - 1)]
        assert sum(len(batch) for batch in found) == batches.predictions == tokens - 1
        assert all(len(batch) == len(pairs([batch])) for batch in found)
        assert all(batch.inputs.shape[1] == window and len(batch.inputs) <= batch_size for batch in found)


def test_what_comes_before_a_prediction_is_the_text_before_it():
    for batch in WindowBatches(np.arange(50), batch_size=3, window=7).epoch(2):
        for inputs in batch.inputs.tolist():
            assert inputs == [min(inputs[0] + step, 49) for step in range(7)]


def test_cuts_and_order_differ_between_epochs_and_seeds():
    batches, other = (WindowBatches(np.arange(100), batch_size=2, window=9, seed=seed) for seed in (1, 2))
    assert pairs(batches.epoch(0)) == pairs(batches.epoch(0))
    assert pairs(batches.epoch(0)) != pairs(batches.epoch(1))
    assert pairs(batches.epoch(0)) != pairs(other.epoch(0))
    cuts = {min(batch.inputs[:, 0].min().item() or 99 for batch in batches.epoch(epoch)) for epoch in range(20)}
    assert len(cuts) > 3


def test_processes_share_each_batch():
    whole = WindowBatches(np.arange(60), batch_size=5, window=4)
    parts = [WindowBatches(np.arange(60), batch_size=5, window=4, part=part) for part in (slice(0, 2), slice(2, 5))]
    for together, *own in zip(whole.epoch(3), *(part.epoch(3) for part in parts), strict=True):
        assert pairs([together]) == pairs(own)


def test_a_process_without_a_window_has_none():
    parts = [WindowBatches(np.arange(3), batch_size=4, window=4, part=slice(row, row + 1)) for row in range(4)]
    found = [list(part.epoch()) for part in parts]
    assert {len(batches) for batches in found} == {1}
    assert any(batches[0] is None for batches in found)
    assert sorted(pairs(batches for part in found for batches in part)) == [(0, 1), (1, 2)]


def test_processes_with_texts_of_their_own_have_as_many_batches_as_the_longest():
    short = WindowBatches(np.arange(20), batch_size=2, window=4, least_tokens=50)
    long = WindowBatches(np.arange(50), batch_size=2, window=4, least_tokens=50)
    for epoch in range(5):
        assert len(list(short.epoch(epoch))) == len(list(long.epoch(epoch)))
        assert len(pairs(short.epoch(epoch))) == 19


def test_there_must_be_something_to_predict():
    with pytest.raises(ValueError, match="ids must hold at least 2 tokens, got 1"):
        WindowBatches([1], batch_size=1, window=4)
    with pytest.raises(ValueError, match="window must be an integer of at least 1 token, got 0"):
        WindowBatches([1, 2], batch_size=1, window=0)
    with pytest.raises(TypeError, match="ids must be integers"):
        WindowBatches(["a", "b"], batch_size=1, window=4)
