"""What a search for a classifier tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

State: TypeAlias = Literal["complete", "stopped", "too slow", "failed", "interrupted"]
_SHOWN = 10  # candidates in the printed report


@dataclass(frozen=True, kw_only=True)
class SearchTrial:
    """One candidate of a search.

    Attributes:
        number: Number of the candidate, from 1.
        model: Name of the model.
        params: Its parameters by name; others have the model's defaults. A ``dim`` of None is a linear model.
        is_default: Whether these are the defaults of the model.
        score: Validation score of the weights that were kept, in the metric of the search. Of a candidate that was not
            trained to its end, the score of its last epoch; None if it completed no epoch.
        state: "complete"; "stopped" by successive halving; "too slow" for the time that was left; "failed" for lack of
            memory or with a loss that was not finite; or "interrupted".
        done: Fraction of the training that was done, from 0 to 1; below 1 also where early stopping ended it.
        seconds: Duration in seconds.
    """

    number: int
    model: str
    params: Mapping[str, Any]
    is_default: bool
    score: float | None
    state: State
    done: float
    seconds: float

    def __str__(self) -> str:
        """Describe the candidate on one line."""
        name = f"{self.number}. {self.model} {'with its defaults' if self.is_default else described(self.params)}"
        score = "no score" if self.score is None else f"{self.score:.4f}"
        after = "" if self.state == "complete" else f", {self.state} after {100 * self.done:.0f} %"
        return f"{name}: {score}{after}, {self.seconds:.1f} s"


@dataclass(frozen=True, kw_only=True)
class SearchReport:
    """Report of a search; see `textkit.search_classifier`.

    Attributes:
        trials: The candidates in the order in which they were tried.
        best: The candidate whose classifier was returned.
        metric: What the candidates were compared by, such as "accuracy".
        valid_texts: Number of validation texts.
        refitted: Whether the best candidate was trained again with the held-out texts too.
        interrupted: Whether Ctrl-C ended the search.
        seconds: Duration of the search in seconds.
    """

    trials: tuple[SearchTrial, ...]
    best: SearchTrial
    metric: str
    valid_texts: int
    refitted: bool
    interrupted: bool
    seconds: float

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with one row per candidate, and a column for each of its parameters and results."""
        import pandas as pd

        rows = [
            {
                "number": trial.number,
                "model": trial.model,
                "score": trial.score,
                "state": trial.state,
                "done": trial.done,
                "seconds": trial.seconds,
                **trial.params,
            }
            for trial in self.trials
        ]
        frame: pd.DataFrame = pd.DataFrame(rows)
        return frame

    def summary(self) -> dict[str, Any]:
        """Return what a saved classifier keeps of the search: everything but the times."""
        trials = [
            {"model": trial.model, "params": dict(trial.params), "score": trial.score, "state": trial.state}
            for trial in self.trials
        ]
        return {
            "metric": self.metric,
            "valid_texts": self.valid_texts,
            "best": self.best.number,
            "refitted": self.refitted,
            "trials": trials,
        }

    def __str__(self) -> str:
        """List the best candidates."""
        complete = [trial for trial in self.trials if trial.state == "complete"]
        ranked = sorted(complete, key=lambda trial: (-(trial.score or 0.0), trial.number))
        texts = f"{self.valid_texts:,} validation texts"
        lines = [f"{len(self.trials)} candidates in {self.seconds:.0f} s, by {self.metric} on {texts}"]
        lines += map(str, ranked[:_SHOWN])
        if len(self.trials) > len(lines) - 1:
            lines.append(f"... and {len(self.trials) - len(lines) + 1} more")
        return "\n".join(lines)


def described(params: Mapping[str, Any]) -> str:
    """Write parameters as on a call.

    >>> described({"dim": None, "learning_rate": 0.00123456})
    'dim=None, learning_rate=0.00123'
    """
    return ", ".join(f"{name}={f'{one:.3g}' if isinstance(one, float) else one}" for name, one in params.items())
