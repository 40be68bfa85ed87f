import copy
import json
import pickle

import numpy as np
import pytest

import textkit
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.word_avg import WordAvgConfig

pytestmark = pytest.mark.usefixtures("one_thread")

SHAPES = [{"ngrams": 1}, {"ngrams": 3}, {"binary": False}, {"dim": 5}]


@pytest.fixture
def trained(reviews):
    """Train a small word_avg."""

    def train(multi_label=False, **shape):
        texts, labels = reviews()
        config = WordAvgConfig(**{"dim": 6, "buckets": 1 << 12, "dropout": 0.0, **shape})
        if multi_label:
            labels = [[label, "text"] if label == "good" else [] for label in labels]
        classifier = TextClassifier(config, multi_label=multi_label, settings=ClassifierSettings(epochs=3))
        return classifier.fit(texts, labels), texts

    return train


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("qnorm", [False, True])
def test_few_vectors_lose_nothing(shape, qnorm, trained):
    classifier, texts = trained(**shape)
    before = classifier.predict_proba(texts)
    found = classifier.quantize(cutoff=10_000, dsub=2, qnorm=qnorm)
    # There are fewer vectors than centroids.
    assert np.allclose(found.predict_proba(texts), before, atol=1e-5)
    assert np.array_equal(classifier.predict_proba(texts), before)
    assert found.classes_.tolist() == classifier.classes_.tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("multi_label", [False, True])
def test_it_does_what_a_classifier_does(shape, multi_label, trained, tmp_path):
    classifier, texts = trained(multi_label, **shape)
    found = classifier.quantize(dsub=2)
    probabilities = found.predict_proba(texts)
    found.save(tmp_path / "model")
    found.save(tmp_path / "model")  # replaces itself
    loaded = textkit.load(tmp_path / "model")
    loaded.save(tmp_path / "again")
    for other in (loaded, textkit.load(tmp_path / "again"), pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert np.array_equal(other.predict_proba(texts), probabilities)
    for name in ("weights.safetensors", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()
    config = json.loads((tmp_path / "model" / "config.json").read_bytes())
    assert config["quantized"] == {"cutoff": len(found.model_.quantized.matrix.codes), "dsub": 2, "qnorm": True}
    explanation = loaded.explain(texts[0], "good")
    assert explanation.exact
    scores = loaded.decision_function(texts[:1])
    expected = scores[0, loaded.classes_.tolist().index("good")] if multi_label else scores[0] / 2
    assert sum(explanation.shares) + explanation.rest == pytest.approx(expected, abs=1e-5)


def test_it_is_exported_with_the_vectors_that_were_kept(trained, tmp_path):
    classifier, _ = trained(buckets=1 << 18)
    classifier.quantize(cutoff=20).export(tmp_path / "model.pt2")  # compares the file with the model
    assert (tmp_path / "model.pt2").stat().st_size < 1 << 18  # a whole table has six million bytes


def test_the_rows_that_were_dropped_are_zero(trained):
    classifier, _ = trained()
    found = classifier.quantize(cutoff=3).model_
    assert len(found.quantized.words) + len(found.quantized.ngrams) == 3
    assert int(found.embedding.any(dim=1).sum()) == len(found.quantized.words)


def test_training_goes_on_only_from_whole_vectors(trained, tmp_path):
    classifier, texts = trained()
    labels = classifier.predict(texts).tolist()
    classifier.quantize().save(tmp_path / "model")
    found = textkit.load(tmp_path / "model")
    for go_on in (
        lambda: found.partial_fit(texts, labels),
        lambda: found.set_params(warm_start=True).fit(texts, labels),
        lambda: TextClassifier(found.model_.config).fit(texts, labels, init=found),
    ):
        with pytest.raises(ValueError, match=r"init must not be quantized, .*; go on from the one"):
            go_on()
    found.set_params(warm_start=False).fit(texts, labels)  # anew
    assert found.model_.quantized is None


def test_what_cannot_be_quantized_is_refused(trained, classifier_of, reviews):
    classifier, _ = trained()
    with pytest.raises(ValueError, match=r"quantized already"):
        classifier.quantize().quantize()
    for options in ({"cutoff": 0}, {"dsub": 0}):
        with pytest.raises(ValueError, match=r"(cutoff|dsub) must be "):
            classifier.quantize(**options)
    with pytest.raises(ValueError, match=r"qnorm must be"):
        classifier.quantize(qnorm=2)
    other = classifier_of("cnn", ClassifierSettings(epochs=1)).fit(*reviews())
    with pytest.raises(ValueError, match=r"only word_avg can be quantized, got Cnn"):
        other.quantize()
    with pytest.raises(TypeError, match=r"use classifier\.quantize"):
        TextClassifier(quantize=True)


@pytest.mark.parametrize("dsub", [0, 3, "2", None])
def test_a_folder_with_another_dsub_is_damaged(dsub, trained, tmp_path):
    classifier, _ = trained()
    classifier.quantize(dsub=2).save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    config = json.loads(file.read_bytes())
    config["quantized"]["dsub"] = dsub
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="folder must hold a whole classifier"):
        textkit.load(tmp_path / "model")


def test_dsub_may_be_larger_than_the_dimension(trained, tmp_path):
    classifier, texts = trained()
    found = classifier.quantize(dsub=100, cutoff=10_000)
    assert found.model_.quantized.matrix.codes.shape[1] == 1
    assert np.allclose(found.predict_proba(texts), classifier.predict_proba(texts), atol=1e-5)
