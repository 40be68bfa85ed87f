import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

from textkit.classifier.defaults import CONFIGS, default_classifier_settings
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.word_avg import WordAvgConfig
from textkit.vectors.word_vectors import WordVectors

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIG = WordAvgConfig(dim=4, buckets=64, binary=False, dropout=0.0)
SETTINGS = ClassifierSettings(epochs=4, batch_size=4, learning_rate=0.03)
TEXTS = ["a good film", "so kind and good", "a bad film", "so sad and bad"] * 9
LABELS = ["+", "+", "-", "-"] * 9

CHECKS = (  # those of scikit-learn that need no matrix of numbers
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_get_tags_default_keys",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


def classifier_of(**options):
    return TextClassifier(**{"model": CONFIG, "settings": SETTINGS, **options})


@pytest.mark.parametrize("estimator", [TextClassifier(), classifier_of(multi_label=True)], ids=["default", "configs"])
@pytest.mark.parametrize("check", [name for name in CHECKS if hasattr(estimator_checks, name)])  # as the version has
def test_checks_of_scikit_learn(check, estimator):
    getattr(estimator_checks, check)("TextClassifier", estimator)


def test_it_says_what_it_takes():
    tags = classifier_of().__sklearn_tags__()
    assert is_classifier(classifier_of())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.classifier_tags.multi_label
    assert classifier_of(multi_label=True).__sklearn_tags__().classifier_tags.multi_label


# ---- parameters ----


def test_parameters_of_the_parts():
    classifier = classifier_of(seed=3)
    assert set(classifier.get_params(deep=False)) == {
        "model",
        "vectors",
        "pretrained",
        "class_weight",
        "multi_label",
        "settings",
        "tokenizer",
        "device",
        "seed",
        "progress",
        "warm_start",
        "random_state",
        "keep_words",
        "vocabulary",
    }
    found = classifier.get_params()
    assert (found["seed"], found["settings__epochs"], found["model__dim"]) == (3, 4, 4)
    classifier.set_params(settings__epochs=7, model__dim=9, model__ngrams=1, seed=5)
    assert classifier.settings == ClassifierSettings(epochs=7, batch_size=4, learning_rate=0.03)
    assert classifier.model == replace(CONFIG, dim=9, ngrams=1)
    assert classifier.seed == 5


def test_parts_that_were_not_given_begin_with_what_suits_the_model():
    classifier = TextClassifier("char_gru").set_params(settings__patience=9, model__hidden=5)
    assert classifier.model == replace(CONFIGS["char_gru"], hidden=5)
    assert classifier.settings == ClassifierSettings(patience=9)
    assert classifier._settings() == replace(default_classifier_settings("char_gru"), patience=9)
    classifier = TextClassifier("word_avg").set_params(settings__batch_size=5, model="cnn", model__filters=3)
    assert classifier.model == replace(CONFIGS["cnn"], filters=3)
    assert classifier._settings() == replace(default_classifier_settings("cnn"), batch_size=5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"depth": 3}, "Invalid parameter 'depth'"),
        ({"settings__depth": 3}, "the parameters of settings must be among epochs, .*, got 'depth'"),
        ({"model__depth": 3}, "the parameters of model must be among dim, .*, got 'depth'"),
        ({"vectors__depth": 3}, "parameter must be one of .*, got 'vectors__depth'"),
        ({"settings__epochs": 0}, "epochs must be"),
        ({"model": "bert", "model__dim": 3}, "model must be one of word_avg"),
    ],
)
def test_parameters_that_are_not_there(params, message):
    with pytest.raises(ValueError, match=message):
        classifier_of().set_params(**params)


def test_clones_are_equal_and_not_trained():
    vectors = WordVectors(["good", "bad"], np.eye(2, 4, dtype=np.float32))
    classifier = classifier_of(vectors=vectors, class_weight={"+": 2.0}, seed=4).fit(TEXTS, LABELS)
    copy = clone(classifier)
    assert not hasattr(copy, "model_")
    assert (copy.model, copy.settings, copy.class_weight, copy.seed) == (CONFIG, SETTINGS, {"+": 2.0}, 4)
    assert copy.vectors is vectors
    assert np.array_equal(copy.fit(TEXTS, LABELS).predict_proba(TEXTS), classifier.predict_proba(TEXTS))


def test_the_representation_shows_what_was_changed():
    assert repr(TextClassifier()) == "TextClassifier()"
    assert repr(TextClassifier("cnn", seed=3)) == "TextClassifier(model='cnn', seed=3)"


# ---- where estimators are used ----


def test_it_is_fitted_after_fit():
    check_is_fitted(classifier_of().fit(TEXTS, LABELS))


def test_it_can_be_pickled():
    classifier = classifier_of().fit(TEXTS, LABELS)
    again = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda rows: pd.Series(rows, dtype="category")])
def test_any_column_will_do(kind):
    found = classifier_of().fit(np.array(TEXTS, dtype=object), kind(LABELS))
    assert found.score(pd.Series(TEXTS), kind(LABELS)) == 1
    assert np.array_equal(found.predict_proba(TEXTS), classifier_of().fit(TEXTS, LABELS).predict_proba(TEXTS))


def test_columns_of_a_single_feature():
    expected = classifier_of().fit(TEXTS, LABELS).predict_proba(TEXTS)
    column = np.array(TEXTS, dtype=object)[:, None]
    for texts in (column, pd.DataFrame({"text": TEXTS})):
        classifier = classifier_of().fit(texts, LABELS)
        assert np.array_equal(classifier.predict_proba(texts), expected)
        assert classifier.score(texts, LABELS) == classifier.evaluate(texts, LABELS).accuracy == 1
        assert [label for label, _ in classifier.predict_stream(texts)] == classifier.predict(texts).tolist()
    for labels in (np.array(LABELS)[:, None], pd.DataFrame({"label": LABELS})):
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
            classifier = classifier_of().fit(TEXTS, labels)
        assert np.array_equal(classifier.predict_proba(TEXTS), expected)


def test_a_column_transformer_before_it():
    table = pd.DataFrame({"id": range(len(TEXTS)), "text": TEXTS})
    chosen = ColumnTransformer([("text", "passthrough", ["text"])])
    assert make_pipeline(chosen, classifier_of()).fit(table, LABELS).score(table, LABELS) == 1


def test_whole_floats_are_classes_with_a_warning():
    labels = [float(label == "+") for label in LABELS]
    for kind in (np.array, pd.Series):
        with pytest.warns(UserWarning, match=r"labels are floats without fractions, such as 1.0, and become .* 1 and"):
            classifier = classifier_of().fit(TEXTS, kind(labels))
        assert classifier.classes_.tolist() == [0, 1]
        assert classifier.score(TEXTS, kind(labels)) == 1


def test_a_pipeline():
    shout = FunctionTransformer(lambda texts: [text.upper() for text in texts])
    pipeline = make_pipeline(shout, classifier_of()).fit(TEXTS, LABELS)
    assert pipeline.predict(["good"]).tolist() == ["+"]
    assert pipeline.score(TEXTS, LABELS) == 1
    pipeline = Pipeline([("upper", shout), ("classify", classifier_of())]).set_params(classify__settings__epochs=1)
    assert len(pipeline.fit(TEXTS, LABELS)["classify"].history_) == 1


def test_cross_validation():
    scores = cross_val_score(classifier_of(), TEXTS, LABELS, cv=3)
    assert scores.tolist() == [1, 1, 1]
    assert cross_val_score(classifier_of(), TEXTS, LABELS, cv=2, scoring="neg_log_loss").max() < 0
    found = cross_val_predict(classifier_of(), TEXTS, LABELS, cv=3, method="predict_proba")
    assert found.shape == (36, 2)
    matrix = np.array([[label == "+", label == "-"] for label in LABELS], dtype=int)
    assert cross_val_score(classifier_of(multi_label=True), TEXTS, matrix, cv=2, scoring="f1_macro").min() > 0.5


def test_a_search_over_settings():
    search = GridSearchCV(
        classifier_of(), {"settings__epochs": [1, 4], "model__dim": [2, 4]}, cv=2, error_score="raise"
    )
    search.fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 4
    assert len(search.best_estimator_.history_) == search.best_params_["settings__epochs"]
    assert search.predict(["good"]).tolist() == ["+"]


def test_a_search_over_models():
    models = ["word_avg", "cnn", CONFIG]
    settings = ClassifierSettings(epochs=1, batch_size=36)
    search = GridSearchCV(TextClassifier(settings=settings), {"model": models}, cv=2, error_score="raise")
    search.fit(TEXTS, LABELS)
    assert search.best_params_["model"] in models


def test_a_vote():
    voters = [(str(seed), classifier_of(seed=seed)) for seed in (1, 2)]
    assert VotingClassifier(voters, voting="soft").fit(TEXTS, LABELS).predict(["good", "bad"]).tolist() == ["+", "-"]


def test_random_state_is_the_seed():
    expected = classifier_of(seed=7).fit(TEXTS, LABELS).predict_proba(TEXTS)
    found = clone(classifier_of(seed=3, random_state=7))
    assert found.get_params()["random_state"] == 7
    assert np.array_equal(found.fit(TEXTS, LABELS).predict_proba(TEXTS), expected)
    draws = np.random.RandomState(1)
    two = [classifier_of(random_state=draws).fit(TEXTS, LABELS).predict_proba(TEXTS) for _ in range(2)]
    assert not np.array_equal(*two)
    with pytest.raises(ValueError, match="random_state must be an integer of at least 0, got -1"):
        classifier_of(random_state=-1).fit(TEXTS, LABELS)


def test_bagging_draws_the_seeds():
    column = np.array(TEXTS, dtype=object)[:, None]
    bag = BaggingClassifier(classifier_of(), n_estimators=3, random_state=1).fit(column, LABELS)
    assert len({one.random_state for one in bag.estimators_}) == 3
    assert bag.predict([["good"], ["bad"]]).tolist() == ["+", "-"]
    assert bag.estimators_[0].n_features_in_ == 1


def test_weights_of_texts_in_the_score():
    classifier = classifier_of().fit(TEXTS, LABELS)
    assert classifier.score(["good", "good"], ["+", "-"], sample_weight=[3, 1]) == 0.75
    several = classifier_of(multi_label=True).fit(TEXTS, [[label] for label in LABELS])
    assert several.predict(["good"]).tolist() == [[1, 0]]  # "+" comes before "-"
    assert several.score(["good", "good"], [["+"], ["-"]], sample_weight=[3, 1]) == 0.75
