import random

import pytest
import torch

from textkit.compat.torchtext import data, traps

pytestmark = pytest.mark.filterwarnings("ignore::textkit.compat.torchtext.traps.TorchtextTrapWarning")


def rows(count):
    text, label = data.Field(), data.LabelField()
    fields = [("text", text), ("label", label)]
    examples = [data.Example.fromlist(["w " * (1 + index % 7), str(index % 2)], fields) for index in range(count)]
    dataset = data.Dataset(examples, fields)
    text.build_vocab(dataset)
    label.build_vocab(dataset)
    dataset.sort_key = lambda example: len(example.text)
    return dataset


def test_each_example_occurs_once_in_an_epoch():
    dataset = rows(25)
    batches = data.BucketIterator(dataset, 4, sort_within_batch=True)
    assert len(batches) == 7
    assert sum(len(batch) for batch in batches) == 25
    assert (batches.iterations, batches.epoch) == (7, 1)


def test_batches_unpack_into_inputs_and_targets():
    text, label = next(iter(data.Iterator(rows(4), 4, train=False)))
    assert (tuple(text.shape), tuple(label.shape)) == ((4, 4), (4,))


def test_a_batch_shows_its_tensors():
    batch = next(iter(data.Iterator(rows(3), 3, train=False)))
    assert repr(batch).splitlines()[1:] == [
        "[Batch of size 3]",
        "\t[.text]:[torch.LongTensor of size 3x3]",
        "\t[.label]:[torch.LongTensor of size 3]",
    ]
    assert repr(data.Batch()) == "[Batch without examples]"


def test_repeated_epochs_go_on():
    batches = data.Iterator(rows(5), 2, repeat=True)
    found = iter(batches)
    for _ in range(7):
        next(found)
    assert (batches.iterations, batches.epoch) == (7, 2)


def test_a_restored_iterator_goes_on():
    dataset = rows(20)
    random.seed(4)
    first = data.BucketIterator(dataset, 3, sort_within_batch=True)
    batches = iter(first)
    next(batches)
    second = data.BucketIterator(dataset, 3, sort_within_batch=True)
    random.seed(5)
    second.load_state_dict(first.state_dict())
    assert [batch.label.tolist() for batch in second] == [batch.label.tolist() for batch in batches]


def test_the_program_keeps_its_random_state():
    random.seed(6)
    state = random.getstate()
    list(data.Iterator(rows(9), 2))
    assert random.getstate() == state


def test_the_first_split_is_for_training():
    train, test = data.BucketIterator.splits((rows(4), rows(4)), batch_sizes=(2, 3))
    assert [(each.train, each.shuffle, each.sort, each.batch_size) for each in (train, test)] == [
        (True, True, False, 2), (False, False, True, 3)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="batch_size must be given"):
        data.Iterator.splits((rows(1),))


def test_batches_of_a_number_of_tokens():
    def tokens(new, count, size):
        return size + len(new.text)

    batches = data.Iterator(rows(20), 8, batch_size_fn=tokens)
    found = [int((batch.text != 1).sum()) for batch in batches]
    assert (max(found), sum(found)) == (8, sum(1 + index % 7 for index in range(20)))
    with pytest.raises(NotImplementedError, match="batch_size_fn"):
        len(batches)


def test_sorting_needs_a_key():
    dataset = rows(3)
    dataset.sort_key = None
    with pytest.raises(ValueError, match="sort_key must be given to sort examples"):
        list(data.Iterator(dataset, 2, train=False))


def test_numbers_of_devices_are_the_cpu():
    traps.forget()
    with pytest.warns(traps.TorchtextTrapWarning, match="device=0 is the CPU.*'cuda:0'"):
        assert data.Iterator(rows(1), 1, device=0).device is None
    assert data.Iterator(rows(1), 1, device=-1).device is None
    assert data.Iterator(rows(1), 1, device="cpu").device == torch.device("cpu")


def test_own_batches_of_a_subclass():
    """As in "The Annotated Transformer"."""

    class MyIterator(data.Iterator):
        def create_batches(self):
            self.batches = [sorted(part, key=self.sort_key) for part in data.batch(self.data(), self.batch_size)]

    dataset = rows(6)
    found = [(batch.text != 1).sum(0).tolist() for batch in MyIterator(dataset, 3, sort=False)]
    assert sorted(length for batch in found for length in batch) == [1, 2, 3, 4, 5, 6]
    assert all(batch == sorted(batch) for batch in found)


def test_large_examples_are_alone():
    assert list(data.batch([9, 1, 2, 9, 3], 4, lambda new, count, size: size + new)) == [[9], [1, 2], [9], [3]]
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        list(data.batch([1], 0))


def test_windows_with_the_batch_first():
    field = data.Field(batch_first=True)
    fields = [("text", field)]
    dataset = data.Dataset([data.Example.fromlist([["a", "b", "c", "d"]], fields)], fields)
    field.build_vocab(dataset)
    batches = data.BPTTIterator(dataset, 2, 5)
    (batch,) = batches
    text, target = batch
    assert (text.tolist(), target.tolist()) == ([[2], [4]], [[3], [5]])
    assert (len(batch), batches.iterations) == (2, 1)
    assert list(data.BPTTIterator(dataset, 4, 5)) == []
