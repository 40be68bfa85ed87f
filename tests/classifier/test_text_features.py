import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

import textkit
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.classifier.text_features import TextFeatures
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.train import train_language_model
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = ["a", "good", "bad", "film", "kind", "sad"]
MATRIX = np.random.default_rng(3).normal(size=(6, 4)).astype(np.float32)
VECTORS = WordVectors(WORDS, MATRIX, counts=[9, 4, 3, 5, 1, 2], metadata={"tokenizer": "whitespace"})
TEXTS = ["a good film", "so kind and good", "a bad film", "so sad and bad"]
LABELS = ["+", "+", "-", "-"]
CHECKS = (  # those of scikit-learn that need no matrix of numbers
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_get_tags_default_keys",
    "check_estimator_repr",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_set_params",
    "check_valid_tag_types",
)


def trained(config):
    settings = ClassifierSettings(epochs=2, batch_size=4, valid_share=0.25)
    return TextClassifier(config, settings=settings).fit(TEXTS * 4, LABELS * 4)


@pytest.fixture(scope="module")
def classifier():
    return trained(WordAvgConfig(dim=5, buckets=16))


@pytest.mark.parametrize("check", [name for name in CHECKS if hasattr(estimator_checks, name)])
def test_checks_of_scikit_learn(check):
    getattr(estimator_checks, check)("TextFeatures", TextFeatures(VECTORS))


def test_it_is_public():
    assert textkit.TextFeatures is TextFeatures


def test_mean_and_sif_are_those_of_the_vectors():
    assert np.array_equal(TextFeatures(VECTORS).fit_transform(TEXTS), VECTORS.embed_texts(TEXTS))
    features = TextFeatures(VECTORS, weighting="sif", a=0.01).fit(TEXTS)
    np.testing.assert_allclose(
        features.transform(TEXTS), VECTORS.embed_texts(TEXTS, weighting="sif", a=0.01), atol=1e-6
    )
    alone = np.vstack([features.transform([text]) for text in TEXTS])  # by the component of the texts in fit
    np.testing.assert_allclose(alone, features.transform(TEXTS), atol=1e-6)


def test_tfidf_weights_are_those_of_scikit_learn():
    texts = ["a good good film", "bad film", "kind unknown words", "nothing"]
    features = TextFeatures(VECTORS, weighting="tfidf").fit(texts)
    tfidf = TfidfVectorizer(vocabulary=WORDS, analyzer=str.split, norm="l1").fit(texts)
    np.testing.assert_allclose(features.transform(texts), tfidf.transform(texts) @ MATRIX, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "width"),
    [
        (CnnConfig(dim=4, filters=3, widths=(1, 2)), 6),
        (RnnClassifierConfig(dim=4, hidden=3, bidirectional=True), 6),
        (WordAvgConfig(dim=5, buckets=16), 5),
    ],
    ids=["cnn", "rnn", "word_avg"],
)
def test_a_classifier_gives_the_input_of_its_output_layer(config, width):
    classifier = trained(config)
    found = TextFeatures(classifier).fit_transform(TEXTS)
    assert found.shape == (4, width)
    logits = classifier.model_.output(torch.from_numpy(found)).detach()
    np.testing.assert_allclose(logits.softmax(1), classifier.predict_proba(TEXTS), atol=1e-6)


def test_a_copy_keeps_the_trained_classifier(classifier):
    features = TextFeatures(classifier)
    assert clone(features).source is classifier
    assert set(features.get_params()) == {"source", "weighting", "a", "frequencies", "tokenizer", "pooling"}
    scores = cross_val_score(make_pipeline(features, LogisticRegression()), TEXTS * 3, LABELS * 3, cv=3)
    assert scores.mean() == 1
    again = pickle.loads(pickle.dumps(features.fit(TEXTS)))
    assert np.array_equal(again.transform(TEXTS), features.transform(TEXTS))


@pytest.mark.parametrize("columns", ["text", ["text"]])
@pytest.mark.parametrize("weighting", ["mean", "sif", "tfidf"])
def test_in_a_column_transformer(columns, weighting):
    frame = pd.DataFrame({"text": TEXTS, "length": [3, 4, 3, 4]})
    parts = [("text", TextFeatures(VECTORS, weighting=weighting), columns), ("rest", "passthrough", ["length"])]
    transformer = ColumnTransformer(parts).set_output(transform="pandas")
    found = transformer.fit_transform(frame)
    names = [*(f"text__textfeatures{number}" for number in range(4)), "rest__length"]
    assert list(found.columns) == list(transformer.get_feature_names_out()) == names
    expected = TextFeatures(VECTORS, weighting=weighting).fit_transform(TEXTS)
    assert np.array_equal(found.iloc[:, :4].to_numpy(np.float32), expected)
    array = np.array(TEXTS, dtype=object)[:, None]
    assert np.array_equal(TextFeatures(VECTORS, weighting=weighting).fit_transform(array), expected)


def test_no_texts_and_no_fit():
    with pytest.raises(NotFittedError, match=r"call fit\(texts\)"):
        TextFeatures(VECTORS).transform(TEXTS)
    assert TextFeatures(VECTORS).fit(TEXTS).transform([]).shape == (0, 4)


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (TextFeatures("v.txt"), TypeError, "source must be WordVectors, a LanguageModel or a TextClassifier, got str"),
        (TextFeatures(VECTORS, weighting="max"), ValueError, "'mean', 'sif' or 'tfidf', got 'max'"),
        (TextFeatures(VECTORS, frequencies={"a": 1}), ValueError, "frequencies must be None with weighting='mean'"),
        (TextFeatures(WordVectors(["a"], [[1]])), ValueError, "tokenizer must be given"),
        (TextFeatures(WordVectors(["a"], [[1]]), weighting="sif"), ValueError, "vectors without counts"),
        (TextFeatures(TextClassifier()), NotFittedError, "must be trained"),
    ],
)
def test_bad_parameters(features, error, message):
    with pytest.raises(error, match=message):
        features.fit(TEXTS)


def test_weights_are_for_word_vectors(classifier):
    with pytest.raises(ValueError, match="weighting must be left out for a TextClassifier, got 'sif'"):
        TextFeatures(classifier, weighting="sif").fit(TEXTS)
    with pytest.raises(ValueError, match="frequencies must be left out"):
        TextFeatures(classifier, frequencies=np.ones(3)).fit(TEXTS)


@pytest.fixture(scope="module")
def language_model():
    config = RnnLanguageModelConfig(dim=4, hidden=3, tied=False, cutoffs=())
    return train_language_model(TEXTS * 20, unit="word", config=config, settings=LanguageModelSettings(epochs=1))


def test_a_language_model_gives_its_pooled_states(language_model):
    features = TextFeatures(language_model, pooling="concat")
    assert clone(features).source is language_model
    found = features.fit_transform(TEXTS)
    assert np.array_equal(found, language_model.states(TEXTS, "concat"))
    assert list(features.get_feature_names_out()) == [f"textfeatures{number}" for number in range(9)]
    assert TextFeatures(language_model).fit(TEXTS).transform([]).shape == (0, 3)
    scores = cross_val_score(make_pipeline(features, LogisticRegression(C=100)), TEXTS * 3, LABELS * 3, cv=3)
    assert scores.mean() == 1


def test_pooling_is_for_language_models(language_model, classifier):
    for source in (VECTORS, classifier):
        with pytest.raises(ValueError, match="pooling must be left out without a LanguageModel, got 'max'"):
            TextFeatures(source, pooling="max").fit(TEXTS)
    with pytest.raises(ValueError, match="pooling must be one of mean, max, last, concat, got 'min'; choose"):
        TextFeatures(language_model, pooling="min").fit(TEXTS)
    with pytest.raises(ValueError, match="weighting must be left out for a LanguageModel, got 'tfidf'"):
        TextFeatures(language_model, weighting="tfidf").fit(TEXTS)
