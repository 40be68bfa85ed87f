"""Settings of word vector training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textkit.checks import SUITED, check_choice, check_count, check_switch, set_count, set_finite

MODELS = ("skipgram", "cbow")
LOSSES = ("negative", "hierarchical")
MAX_BUCKETS = 1_000_000_000  # row numbers are int32
MAX_LENGTH = 64  # of an n-gram, as in the files of fastText
LEARNING_RATES = {"skipgram": 0.025, "cbow": 0.05}


@dataclass(frozen=True, kw_only=True)
class Word2VecSettings:
    """Settings of word vector training: everything that the result depends on, besides the corpus.

    Attributes:
        model: "skipgram" predicts each context of a center, "cbow" the center from the mean of its contexts.
        loss: "negative" for negative sampling, "hierarchical" for hierarchical softmax.
        subwords: Minimum and maximum length of the n-grams of words, in characters; None for no n-grams.
        buckets: Number of rows for n-grams, which share them by hash.
        position_weights: Whether CBOW learns a vector for each place in the window, by which it multiplies contexts.
        dim: Dimension of the word vectors.
        window: Context window: maximum distance between a center and its context, in tokens that subsampling keeps;
            the distance is drawn from 1 to this for each center.
        negatives: Negative samples per (center, context) pair; with "cbow", per center. Unused with "hierarchical".
        min_count: Minimum count of a word; rarer words are ignored.
        max_vocab: Maximum size of the vocabulary, most frequent words first; None for no limit.
        subsample: Subsampling threshold, as a fraction of all tokens; 0 disables subsampling.
        epochs: Number of passes over the corpus.
        learning_rate: Initial learning rate; it decays linearly with the number of tokens seen. It is 0.025, and 0.05
            with "cbow".
        seed: Seed of every random choice.
    """

    model: str = "skipgram"
    loss: str = "negative"
    subwords: tuple[int, int] | None = None
    buckets: int = 2_000_000
    position_weights: bool = False
    dim: int = 100
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    max_vocab: int | None = None
    subsample: float = 1e-3
    epochs: int = 5
    learning_rate: float = SUITED
    seed: int = 1

    def __post_init__(self) -> None:
        check_choice("model", self.model, MODELS)
        check_choice("loss", self.loss, LOSSES)
        set_count(self, "buckets", 1, "bucket")
        if self.subwords is not None:
            object.__setattr__(self, "subwords", _checked_lengths(self.subwords))
        elif self.buckets != Word2VecSettings.buckets:
            raise ValueError(f"buckets must be left out without subwords, got {self.buckets!r}; pass subwords=(3, 6)")
        if self.buckets > MAX_BUCKETS:
            raise ValueError(f"buckets must be at most {MAX_BUCKETS:,}, got {self.buckets:,}; 2,000,000 is usual")
        object.__setattr__(self, "position_weights", check_switch("position_weights", self.position_weights))
        if self.position_weights and not (self.model == "cbow" and self.loss == "negative"):
            raise ValueError(
                f"position_weights must be False with model={self.model!r} and loss={self.loss!r}, got True; they are "
                "for model='cbow' and loss='negative'"
            )
        set_count(self, "dim", 1, "number")
        set_count(self, "window", 1, "token")
        set_count(self, "negatives", 1, "negative sample")
        set_count(self, "min_count", 1, "token")
        if self.max_vocab is not None:
            set_count(self, "max_vocab", 1, "word")
        set_count(self, "epochs", 1, "epoch")
        set_count(self, "seed", 0)
        set_finite(self, "subsample", zero=True)
        if self.learning_rate is SUITED:
            object.__setattr__(self, "learning_rate", LEARNING_RATES[self.model])
        set_finite(self, "learning_rate", zero=False)
        if self.window > 200:
            raise ValueError(f"window must be at most 200 tokens, got {self.window}; 5 is usual")
        if self.learning_rate > 1:
            usual = LEARNING_RATES[self.model]
            raise ValueError(f"learning_rate must be at most 1, got {self.learning_rate}; {usual} is usual")

    @property
    def positions(self) -> int:
        """Number of places in a window that have weights."""
        return 2 * self.window if self.position_weights else 0

    @property
    def is_plain(self) -> bool:
        """Whether it is plain skip-gram with negative sampling, which can be trained everywhere."""
        return self.model == "skipgram" and self.loss == "negative" and self.subwords is None

    def check_plain(self, where: str, remedy: str) -> None:
        """Check that the model can be trained everywhere.

        Args:
            where: Where it is to be trained, for the error.
            remedy: Suggestion for the user, for the error.

        Raises:
            ValueError: If it is not skip-gram, has subwords or another loss than negative sampling.
        """
        if self.model != "skipgram":
            raise ValueError(f"model must be 'skipgram' {where}, got {self.model!r}; {remedy}")
        if self.loss != "negative":
            raise ValueError(f"loss must be 'negative' {where}, got {self.loss!r}; {remedy}")
        if self.subwords is not None:
            raise ValueError(f"subwords must be None {where}, got {self.subwords}; {remedy}")


def _checked_lengths(lengths: Any) -> tuple[int, int]:
    """Return the minimum and the maximum length of n-grams."""
    rule = f"subwords must be (minimum, maximum), lengths of n-grams in characters, got {lengths!r}; pass (3, 6)"
    if isinstance(lengths, str) or not isinstance(lengths, Sequence) or len(lengths) != 2:
        raise ValueError(rule)
    least, most = (check_count("subwords", length, 1, "character") for length in lengths)
    if least > most:
        raise ValueError(rule)
    if most > MAX_LENGTH:
        raise ValueError(f"subwords must be at most {MAX_LENGTH} characters long, got {lengths!r}; pass (3, 6)")
    return least, most
