import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import config_context
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from textkit.classifier.build_run import validation_scores
from textkit.classifier.data import Examples
from textkit.classifier.labels import class_weights
from textkit.classifier.sample_weights import checked_weights, relative_weights, weighted_rows
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.classification_loss import Criterion
from textkit.models.word_avg import WordAvg, WordAvgConfig
from textkit.text.document_ids import encode_documents

pytestmark = pytest.mark.usefixtures("one_thread")

WEIGHTS = np.random.default_rng(5).integers(0, 4, 48).astype(float)


class OfNumbers(TextClassifier):
    """Reads the rows of a matrix of numbers as tokens, for checks of scikit-learn that have such rows."""

    def __init__(self, seed=1):
        config = WordAvgConfig(dim=4, ngrams=1, buckets=16, dropout=0.0)
        super().__init__(config, settings=ClassifierSettings(epochs=1, batch_size=64, valid_share=0), seed=seed)

    @staticmethod
    def _tokens(rows):
        rows = np.asarray(rows)  # a single column has one dimension
        return [[f"{place}:{value:.0f}" for place, value in enumerate(np.atleast_1d(row))] for row in rows]

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._tokens(X), np.asarray(y), sample_weight)

    def predict(self, X):
        return super().predict(self._tokens(X))

    def predict_proba(self, X):
        return super().predict_proba(self._tokens(X))


@pytest.mark.parametrize(
    "check",
    [
        "check_sample_weights_pandas_series",
        "check_sample_weights_not_an_array",
        "check_sample_weights_list",
        "check_sample_weights_shape",
        "check_sample_weights_not_overwritten",
    ],
)
def test_checks_of_scikit_learn(check):
    getattr(estimator_checks, check)("OfNumbers", OfNumbers())


# ---- what the weights mean ----


def test_equal_weights_are_none(name, reviews, classifier_of, weights_of):
    expected = weights_of(classifier_of(name).fit(*reviews()))
    for equal in (np.ones(48), [3] * 48, 2.5):
        assert weights_of(classifier_of(name).fit(*reviews(), sample_weight=equal)) == expected


def test_only_the_ratios_matter(name, reviews, classifier_of, weights_of):
    found = [weights_of(classifier_of(name).fit(*reviews(), sample_weight=WEIGHTS * factor)) for factor in (1, 8)]
    assert found[0] == found[1] != weights_of(classifier_of(name).fit(*reviews()))


def test_a_weight_of_zero_leaves_a_text_out(name, reviews, classifier_of, weights_of):
    texts, labels = reviews()
    kept = [row for row in range(48) if WEIGHTS[row]]
    there = [texts[row] for row in kept], [labels[row] for row in kept]
    weighted = classifier_of(name).fit(texts, labels, WEIGHTS > 0)
    assert weights_of(weighted) == weights_of(classifier_of(name).fit(*there))
    texts[int(np.flatnonzero(WEIGHTS == 0)[0])] = "zebra"
    assert "zebra" not in classifier_of(name).fit(texts, labels, WEIGHTS).vocabulary_


def test_heavier_texts_win(name, reviews, classifier_of):
    texts, labels = ["a film", "the film"] * 16, ["good", "bad"] * 16
    contradicting = texts + texts, labels + labels[1:] + labels[:1]
    settings = ClassifierSettings(epochs=6, batch_size=16, learning_rate=0.03, valid_share=0)
    for factors, expected in (((9, 1), labels), ((1, 9), labels[1:] + labels[:1])):
        weights = np.repeat(factors, 32)
        classifier = classifier_of(name, settings).fit(*contradicting, sample_weight=weights)
        assert classifier.predict(texts[:2]).tolist() == expected[:2]


@pytest.mark.parametrize("labels", [torch.tensor([1, 0, 1]), torch.tensor([[1.0, 0], [0, 0], [1, 1]])])
def test_the_loss_of_integer_weights_is_that_of_copies(labels):
    scores = torch.tensor([[0.5, -1.0], [2.0, 0.1], [0.0, 0.3]])
    criterion = Criterion(torch.tensor([0.5, 2.0]), label_smoothing=0.1)
    copies = torch.tensor([0, 0, 2, 2, 2])
    found = criterion(scores, labels, torch.tensor([2.0, 0.0, 3.0]))
    assert float(found) == pytest.approx(float(criterion(scores[copies], labels[copies])))


@pytest.mark.parametrize("targets", [torch.tensor([1, 0, 1]), torch.tensor([[1.0, 0], [0, 0], [1, 1]])])
def test_the_validation_of_integer_weights_is_that_of_copies(targets):
    documents, vocabulary = encode_documents(["a film", "so good", "bad"], tokenizer="whitespace")
    model = WordAvg(WordAvgConfig(dim=4, ngrams=1), len(vocabulary), 2, generator=torch.Generator().manual_seed(1))
    weighted = Examples(documents=documents, targets=targets, weights=relative_weights(np.array([2.0, 1.0, 3.0])))
    rows = torch.tensor([0, 0, 1, 2, 2, 2])
    copied = Examples(documents=documents.take(rows.numpy()), targets=targets[rows])
    assert validation_scores(model, weighted) == pytest.approx(validation_scores(model, copied), rel=1e-6)


@pytest.mark.parametrize("targets", [torch.tensor([1, 0, 1]), torch.tensor([[1.0, 0], [0, 1], [1, 1]])])
def test_balanced_classes_count_weights(targets):
    weights, rows = np.array([2.0, 1.0, 3.0]), torch.tensor([0, 0, 1, 2, 2, 2])
    copied = class_weights("balanced", np.arange(2), targets[rows])
    # (texts - count) / count with weights of mean 1, so that all counts are halved
    found = class_weights("balanced", np.arange(2), targets, relative_weights(weights))
    assert torch.allclose(found, copied)


def test_weights_of_held_out_texts_choose_the_epoch(reviews, classifier_of):
    texts, labels = reviews()
    valid = ["good", "bad", "good"], ["good", "bad", "bad"]  # one of the two is wrong
    settings = ClassifierSettings(epochs=4, batch_size=8, learning_rate=0.05)
    found = [
        classifier_of("word_avg", settings).fit(texts, labels, valid=(*valid, weights)).history_[-1].valid_accuracy
        for weights in ([1, 1, 2], [1, 1, 0], [2, 1, 1])
    ]
    assert found == pytest.approx([0.5, 1.0, 0.75])


def test_several_labels_and_class_weights(reviews, classifier_of, weights_of):
    texts, labels = reviews()
    several = [[label] for label in labels]
    classifier = classifier_of(multi_label=True, class_weight="balanced")
    weighted = classifier.fit(texts, several, sample_weight=WEIGHTS)
    assert weighted.score(texts, several) > 0.9
    matrix = np.array([[label == "bad", label == "good"] for label in labels], dtype=int)
    for kind in (np.array, pd.DataFrame):
        again = classifier_of(multi_label=True, class_weight="balanced").fit(texts, kind(matrix), WEIGHTS)
        assert weights_of(again) == weights_of(weighted)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"sample_weight must have the shape \(3,\), one per text, got \(2,\); pass a flat list"),
        ([[1], [2], [3]], r"got \(3, 1\)"),
        ([1, -1, 2], r"sample_weight must be finite numbers of at least 0, got -1.0 in row 2; 0 leaves a text out"),
        ([1, 2, float("nan")], "got nan in row 3"),
        ([0, 0, 0], "sample_weight must be above 0 for some text, got only 0"),
        (["a", "b", "c"], "sample_weight must be numbers, got list"),
        ({"a": 1}, "sample_weight must be numbers, got dict"),
    ],
)
def test_what_is_no_weight(weights, message):
    with pytest.raises(ValueError, match=message):
        checked_weights(weights, 3)


def test_valid_must_have_two_or_three_parts(reviews, classifier_of):
    with pytest.raises(TypeError, match=r"valid must be a pair \(texts, labels\), got tuple"):
        classifier_of().fit(*reviews(), valid=(["a"],))
    with pytest.raises(ValueError, match=r"valid weights must have the shape \(1,\)"):
        classifier_of().fit(*reviews(), valid=(["a"], ["good"], [1, 2]))


def test_rows_of_any_kind_are_left_out():
    weights = np.array([1.0, 0.0, 2.0])
    for rows in (["a", "b", "c"], ("a", "b", "c"), np.array(["a", "b", "c"]), pd.Series(["a", "b", "c"])):
        assert list(weighted_rows(weights, rows)[1]) == ["a", "c"]


# ---- scikit-learn ----


def test_cross_validation_passes_weights_on(reviews, classifier_of):
    texts, labels = reviews()
    seen = []

    class Seen(TextClassifier):
        def fit(self, texts, labels, sample_weight=None):
            seen.append(sample_weight)
            return super().fit(texts, labels, sample_weight)

    classifier = Seen(classifier_of().model, settings=classifier_of().settings)
    with config_context(enable_metadata_routing=True):
        routed = classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(routed, texts, labels, params={"sample_weight": WEIGHTS}, cv=2, error_score="raise")
    assert found["test_score"].min() > 0.5
    assert sorted(np.concatenate(seen)) == sorted(WEIGHTS)
    seen.clear()
    cross_validate(Seen(classifier.model, settings=classifier.settings), texts, labels, cv=2, error_score="raise",
                   params={"sample_weight": WEIGHTS})  # fmt: skip
    assert sorted(np.concatenate(seen)) == sorted(WEIGHTS)


def test_a_pipeline_routes_weights(reviews, classifier_of, weights_of):
    texts, labels = reviews()
    expected = weights_of(classifier_of().fit(texts, labels, WEIGHTS))
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(FunctionTransformer(), classifier_of().set_fit_request(sample_weight=True))
        assert weights_of(pipeline.fit(texts, labels, sample_weight=WEIGHTS)[-1]) == expected
        requested = classifier_of().get_metadata_routing().fit.requests
    assert "sample_weight" in requested
    assert not {"texts", "labels"} & set(requested)
