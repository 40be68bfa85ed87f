import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textkit.batches.records import IGNORED
from textkit.batches.sequences import SequenceBatches

BEGIN, END = 2, 3


def documents_of(lengths):
    """Documents whose tokens are all different: document i begins with 1000 * i + 10."""
    return [np.arange(1000 * i + 10, 1000 * i + 10 + length) for i, length in enumerate(lengths)]


def rows(batch):
    for inputs, targets, length in zip(batch.inputs, batch.targets, batch.lengths, strict=True):
        yield inputs.tolist(), targets.tolist(), int(length)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30), st.integers(1, 60), st.integers(0, 3))
def test_every_document_comes_once_between_its_begin_and_its_end(lengths, budget, number):
    documents = documents_of(lengths)
    batches = SequenceBatches(documents, begin=BEGIN, end=END, budget=budget, seed=1)
    seen = []
    for batch in batches.epoch(number):
        assert batch.inputs.shape == batch.targets.shape == (len(batch.lengths), batch.lengths.max())
        assert batch.inputs.numel() <= budget or len(batch.lengths) == 1
        assert len(batch) == (batch.targets != IGNORED).sum() == batch.lengths.sum()
        for inputs, targets, length in rows(batch):
            text = inputs[1:length]
            assert inputs == [BEGIN, *text] + [0] * (len(inputs) - length)
            assert targets == [*text, END] + [IGNORED] * (len(inputs) - length)
            seen.append(text)
    assert sorted(seen) == sorted(document.tolist() for document in documents)
    assert batches.predictions == sum(lengths) + len(lengths)


def test_documents_of_similar_length_share_a_batch():
    random = np.random.default_rng(0)
    documents = documents_of(random.integers(1, 200, 500))
    batches = SequenceBatches(documents, begin=BEGIN, end=END, budget=2000)
    padded = sum(batch.inputs.numel() for batch in batches.epoch())
    assert batches.predictions / padded > 0.85  # in the order of the text it would be about a half
    order = [int(batch.lengths.max()) for batch in batches.epoch()]
    assert order != sorted(order)  # long and short batches are mixed


def test_the_longest_comes_first_in_a_batch_and_lengths_stay_on_the_cpu():
    (batch,) = SequenceBatches(documents_of([1, 4, 2]), begin=BEGIN, end=END, budget=100).epoch()
    assert batch.lengths.tolist() == [5, 3, 2]
    moved = batch.to("meta")
    assert (moved.inputs.device.type, moved.targets.device.type, moved.lengths.device.type) == ("meta", "meta", "cpu")
    assert batch.inputs.dtype == batch.targets.dtype == batch.lengths.dtype == torch.int64


def test_order_and_company_are_those_of_the_seed_and_the_epoch():
    documents = documents_of(np.random.default_rng(0).integers(5, 20, 60))

    def companies(seed, number):
        batches = SequenceBatches(documents, begin=BEGIN, end=END, budget=100, seed=seed).epoch(number)
        return [batch.inputs[:, 1].tolist() for batch in batches]

    def unordered(batches):
        return {frozenset(batch) for batch in batches}

    assert companies(1, 0) == companies(1, 0)
    assert unordered(companies(1, 0)) != unordered(companies(1, 1))
    assert unordered(companies(1, 0)) != unordered(companies(2, 0))


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="documents must hold at least one document, got none"):
        SequenceBatches([], begin=BEGIN, end=END)
    with pytest.raises(ValueError, match="budget must be an integer of at least 1 token, got 0"):
        SequenceBatches(documents_of([1]), begin=BEGIN, end=END, budget=0)


def test_ids_are_integers():
    batches = SequenceBatches([np.array([1.5, 2])], begin=2, end=3)
    with pytest.raises(TypeError, match=r"documents\[0\] must be integers, got a ndarray of float64"):
        list(batches.epoch())
