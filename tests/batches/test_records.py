import torch

from textkit.batches.records import TextBatch


def test_a_mask_is_true_for_real_tokens():
    batch = TextBatch(ids=torch.zeros(3, 2, dtype=torch.int64), lengths=torch.tensor([2, 0, 1]), rows=torch.arange(3))
    assert batch.mask.tolist() == [[True, True], [False, False], [True, False]]
    assert len(batch) == 3


def test_lengths_and_rows_stay_on_the_cpu():
    ids, three = torch.zeros(3, 2, dtype=torch.int64), torch.arange(3)
    moved = TextBatch(ids=ids, lengths=three, rows=three, labels=three).to("meta")
    devices = [tensor.device.type for tensor in (moved.ids, moved.labels, moved.lengths, moved.rows)]
    assert devices == ["meta", "meta", "cpu", "cpu"]
    assert TextBatch(ids=ids, lengths=three, rows=three).to("meta").labels is None
