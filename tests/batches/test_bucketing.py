import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from textkit.batches.bucketing import BucketBatches
from textkit.batches.padding import PaddingCollator


def drawn_lengths(texts):
    """Lengths like those of the reviews of IMDB, in tokens."""
    return np.random.default_rng(0).lognormal(5.3, 0.65, texts).clip(20, 2500).astype(int)


@given(
    st.lists(st.integers(0, 15), max_size=40),
    st.integers(1, 50),
    st.integers(0, 2),
    st.booleans(),
    st.none() | st.integers(1, 5),
)
def test_every_example_comes_once_within_the_budget(lengths, budget, number, shuffle, max_batch):
    batches = BucketBatches(lengths, budget=budget, shuffle=shuffle, max_batch=max_batch).epoch(number)
    assert sorted(example for batch in batches for example in batch) == list(range(len(lengths)))
    for batch in batches:
        fed = max(1, *(lengths[example] for example in batch), 1) * len(batch)
        assert fed <= budget or len(batch) == 1
        assert 1 <= len(batch) <= (max_batch or len(lengths))


def test_little_of_what_is_fed_is_padding():
    lengths = drawn_lengths(25_000)
    assert 230 < lengths.mean() < 290
    batches = BucketBatches(lengths, budget=8192)
    assert 0.01 < batches.padding() < 0.05
    fed = sum(len(batch) * lengths[batch].max() for batch in batches.epoch())
    assert batches.padding() == pytest.approx((fed - lengths.sum()) / fed)
    assert BucketBatches(lengths, budget=8192, shuffle=False).padding() < 0.01


def test_the_share_of_padding_is_that_of_the_batches():
    # 1 and 2 tokens in one batch of 2 times 2, 5 tokens alone; an empty text is fed as one token
    assert BucketBatches([2, 5, 1], budget=5, shuffle=False).padding() == pytest.approx(1 / 9)
    assert BucketBatches([0, 0, 3], budget=3, shuffle=False).padding() == pytest.approx(2 / 5)
    assert BucketBatches([], budget=3).padding() == 0


def test_short_and_long_batches_are_mixed_unless_nothing_is_shuffled():
    lengths = drawn_lengths(500)
    longest = [lengths[batch].max() for batch in BucketBatches(lengths, budget=4000).epoch()]
    assert longest != sorted(longest)
    still = BucketBatches(lengths, budget=4000, shuffle=False)
    assert [lengths[i] for batch in still.epoch() for i in batch] == sorted(lengths)
    assert [batch.tolist() for batch in still.epoch(1)] == [batch.tolist() for batch in still.epoch(0)]


def test_order_and_company_are_those_of_the_seed_and_the_epoch():
    lengths, equal = drawn_lengths(300), [7] * 1200

    def made(seed, number, lengths=lengths):
        return [batch.tolist() for batch in BucketBatches(lengths, budget=4000, seed=seed).epoch(number)]

    def company(batches):
        return {frozenset(batch) for batch in batches}

    assert made(1, 0) == made(1, 0)
    assert company(made(1, 0)) != company(made(1, 1))
    assert company(made(1, 0)) != company(made(2, 0))
    assert company(made(1, 0, equal)) != company(made(1, 1, equal))


def test_iterating_gives_the_chosen_epoch():
    batches = BucketBatches(drawn_lengths(200), budget=3000, seed=3)
    for epoch in (0, 1, 0):
        batches.set_epoch(epoch)
        assert list(batches) == [batch.tolist() for batch in batches.epoch(epoch)]
        assert len(batches) == len(batches.epoch(epoch))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_every_text_once_with_any_number_of_workers(workers):
    random = np.random.default_rng(1)
    texts = [(random.integers(2, 9, random.integers(0, 12)), number % 3, number) for number in range(50)]
    batches = BucketBatches([len(ids) for ids, _, _ in texts], budget=40, seed=2)
    collate = PaddingCollator(max_length=8)
    loader = DataLoader(texts, batch_sampler=batches, collate_fn=collate, num_workers=workers)
    assert len(loader) == len(batches)
    seen = []
    for batch, expected in zip(loader, batches.epoch(), strict=True):
        assert batch.rows.tolist() == expected.tolist()
        for ids, length, row, label in zip(batch.ids, batch.lengths, batch.rows, batch.labels, strict=True):
            assert ids[:length].tolist() == texts[row][0][:8].tolist()
            assert label == row % 3
            seen.append(int(row))
    assert sorted(seen) == list(range(50))
    long = [len(ids) - 8 for ids, _, _ in texts if len(ids) > 8]
    assert (collate.truncated, collate.dropped) == (len(long), sum(long))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0}, "budget must be an integer of at least 1 token, got 0"),
        ({"max_batch": 0}, "max_batch must be an integer of at least 1 example, got 0; None is no limit"),
        ({"blur": 1.0}, "blur must be at least 0 and below 1, got 1.0"),
        ({"lengths": [3, -2]}, "lengths must be 0 tokens or more, got -2"),
    ],
)
def test_wrong_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        BucketBatches(**{"lengths": [1, 2], "budget": 10, **options})


@pytest.mark.parametrize("lengths", [[1.5, 2], np.array([1.0]), "ab"])
def test_lengths_are_integers(lengths):
    with pytest.raises(
        TypeError, match=r"lengths must be integers, got a .*; pass the number of tokens of each example"
    ):
        BucketBatches(lengths, budget=4)
