"""The settings that stand at the beginning of a model file of fastText."""

from dataclasses import astuple, dataclass
from typing import Literal

from textkit.fasttext.fields import Fields

MODELS = ("cbow", "skipgram", "supervised")  # numbered from 1 in the file
LOSSES = ("hierarchical", "negative", "softmax", "one-vs-all")
_LAYOUT = "12id"
_BYTES = 12 * 4 + 8
_MOST_DIM = 1 << 16
_MOST_LENGTH = 1 << 6  # of an n-gram: time and memory for a text grow with it


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Settings of a model, in the order of the file.

    Attributes:
        dim: Dimension of the vectors.
        window: Maximum distance of context words.
        epochs: Passes over the training text.
        min_count: Least count of a word.
        negatives: Negative samples per pair.
        word_ngrams: Maximum length of word n-grams of a text, in words; 1 for words only.
        loss: One of `LOSSES`.
        model: One of `MODELS`.
        buckets: Number of hash buckets of all n-grams.
        min_n: Minimum length of the n-grams of a word, in characters.
        max_n: Maximum length of the n-grams of a word; 0 for none.
        update_rate: Tokens between two changes of the learning rate.
        subsample: Subsampling threshold.
    """

    dim: int
    window: int = 5
    epochs: int = 5
    min_count: int = 1
    negatives: int = 5
    word_ngrams: int = 1
    loss: Literal["hierarchical", "negative", "softmax", "one-vs-all"] = "negative"
    model: Literal["cbow", "skipgram", "supervised"] = "skipgram"
    buckets: int = 0
    min_n: int = 0
    max_n: int = 0
    update_rate: int = 100
    subsample: float = 1e-4

    @property
    def has_subwords(self) -> bool:
        """Whether words have character n-grams."""
        return 0 < self.max_n >= self.min_n

    def values(self) -> tuple[int | float, ...]:
        """Return the numbers as they stand in the file."""
        values = list(astuple(self))
        values[6], values[7] = LOSSES.index(self.loss) + 1, MODELS.index(self.model) + 1
        return tuple(values)


def read_settings(fields: Fields) -> ModelSettings:
    """Read the settings.

    Raises:
        ValueError: If a number is impossible.
    """
    start = fields.position
    values = list(fields.numbers(_LAYOUT, "the settings"))
    for place, known in ((6, LOSSES), (7, MODELS)):
        if not 1 <= values[place] <= len(known):
            what = "loss" if place == 6 else "model"
            raise fields.error(f"the {what} must be from 1 to {len(known)}, got {values[place]}", start + 4 * place)
        values[place] = known[values[place] - 1]
    names = ModelSettings.__dataclass_fields__
    settings = ModelSettings(**dict(zip(names, values, strict=True)))
    for name, least, most in (
        ("dim", 1, _MOST_DIM),
        ("word_ngrams", 0, _MOST_LENGTH),
        ("buckets", 0, (1 << 31) - 1),
        ("min_n", 0, (1 << 31) - 1),
        ("max_n", 0, _MOST_LENGTH),
    ):
        value = getattr(settings, name)
        if not least <= value <= most:
            raise fields.error(
                f"{name} must be from {least} to {most:,}, got {value}", start + 4 * list(names).index(name)
            )
    if settings.buckets == 0 and (settings.has_subwords or settings.word_ngrams > 1):
        raise fields.error("buckets must be at least 1 for n-grams, got 0", start + 32)
    return settings
