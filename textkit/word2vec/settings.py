"""Settings of word vector training."""

from dataclasses import dataclass

from textkit.checks import SUITED, check_choice, set_count, set_finite

MODELS = ("skipgram", "cbow")
LEARNING_RATES = {"skipgram": 0.025, "cbow": 0.05}


@dataclass(frozen=True, kw_only=True)
class Word2VecSettings:
    """Settings of word vector training: everything that the result depends on, besides the corpus.

    Attributes:
        model: "skipgram" predicts each context of a center, "cbow" the center from the mean of its contexts.
        dim: Dimension of the word vectors.
        window: Context window: maximum distance between a center and its context, in tokens that subsampling keeps;
            the distance is drawn from 1 to this for each center.
        negatives: Negative samples per (center, context) pair; with "cbow", per center.
        min_count: Minimum count of a word; rarer words are ignored.
        max_vocab: Maximum size of the vocabulary, most frequent words first; None for no limit.
        subsample: Subsampling threshold, as a fraction of all tokens; 0 disables subsampling.
        epochs: Number of passes over the corpus.
        learning_rate: Initial learning rate; it decays linearly with the number of tokens seen. It is 0.025, and 0.05
            with "cbow".
        seed: Seed of every random choice.
    """

    model: str = "skipgram"
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
    def is_skip_gram(self) -> bool:
        """Whether the model is skip-gram, which can be trained everywhere."""
        return self.model == "skipgram"

    def check_skip_gram(self, where: str, remedy: str) -> None:
        """Check that the model can be trained everywhere.

        Args:
            where: Where it is to be trained, for the error.
            remedy: Suggestion for the user, for the error.

        Raises:
            ValueError: If it is not skip-gram.
        """
        if not self.is_skip_gram:
            raise ValueError(f"model must be 'skipgram' {where}, got {self.model!r}; {remedy}")
