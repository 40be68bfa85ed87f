"""Settings of word vector training."""

from dataclasses import dataclass

from textkit.checks import set_count, set_finite


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
        set_count(self, "dim", 1, "number")
        set_count(self, "window", 1, "token")
        set_count(self, "negatives", 1, "noise word")
        set_count(self, "min_count", 1, "token")
        if self.max_vocab is not None:
            set_count(self, "max_vocab", 1, "word")
        set_count(self, "epochs", 1, "epoch")
        set_count(self, "seed", 0)
        set_finite(self, "subsample", zero=True)
        set_finite(self, "learning_rate", zero=False)
        if self.window > 200:
            raise ValueError(f"window must be at most 200 tokens, got {self.window}")
        if self.learning_rate > 1:
            raise ValueError(f"learning_rate must be at most 1, got {self.learning_rate}; 0.025 is usual")
