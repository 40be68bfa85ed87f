"""Settings of text generation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from textkit.checks import check_choice, is_finite, set_count, set_finite
from textkit.generation.sampling import Logits, temperature, top_k, top_p
from textkit.other_names import class_with_other_names

Unseen = Literal["error", "skip"]


OTHER_NAMES = {
    **dict.fromkeys(("max_length", "max_new_tokens", "max_tokens", "n_words"), "length"),
    **dict.fromkeys(("num_samples", "num_return_sequences", "n"), "samples"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("stop_words", "stop_strings", "stop_sequences"), "stop"),
}
"""Names of the settings in other libraries."""


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class GenerationSettings:
    """Settings of text generation: everything but the prompt.

    Attributes:
        length: Maximum number of tokens to generate after the prompt.
        temperature: Divisor of the logits. 1 samples from the model's distribution, lower values are more
            conservative, and 0 always takes the most probable token (greedy decoding).
        top_k: Sample from this many most probable tokens; None for all.
        top_p: Sample from the smallest set of most probable tokens with at least this total probability (nucleus
            sampling), above 0 and at most 1; None for all.
        seed: Seed of all random choices; None draws a new one for each prompt.
        stop: One or more stop strings. A text ends before the first of them. The attribute is stored as a tuple.
        samples: Number of texts to generate.
        unknown: What to do with tokens of the prompt that are not in the vocabulary: "error" raises, "skip" drops them.
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
        set_count(self, "length", 1, remedy="it counts the tokens after the prompt")
        set_count(self, "samples", 1, remedy="1 generates a single text")
        if self.top_k is not None:
            set_count(self, "top_k", 1, remedy="leave it out to sample from all tokens")
        if self.seed is not None:
            set_count(self, "seed", 0, remedy="1 is usual")
        set_finite(
            self,
            "temperature",
            zero=True,
            remedy="0 takes the most probable token, 1 samples from the model's distribution",
        )
        if self.top_p is not None and (not is_finite(self.top_p) or not 0 < self.top_p <= 1):
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p!r}; 1 keeps all tokens")
        check_choice("unknown", self.unknown, get_args(Unseen))
        object.__setattr__(self, "stop", _stops(self.stop))

    def sampled(self, logits: Logits) -> Logits:
        """Apply temperature, top_k and top_p, in this order, to the logits of one step.

        Args:
            logits: (vocab,).

        Returns:
            (vocab,).

        Raises:
            FloatingPointError: If the logits are not finite.
        """
        logits = temperature(logits, self.temperature)
        if self.top_k is not None:
            logits = top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = top_p(logits, self.top_p)
        return logits


def _stops(stop: Any) -> tuple[str, ...]:
    if stop is not None and not isinstance(stop, str | Sequence):
        raise ValueError(f"stop must be one or more non-empty strings, got {stop!r}; leave it out")
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    for item in stops:
        if not isinstance(item, str) or not item:
            raise ValueError(f"stop must be one or more non-empty strings, got {item!r}; leave it out")
    return stops
