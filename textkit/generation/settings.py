"""How text is written: every choice but the prompt, checked in one place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

from textkit.generation.sampling import Logits, temperature, top_k, top_p

Unseen = Literal["error", "skip"]


@dataclass(frozen=True, kw_only=True)
class GenerationSettings:
    """How text is written.

    Attributes:
        length: How many tokens to write after the prompt, at most.
        temperature: What logits are divided by: 1 is what the model expects, less is more careful, 0 takes the
            likeliest token always.
        top_k: Choose among so many of the likeliest tokens; None for all.
        top_p: Choose among the likeliest tokens that have this share of the probability, above 0 up to 1; None for all.
        seed: Seed of all random choices; None draws another one each time.
        stop: A string, or several, before which a text ends; always a tuple once it is set.
        samples: How many texts to write.
        unknown: What becomes of tokens of the prompt that the model has never seen: "error" or "skip".
    """

    length: int = 500
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = 1
    stop: str | Sequence[str] | None = None
    samples: int = 1
    unknown: Unseen = "error"

    def __post_init__(self) -> None:
        _check_whole("length", self.length, 1, "it counts the tokens after the prompt")
        _check_whole("samples", self.samples, 1, "1 writes a single text")
        if self.top_k is not None:
            _check_whole("top_k", self.top_k, 1, "leave it out to choose among all tokens")
        if self.seed is not None:
            _check_whole("seed", self.seed, 0, "1 is usual")
        if not _is_real(self.temperature) or not 0 <= self.temperature < math.inf:
            raise ValueError(
                f"temperature must be a finite number of at least 0, got {self.temperature!r}; "
                "0 takes the likeliest token, 1 draws as the model expects"
            )
        if self.top_p is not None and (not _is_real(self.top_p) or not 0 < self.top_p <= 1):
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p!r}; 1 leaves no token out")
        if self.unknown not in ("error", "skip"):
            raise ValueError(f"unknown must be 'error' or 'skip', got {self.unknown!r}")
        object.__setattr__(self, "stop", _stops(self.stop))

    def sampled(self, logits: Logits) -> Logits:
        """Apply temperature, top_k and top_p to the logits of one step, in this order; (vocab,) both.

        Raises:
            FloatingPointError: If the logits are no numbers.
        """
        logits = temperature(logits, self.temperature)
        if self.top_k is not None:
            logits = top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = top_p(logits, self.top_p)
        return logits


def _check_whole(name: str, value: Any, least: int, remedy: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}; {remedy}")


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _stops(stop: Any) -> tuple[str, ...]:
    if stop is not None and not isinstance(stop, str | Sequence):
        raise ValueError(f"stop must be a string that is not empty, or several, got {stop!r}; leave it out")
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    for item in stops:
        if not isinstance(item, str) or not item:
            raise ValueError(f"stop must be a string that is not empty, or several, got {item!r}; leave it out")
    return stops
