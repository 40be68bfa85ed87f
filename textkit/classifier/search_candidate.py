"""Train one candidate of a search for a classifier."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from textkit.classifier.checkpoint import CheckpointOptions
from textkit.classifier.run import ClassifierReport, ClassifierRun
from textkit.classifier.search_report import State
from textkit.classifier.search_space import Space
from textkit.classifier.text_classifier import TextClassifier

_MARGIN = 1.5  # of the estimated time of a training with the held-out texts too, which is worth more than a candidate
_WARM_UP = 1.0  # seconds of a training after which its speed tells how long it takes
_SLOW_STEP = 5.0  # seconds


class StoppedError(Exception):
    """Ends the training of a candidate.

    Args:
        state: Why.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of the whole training of a candidate, and of that with the held-out texts, which follows if it wins."""

    training: float = 0.0
    refit: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a candidate.

    Attributes:
        state: Whether it was trained to its end, or why not; see `SearchTrial`.
        score: Validation score of the weights that were kept, or of the last epoch; None without any.
        done: Fraction of the training that was done.
        seconds: Duration in seconds.
        cost: What a candidate like it takes.
        classifier: The classifier; None if it has no weights.
        refit: Trains it again with the held-out texts too; None if that is not to be.
        error: The error because of which it failed.
    """

    state: State
    score: float | None
    done: float
    seconds: float
    cost: Cost
    classifier: TextClassifier | None
    refit: Callable[..., None] | None
    error: Exception | None


class Candidate:
    """A candidate.

    Args:
        space: Its model.
        params: Its parameters.
        options: Further arguments of its `TextClassifier`.
        growth: Number of all texts over that without the held-out ones; 0 if it is never trained with them.
        on_epoch: Called after each epoch with the score, and the percentage of the training that is done. To end it, it
            raises `StoppedError`.
        on_step: Called after each step with an estimate of what is still to be done, None in the first second. To end
            it, it raises `StoppedError`.
    """

    def __init__(
        self,
        space: Space,
        params: Mapping[str, Any],
        options: Mapping[str, Any],
        *,
        growth: float,
        on_epoch: Callable[[float, int], None],
        on_step: Callable[[Cost | None], None],
    ) -> None:
        self.classifier = TextClassifier(
            space.config_of(params),
            vectors=space.vectors,
            pretrained=space.pretrained,
            tokenizer=space.tokenizer,
            settings=space.settings_of(params),
            **options,
        )
        self.epochs = self.classifier._settings().epochs
        self.growth, self.on_epoch, self.on_step = growth, on_epoch, on_step
        self._started = time.monotonic()
        self._marks: list[tuple[float, float]] = []  # times, and the fractions that were done
        self._done, self._scores = 0.0, list[float]()

    def train(self, texts: Any, labels: Any, weights: Any, valid: Any) -> Outcome:
        """Train to the end, or until a callback, Ctrl-C or an error stops it."""
        run, refit, error = None, None, None
        state: State = "complete"
        settings = self.classifier._settings()
        try:
            run, refit = self.classifier._fit(
                texts, labels, weights, valid, settings, None,
                saving=CheckpointOptions(), on_epoch=self._epoch, on_step=self._step,
            )  # fmt: skip
        except StoppedError as stop:
            state = stop.state
        except KeyboardInterrupt:
            state = "interrupted"
        except (FloatingPointError, MemoryError, RuntimeError) as raised:
            state, error = "failed", raised
        score = self._scores[-1] if self._scores else None
        if run is not None:
            score = run.history[run.kept_epochs - 1].valid_score
        if score is not None and not math.isfinite(score):
            score, state = None, "failed"
        return Outcome(
            state=state,
            score=score,
            done=self._done,
            seconds=time.monotonic() - self._started,
            cost=self._cost(run),
            classifier=self.classifier if self._scores and hasattr(self.classifier, "model_") else None,
            refit=refit,
            error=error,
        )

    def _epoch(self, report: ClassifierReport) -> None:
        score = math.nan if report.valid_score is None else report.valid_score
        self._scores.append(score)
        self._done = report.epoch / self.epochs
        self.on_epoch(score, round(100 * self._done))

    def _step(self, done: float) -> None:
        now, self._done = time.monotonic(), done
        if len(self._marks) < 2:  # before and after the first step
            self._marks.append((now, done))
        # The first step is slower than others, as libraries are loaded; a very long one shows a slow model anyway.
        is_slow = now - self._marks[0][0] >= _SLOW_STEP and len(self._marks) > 1
        began, before = self._marks[0] if is_slow else self._marks[-1]
        left = None
        if now - began >= _WARM_UP and done > before:
            whole = (now - began) / (done - before)
            left = Cost(training=whole * (1 - done), refit=whole * self.growth * _MARGIN)
        self.on_step(left)

    def _cost(self, run: ClassifierRun | None) -> Cost:
        seconds = time.monotonic() - self._started
        if run is not None:
            kept = run.kept_epochs / len(run.history)
            return Cost(training=seconds, refit=seconds * kept * self.growth * _MARGIN)
        whole = seconds / self._done if self._done else seconds
        return Cost(training=whole, refit=whole * self.growth * _MARGIN)
