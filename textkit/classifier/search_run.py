"""The run of a search for a classifier: Optuna chooses candidates and stops them, and the clock ends it."""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from textkit.classifier.search_candidate import Candidate, Cost, Outcome, StoppedError
from textkit.classifier.search_report import SearchReport, SearchTrial
from textkit.classifier.search_space import Space
from textkit.classifier.text_classifier import TextClassifier
from textkit.progress import ProgressBar

_FIRST_RUNG = 25  # percent of a training after which the better half of the candidates of a model goes on


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long a search may take.

    Attributes:
        started: When it started, by ``time.monotonic``.
        seconds: Its seconds; None for no limit.
        trials: Its number of candidates; None for no limit.
    """

    started: float
    seconds: float | None
    trials: int | None

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds that are left; infinity without a limit, and below 0 after the end."""
        return float("inf") if self.seconds is None else self.seconds - self.spent


@dataclass(frozen=True, kw_only=True)
class _Best:
    trial: SearchTrial
    outcome: Outcome
    classifier: TextClassifier


class SearchRun:
    """A search.

    Args:
        spaces: The models; the defaults of the first are trained whatever the budget.
        data: Texts, labels, weights and validation texts, as for ``TextClassifier.fit``.
        options: Further arguments of each `TextClassifier`.
        budget: How long it may take.
        valid_texts: Number of validation texts.
        growth: Number of all texts over that without the held-out ones; 0 if the best is not trained with them.
        progress: Whether to show progress on stderr.
        on_trial: Called after each candidate.

    Attributes:
        trials: The candidates so far.
        interrupted: Whether Ctrl-C ended it.
    """

    def __init__(
        self,
        spaces: Sequence[Space],
        data: tuple[Any, Any, Any, Any],
        options: Mapping[str, Any],
        *,
        budget: Budget,
        valid_texts: int,
        growth: float,
        progress: bool,
        on_trial: Callable[[SearchTrial, TextClassifier | None], None] | None,
    ) -> None:
        self.spaces = {space.name: space for space in spaces}
        self.data, self.options, self.budget = data, options, budget
        self.valid_texts, self.growth, self.on_trial = valid_texts, growth, on_trial
        self.trials: list[SearchTrial] = []
        self.interrupted = False
        self._best: _Best | None = None
        self._costs: dict[str, Cost] = {}  # the lowest of each model
        self._scores: dict[str, float] = {}  # the best of each model
        self._error: Exception | None = None
        total, unit = (budget.trials, "candidates") if budget.seconds is None else (max(1, round(budget.seconds)), "s")
        self._bar = ProgressBar("search", total=total, unit=unit, show=progress)
        with _quiet_optuna():
            self._models, self._studies = _studies(spaces, seed=options["seed"])

    def run(self, *, metric: str) -> TextClassifier:
        """Search until the budget is spent, train the best candidate with all texts, and return its classifier.

        Args:
            metric: What the candidates are compared by.

        Raises:
            KeyboardInterrupt: On Ctrl-C before any candidate has completed an epoch.
            Exception: The last error of a candidate, if none was trained to its end.
        """
        with self._bar, _quiet_optuna():
            try:
                while not self.interrupted and (chosen := self._next()) is not None:
                    self._try(*chosen)
            except KeyboardInterrupt:
                self.interrupted = True
            if self._best is None:
                raise (
                    KeyboardInterrupt if self.interrupted else (self._error or RuntimeError("no candidate is trained"))
                )
            refitted = not self.interrupted and self._refitted(self._best)
        classifier = self._best.classifier
        classifier.search_report_ = SearchReport(
            trials=tuple(self.trials),
            best=self._best.trial,
            metric=metric,
            valid_texts=self.valid_texts,
            refitted=refitted,
            interrupted=self.interrupted,
            seconds=self.budget.spent,
        )
        classifier.metadata_["search"] = classifier.search_report_.summary()
        return classifier

    def _next(self) -> tuple[Space, Any] | None:
        """Choose the model of the next candidate, with Optuna's record of that; None at the end of the search."""
        from optuna.distributions import CategoricalDistribution
        from optuna.trial import TrialState

        if self.budget.trials is not None and len(self.trials) >= self.budget.trials:
            return None
        fast = [name for name in self.spaces if self._is_fast(name)]
        if not fast:
            return None
        choices = {"model": CategoricalDistribution(list(self.spaces))}
        asked = self._models.ask(choices)
        if asked.params["model"] not in fast:
            self._models.tell(asked, state=TrialState.FAIL)
            self._models.enqueue_trial({"model": max(fast, key=lambda name: self._scores.get(name, 0.0))})
            asked = self._models.ask(choices)
        return self.spaces[asked.params["model"]], asked

    def _is_fast(self, name: str) -> bool:
        """Whether there is time for a candidate of a model, if it is as fast as the fastest so far."""
        cost = self._costs.get(name, Cost())
        return not self.trials or self.budget.left > cost.training + self._reserve(cost.refit)

    def _reserve(self, refit: float) -> float:
        """Return the seconds to keep free for the last training, that of the best or of a candidate."""
        return max(refit, 0.0 if self._best is None else self._best.outcome.cost.refit)

    def _try(self, space: Space, model: Any) -> None:
        """Train a candidate.

        Args:
            space: Its model.
            model: Optuna's record of the choice of the model.
        """
        study, is_first = self._studies[space.name], not self.trials
        params = study.ask(dict(space.distributions))
        self._show(f"now {space.name}")

        def on_epoch(score: float, percent: int) -> None:
            params.report(score, percent)
            if percent < 100 and params.should_prune():
                raise StoppedError("stopped")

        def on_step(left: Cost | None) -> None:
            self._show()
            ends = Cost() if left is None else left
            if not is_first and self.budget.left < ends.training + self._reserve(ends.refit):
                raise StoppedError("too slow")

        candidate = Candidate(
            space, params.params, self.options, growth=self.growth, on_epoch=on_epoch, on_step=on_step
        )
        with warnings.catch_warnings():
            if not is_first:  # each would give the same warnings about the texts
                warnings.simplefilter("ignore")
            outcome = candidate.train(*self.data)
        _tell(study, params, outcome)
        _tell(self._models, model, outcome, stopped_counts=True)
        self._record(space, params.params, outcome)

    def _record(self, space: Space, params: Mapping[str, Any], outcome: Outcome) -> None:
        trial = SearchTrial(
            number=len(self.trials) + 1,
            model=space.name,
            params=params,
            is_default=params == dict(space.defaults),
            score=outcome.score,
            state=outcome.state,
            done=outcome.done,
            seconds=outcome.seconds,
        )
        self.trials.append(trial)
        self._error = outcome.error or self._error
        self.interrupted = outcome.state == "interrupted"
        known = self._costs.get(space.name)
        if outcome.state != "failed" and (known is None or outcome.cost.training < known.training):
            self._costs[space.name] = outcome.cost
        if outcome.score is not None and outcome.state == "complete":
            self._scores[space.name] = max(outcome.score, self._scores.get(space.name, outcome.score))
        usable = outcome.state == "complete" or (outcome.state == "interrupted" and self._best is None)
        score, classifier = outcome.score, outcome.classifier
        if usable and classifier is not None and score is not None and score > self._bar_to_pass():
            self._best = _Best(trial=trial, outcome=outcome, classifier=classifier)
        self._show("")
        if self.on_trial is None:
            self._bar.milestone()
        else:
            self.on_trial(trial, None if self._best is None else self._best.classifier)

    def _bar_to_pass(self) -> float:
        """Return the score above which a candidate is the best so far.

        That of the default settings counts one standard error more (Breiman et al. 1984, "Classification and Regression
        Trees", section 3.4.3): the highest of many scores is partly chance.
        """
        if self._best is None or self._best.trial.score is None:
            return float("-inf")
        score = self._best.trial.score
        if self._best.trial.number > 1 or not 0 <= score <= 1:
            return score
        return score + math.sqrt(score * (1 - score) / self.valid_texts)

    def _refitted(self, best: _Best) -> bool:
        """Train the best candidate with the held-out texts too; false if there is no time for it."""
        if best.outcome.refit is None:
            return False
        self._show("training the best with all texts")

        def on_step(_: float) -> None:
            self._show()
            if best.trial.number > 1 and self.budget.left < 0:
                raise StoppedError("too slow")

        try:
            best.outcome.refit(on_step)
        except StoppedError:
            return False
        except KeyboardInterrupt:
            self.interrupted = True
            return False
        return True

    def _show(self, doing: str | None = None) -> None:
        """Show the time, or the number of candidates, and what is done; None for what was done before."""
        position = len(self.trials)
        if self.budget.seconds is not None:
            position = min(int(self.budget.spent), self._bar.total or 0)
        status = None
        if doing is not None:
            best = "" if self._best is None else f"best {self._best.trial.score:.4f} ({self._best.trial.model})"
            status = ", ".join(part for part in (f"{len(self.trials)} tried", best, doing) if part)
        if status is not None or position != self._bar.position:
            self._bar.move(position, status)


def _studies(spaces: Sequence[Space], *, seed: int) -> tuple[Any, dict[str, Any]]:
    """Return the study that chooses models, and for each model that of its parameters, with the defaults first."""
    from optuna import create_study
    from optuna.pruners import SuccessiveHalvingPruner
    from optuna.samplers import TPESampler

    models = create_study(direction="maximize", sampler=TPESampler(seed=seed))
    studies = {}
    for number, space in enumerate(spaces, start=1):
        models.enqueue_trial({"model": space.name})
        halving = SuccessiveHalvingPruner(min_resource=_FIRST_RUNG, reduction_factor=2)
        sampler = TPESampler(seed=seed + number)
        studies[space.name] = create_study(direction="maximize", sampler=sampler, pruner=halving)
        studies[space.name].enqueue_trial(dict(space.defaults))
    return models, studies


def _tell(study: Any, trial: Any, outcome: Outcome, *, stopped_counts: bool = False) -> None:
    from optuna.trial import TrialState

    if outcome.score is not None and outcome.state in (("complete", "stopped") if stopped_counts else ("complete",)):
        study.tell(trial, outcome.score)
    else:
        study.tell(trial, state=TrialState.PRUNED if outcome.state == "stopped" else TrialState.FAIL)


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Silence Optuna's log; the progress bar takes its place."""
    from optuna import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
