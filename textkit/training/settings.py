"""The settings of each training, with their defaults and checks in one place."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal


def check_count(name: str, value: Any, least: int, unit: str = "") -> int:
    """Return a whole number as an int, NumPy's too.

    Args:
        name: What it is called in an error.
        value: What was given.
        least: The smallest that is allowed.
        unit: What it counts, in the singular.

    Raises:
        ValueError: If it is something else, or below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        rule = f"an integer of at least {least} {unit}".strip() + ("s" if unit and least != 1 else "")
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
        _at_least(self, "dim", 1, "number")
        _at_least(self, "window", 1, "token")
        _at_least(self, "negatives", 1, "noise word")
        _at_least(self, "min_count", 1, "token")
        if self.max_vocab is not None:
            _at_least(self, "max_vocab", 1, "word")
        _at_least(self, "epochs", 1, "epoch")
        _at_least(self, "seed", 0)
        _finite(self, "subsample", zero=True)
        _finite(self, "learning_rate", zero=False)
        if self.window > 200:
            raise ValueError(f"window must be at most 200 tokens, got {self.window}")
        if self.learning_rate > 1:
            raise ValueError(f"learning_rate must be at most 1, got {self.learning_rate}; 0.025 is usual")


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
    "precision": ("float32", "bfloat16"),
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
        accumulate: Batches for each step, for more text in a step than fits into memory.
        precision: "float32", or "bfloat16" for mixed precision: faster on a GPU, and on a CPU with instructions for it
            (AVX-512 BF16, AMX); slower on any other.
        min_count: Tokens seen fewer times in the text become ``<unk>``.
        max_vocab: The most tokens in the vocabulary, special ones included; None for all.
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
            _at_least(self, name, 1, unit)
        for name, unit in (("warmup", "step"), ("non_monotone", "epoch")):
            _at_least(self, name, 0, unit)
        for name, unit in (("patience", "epoch"), ("max_vocab", "token")):
            if getattr(self, name) is not None:
                _at_least(self, name, 1, unit)
        _finite(self, "learning_rate", zero=False)
        _finite(self, "weight_decay", zero=True)
        if self.clip_norm is not None:
            _finite(self, "clip_norm", zero=False)
        _finite(self, "plateau_factor", zero=False)
        _finite(self, "state_reset", zero=True)
        if self.state_reset >= 1:
            raise ValueError(f"state_reset must be below 1, got {self.state_reset}; 0.02 is usual")
        if self.plateau_factor >= 1:
            raise ValueError(f"plateau_factor must be below 1, got {self.plateau_factor}; 0.25 is usual")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
        if self.documents and self.random_windows:
            raise ValueError("random_windows must be False with documents, got True; documents are not cut")


_CLASSIFIER_COUNTS = (
    ("epochs", 1, "epoch"),
    ("batch_size", 1, "text"),
    ("budget", 1, "token"),
    ("min_count", 1, "token"),
)
_CLASSIFIER_OPTIONAL = (
    ("patience", 1, "epoch"),
    ("freeze_epochs", 0, "epoch"),
    ("max_vocab", 1, "token"),
    ("max_length", 1, "token"),
)


@dataclass(frozen=True, kw_only=True)
class ClassifierSettings:
    """How a classifier is trained; everything that the result depends on, besides model, texts, labels and seed.

    Attributes:
        epochs: How often the texts are gone through.
        batch_size: The most texts in a batch, and
        budget: the most tokens, padding included; a longer text is a batch by itself.
        learning_rate: At the start; it falls linearly to 0.
        vector_rate: The same for the vectors of words and n-grams of a `WordAvg` on a CPU, which learn by Adagrad,
            without ``weight_decay`` and ``clip_norm``.
        weight_decay: Share of the weights, times the learning rate, that is taken away in a step.
        clip_norm: Longest gradient of a step, by its Euclidean norm; None for any.
        label_smoothing: Share of the probability that is spread over all classes, from 0 to below 1.
        patience: Stop when the held-out accuracy (of equal ones, the loss) was not better for so many epochs; None goes
            through all of them.
        freeze_epochs: Epochs in which given ``vectors`` stay as they are: 0 for none of them, None for all.
        valid_share: Share of the texts that is held out of each class if no held-out texts are given; 0 for none.
        min_count: Tokens seen fewer times become ``<unk>`` in training, and stay it unless they come with a vector.
        max_vocab: The most tokens in the vocabulary, special ones and those of vectors included; None for all.
        max_length: Longer texts are cut after so many tokens; None for never.
        precision: "float32", or "bfloat16" for mixed precision: faster on a GPU, and on a CPU with instructions for it.
    """

    epochs: int = 10
    batch_size: int = 32
    budget: int = 16384
    learning_rate: float = 1e-3
    vector_rate: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.0
    patience: int | None = 3
    freeze_epochs: int | None = 0
    valid_share: float = 0.1
    min_count: int = 1
    max_vocab: int | None = None
    max_length: int | None = None
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        for name, least, unit in _CLASSIFIER_COUNTS:
            _at_least(self, name, least, unit)
        for name, least, unit in _CLASSIFIER_OPTIONAL:
            if getattr(self, name) is not None:
                _at_least(self, name, least, unit)
        for name in ("learning_rate", "vector_rate"):
            _finite(self, name, zero=False)
        _finite(self, "weight_decay", zero=True)
        if self.clip_norm is not None:
            _finite(self, "clip_norm", zero=False)
        for name in ("label_smoothing", "valid_share"):
            _finite(self, name, zero=True)
            if getattr(self, name) >= 1:
                raise ValueError(f"{name} must be below 1, got {getattr(self, name)}; 0.1 is usual")
        if self.precision not in _CHOICES["precision"]:
            raise ValueError(f"precision must be one of {', '.join(_CHOICES['precision'])}, got {self.precision!r}")
