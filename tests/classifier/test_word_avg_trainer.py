import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from textkit.batches.padding import pad
from textkit.classifier.word_avg_trainer import BagBatch, BagObjective, BagOptimizer, usable_workers
from textkit.models.classification_loss import Criterion
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.document_ids import encode_documents
from textkit.text.ngrams import MULTIPLIER

TEXTS = ["a b c", "", "d e", "b a b a", "c d e a"]
LABELS = torch.tensor([0, 1, 2, 1, 0])


def objective_of(*, workers=1, criterion=None, **options):
    generator = torch.Generator().manual_seed(1)
    documents, vocabulary = encode_documents(TEXTS, tokenizer="whitespace")
    config = WordAvgConfig(**{"dim": 4, "ngrams": 2, "buckets": 64, "binary": False, "dropout": 0.0, **options})
    model = WordAvg(config, len(vocabulary), 3, generator=generator)
    with torch.no_grad():
        if model.ngram_embedding is not None:
            model.ngram_embedding.normal_(generator=generator)
    return BagObjective(model, documents, criterion or Criterion(), workers=workers), documents


def batch_of(*texts):
    return BagBatch(texts=np.array(texts), labels=LABELS[list(texts)])


def weights_of(objective):
    return b"".join(weight.detach().numpy().tobytes() for weight in objective.model.parameters())


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("ngrams", "dim"), [(1, 4), (2, 4), (3, 4), (2, None)])
def test_the_loss_is_that_of_the_padded_model(ngrams, dim, binary, workers):
    objective, documents = objective_of(ngrams=ngrams, binary=binary, workers=workers, dim=dim)
    batch = pad([documents[number] for number in range(5)], labels=LABELS)
    found = objective.loss(batch_of(0, 1, 2, 3, 4))
    assert found.count == 5
    torch.testing.assert_close(found.total, Criterion()(objective.model.scores(batch), LABELS), rtol=1e-6, atol=0)


@pytest.mark.parametrize("dim", [4, None])
@pytest.mark.parametrize(("binary", "text"), [(False, 0), (True, 0), (True, 3)])
def test_a_step_goes_along_the_gradient_of_torch(binary, text, dim):
    objective, documents = objective_of(binary=binary, dim=dim)
    model, batch = objective.model, pad([documents[text]], labels=LABELS[text : text + 1])
    Criterion()(model.scores(batch), LABELS[text : text + 1]).backward()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}
    model.zero_grad()
    optimizer = BagOptimizer(objective, learning_rate=0.01, vector_rate=0.3, weight_decay=0.0)
    objective.loss(batch_of(text)).total.backward()
    torch.testing.assert_close(model.output_bias.grad, gradients["output_bias"])
    if not model.linear:
        torch.testing.assert_close(model.output_weight.grad, gradients["output_weight"])
    optimizer.step()
    for name in ("embedding", "ngram_embedding"):
        gradient = gradients[name]  # of rows that the text has once: a row that came again would be stepped twice
        root = gradient.pow(2).mean(1, keepdim=True).sqrt()
        rates = torch.from_numpy(0.3 * objective.factors["words" if name == "embedding" else "ngrams"])
        rates = rates[:, None] if model.linear else 0.3
        expected = before[name] - torch.where(root > 0, rates * gradient / root, 0.0)
        torch.testing.assert_close(getattr(model, name).detach(), expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(model.output_weight, before["output_weight"]) == model.linear
    assert not torch.equal(model.output_bias, before["output_bias"])


def test_frozen_words_stay_while_ngrams_learn():
    objective, _ = objective_of()
    model = objective.model
    optimizer = BagOptimizer(objective, learning_rate=0.01, vector_rate=0.3, weight_decay=0.1)
    before = model.embedding.detach().clone(), model.ngram_embedding.detach().clone()
    for frozen in (True, False):
        model.embedding.requires_grad_(not frozen)
        optimizer.zero_grad()
        objective.loss(batch_of(0, 4)).total.backward()
        optimizer.step()
        assert torch.equal(model.embedding, before[0]) == frozen
        assert not torch.equal(model.ngram_embedding, before[1])


def test_any_number_of_workers_makes_the_same_bytes():
    found = []
    for workers in (1, 2, 3):
        objective, _ = objective_of(workers=workers, ngrams=3, buckets=8)
        optimizer = BagOptimizer(objective, learning_rate=0.01, vector_rate=0.3, weight_decay=0.1)
        for texts in ((0, 4, 1), (3, 2, 0), (4,)):
            optimizer.zero_grad()
            objective.loss(batch_of(*texts)).total.backward()
            optimizer.step()
        found.append(weights_of(objective))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("binary", [False, True])
def test_rows_of_a_linear_model_learn_by_their_inverse_document_frequency(binary, workers):
    objective, documents = objective_of(dim=None, buckets=1 << 16, binary=binary, workers=workers)
    square, total = 0.0, 0
    for name, counts in (("words", {}), ("ngrams", {})):
        for text in (documents[number].tolist() for number in range(5)):
            rows = text if name == "words" else [(a * MULTIPLIER + b) % (1 << 16) for a, b in pairwise(text)]
            for row in set(rows):
                counts[row] = counts.get(row, 0) + 1
        factors = objective.factors[name]
        ratio = {factors[row] / (math.log(6 / (1 + count)) + 1) for row, count in counts.items()}
        assert max(ratio) == pytest.approx(min(ratio), rel=1e-6)
        assert (np.delete(factors, [*counts]) == 1).all()  # of <unk> too, which word dropout puts in
        square, total = square + sum(n * factors[row] ** 2 for row, n in counts.items()), total + sum(counts.values())
    assert square / total == pytest.approx(1, abs=1e-6)


def test_the_rows_of_a_model_with_a_dimension_learn_alike():
    assert not any(map(len, objective_of()[0].factors.values()))


def test_a_step_without_a_gradient_changes_no_vectors():
    objective, _ = objective_of()
    before = weights_of(objective)
    objective.step(0.3, 0.3)  # no batch yet
    objective.loss(batch_of(0))
    objective.step(0.3, 0.3)  # nothing was propagated
    assert weights_of(objective) == before


def test_ids_may_be_replaced():
    objective, documents = objective_of()
    whole = float(objective.loss(batch_of(0)).total.detach())
    objective.ids = np.ones_like(documents.ids)  # <unk> alone
    unknown = pad([np.ones(3, np.int64)])
    expected = Criterion()(objective.model.scores(unknown), LABELS[:1]).detach()
    assert float(objective.loss(batch_of(0)).total.detach()) == pytest.approx(float(expected), rel=1e-6)
    assert float(expected) != pytest.approx(whole)


def test_a_batch_stays_where_it_is():
    batch = batch_of(0, 1)
    assert batch.to("cuda") is batch


def test_workers_are_no_more_than_processors(monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 5)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert usable_workers() == 3
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert usable_workers() == 1
