"""`search_classifier`: choose a model and its settings within a time budget, by successive halving."""

import math
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import ParameterSampler, ShuffleSplit, StratifiedShuffleSplit

from textkit.checks import SUITED, check_choice, check_count, is_finite
from textkit.classifier.data import checked_texts
from textkit.classifier.defaults import CONFIGS, MODEL_NAMES, ModelName
from textkit.classifier.labels import label_column
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.models.cnn import CnnConfig
from textkit.models.rnn_classifier import RnnClassifierConfig
from textkit.models.word_avg import WordAvgConfig
from textkit.progress import ProgressBar
from textkit.text.tokenizers import Tokenizer

_FACTOR = 3  # each round has a third of the candidates of the last, and three times the texts
_MOST_CANDIDATES = 81
_FEWEST_TEXTS = 100  # of the first round
_HELD_OUT = 0.2  # of the texts of each round, for the scores
_EXPECTED = (
    (FitFailedWarning, ""),  # of candidates that a few texts cannot train
    (UserWarning, "One or more of the test scores"),  # those that came too late
    (UserWarning, ".* of .* texts "),
)
_SLOWER = 3  # times that an average candidate takes longer than the first

_FIRST: tuple[ModelName, ...] = ("word_avg", "cnn", "bilstm")
_DROPOUT = (0.3, 0.5, 0.7)
_RATES: dict[str, Sequence[Any]] = {"settings": [ClassifierSettings(learning_rate=rate) for rate in (5e-4, 1e-3, 2e-3)]}
_CHOICES: dict[ModelName, dict[str, Sequence[Any]]] = {
    "word_avg": {
        "model": [WordAvgConfig(dim=dim, ngrams=ngrams) for dim in (SUITED, 64) for ngrams in (1, 2, 3, 4)],
        "settings": [ClassifierSettings(vector_rate=rate) for rate in (0.1, 0.2, 0.4)],
    },
    "cnn": {
        "model": [
            CnnConfig(dim=dim, filters=filters, dropout=dropout)
            for dim in (64, 128, 256)
            for filters in (50, 100, 200)
            for dropout in _DROPOUT
        ],
        **_RATES,
    },
    "bilstm": {
        "model": [
            RnnClassifierConfig(dim=dim, hidden=hidden, dropout=dropout)
            for dim in (64, 128, 256)
            for hidden in (64, 128, 256)
            for dropout in _DROPOUT
        ],
        **_RATES,
    },
    "char_gru": {
        "model": [
            RnnClassifierConfig(unit="char", hidden=hidden, layers=layers) for hidden in (64, 128) for layers in (1, 2)
        ],
        **_RATES,
    },
}


class _Clock:
    """The time that is left, and the scores so far; copies are the same clock, as scikit-learn copies parameters."""

    def __init__(self, seconds: float, options: dict[str, Any], bar: ProgressBar) -> None:
        self.started, self.seconds, self.options, self.bar = time.monotonic(), seconds, options, bar
        self.tried, self.best = 0, 0.0

    def __deepcopy__(self, memo: Any) -> "_Clock":
        return self

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def check(self, report: Any = None) -> None:
        """Show the time.

        Raises:
            TimeoutError: If none is left.
        """
        self.bar.move(min(int(self.elapsed), int(self.seconds)), f"{self.tried} fits, best {100 * self.best:.1f} %")
        if self.elapsed >= self.seconds:
            raise TimeoutError


class _Candidate(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped bases
    """A classifier whose training stops when the time is over; its score is then nan."""

    def __init__(self, clock: Any = None, model: Any = "word_avg", settings: Any = None) -> None:
        self.clock, self.model, self.settings = clock, model, settings

    def fit(self, texts: Any, labels: Any) -> "_Candidate":
        self.classifier_ = TextClassifier(self.model, settings=self.settings, **self.clock.options, progress=False)
        self.is_late_ = False
        try:
            self.clock.check()
            self.classifier_.fit(texts, labels, on_epoch=self.clock.check)
        except TimeoutError:
            self.is_late_ = True
        return self

    def score(self, texts: Any, labels: Any, sample_weight: Any = None) -> float:
        if self.is_late_:
            return math.nan
        score = float(self.classifier_.score(texts, labels))
        self.clock.tried += 1
        self.clock.best = max(self.clock.best, score)
        return score


def search_classifier(
    texts: Any,
    labels: Any,
    *,
    seconds: float,
    models: Sequence[ModelName] = _FIRST,
    tokenizer: str | Tokenizer | None = None,
    device: str = "auto",
    seed: int = 1,
    progress: bool = True,
) -> TextClassifier:
    """Search for a model and its settings by successive halving, and train the best on all texts.

    A round trains all candidates on a part of the texts and keeps the best third of them for the next, which has three
    times the texts (`sklearn.model_selection.HalvingGridSearchCV`; Jamieson and Talwalkar 2016). The candidates are the
    named models with their defaults, and others drawn at random: n-grams, dimension, filters or hidden units, dropout,
    learning rate. Their number suits the time.

    Args:
        texts: (texts,) as for `TextClassifier.fit`.
        labels: (texts,) one label for each text.
        seconds: Time of the search. The training of the best on all texts comes after it.
        models: The named models to choose from.
        tokenizer: As for `TextClassifier`.
        device: As for `TextClassifier`.
        seed: Seed of candidates, splits and trainings. What is tried in the time depends on the machine.
        progress: Whether to show progress on stderr.

    Returns:
        The best classifier, trained on all texts. ``metadata_["search"]`` has its score in the search, the number of
        texts in that round, and the number of trainings.

    Raises:
        ValueError: If a model is unknown, ``seconds`` is not a positive number, or not even one training was completed.
        TypeError: If ``models`` is a single str.
    """
    _check(seconds, models, seed)
    texts, labels = checked_texts(texts), np.asarray(label_column(labels, multi_label=False))
    options: dict[str, Any] = {"tokenizer": tokenizer, "device": device, "seed": seed}
    with ProgressBar("search", total=int(seconds), unit="s", show=progress) as bar:
        clock = _Clock(seconds, options, bar)
        results = _halved(clock, texts, labels, models, seed)
    scores, rounds = np.array(results["mean_test_score"]), np.array(results["iter"])
    if not np.isfinite(scores).any():
        raise ValueError(f"seconds must suffice for one training, got {seconds}; allow more")
    last = rounds[np.isfinite(scores)].max()
    best = int(np.nanargmax(np.where(rounds == last, scores, -1)))
    found = TextClassifier(**results["params"][best], **options, progress=progress)
    found.set_params(settings__refit=True).fit(texts, labels)
    found.metadata_["search"] = {
        "score": float(scores[best]),
        "texts": int(results["n_resources"][best]),
        "trainings": clock.tried,
        "seconds": round(clock.elapsed, 1),
    }
    return found


def _check(seconds: Any, models: Any, seed: Any) -> None:
    if not is_finite(seconds) or seconds <= 0:
        raise ValueError(f"seconds must be a positive number, got {seconds!r}; 600 is ten minutes")
    if isinstance(models, str):
        raise TypeError(f"models must be a list of names, got the str {models!r}; pass [{models!r}]")
    if not models:
        raise ValueError(
            f"models must be at least one of {', '.join(MODEL_NAMES)}, got none; omit it for the usual ones"
        )
    for name in models:
        check_choice("models", name, MODEL_NAMES)
    check_count("seed", seed, 0)


def _halved(clock: _Clock, texts: list[Any], labels: Any, models: Sequence[ModelName], seed: int) -> dict[str, Any]:
    """Return the scores of all rounds, as ``cv_results_`` of scikit-learn."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # allows the import below
    from sklearn.model_selection import HalvingGridSearchCV

    counts = np.unique(labels, return_counts=True)[1]
    split = StratifiedShuffleSplit if counts.min(initial=2) > 1 else ShuffleSplit
    with warnings.catch_warnings():
        for category, message in _EXPECTED:
            warnings.filterwarnings("ignore", message, category)
        search = HalvingGridSearchCV(
            _Candidate(clock),
            [
                {name: [value] for name, value in each.items()}
                for each in _candidates(clock, texts, labels, models, seed)
            ],
            factor=_FACTOR,
            cv=split(1, test_size=_HELD_OUT, random_state=seed),
            random_state=seed,
            refit=False,
        )
        search.fit(texts, labels)
    results: dict[str, Any] = search.cv_results_
    return results


def _candidates(
    clock: _Clock, texts: list[Any], labels: Any, models: Sequence[ModelName], seed: int
) -> list[dict[str, Any]]:
    """Draw as many candidates as there is time and texts for; the models with their defaults come first."""
    defaults: list[dict[str, Any]] = [{"model": CONFIGS[name], "settings": ClassifierSettings()} for name in models]
    rounds = 1 + max(0, int(math.log(max(len(texts) / _FEWEST_TEXTS, 1), _FACTOR)))
    begin = time.monotonic()
    few = slice(None, None, max(1, len(texts) // max(_FEWEST_TEXTS, len(texts) // _FACTOR ** (rounds - 1))))
    _Candidate(clock).fit(texts[few], labels[few])
    each = max(time.monotonic() - begin, 1e-3) * _SLOWER * rounds
    count = min(_MOST_CANDIDATES, _FACTOR**rounds, max(len(defaults), int(clock.seconds / each)))
    drawn = ParameterSampler([_CHOICES[name] for name in models], max(1, count - len(defaults)), random_state=seed)
    return defaults + list(drawn)[: max(0, count - len(defaults))]
