import math

import numpy as np
import pytest
import torch

from textkit.batches.padding import pad
from textkit.classifier.build_run import new_model, validation_scores
from textkit.classifier.data import Examples, prepare
from textkit.classifier.objective import Objective
from textkit.classifier.settings import ClassifierSettings
from textkit.models.classification_loss import Criterion
from textkit.models.cnn import Cnn, CnnConfig
from textkit.text.document_ids import encode_documents
from textkit.vectors.word_vectors import WordVectors


def examples_of(targets, *texts):
    documents, _ = encode_documents(texts, tokenizer="whitespace")
    return Examples(documents=documents, targets=torch.tensor(targets))


def biased(*bias):
    """A model that says the same to every text."""
    model = Cnn(CnnConfig(dim=2, filters=1), 5, len(bias))
    with torch.no_grad():
        model.output_weight.zero_()
        model.output_bias.copy_(torch.tensor(bias))
    return model


def test_validation_loss_and_accuracy_of_one_label():
    loss, accuracy, _ = validation_scores(biased(0.0, math.log(3)), examples_of([1, 1, 0], "a b", "", "b"))
    assert loss == pytest.approx(-(2 * math.log(3 / 4) + math.log(1 / 4)) / 3)
    assert accuracy == pytest.approx(2 / 3)


def test_validation_loss_and_accuracy_of_several():
    loss, accuracy, _ = validation_scores(
        biased(-math.log(3), math.log(3)), examples_of([[0.0, 1.0], [1.0, 1.0]], "a", "b")
    )
    assert loss == pytest.approx(-(3 * math.log(3 / 4) + math.log(1 / 4)) / 2)
    assert accuracy == pytest.approx(3 / 4)


def data_of(*texts):
    settings = ClassifierSettings(valid_share=0)
    labels = [number % 2 for number in range(len(texts))]
    return prepare(texts, labels, None, multi_label=False, tokenizer="whitespace", settings=settings, seed=1)


def test_known_words_begin_with_their_vectors():
    vectors = WordVectors(["b", "z"], np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    data = data_of("a b", "b")
    model = new_model(CnnConfig(dim=2), data, vectors=vectors, device="cpu", seed=1)
    assert model.embedding[data.vocabulary["b"]].tolist() == [1, 2]
    assert model.embedding[data.vocabulary["<pad>"]].tolist() == [0, 0]
    assert model.embedding[data.vocabulary["a"]].any()
    with pytest.raises(
        ValueError, match="vectors must have the dimension of the model, 3, got 2; pass a config with dim=2"
    ):
        new_model(CnnConfig(dim=3), data, vectors=vectors, device="cpu", seed=1)


def test_weights_are_drawn_from_the_seed():
    first, again, other = (
        new_model(CnnConfig(dim=2), data_of("a", "b"), vectors=None, device="cpu", seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.embedding, again.embedding)
    assert not torch.equal(first.embedding, other.embedding)
    assert first.dropout_generator.initial_seed() == again.dropout_generator.initial_seed()
    assert first.dropout_generator.initial_seed() != other.dropout_generator.initial_seed()


def test_nothing_is_learned_without_labels():
    with pytest.raises(ValueError, match="a training batch must have labels, got None"):
        Objective(biased(0.0, 0.0), Criterion()).loss(pad([np.array([2])]))
