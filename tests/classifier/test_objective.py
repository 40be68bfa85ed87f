"""Losses of classifiers: plain and adversarial."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from textkit.batches.padding import pad
from textkit.classifier.objective import AdversarialObjective, Objective
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.bidirectional_language_model import BidirectionalLanguageModelConfig
from textkit.models.classification_loss import Criterion
from textkit.models.classifier import Classifier, ClassifierConfig
from textkit.models.cnn import Cnn, CnnConfig
from textkit.models.masked_language_model import MaskedLanguageModelConfig
from textkit.models.pretrained_classifier import PretrainedClassifier, PretrainedClassifierConfig
from textkit.models.rnn_classifier import RnnClassifier, RnnClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.transformer_language_model import TransformerLanguageModelConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.training.checkpoint import saved_identity

pytestmark = pytest.mark.usefixtures("one_thread")

VOCAB, CLASSES = 9, 3
PLAIN = dict.fromkeys(("input_dropout", "layer_dropout", "output_dropout"), 0.0)
LSTM = {"dim": 4, "layers": 2, "tied": False, "cutoffs": (), **PLAIN}
TEXTS = [np.array([3, 4, 5, 6]), np.array([7]), np.array([8, 3, 3])]
LABELS = np.array([0, 2, 1])


@dataclass(frozen=True, kw_only=True)
class SumConfig(ClassifierConfig):
    dim: int = 4
    dropout: float = 0.0

    def network(self, vocab, classes, *, generator=None):
        return Sum(self, vocab, classes, width=self.dim, bound=0.5, generator=generator)


class Sum(Classifier):
    def features(self, ids, mask):
        return self.embed(ids).sum(1)


@dataclass(frozen=True, kw_only=True)
class CountConfig(SumConfig):
    def network(self, vocab, classes, *, generator=None):
        return Count(self, vocab, classes, width=self.dim, bound=0.5, generator=generator)


class Count(Classifier):
    """Looks up no vectors by `embed`."""

    def features(self, ids, mask):
        return F.embedding(ids, self.embedding).sum(1)


def on(kind, config, **others):
    head = PretrainedClassifierConfig(
        language_model=config, kind=kind, hidden=5, pooled_dropout=0.0, dropout=0.0, **others
    )
    return PretrainedClassifier(head, VOCAB, CLASSES, generator=torch.Generator().manual_seed(1))


def network_of(name):
    generator = torch.Generator().manual_seed(1)
    transformer = {"dim": 8, "layers": 1, "heads": 2, "positions": 16, "dropout": 0.0}
    if name == "sum":
        return SumConfig().network(VOCAB, CLASSES, generator=generator)
    if name == "cnn":
        return Cnn(CnnConfig(dim=4, filters=5, dropout=0.0), VOCAB, CLASSES, generator=generator)
    if name == "bilstm":
        config = RnnClassifierConfig(dim=4, hidden=5, dropout=0.0, input_dropout=0.0, layer_dropout=0.0)
        return RnnClassifier(config, VOCAB, CLASSES, generator=generator)
    if name == "transformer":
        return on(name, TransformerLanguageModelConfig(**transformer))
    if name == "masked":
        return on(name, MaskedLanguageModelConfig(**transformer), start=2)
    if name == "bidirectional":
        config = {key: value for key, value in LSTM.items() if key != "tied"}
        return on(name, BidirectionalLanguageModelConfig(**config), start=2, end=2)
    if name == "adaptive":
        return on("recurrent", RnnLanguageModelConfig(**{**LSTM, "hidden": 4, "tied": True, "cutoffs": (4,)}), start=2)
    return on("recurrent", RnnLanguageModelConfig(hidden=5, **LSTM), start=2 if name == "after a start" else None)


NAMES = ["sum", "cnn", "bilstm", "recurrent", "after a start", "adaptive", "transformer", "masked", "bidirectional"]


def loss_of(network, texts, labels, norm):
    found = AdversarialObjective(network, Criterion(), norm=norm).loss(pad(texts, np.arange(len(texts)), labels))
    return found.total


@torch.no_grad()
def expected_loss(network, text, label, norm):
    """The loss of a text by hand, for vectors that are summed."""
    vectors, weight, bias = network.embedding[torch.from_numpy(text)], network.output_weight, network.output_bias
    wrong = (weight @ vectors.sum(0) + bias).softmax(0) - F.one_hot(torch.tensor(label), CLASSES)
    slope = (weight.T @ wrong).expand(len(text), -1)  # the same for each token
    moved = vectors + norm * vectors.square().sum(1).mean().sqrt() * slope / slope.norm()
    return -sum(float((weight @ each.sum(0) + bias).log_softmax(0)[label]) for each in (vectors, moved)) / 2


def test_the_embeddings_are_moved_along_their_gradient():
    network = network_of("sum")
    expected = sum(expected_loss(network, text, label, 0.3) for text, label in zip(TEXTS, LABELS, strict=True))
    assert loss_of(network, TEXTS, LABELS, 0.3).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_both_losses(name):
    network = network_of(name)
    loss_of(network, TEXTS, LABELS, 0.5).backward()
    found = [weight.grad for weight in network.parameters()]
    network.zero_grad(set_to_none=True)
    batch, criterion = pad(TEXTS, np.arange(3), LABELS), Criterion()
    network.perturbation = torch.zeros(3, 4, network.embed(batch.ids).shape[2], requires_grad=True)
    clean = criterion(network.scores(batch), batch.labels)
    (slope,) = torch.autograd.grad(clean, network.perturbation, retain_graph=True)
    network.perturbation = None
    with torch.no_grad():
        vectors = [network.embed(torch.from_numpy(text)[None])[0] for text in TEXTS]
        sizes = torch.stack([vector.square().sum(1).mean().sqrt() for vector in vectors])
    slope = slope * batch.mask[:, :, None]
    network.perturbation = 0.5 * sizes[:, None, None] * slope / slope.flatten(1).norm(dim=1)[:, None, None]
    ((clean + criterion(network.scores(batch), batch.labels)) / 2).backward()
    for weight, gradient in zip(network.parameters(), found, strict=True):
        if weight.grad is not None or gradient is not None:
            torch.testing.assert_close(gradient, weight.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_it_exceeds_the_loss_of_each_text_whatever_is_beside_it(name):
    network = network_of(name)
    alone = [loss_of(network, TEXTS[row : row + 1], LABELS[row : row + 1], 0.5).item() for row in range(3)]
    plain = [
        Objective(network, Criterion()).loss(pad(TEXTS[row : row + 1], np.arange(1), LABELS[row : row + 1])).total
        for row in range(3)
    ]
    assert all(more > less.item() for more, less in zip(alone, plain, strict=True))
    assert loss_of(network, TEXTS, LABELS, 0.5).item() == pytest.approx(sum(alone), rel=1e-4)
    assert network.perturbation is None
    assert getattr(getattr(network, "encoder", None), "perturbation", None) is None


def test_an_empty_text_and_a_frozen_embedding_do_no_harm():
    network = network_of("cnn")
    network.embedding.requires_grad_(False)
    total = loss_of(network, [np.array([], np.int64), TEXTS[0]], LABELS[:2], 0.5)
    total.backward()
    assert np.isfinite(total.item())
    assert network.embedding.grad is None
    assert network.output_weight.grad.isfinite().all()


def test_a_training_uses_it(reviews):
    texts, labels = reviews(48)
    settings = {"epochs": 3, "batch_size": 8, "learning_rate": 0.05, "valid_share": 0}
    plain, adversarial = (
        TextClassifier(CnnConfig(dim=8, filters=4), settings=ClassifierSettings(**settings, **more), seed=1)
        .fit(texts, labels)
        .predict_proba(texts)
        for more in ({}, {"adversarial_norm": 0.3})
    )
    assert not np.array_equal(plain, adversarial)
    assert (np.unique(labels)[adversarial.argmax(1)] == np.array(labels)).mean() > 0.9


@pytest.mark.parametrize("norm", [0.0, 0.3])
def test_a_checkpoint_without_it_is_that_of_earlier_versions(norm, tmp_path, reviews):
    settings = ClassifierSettings(epochs=1, batch_size=8, adversarial_norm=norm)
    TextClassifier(SumConfig(), settings=settings).fit(*reviews(24), checkpoint=tmp_path / "s")
    assert saved_identity(tmp_path / "s").get("adversarial_norm") == (norm or None)
    assert "epochs" in saved_identity(tmp_path / "s")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (WordAvgConfig(), "adversarial_norm must be 0 with word_avg, whose vectors .*, got 0.3; leave it out"),
        (CountConfig(), r"adversarial_norm must be 0 for Count, got 0.3: .* self.embed\(ids\)"),
    ],
)
def test_other_models_are_refused(model, message, reviews):
    with pytest.raises(ValueError, match=message):
        TextClassifier(model, settings=ClassifierSettings(adversarial_norm=0.3, epochs=1)).fit(*reviews(24))


@pytest.mark.parametrize("value", [-0.1, float("nan"), "much"])
def test_a_norm_is_a_number(value):
    with pytest.raises((ValueError, TypeError), match=r"adversarial_norm must be .*0 disables it"):
        ClassifierSettings(adversarial_norm=value)
