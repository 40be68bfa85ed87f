"""The settings of each training, with their defaults and checks in one place."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any


def check_count(name: str, value: Any, least: int, unit: str = "") -> int:
    """Return a whole number as an int, NumPy's too.

    Raises:
        ValueError: If it is something else, or below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        rule = f"an integer of at least {least} {unit}".strip()
        raise ValueError(f"{name} must be {rule}, got {value!r}")
    return int(value)


def _at_least(settings: Any, name: str, least: int, unit: str = "") -> None:
    object.__setattr__(settings, name, check_count(name, getattr(settings, name), least, unit))


def _finite(settings: Any, name: str, *, zero: bool) -> None:
    value = getattr(settings, name)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    if value == 0 and not zero:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    object.__setattr__(settings, name, float(value))


@dataclass(frozen=True, kw_only=True)
class Word2VecSettings:
    """How word vectors are trained; everything that the result depends on, besides the corpus.

    Attributes:
        dim: Length of a word vector.
        window: Largest distance between a center and its context, in kept tokens; drawn from 1 to this for each center.
        negatives: Noise words for each pair.
        min_count: Words with fewer tokens are left out.
        max_vocab: Keep only so many of the most frequent words; None keeps all.
        subsample: Threshold of subsampling, a fraction of all tokens; 0 keeps every token.
        epochs: How often the corpus is gone through.
        learning_rate: At the start; it falls linearly with the tokens seen.
        seed: Seed of all random choices.
    """

    dim: int = 100
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    max_vocab: int | None = None
    subsample: float = 1e-3
    epochs: int = 5
    learning_rate: float = 0.025
    seed: int = 1

    def __post_init__(self) -> None:
        _at_least(self, "dim", 1, "numbers")
        _at_least(self, "window", 1, "tokens")
        _at_least(self, "negatives", 1, "noise words")
        _at_least(self, "min_count", 1, "tokens")
        if self.max_vocab is not None:
            _at_least(self, "max_vocab", 1, "words")
        _at_least(self, "epochs", 1, "epochs")
        _at_least(self, "seed", 0)
        _finite(self, "subsample", zero=True)
        _finite(self, "learning_rate", zero=False)
        if self.window > 200:
            raise ValueError(f"window must be at most 200 tokens, got {self.window}")
        if self.learning_rate > 1:
            raise ValueError(f"learning_rate must be at most 1, got {self.learning_rate}; 0.025 is usual")
