"""Search for a classifier: the model and its parameters, within a budget of time."""

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from textkit.checks import check_count, is_finite
from textkit.classifier.data import check_length, checked_texts, held_out_rows, valid_parts
from textkit.classifier.defaults import MODEL_NAMES, ModelName
from textkit.classifier.labels import ClassWeight, class_ids, found_classes, label_column
from textkit.classifier.sample_weights import checked_weights, weighted_rows
from textkit.classifier.search_report import SearchTrial
from textkit.classifier.search_run import Budget, SearchRun
from textkit.classifier.search_space import search_spaces
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.language_model.language_model import LanguageModel
from textkit.models.classifier import ClassifierConfig
from textkit.other_names import other_names
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.word_vectors import WordVectors

HELD_OUT = 0.2
"""Fraction of the texts that is held out; more than for a single training, as many candidates are compared."""

_OTHER_NAMES = {
    **dict.fromkeys(("timeout", "time_budget", "max_time", "budget"), "seconds"),
    **dict.fromkeys(("n_trials", "n_iter", "max_trials", "n_candidates"), "trials"),
    **dict.fromkeys(("model", "estimator", "estimators"), "models=[...]"),
    **dict.fromkeys(("metric", "scoring"), "settings=ClassifierSettings(metric=...)"),
    **dict.fromkeys(("valid_share", "validation_split"), "settings=ClassifierSettings(valid_share=...)"),
    **dict.fromkeys(("pretrained", "language_model"), "models=[..., language_model]"),
    **dict.fromkeys(("verbose", "show_progress_bar"), "progress"),
    "random_state": "seed",
    "callback": "on_trial",
    "cv": "valid",
}


@other_names(_OTHER_NAMES)
def search_classifier(
    texts: Any,
    labels: Any,
    sample_weight: Any = None,
    *,
    seconds: float | None = 600.0,
    trials: int | None = None,
    models: Iterable[ModelName | ClassifierConfig | LanguageModel] = MODEL_NAMES,
    valid: tuple[Any, ...] | None = None,
    settings: ClassifierSettings | None = None,
    vectors: WordVectors | None = None,
    class_weight: ClassWeight = None,
    multi_label: bool = False,
    tokenizer: str | Tokenizer | None = None,
    device: str = "auto",
    seed: int = 1,
    progress: bool = True,
    on_trial: Callable[[SearchTrial, TextClassifier | None], None] | None = None,
) -> TextClassifier:
    """Try models, n-grams, dimensions, learning rates and dropout, and return the best classifier.

    The first candidates are the models with their defaults. Then Optuna's TPE sampler (Bergstra et al. 2011) chooses
    the model and its parameters by the results so far. Asynchronous successive halving (Li et al. 2018) stops a
    candidate after a quarter or half of its training unless it is in the better half of those of its model. Candidates
    for which the time does not suffice are left out.

    The candidate with the highest validation score wins. The defaults of the first model are kept unless it exceeds
    them by more than one standard error, as the highest of many scores is partly chance. The winner is trained again
    with the held-out texts too, as by ``settings.refit`` of a `TextClassifier`, unless ``valid`` is given.

    The time for that is estimated and kept free. If it does not suffice, the result is the best candidate as it was
    compared, trained without the held-out texts. Only the defaults of the first model are trained to their end in any
    case. The budget is exceeded by a training step, a validation or the reading of the texts at most.

    With ``seconds=None`` and a number of ``trials``, the same seed gives the same bytes on a CPU with the same number
    of threads. With a budget of seconds, the candidates depend on the speed of the machine.

    Ctrl-C ends the search, and the best classifier so far is returned.

    Args:
        texts: (texts,) each a str, or a list of tokens, as for ``TextClassifier.fit``.
        labels: (texts,) str or int; with ``multi_label`` a list of labels for each text, or an indicator matrix
            (texts, classes).
        sample_weight: (texts,) weights of the texts in training and validation; None for equal weights.
        seconds: Budget in seconds, from the call to the result; None for no limit.
        trials: Maximum number of candidates; None for no limit.
        models: Names of models, configs, whose other fields hold in all their candidates, or trained language models.
            The first one's defaults are always trained to their end.
        valid: Validation texts and their labels, or texts, labels and weights; None holds out the fraction
            ``valid_share`` of each class.
        settings: Settings of all candidates, such as the ``metric`` by which they are compared; a learning rate that is
            given is not varied. None for the defaults, with a fifth of the texts held out.
        vectors: Pretrained `WordVectors` for the embeddings of "cnn" and "bilstm".
        class_weight: As for `TextClassifier`.
        multi_label: Whether a text may have any number of labels instead of exactly one.
        tokenizer: Tokenizer of the models of words. None for what suits the texts; where that is words, word_avg is
            tried with n-grams of characters too.
        device: Device for training and prediction, as for `TextClassifier`.
        seed: Seed of all random choices.
        progress: Whether to show on stderr what is tried, the best score so far and the time left.
        on_trial: Called after each candidate with its record and the best classifier so far, which is not yet trained
            with the held-out texts; None in its place if there is none.

    Returns:
        The classifier, with a `SearchReport` as ``search_report_``; it is part of ``metadata_``, too.

    Raises:
        ImportError: If Optuna is not installed.
        ValueError: If neither ``seconds`` nor ``trials`` is given or one is out of range, a model is unknown, no text
            can be held out, several processes were started by ``torchrun``, or as ``TextClassifier.fit``.
        TypeError: If ``models`` is a single model, or as ``TextClassifier.fit``.
        FloatingPointError: If the losses of all candidates are not finite.
        KeyboardInterrupt: On Ctrl-C before any candidate has completed an epoch.
    """
    started = time.monotonic()
    if find_spec("optuna") is None:
        raise ImportError("search_classifier needs optuna; pip install textkit[search]")
    _check_budget(seconds, trials)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ValueError("search_classifier must run in a single process; start it without torchrun")
    if settings is None:
        settings = ClassifierSettings(valid_share=HELD_OUT)
    if not isinstance(settings, ClassifierSettings):
        raise TypeError(f"settings must be ClassifierSettings, got {type(settings).__name__}")
    seed = check_count("seed", seed, 0)
    texts = checked_texts(texts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first candidate warns of the same labels
        labels = label_column(labels, multi_label=multi_label)
        check_length("labels", labels, texts)
        weights, texts, labels = weighted_rows(checked_weights(sample_weight, len(texts)), texts, labels)
        classes = found_classes(labels, multi_label=multi_label)
        targets = class_ids(labels, classes, multi_label=multi_label)
    if valid is not None:
        held_out, (valid_texts, *others) = 0, valid_parts(valid)
        valid = (checked_texts(valid_texts, "valid texts"), *others)
    else:
        held_out = len(held_out_rows(targets, settings.valid_share, seed))
        if not held_out:
            raise ValueError(
                f"texts must suffice to hold out the fraction {settings.valid_share} of them for validation, got "
                f"{len(texts)} of {len(classes)} classes; add texts, or pass valid"
            )
        if not multi_label:
            _warn_of_single_texts(labels)
    spaces = search_spaces(
        models,
        texts,
        classes=2 if multi_label else len(classes),
        settings=replace(settings, refit=True) if settings.refit is None else settings,
        vectors=vectors,
        tokenizer=tokenizer,
    )
    options = {"class_weight": class_weight, "multi_label": multi_label, "device": device, "seed": seed}
    run = SearchRun(
        spaces,
        (texts, labels, weights, valid),
        options,
        budget=Budget(started=started, seconds=seconds, trials=trials),
        valid_texts=held_out if valid is None else len(valid[0]),
        growth=len(texts) / (len(texts) - held_out) if held_out and settings.refit is not False else 0.0,
        progress=progress,
        on_trial=on_trial,
    )
    classifier = run.run(metric=settings.metric)
    if len(run.trials) == 1 and trials != 1 and not run.interrupted:
        warnings.warn(
            f"seconds must suffice for more than the default settings, which took {run.trials[0].seconds:.1f} s, got "
            f"{seconds}; they are the result, as no other candidate was tried",
            stacklevel=3,
        )
    return classifier


def _check_budget(seconds: Any, trials: Any) -> None:
    if seconds is None and trials is None:
        raise ValueError("seconds must be given without trials, got None for both; 600 is usual")
    if seconds is not None and (not is_finite(seconds) or seconds <= 0):
        raise ValueError(f"seconds must be a finite number above 0, got {seconds!r}; 600 is usual")
    if trials is not None:
        check_count("trials", trials, 1, "candidate")


def _warn_of_single_texts(labels: Iterable[Any]) -> None:
    single = [label for label, count in Counter(labels).items() if count == 1]
    if single:
        more = f" and {len(single) - 5} more" if len(single) > 5 else ""
        warnings.warn(
            f"labels should have several texts of each class, got one of {', '.join(map(repr, single[:5]))}{more}; "
            "add texts, as the candidates cannot be compared on these classes",
            stacklevel=4,
        )
