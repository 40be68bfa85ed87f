"""Settings of word vector training."""

from dataclasses import dataclass

from textkit.checks import set_count, set_finite


@dataclass(frozen=True, kw_only=True)
class Word2VecSettings:
    """Settings of word vector training: everything that the result depends on, besides the corpus.

    Attributes:
        dim: Dimension of the word vectors.
        window: Context window: maximum distance between a center and its context, in tokens that subsampling keeps;
            the distance is drawn from 1 to this for each center.
        negatives: Negative samples per (center, context) pair.
        min_count: Minimum count of a word; rarer words are ignored.
        max_vocab: Maximum size of the vocabulary, most frequent words first; None for no limit.
        subsample: Subsampling threshold, as a fraction of all tokens; 0 disables subsampling.
        epochs: Number of passes over the corpus.
        learning_rate: Initial learning rate; it decays linearly with the number of tokens seen.
        seed: Seed of every random choice.
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
        set_count(self, "dim", 1, "number")
        set_count(self, "window", 1, "token")
        set_count(self, "negatives", 1, "negative sample")
        set_count(self, "min_count", 1, "token")
        if self.max_vocab is not None:
            set_count(self, "max_vocab", 1, "word")
        set_count(self, "epochs", 1, "epoch")
        set_count(self, "seed", 0)
        set_finite(self, "subsample", zero=True)
        set_finite(self, "learning_rate", zero=False)
        if self.window > 200:
            raise ValueError(f"window must be at most 200 tokens, got {self.window}; 5 is usual")
        if self.learning_rate > 1:
            raise ValueError(f"learning_rate must be at most 1, got {self.learning_rate}; 0.025 is usual")
