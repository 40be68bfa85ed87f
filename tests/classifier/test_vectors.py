from dataclasses import replace

import numpy as np
import pytest
import torch

from textkit.classifier.defaults import model_config
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")


def vectors_of(dim):
    words = ["good", "kind", "fine", "bad", "sad", "poor", "the", "film", "was", "so"]
    return WordVectors(words, np.random.default_rng(1).normal(size=(len(words), dim)).astype(np.float32))


@pytest.mark.parametrize("name", ["word_avg", "cnn", "bilstm"])
def test_vectors_are_frozen_and_released(name, reviews, classifier_of, small):
    vectors = vectors_of(small[name].dim)
    same = {}
    for freeze_epochs in (0, 1, None):
        settings = ClassifierSettings(epochs=3, batch_size=8, freeze_epochs=freeze_epochs, patience=None)
        classifier = classifier_of(name, settings, vectors=vectors)
        same[freeze_epochs] = []

        def look(report, classifier=classifier, seen=same[freeze_epochs]):
            row = classifier.vocabulary_["good"]
            seen.append(np.array_equal(classifier.model_.embedding[row].detach().numpy(), vectors["good"]))

        classifier.fit(*reviews(), on_epoch=look)
    assert same == {0: [False] * 3, 1: [True, False, False], None: [True] * 3}


def test_the_padded_path_of_word_avg_freezes_too(monkeypatch, reviews, classifier_of):
    from textkit.classifier import build_run

    monkeypatch.setattr(build_run, "_bag_plan", build_run._padded_plan)  # that of a GPU
    settings = ClassifierSettings(epochs=2, freeze_epochs=None)
    vectors = vectors_of(4)
    classifier = classifier_of(settings=settings, vectors=vectors).fit(*reviews())
    row = classifier.vocabulary_["good"]
    assert np.array_equal(classifier.model_.embedding[row].detach().numpy(), vectors["good"])
    assert classifier.model_.ngram_embedding.any()


@pytest.mark.parametrize("name", ["word_avg", "cnn", "bilstm"])
@pytest.mark.filterwarnings("ignore:.*only tokens that are unknown")
def test_words_that_have_a_vector_are_known_without_a_training_text(name, tmp_path, reviews, classifier_of, small):
    known = vectors_of(small[name].dim)
    words = ["<unk>", "Splendid", "splendid", "two words", *known.words, "dreadful"]
    rows = [known["bad"], known["bad"], known["good"], known["bad"], *known.matrix, known["bad"]]
    vectors = WordVectors(words, np.array(rows))
    settings = ClassifierSettings(epochs=3, learning_rate=0.03, freeze_epochs=None, patience=None)
    classifier = classifier_of(name, settings, vectors=vectors).fit(*reviews())
    trained, found = len(classifier.model_.embedding) - 2, classifier.vocabulary_
    assert found.tokens[trained:] == ("splendid", "dreadful")
    assert np.array_equal(classifier.model_.embedding[trained:].detach().numpy(), vectors[["splendid", "dreadful"]])
    chances = classifier.predict_proba(["good", "splendid", "never seen", "dreadful", "bad"])
    np.testing.assert_allclose(chances[[0, 4]], chances[[1, 3]], rtol=1e-5)
    assert abs(chances[1] - chances[2]).max() > 1e-3
    classifier.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba(["splendid"]), chances[[1]], rtol=1e-5)
    settings = replace(settings, max_vocab=trained + 1)
    assert classifier_of(name, settings, vectors=vectors).fit(*reviews()).vocabulary_.tokens[trained:] == ("splendid",)


def test_words_of_lists_of_tokens_are_known_as_they_are(reviews, classifier_of):
    vectors = WordVectors([*vectors_of(4).words, "New York"], np.eye(11, 4, dtype=np.float32))
    texts, labels = reviews()
    settings = ClassifierSettings(epochs=1)
    classifier = classifier_of(settings=settings, vectors=vectors).fit([text.split() for text in texts], labels)
    assert classifier.vocabulary_.tokens[-1] == "New York"


def test_held_out_texts_have_their_words_when_probabilities_are_calibrated(monkeypatch, reviews, classifier_of):
    from textkit.classifier import fit_methods as module

    seen = []
    monkeypatch.setattr(module, "calibrate", lambda model, scores, targets, weights: seen.append(scores))
    known = vectors_of(4)
    vectors = WordVectors([*known.words, "splendid"], np.concatenate([known.matrix, known[["good"]]]))
    settings = ClassifierSettings(epochs=2, freeze_epochs=None)
    classifier = classifier_of(settings=settings, vectors=vectors)
    classifier.fit(*reviews(), valid=(["splendid", "good", "never"], ["good", "good", "bad"]))
    (scores,) = seen
    torch.testing.assert_close(scores[0], scores[1])
    assert (scores[0] - scores[2]).abs().max() > 1e-4


def test_a_named_model_takes_on_the_width_of_vectors(reviews):
    settings = ClassifierSettings(epochs=1)
    classifier = TextClassifier("cnn", vectors=vectors_of(7), settings=settings).fit(*reviews(16))
    assert classifier.model_.config == replace(model_config("cnn"), dim=7)


def test_vectors_of_another_width(reviews, classifier_of):
    with pytest.raises(
        ValueError, match="vectors must have the dimension of the model, 6, got 9; pass a config with dim=9"
    ):
        classifier_of("cnn", vectors=vectors_of(9)).fit(*reviews())


def test_vectors_and_settings_of_another_type(reviews, classifier_of):
    with pytest.raises(
        TypeError, match=r"vectors must be WordVectors, got str; load a file with WordVectors.load\(path\)"
    ):
        classifier_of(vectors="vectors.safetensors").fit(*reviews())
    with pytest.raises(TypeError, match="settings must be ClassifierSettings, got dict"):
        classifier_of(settings={"epochs": 3}).fit(*reviews())
