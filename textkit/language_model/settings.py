"""Settings of language model training."""

from dataclasses import dataclass
from typing import Literal

from textkit.checks import PRECISIONS, check_choice, set_count, set_finite

_COUNTS = (
    ("batch_size", "stream"),
    ("window", "token"),
    ("epochs", "epoch"),
    ("accumulate", "batch"),
    ("min_count", "token"),
)
_CHOICES = {
    "optimizer": ("adamw", "sgd"),
    "schedule": ("constant", "linear", "cosine", "plateau"),
    "precision": PRECISIONS,
}


@dataclass(frozen=True, kw_only=True)
class LanguageModelSettings:
    """How a language model is trained; everything that the result depends on, besides model, corpus and seed.

    Attributes:
        batch_size: Parallel streams that the text is folded into.
        window: Tokens of each stream in a batch, through which gradients flow back.
        epochs: How often the text is gone through.
        optimizer: "adamw" (Loshchilov and Hutter 2019), or "sgd", which reaches lower perplexities with words if there
            are a million and the learning rate is high (20 to 30, with a ``clip_norm`` of 0.25).
        learning_rate: The highest; ``schedule`` says how it changes.
        weight_decay: How strongly weights are drawn to zero: "adamw" takes learning_rate * weight_decay of each weight
            away in a step, "sgd" adds weight_decay times the weight to its gradient. Biases are left alone.
        clip_norm: Longest gradient of a step, by its Euclidean norm; None for any.
        schedule: "constant", "linear" or "cosine" (down to 0 at the end of the last epoch), or "plateau" (cut when the
            held-out loss does not fall).
        warmup: Steps in which the learning rate rises from 0, before ``schedule`` begins.
        plateau_factor: What the learning rate is multiplied with by "plateau", above 0 and below 1.
        averaging: Whether weights are averaged once the held-out loss does not fall (NT-ASGD, Merity et al. 2018).
        non_monotone: How many epochs ago the best held-out loss must be for averaging to begin.
        patience: Stop when the held-out loss has not fallen for so many epochs; None goes through all of them.
        random_windows: Whether the length of windows varies around ``window`` (Merity et al. 2018).
        state_reset: Chance, from 0 to below 1, that what is remembered of a stream is forgotten before a window. A
            model that has never begun without memory may write nonsense when it does.
        accumulate: Batches whose gradients are accumulated for one optimizer step.
        precision: "float32", or "bfloat16" for mixed precision: faster on a GPU, and on a CPU with instructions for it
            (AVX-512 BF16, AMX); slower on any other.
        min_count: Minimum count of a token; rarer tokens become ``<unk>``.
        max_vocab: Maximum size of the vocabulary, special tokens included; None for no limit.
        documents: Whether each document of the corpus stands alone, as names and poems do: it begins and ends with
            special tokens and nothing is remembered from one to the next. A batch then has batch_size * window tokens
            at most, padding included.
    """

    batch_size: int = 16
    window: int = 64
    epochs: int = 10
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    schedule: Literal["constant", "linear", "cosine", "plateau"] = "cosine"
    warmup: int = 0
    plateau_factor: float = 0.25
    averaging: bool = False
    non_monotone: int = 5
    patience: int | None = None
    random_windows: bool = False
    state_reset: float = 0.02
    accumulate: int = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    min_count: int = 1
    max_vocab: int | None = None
    documents: bool = False

    def __post_init__(self) -> None:
        for name, unit in _COUNTS:
            set_count(self, name, 1, unit)
        for name, unit in (("warmup", "step"), ("non_monotone", "epoch")):
            set_count(self, name, 0, unit)
        for name, unit in (("patience", "epoch"), ("max_vocab", "token")):
            if getattr(self, name) is not None:
                set_count(self, name, 1, unit)
        set_finite(self, "learning_rate", zero=False)
        set_finite(self, "weight_decay", zero=True)
        if self.clip_norm is not None:
            set_finite(self, "clip_norm", zero=False)
        set_finite(self, "plateau_factor", zero=False)
        set_finite(self, "state_reset", zero=True)
        if self.state_reset >= 1:
            raise ValueError(f"state_reset must be below 1, got {self.state_reset}; 0.02 is usual")
        if self.plateau_factor >= 1:
            raise ValueError(f"plateau_factor must be below 1, got {self.plateau_factor}; 0.25 is usual")
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        if self.documents and self.random_windows:
            raise ValueError("random_windows must be False with documents, got True; documents are not cut")
