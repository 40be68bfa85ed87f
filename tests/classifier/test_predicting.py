import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_predict

from textkit.classifier.settings import ClassifierSettings

SETTINGS = ClassifierSettings(epochs=1)


@pytest.fixture(params=["two", "three", "several"])
def kind(request):
    return request.param


@pytest.fixture
def trained(kind, classifier_of, reviews):
    """A classifier of two or three classes, or of several labels, and some texts."""
    texts, labels = reviews(48)
    if kind == "three":
        labels = [*labels[:40], *["none"] * 8]
    if kind == "several":
        labels = [[label, "text"] if label == "good" else [] for label in labels]
    classifier = classifier_of(settings=SETTINGS, multi_label=kind == "several").fit(texts, labels)
    return classifier, texts[:10]


def test_scores_agree_with_the_probabilities(kind, trained):
    classifier, texts = trained
    scores, probabilities = classifier.decision_function(texts), classifier.predict_proba(texts)
    assert scores.dtype == np.float64
    assert scores.shape == {"two": (10,), "three": (10, 3), "several": (10, 2)}[kind]
    if kind == "two":
        np.testing.assert_allclose(expit(scores), probabilities[:, 1], rtol=1e-12)
        assert classifier.classes_[(scores > 0).astype(int)].tolist() == classifier.predict(texts).tolist()
    else:
        convert = expit if kind == "several" else lambda scores: softmax(scores, axis=1)
        np.testing.assert_allclose(convert(scores), probabilities, rtol=1e-12)


def test_logarithms_agree_and_are_finite(trained):
    classifier, texts = trained
    np.testing.assert_allclose(
        classifier.predict_log_proba(texts), np.log(classifier.predict_proba(texts)), rtol=1e-9, atol=1e-15
    )
    for name, weight in classifier.model_.named_parameters():
        if name == "output_bias":
            weight.data[0] -= 1e4
    assert classifier.predict_proba(texts).min() == 0
    logs = classifier.predict_log_proba(texts)
    assert np.isfinite(logs).all()
    assert logs.min() < -9e3


def test_the_most_probable_labels(trained):
    classifier, texts = trained
    probabilities = classifier.predict_proba(texts)
    found = classifier.predict_top(texts, 2)
    for pairs, row in zip(found, probabilities, strict=True):
        assert [share for _, share in pairs] == sorted(row, reverse=True)[:2]
        assert all(row[classifier.classes_.tolist().index(label)] == share for label, share in pairs)
        assert type(pairs[0][0]) is str
    assert len(classifier.predict_top(texts, 99)[0]) == len(classifier.classes_)
    with pytest.raises(ValueError, match="k must be an integer of at least 1, got 0"):
        classifier.predict_top(texts, 0)


@pytest.mark.parametrize("method", ["decision_function", "predict_log_proba", "predict_top"])
def test_no_texts_long_ones_and_no_training(method, trained, classifier_of):
    classifier, _ = trained
    assert len(getattr(classifier, method)([])) == 0
    with pytest.warns(UserWarning, match="1 of 2 texts were truncated to max_length=1 tokens"):
        short, long = getattr(classifier, method)(["good", "good bad bad"], max_length=1)
    assert np.array_equal(short, long)
    with pytest.raises(NotFittedError):
        getattr(classifier_of(), method)(["good"])


def test_scikit_learn_uses_them(classifier_of, reviews):
    texts, labels = reviews(48)
    classifier = classifier_of(settings=SETTINGS).fit(texts, labels)
    assert get_scorer("roc_auc")(classifier, texts, np.array(labels)) > 0.5
    for method in ("decision_function", "predict_log_proba"):
        assert len(cross_val_predict(classifier, texts, labels, cv=2, method=method)) == 48
