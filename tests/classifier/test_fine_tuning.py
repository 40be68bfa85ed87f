import numpy as np
import pytest
import torch

from textkit.classifier.data import Examples
from textkit.classifier.fine_tuning import RowBatch, rated_groups, row_batches, set_trained, standardize
from textkit.classifier.settings import ClassifierSettings
from textkit.models.pretrained_classifier import PretrainedClassifier, PretrainedClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.text.document_ids import encode_documents
from textkit.training.ranks import ALONE, Ranks
from textkit.training.schedules import slanted_triangular

SETTINGS = ClassifierSettings(
    epochs=9, batch_size=4, learning_rate=0.1, label_smoothing=0, patience=None, freeze_epochs=2, layer_decay=2.0
)


@pytest.fixture
def network():
    """Embeddings, two layers of an LSTM, a hidden layer and an output layer."""
    config = RnnLanguageModelConfig(dim=4, hidden=5, layers=2, tied=False, cutoffs=(), input_dropout=0.5)
    head = PretrainedClassifierConfig(language_model=config, hidden=3, start=2)
    found = PretrainedClassifier(head, 7, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found.embedding.mul_(30)
    return found


def trained(network):
    return [{weight.requires_grad for weight in group} for group in network.groups()]


def test_layers_are_unfrozen_one_by_one(network):
    found = []
    for epoch in range(6):
        set_trained(network, epoch, SETTINGS, pretrained=True)
        found.append([group == {True} for group in trained(network)])
    # embeddings, first layer, second layer, what is above
    assert found == [[False] * (3 - count) + [True] * (count + 1) for count in (0, 0, 1, 2, 3, 3)]
    set_trained(network, 0, SETTINGS, pretrained=False)
    assert trained(network) == [{True}] * 4
    set_trained(network, 5, ClassifierSettings(freeze_epochs=None), pretrained=False)
    assert trained(network) == [{False}] * 3 + [{True}]


def test_every_weight_is_in_one_group(network):
    listed = [weight for group in network.groups() for weight in group]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(network.parameters())


def test_rates_fall_from_the_output_to_the_input(network):
    rates = {weight: group["lr"] for group in rated_groups(network, SETTINGS) for weight in group["params"]}
    expected = [0.1 / 8, 0.1 / 4, 0.1 / 2, 0.1]
    for group, rate in zip(network.groups(), expected, strict=True):
        assert [rates[weight] for weight in group] == pytest.approx([rate] * len(group))
    frozen = rated_groups(network, ClassifierSettings(learning_rate=0.1, freeze_epochs=None))
    assert {weight for group in frozen for weight in group["params"]} == set(network.groups()[-1])


def test_pooled_states_are_standardized(network):
    documents, _ = encode_documents(["a b", "b c a", "c", "a a a a"], tokenizer="whitespace")
    standardize(network, documents, dropout=False)
    network.eval()
    pooled = torch.cat(
        [network.pooled(torch.tensor(ids[None]).long(), torch.ones(1, len(ids), dtype=torch.bool)) for ids in
         (documents[number] for number in range(4))]
    )  # fmt: skip
    torch.testing.assert_close(pooled.mean(0), torch.zeros(15), atol=1e-4, rtol=0)
    torch.testing.assert_close(pooled.std(0, correction=0), torch.ones(15), atol=1e-3, rtol=0)
    quiet = network.deviation.clone()
    measured = []
    for seed in (3, 4):  # of two processes
        network.dropout_generator.manual_seed(seed)
        standardize(network, documents, dropout=True)
        assert network.dropout_generator.initial_seed() == seed
        measured.append(network.deviation.clone())
    assert torch.equal(*measured)
    assert float(network.deviation.mean()) > float(quiet.mean())


def test_rows_are_each_seen_once_by_one_process():
    examples = Examples(documents=encode_documents(["a"] * 11, tokenizer="word")[0], targets=torch.arange(11))
    parts = [row_batches(examples, SETTINGS, 1, ranks) for ranks in (ALONE, Ranks(0, 2), Ranks(1, 2))]
    assert {count for _, count in parts} == {3}
    whole, *halves = ([batch for batch in batches(2) if batch is not None] for batches, _ in parts)
    assert sorted(torch.cat([batch.labels for batch in whole]).tolist()) == list(range(11))
    joined = torch.cat([batch.rows for half in zip(*halves, strict=True) for batch in half])
    assert joined.tolist() == torch.cat([batch.rows for batch in whole]).tolist()
    assert isinstance(whole[0].to("cpu"), RowBatch)


def test_the_schedule_is_that_of_the_paper():
    steps, cut, ratio = 50, 5, 32
    schedule = slanted_triangular(steps)
    for step in range(steps):
        p = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / 0.1 - 1))
        assert schedule(step) == pytest.approx((1 + p * (ratio - 1)) / ratio)
    assert np.isclose(slanted_triangular(1)(0), 1 / 32)
    for bad in ({"cut": 0}, {"cut": 1}, {"ratio": 0.5}):
        with pytest.raises(ValueError, match="cut must be above 0 and below 1, and ratio at least 1"):
            slanted_triangular(5, **bad)
