import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import IGNORED, BpttBatch


def epoch(tokens, epoch=0, **options):
    return list(BpttBatches(np.arange(tokens, dtype=np.int32), **options).epoch(epoch))


def test_the_alphabet_in_two_streams():
    letters = np.frombuffer(b"abcdefghijklm", np.uint8)  # two streams: a-f and g-m
    batches = list(BpttBatches(letters, batch_size=2, window=4).epoch())
    shown = [
        ([bytes(row.tolist()) for row in batch.inputs], [[*map(chr, row)] for row in batch.targets.clamp(min=45)])
        for batch in batches
    ]
    assert shown == [
        ([b"abcd", b"ghij"], [[*"bcde"], [*"hijk"]]),
        ([b"ef", b"kl"], [[*"f-"], [*"lm"]]),  # the first stream has ended: nothing is predicted at "-"
    ]
    assert [len(batch) for batch in batches] == [8, 3]
    assert [batch.first for batch in batches] == [True, False]
    assert all(batch.inputs.dtype == batch.targets.dtype == torch.int64 for batch in batches)


@st.composite
def folds(draw):
    tokens = draw(st.integers(2, 200))
    return tokens, draw(st.integers(1, tokens // 2)), draw(st.integers(1, 40)), draw(st.booleans())


@given(folds(), st.integers(0, 3))
def test_every_token_but_the_first_of_each_stream_is_predicted_exactly_once(fold, number):
    tokens, batch_size, window, random_windows = fold
    # ids that are their own positions, so that a token names its place
    batches = epoch(tokens, number, batch_size=batch_size, window=window, random_windows=random_windows, seed=5)
    targets = torch.cat([batch.targets for batch in batches], dim=1)
    inputs = torch.cat([batch.inputs for batch in batches], dim=1)
    real = targets != IGNORED
    starts = inputs[:, 0].tolist()
    assert starts[0] == 0
    assert sorted([*targets[real].tolist(), *starts]) == list(range(tokens))
    assert torch.equal(targets[real], inputs[real] + 1)  # what is predicted comes right after its input
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(inputs.shape[1]))  # row b goes on with row b
    lengths = real.sum(1) + 1
    assert lengths.max() - lengths.min() <= 1
    assert not (~real[:, :-1]).any()  # only the last column may have holes
    assert [batch.first for batch in batches] == [True] + [False] * (len(batches) - 1)
    counts = [len(batch) for batch in batches]
    assert counts == [int((batch.targets != IGNORED).sum()) for batch in batches]
    assert sum(counts) == tokens - batch_size
    if not random_windows:
        assert all(batch.inputs.shape == (batch_size, window) for batch in batches[:-1])
        assert batches[-1].inputs.shape[1] <= window
        assert all(batch.rate == 1.0 for batch in batches)


def test_predictions_are_known_beforehand():
    batches = BpttBatches(np.arange(103), batch_size=10, window=4)
    assert batches.predictions == 93 == sum(map(len, batches.epoch()))


def test_random_windows_have_the_published_lengths_and_rates():
    batches = epoch(200_000, batch_size=2, window=70, random_windows=True)
    lengths = np.array([batch.inputs.shape[1] for batch in batches[:-1]])
    halved = lengths < 52  # 3.6 standard deviations from both centers, 70 and 35
    assert lengths[~halved].mean() == pytest.approx(70, abs=0.6)
    assert lengths[~halved].std() == pytest.approx(5, abs=0.5)
    assert lengths[halved].mean() == pytest.approx(35, abs=2)
    assert halved.mean() == pytest.approx(0.05, abs=0.02)
    assert all(batch.rate == batch.inputs.shape[1] / 70 for batch in batches)


@pytest.mark.parametrize(
    "given", [list(range(9)), torch.arange(9), pd.Series(range(9))], ids=lambda ids: type(ids).__name__
)
def test_ids_are_an_array_a_list_a_tensor_or_a_column(given):
    windows = list(BpttBatches(given, batch_size=2, window=3).epoch())
    for one, expected in zip(windows, epoch(9, batch_size=2, window=3), strict=True):
        assert torch.equal(one.inputs, expected.inputs)
        assert torch.equal(one.targets, expected.targets)


@pytest.mark.parametrize(("window", "shortest"), [(8, 5), (3, 3), (1, 1)])
def test_random_windows_do_not_vanish(window, shortest):
    batches = epoch(4000, batch_size=1, window=window, random_windows=True)
    assert min(batch.inputs.shape[1] for batch in batches[:-1]) == shortest


def test_random_windows_are_those_of_the_seed_and_the_epoch():
    def lengths(seed, number):
        return [b.inputs.shape[1] for b in epoch(900, number, batch_size=1, window=20, random_windows=True, seed=seed)]

    assert lengths(1, 0) == lengths(1, 0)
    assert lengths(1, 0) != lengths(1, 1)
    assert lengths(1, 0) != lengths(2, 0)


def test_ids_may_be_mapped_from_the_disk(tmp_path):
    np.arange(50, dtype=np.int32).tofile(tmp_path / "ids.bin")
    mapped = np.memmap(tmp_path / "ids.bin", dtype=np.int32, mode="r")
    (batch,) = BpttBatches(mapped, batch_size=1, window=60).epoch()
    assert batch.targets.tolist() == [list(range(1, 50))]
    batch.inputs.zero_()  # a copy, so that nobody writes into the text
    assert mapped[1] == 1


def test_a_batch_counts_its_predictions_itself_if_nobody_did():
    batch = BpttBatch(inputs=torch.zeros(1, 3).long(), targets=torch.tensor([[1, 2, IGNORED]]), first=True, rate=0.5)
    assert len(batch) == 2
    moved = batch.to("cpu")
    assert (len(moved), moved.first, moved.rate, moved.targets.tolist()) == (2, True, 0.5, [[1, 2, IGNORED]])


@pytest.mark.parametrize(
    ("tokens", "options", "message"),
    [
        (10, {"batch_size": 2, "window": 0}, "window must be an integer of at least 1 token, got 0"),
        (10, {"batch_size": 0, "window": 5}, "batch_size must be an integer of at least 1 stream, got 0"),
        (0, {"batch_size": 1, "window": 5}, "ids must hold at least 2 tokens, got 0; use more text"),
        (1, {"batch_size": 1, "window": 5}, "ids must hold at least 2 tokens, got 1; use more text"),
        (11, {"batch_size": 6, "window": 5}, "batch_size must be at most 5 streams for 11 tokens, .* got 6; lower it"),
    ],
)
def test_wrong_settings_are_named(tokens, options, message):
    with pytest.raises(ValueError, match=message):
        BpttBatches(np.arange(tokens), **options)


def test_the_largest_batch_that_is_named_is_possible():
    (batch,) = epoch(11, batch_size=5, window=5)
    assert len(batch) == 6


@pytest.mark.parametrize("random_windows", [False, True])
def test_batches_can_be_iterated_and_counted(random_windows):
    batches = BpttBatches(np.arange(500), batch_size=2, window=7, random_windows=random_windows)
    for epoch in (0, 3):
        batches.set_epoch(epoch)
        iterated, listed = list(batches), list(batches.epoch(epoch))
        assert len(batches) == len(iterated) == len(listed)
        assert [batch.inputs.tolist() for batch in iterated] == [batch.inputs.tolist() for batch in listed]


def test_ids_are_integers_in_an_array_or_a_list():
    (batch,) = BpttBatches([5, 6, 7], batch_size=1, window=9)
    assert batch.inputs.tolist() == [[5, 6]]
    for ids in (np.arange(12.0), [1.5, 2, 3], "abc"):
        with pytest.raises(TypeError, match=r"ids must be integers, got a .*; encode the text first"):
            BpttBatches(ids, batch_size=1, window=2)
    with pytest.raises(ValueError, match=r"batch_size must be an integer of at least 1 stream, got 1.5"):
        BpttBatches([1, 2, 3], batch_size=1.5, window=2)


@pytest.mark.parametrize("random_windows", [False, True])
def test_windows_are_counted_without_reading_them(random_windows):
    batches = BpttBatches(np.arange(997), batch_size=3, window=7, random_windows=random_windows)
    for epoch in range(3):
        assert batches.steps(epoch) == len(list(batches.epoch(epoch)))


def test_a_mapped_text_is_not_kept_in_memory(mapped_ids, mapped_bytes):
    before, most = mapped_bytes(), 0
    for _ in BpttBatches(mapped_ids, batch_size=8, window=1 << 14).epoch():
        most = max(most, mapped_bytes() - before)
    assert most < 12 << 20
