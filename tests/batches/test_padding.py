import numpy as np
import pytest
import torch

from textkit.batches.padding import PaddingCollator, pad


def texts_of(*lengths):
    return [np.arange(2, 2 + length, dtype=np.int32) for length in lengths]


def test_padding_puts_zeros_after_the_end():
    batch = pad(texts_of(1, 3, 0), rows=[7, 2, 4], labels=[1, 0, 2])
    assert batch.ids.tolist() == [[2, 0, 0], [2, 3, 4], [0, 0, 0]]
    assert batch.lengths.tolist() == [1, 3, 0]
    assert batch.rows.tolist() == [7, 2, 4]
    assert batch.labels.tolist() == [1, 0, 2]
    assert {tensor.dtype for tensor in (batch.ids, batch.lengths, batch.rows, batch.labels)} == {torch.int64}


def test_what_is_not_given():
    batch = pad(texts_of(1, 2))
    assert batch.rows.tolist() == [0, 1]
    assert batch.labels is None


def test_empty_texts_alone_have_one_step():
    batch = pad(texts_of(0, 0))
    assert batch.ids.tolist() == [[0], [0]]
    assert not batch.mask.any()


def test_several_labels_are_zeros_and_ones():
    batch = pad(texts_of(1, 2), labels=[[1, 0, 1], [0, 0, 0]])
    assert batch.labels.dtype == torch.float32
    assert batch.labels.tolist() == [[1, 0, 1], [0, 0, 0]]


def test_long_texts_are_cut_at_their_end():
    batch = pad(texts_of(5, 2, 3), max_length=3)
    assert batch.ids.tolist() == [[2, 3, 4], [2, 3, 0], [2, 3, 4]]
    assert batch.lengths.tolist() == [3, 2, 3]


def test_a_batch_does_not_share_memory_with_what_it_was_made_of():
    text, rows, labels = np.array([5, 6]), np.array([3]), np.array([1])
    batch = pad([text], rows, labels)
    batch.ids.zero_(), batch.rows.zero_(), batch.labels.zero_()
    assert (text.tolist(), rows.tolist(), labels.tolist()) == ([5, 6], [3], [1])


def test_a_collator_counts_what_it_cuts_off():
    collate = PaddingCollator(max_length=3)
    collate([(text, 0) for text in texts_of(5, 3, 0)])
    assert (collate.truncated, collate.dropped) == (1, 2)
    collate(texts_of(4, 9))
    assert (collate.truncated, collate.dropped) == (3, 9)
    whole = PaddingCollator()
    whole(texts_of(4, 9))
    assert (whole.truncated, whole.dropped) == (0, 0)


def test_a_collator_takes_ids_with_labels_and_numbers_or_without():
    collate = PaddingCollator()
    alone = collate(texts_of(2, 1))
    assert (alone.labels, alone.rows.tolist()) == (None, [0, 1])
    labelled = collate(list(zip(texts_of(2, 1), [4, 3], strict=True)))
    assert (labelled.labels.tolist(), labelled.rows.tolist()) == ([4, 3], [0, 1])
    numbered = collate(list(zip(texts_of(2, 1), [4, 3], [9, 8], strict=True)))
    assert (numbered.labels.tolist(), numbered.rows.tolist()) == ([4, 3], [9, 8])
    assert numbered.ids.tolist() == alone.ids.tolist()


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="documents must hold at least one text, got none"):
        pad([])
    with pytest.raises(ValueError, match="rows must be as many as the 2 documents, got 1"):
        pad(texts_of(1, 2), rows=[0])
    with pytest.raises(ValueError, match="labels must be as many as the 2 documents, got 3"):
        pad(texts_of(1, 2), labels=[0, 1, 0])
    with pytest.raises(
        ValueError, match="max_length must be an integer of at least 1 token, got 0; None keeps whole texts"
    ):
        pad(texts_of(1), max_length=0)
    with pytest.raises(ValueError, match="max_length must be an integer of at least 1 token, got -1"):
        PaddingCollator(-1)


def test_labels_with_fractions_are_kept():
    batch = PaddingCollator()([(np.array([1, 2]), 0.5), (np.array([3]), 2.0)])
    assert batch.labels.tolist() == [0.5, 2.0]
    assert batch.labels.dtype == torch.float32


@pytest.mark.parametrize(
    ("examples", "error", "message"),
    [
        ([], ValueError, "examples must be at least one, got none; skip empty batches"),
        (["ab"], TypeError, r"documents\[0\] must be integers, got a str; encode the texts first"),
        ([np.array([1]), np.array([1.5])], TypeError, r"documents\[1\] must be integers, got a ndarray of float64"),
        ([(np.array([1]), "good")], TypeError, "labels must be class ids or floats, got str; number the classes first"),
        ([np.array([1]), (np.array([1]), 0)], ValueError, "examples must all have a label, or none of them"),
    ],
)
def test_what_cannot_be_collated(examples, error, message):
    with pytest.raises(error, match=message):
        PaddingCollator()(examples)
