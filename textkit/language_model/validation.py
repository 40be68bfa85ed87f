"""Validation text: a fast loss after each epoch, and an exact score at the end of training."""

from typing import Protocol

from textkit.batches.sequences import SequenceBatches
from textkit.data.text_size import TextSize
from textkit.evaluation.perplexity import LanguageModelScore, score_documents, score_ids
from textkit.models.language_model import LanguageModelNetwork
from textkit.progress import ProgressBar
from textkit.text.id_stream import IdStream

# Minimum length of the parts of a split text. Each starts from an empty state, which raises the loss a little.
ROW_TOKENS = 1024
SCORES = 1 << 24  # maximum number of logits in memory at a time, 4 bytes each


class Validation(Protocol):
    """A validation text."""

    @property
    def unknown(self) -> float:
        """Fraction of its tokens that are not in the vocabulary, from 0 to 1."""

    def losses(self, model: LanguageModelNetwork, *, progress: bool = False) -> tuple[float, ...]:
        """Compute the loss per token, fast; for a bidirectional model that of each direction."""

    def score(self, model: LanguageModelNetwork, *, progress: bool = False) -> LanguageModelScore:
        """Compute the exact score."""


class StreamValidation:
    """A validation text that is one stream.

    Args:
        stream: The text.
        rows: Maximum number of parts that the text is split into, to be read in parallel; each has at least
            `ROW_TOKENS` tokens.
    """

    def __init__(self, stream: IdStream, *, rows: int) -> None:
        self.stream = stream
        self.rows = max(min(rows, len(stream) // ROW_TOKENS), 1)
        self.unknown = stream.unknown / len(stream)

    def losses(self, model: LanguageModelNetwork, *, progress: bool = False) -> tuple[float, ...]:
        """Compute the loss per token of each direction, reading the parts in parallel."""
        with _validation_bar(len(self.stream) - 1, progress) as bar:
            return self._score(model, self.rows, bar).directions

    def score(self, model: LanguageModelNetwork, *, progress: bool = False) -> LanguageModelScore:
        """Compute the exact score, reading the text as one stream."""
        with ProgressBar("scoring", total=len(self.stream) - 1, unit="tokens", show=progress) as bar:
            return self._score(model, 1, bar)

    def _score(self, model: LanguageModelNetwork, rows: int, bar: ProgressBar) -> LanguageModelScore:
        window = model.evaluation_window or min(max(SCORES // (rows * model.vocab), 16), 256)
        return score_ids(model, self.stream, batch_size=rows, window=window, device=model.embedding.device, bar=bar)


class DocumentValidation:
    """Validation documents without a shared state; the predictions are their tokens and their ends.

    Args:
        batches: The documents.
        size: Size of their text as it was read, unknown tokens included.
        unknown: Number of unknown tokens.
    """

    def __init__(self, batches: SequenceBatches, size: TextSize, unknown: int) -> None:
        self.batches, self.size, self._unknown = batches, size, unknown
        self.unknown = unknown / sum(map(len, batches.documents))

    def losses(self, model: LanguageModelNetwork, *, progress: bool = False) -> tuple[float, ...]:
        """Compute the loss per token of each direction. Documents are read in parallel anyway, so it is exact too."""
        with _validation_bar(self.batches.predictions, progress) as bar:
            return self._score(model, bar).directions

    def score(self, model: LanguageModelNetwork, *, progress: bool = False) -> LanguageModelScore:
        """Compute the exact score."""
        with ProgressBar("scoring", total=self.batches.predictions, unit="tokens", show=progress) as bar:
            return self._score(model, bar)

    def _score(self, model: LanguageModelNetwork, bar: ProgressBar) -> LanguageModelScore:
        return score_documents(
            model,
            self.batches,
            characters=self.size.characters,
            size=self.size.utf8_bytes,
            words=self.size.words,
            unknown=self._unknown,
            device=model.embedding.device,
            bar=bar,
        )


def _validation_bar(predictions: int, progress: bool) -> ProgressBar:
    return ProgressBar("validation", total=predictions, unit="tokens", show=progress, brief=True)
