"""A held-out text during a training: measured fast between epochs, and exactly at the end."""

from typing import Protocol

from textkit.batches.sequences import SequenceBatches
from textkit.data.text_size import TextSize
from textkit.evaluation.perplexity import LanguageModelScore, score_documents, score_ids
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.id_stream import IdStream

ROW_TOKENS = 1024  # the least in each of the parts that a text is cut into; each begins without memory
SCORES = 1 << 24  # numbers of a softmax that are held at a time, each of 4 bytes


class HeldOut(Protocol):
    """A held-out text."""

    @property
    def unknown(self) -> float:
        """Share of its tokens that the vocabulary does not have, from 0 to 1."""

    def nats(self, model: RnnLanguageModel) -> float:
        """The loss per token, measured fast."""

    def score(self, model: RnnLanguageModel) -> LanguageModelScore:
        """The exact score."""


class HeldOutStream:
    """One stream of text.

    Args:
        stream: The text.
        rows: The most parts that it is cut into, to be read side by side; each has `ROW_TOKENS` at least.
    """

    def __init__(self, stream: IdStream, *, rows: int) -> None:
        self.stream = stream
        self.rows = max(min(rows, len(stream) // ROW_TOKENS), 1)
        self.unknown = stream.unknown / len(stream)

    def nats(self, model: RnnLanguageModel) -> float:
        """The loss per token, the parts being read side by side."""
        return self._score(model, self.rows).nats

    def score(self, model: RnnLanguageModel) -> LanguageModelScore:
        """The exact score: the text is read from its beginning to its end."""
        return self._score(model, 1)

    def _score(self, model: RnnLanguageModel, rows: int) -> LanguageModelScore:
        window = min(max(SCORES // (rows * model.vocab), 16), 256)
        return score_ids(model, self.stream, batch_size=rows, window=window, device=model.embedding.device)


class HeldOutDocuments:
    """Documents that stand alone; what is predicted is their tokens and their ends.

    Args:
        batches: The documents.
        size: Of their text as it was read, unknown or not.
        unknown: How many of their tokens are unknown.
    """

    def __init__(self, batches: SequenceBatches, size: TextSize, unknown: int) -> None:
        self.batches, self.size, self._unknown = batches, size, unknown
        self.unknown = unknown / sum(map(len, batches.documents))

    def nats(self, model: RnnLanguageModel) -> float:
        """The loss per token; for documents the fast way is exact too."""
        return self.score(model).nats

    def score(self, model: RnnLanguageModel) -> LanguageModelScore:
        """The exact score."""
        return score_documents(
            model,
            self.batches,
            characters=self.size.characters,
            size=self.size.utf8_bytes,
            unknown=self._unknown,
            device=model.embedding.device,
        )
