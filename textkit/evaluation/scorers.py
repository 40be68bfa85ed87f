"""Score predicted probabilities by the name of one of scikit-learn's scorers."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer

from textkit.checks import check_choice

_AVERAGED = ("f1", "precision", "recall", "jaccard")
METRICS = (
    "accuracy",
    "balanced_accuracy",
    "matthews_corrcoef",
    "top_k_accuracy",
    "average_precision",
    "neg_log_loss",
    "neg_brier_score",
    "roc_auc",
    "roc_auc_ovr",
    "roc_auc_ovo",
    "roc_auc_ovr_weighted",
    "roc_auc_ovo_weighted",
    *(f"{name}{average}" for name in _AVERAGED for average in ("", "_macro", "_micro", "_weighted", "_samples")),
)
"""The scorers of scikit-learn for classes and probabilities; higher is better."""


def metric_name(name: str) -> str:
    """Return scikit-learn's name of a metric; "macro_f1" and the like are also understood.

    Raises:
        ValueError: If there is no such metric.

    >>> metric_name("macro_f1"), metric_name("roc_auc")
    ('f1_macro', 'roc_auc')
    """
    average, _, measure = str(name).partition("_")
    name = f"{measure}_{average}" if measure in _AVERAGED else name
    check_choice("metric", name, METRICS)
    return name


def metric_score(
    name: str,
    probabilities: NDArray[np.float64],
    targets: NDArray[np.generic],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Compute a metric; without a result for these texts it is nan.

    Args:
        name: One of `METRICS`. Those of two classes, such as "f1", count the second one as the positive.
        probabilities: (texts, classes).
        targets: (texts,) class ids; or (texts, classes) zeros and ones.
        weights: (texts,) weights of the texts; None for equal weights.

    Raises:
        ValueError: If the metric is not defined for these classes.

    >>> metric_score("f1_macro", np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), np.array([0, 1, 1]))
    0.6666666666666666
    """
    scorer = get_scorer(name)
    options = {} if weights is None else {"sample_weight": weights}
    try:
        with warnings.catch_warnings():
            # A class that is never predicted is usual after the first epoch.
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            score = scorer(_Predicted(probabilities, targets.ndim > 1), probabilities, targets.astype(int), **options)
    except ValueError as error:
        raise ValueError(
            f"metric must suit the classes of the validation texts, got {name!r} ({error}); choose another "
            "one, such as 'f1_macro', or validate on texts of every class"
        ) from error
    return float(score)


class _Predicted(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator that has predicted."""

    def __init__(self, probabilities: NDArray[np.float64], multi_label: bool) -> None:
        self.probabilities, self.multi_label = probabilities, multi_label
        classes = probabilities.shape[1]
        # scikit-learn recognizes several labels per text by the dimensions.
        self.classes_ = np.eye(classes, dtype=int) if multi_label else np.arange(classes)

    def predict(self, _: object) -> NDArray[np.int64]:
        if self.multi_label:
            return (self.probabilities > 0.5).astype(np.int64)
        return np.asarray(self.probabilities.argmax(1))

    def predict_proba(self, _: object) -> NDArray[np.float64]:
        return self.probabilities
