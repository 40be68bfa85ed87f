"""``python -m textkit.train classifier --model auto``: search for a classifier, and save it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textkit.commands.shared import stop
from textkit.data.labeled import LabeledTexts
from textkit.progress import say
from textkit.training.interrupts import Terminated

if TYPE_CHECKING:
    from textkit.classifier.search_report import SearchReport, SearchTrial
    from textkit.classifier.settings import ClassifierSettings
    from textkit.classifier.text_classifier import TextClassifier
    from textkit.language_model.language_model import LanguageModel


def search_and_save(
    training: LabeledTexts,
    valid: tuple[Any, ...] | None,
    output: Path,
    *,
    seconds: float | None,
    trials: int | None,
    language_model: "LanguageModel | None",
    settings: "ClassifierSettings",
    vectors: Any,
    class_weight: Any,
    multi_label: bool,
    tokenizer: Any,
    device: str,
    seed: int,
    quiet: bool,
) -> None:
    """Search for a classifier, save it and say what it is; after Ctrl-C or SIGTERM the best so far.

    Args:
        training: Texts and labels.
        valid: Validation texts, labels and, if there are any, weights; None to hold out a part of ``training``.
        output: Folder for the classifier.
        seconds: Budget in seconds; None for no limit.
        trials: Maximum number of candidates; None for no limit.
        language_model: A language model to be tried too; None without one.
        settings: Settings of all candidates.
        vectors: Pretrained vectors of some models; None without any.
        class_weight: Weights of the classes.
        multi_label: Whether a text may have several labels.
        tokenizer: Tokenizer of the models of words; None for what suits the texts.
        device: Device.
        seed: Seed.
        quiet: Whether to show no progress.
    """
    # torch takes seconds to import, and --help does not need it.
    from textkit.classifier.defaults import MODEL_NAMES
    from textkit.classifier.search import search_classifier

    tried: list[SearchTrial] = []
    best: TextClassifier | None = None

    def on_trial(trial: "SearchTrial", classifier: "TextClassifier | None") -> None:
        nonlocal best
        tried.append(trial)
        best = classifier
        if not quiet:
            say(str(trial))

    models: Sequence[Any] = MODEL_NAMES if language_model is None else (*MODEL_NAMES, language_model)
    try:
        classifier = search_classifier(
            training.texts,
            training.labels,
            training.weights,
            seconds=seconds,
            trials=trials,
            models=models,
            valid=valid,
            settings=settings,
            vectors=vectors,
            class_weight=class_weight,
            multi_label=multi_label,
            tokenizer=tokenizer,
            device=device,
            seed=seed,
            progress=not quiet,
            on_trial=on_trial,
        )
    except (KeyboardInterrupt, Terminated) as error:
        if best is not None:
            best.save(output)
        stop(error, None if best is None else _saved(output, len(tried)), resumable=False)
    classifier.save(output)
    report = classifier.search_report_
    if report.interrupted:
        stop(KeyboardInterrupt(), _saved(output, len(tried)), resumable=False)
    print(
        f"{output}: {report.best.model}, {len(classifier.classes_)} classes, {len(training):,} texts; {_found(report)}"
    )


def _saved(output: Path, count: int) -> str:
    return f"{output}: saved the best of {count} candidate{'s' * (count != 1)}"


def _found(report: "SearchReport") -> str:
    """Describe the best candidate and that with the default settings."""
    found = f"validation {report.metric} {report.best.score:.4f}"
    if report.best.number > 1 and report.trials[0].score is not None:
        found += f" ({report.trials[0].score:.4f} with the defaults)"
    return f"{found}; {len(report.trials)} candidate{'s' * (len(report.trials) != 1)}"
