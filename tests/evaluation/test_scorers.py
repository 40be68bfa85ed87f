import numpy as np
import pytest
from sklearn import metrics

from textkit.evaluation.scorers import METRICS, metric_name, metric_score

RANDOM = np.random.default_rng(3)
TRUE = np.array([0, 1, 2, 1, 0, 2, 2, 1] * 3)
SCORES = RANDOM.dirichlet([1, 1, 1], len(TRUE))
TWO, TWO_SCORES = (TRUE > 0).astype(int), np.stack([SCORES[:, 0], 1 - SCORES[:, 0]], axis=1)
SEVERAL = (RANDOM.random((24, 2)) > 0.5).astype(np.float32)
SEVERAL_SCORES = RANDOM.random((24, 2))
WEIGHTS = RANDOM.integers(1, 4, 24).astype(float)


def test_all_metrics_are_scorers_of_scikit_learn():
    assert set(METRICS) <= set(metrics.get_scorer_names())


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_scores_are_those_of_scikit_learn(weights):
    options = {"sample_weight": weights}
    predicted = SCORES.argmax(1)
    assert metric_score("f1_macro", SCORES, TRUE, weights) == metrics.f1_score(
        TRUE, predicted, average="macro", **options
    )
    assert metric_score("balanced_accuracy", SCORES, TRUE, weights) == metrics.balanced_accuracy_score(
        TRUE, predicted, **options
    )
    assert metric_score("neg_log_loss", SCORES, TRUE, weights) == -metrics.log_loss(TRUE, SCORES, **options)
    assert metric_score("f1", TWO_SCORES, TWO, weights) == metrics.f1_score(TWO, TWO_SCORES.argmax(1), **options)
    assert metric_score("roc_auc", TWO_SCORES, TWO, weights) == metrics.roc_auc_score(TWO, TWO_SCORES[:, 1], **options)
    decided = SEVERAL_SCORES > 0.5
    assert metric_score("f1_micro", SEVERAL_SCORES, SEVERAL, weights) == metrics.f1_score(
        SEVERAL, decided, average="micro", **options
    )
    assert metric_score("average_precision", SEVERAL_SCORES, SEVERAL, weights) == metrics.average_precision_score(
        SEVERAL, SEVERAL_SCORES, **options
    )


def test_a_class_that_is_never_predicted_is_no_warning():
    assert metric_score("precision_macro", np.array([[0.9, 0.1]] * 2), np.array([0, 1])) == 0.25


def test_names():
    assert [metric_name(name) for name in ("macro_f1", "weighted_recall", "f1_macro", "accuracy")] == [
        "f1_macro",
        "recall_weighted",
        "f1_macro",
        "accuracy",
    ]
    for unknown in ("r2", "macro_auc", "rand_score", None):
        with pytest.raises(ValueError, match=r"metric must be one of accuracy, balanced_accuracy, .*, got"):
            metric_name(unknown)


def test_a_metric_that_does_not_suit_the_classes():
    with pytest.raises(ValueError, match=r"metric must suit the classes of the validation texts, got 'f1' .*such as"):
        metric_score("f1", SCORES, TRUE)
