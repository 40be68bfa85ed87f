"""Score a text with a language model: nats per token, perplexity, bits per character and per byte."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.records import IGNORED, BpttBatch, SequenceBatch, TwoWayBatch
from textkit.batches.sequences import SequenceBatches
from textkit.display.html import ShownAsTable
from textkit.files.mapped import release, span
from textkit.models.bidirectional_language_model import BidirectionalLanguageModel
from textkit.models.loss import Loss
from textkit.progress import ProgressBar
from textkit.text.id_stream import IdStream

MAX_LOGITS = 1 << 24
"""Maximum number of logits in memory at a time, 4 bytes each."""


class Scorable(Protocol):
    """A torch module that reads windows of text and carries a state from one to the next."""

    training: bool
    vocab: int

    def window_loss(self, batch: Any, state: Any = None) -> tuple[Loss, Any]:
        """Compute the summed loss of a window and the state after it."""

    def train(self, mode: bool = True) -> Any:
        """Switch training mode on or off."""


@dataclass(frozen=True, kw_only=True)
class LanguageModelScore(ShownAsTable):
    """Score of a text. Figures per character, byte and word refer to the original text, unknown tokens included.

    Those of a bidirectional model are of its forward direction, which reads and predicts as other models do.

    Attributes:
        nats: Mean negative log-likelihood per predicted token, in nats.
        perplexity: exp(nats): the number of equally probable tokens with the same uncertainty.
        perplexity_per_word: The same per word between white space, and per line end, so that models of different units
            can be compared; None if the number of words is not known.
        perplexity_per_byte: The same per byte of the text in UTF-8.
        bits_per_character: Negative log-likelihood in bits per character of the text (line ends are characters).
        bits_per_byte: Negative log-likelihood in bits per byte of the text in UTF-8.
        unknown: Fraction of the tokens that are not in the vocabulary, from 0 to 1. If it is not 0, the other figures
            are too good, because the model only has to predict that a token is unknown.
        tokens: Number of predicted tokens: all but the first.
        characters: Number of characters of the text.
        bytes: Number of bytes of the text in UTF-8.
        words: Number of words between white space, and of line ends; None if it is not known.
        backward_nats: Mean negative log-likelihood per token by the backward direction of a bidirectional model, which
            predicts all tokens but the last from those after them; None for other models.
        backward_perplexity: exp(backward_nats).
    """

    nats: float
    perplexity: float
    bits_per_character: float
    bits_per_byte: float
    unknown: float
    tokens: int
    characters: int
    bytes: int
    words: int | None = None
    perplexity_per_word: float | None = None
    perplexity_per_byte: float = math.nan
    backward_nats: float | None = None
    backward_perplexity: float | None = None

    @property
    def directions(self) -> tuple[float, ...]:
        """The nats per token of each direction; a bidirectional model has two."""
        return (self.nats,) if self.backward_nats is None else (self.nats, self.backward_nats)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        rows = (
            ("nats per token", f"{self.nats:.4f}"),
            ("perplexity", f"{self.perplexity:,.2f}"),
            *([("perplexity backward", f"{back:,.2f}")] if (back := self.backward_perplexity) else []),
            *([("perplexity per word", f"{per_word:,.2f}")] if (per_word := self.perplexity_per_word) else []),
            ("perplexity per byte", f"{self.perplexity_per_byte:,.2f}"),
            ("bits per character", f"{self.bits_per_character:.4f}"),
            ("bits per byte", f"{self.bits_per_byte:.4f}"),
            ("unknown tokens", f"{100 * self.unknown:.2f} %"),
            ("tokens predicted", f"{self.tokens:,}"),
            ("characters", f"{self.characters:,}"),
            ("bytes", f"{self.bytes:,}"),
            *([("words and line ends", f"{self.words:,}")] if self.words is not None else []),
        )
        width = max(len(value) for _, value in rows)
        note = ["(unknown tokens make all figures too good: which they are is not predicted)"] if self.unknown else []
        return "\n".join([*(f"{name:19}  {value:>{width}}" for name, value in rows), *note])


def score_ids(
    model: Scorable,
    stream: IdStream,
    *,
    batch_size: int = 1,
    window: int | None = None,
    device: torch.device | str = "cpu",
    bar: ProgressBar | None = None,
) -> LanguageModelScore:
    """Score a stream: every token but the first is predicted from all tokens before it.

    Losses are summed in float64 and divided once. Bits per character are bits per token times the number of tokens per
    character of the text.

    Args:
        model: The model; it is switched to evaluation mode and back.
        stream: The text.
        batch_size: Number of parts that the text is split into, to be read in parallel. 1 is exact; more are faster,
            but each part starts from an empty state.
        window: Number of tokens of each part to read at a time; it affects the speed and not the result. None for 256,
            or less with a large vocabulary.
        device: Device of the model.
        bar: Bar to move by one for each predicted token; None for no bar.

    Raises:
        ValueError: If there are fewer than two tokens, a size is below 1, or ``batch_size`` exceeds the number of
            predictions.
        FloatingPointError: If the loss is not finite.
    """
    predictions = len(stream) - 1
    if predictions < 1:
        raise ValueError(f"text must have at least 2 tokens, got {len(stream)}; pass a longer text")
    if window is None:
        window = min(max(MAX_LOGITS // (batch_size * model.vocab), 16), 256) if batch_size > 0 else 1
    for name, value in (("batch_size", batch_size), ("window", window)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if batch_size > predictions:
        raise ValueError(
            f"batch_size must be at most the {predictions} tokens to predict, got {batch_size}; 1 is exact for any text"
        )
    batches: Iterable[BpttBatch | TwoWayBatch] = windows(stream.ids, batch_size, window)
    if isinstance(model, BidirectionalLanguageModel):
        batches = _two_way_windows(stream.ids, batch_size, window)
    return stream_score(stream, *_totals(model, batches, device, bar))


def stream_score(stream: IdStream, total: float, backward_total: float | None = None) -> LanguageModelScore:
    """Return the score of a stream.

    Args:
        stream: The text.
        total: Negative log-likelihood of all tokens but the first, in nats.
        backward_total: That of all tokens but the last by the backward direction of a bidirectional model.
    """
    predictions = len(stream) - 1
    nats = total / predictions
    return _score(
        nats,
        # The whole text, as if the first token, which is not predicted, had the mean loss of the others.
        nats * len(stream),
        unknown=stream.unknown / len(stream),
        tokens=predictions,
        characters=stream.characters,
        size=stream.bytes,
        words=stream.words,
        backward_nats=None if backward_total is None else backward_total / predictions,
    )


def score_documents(
    model: Scorable,
    documents: SequenceBatches,
    *,
    characters: int,
    size: int,
    unknown: int,
    words: int | None = None,
    device: torch.device | str = "cpu",
    bar: ProgressBar | None = None,
) -> LanguageModelScore:
    """Score independent documents: every token and the end of each document are predicted.

    Args:
        model: The model; it is switched to evaluation mode and back.
        documents: The documents.
        characters: Number of characters of all documents, with one for the end of each.
        size: Number of bytes of all documents in UTF-8, with one for the end of each.
        unknown: Number of tokens that are not in the vocabulary.
        words: Number of words of all documents, with one for the end of each; None if it is not known.
        device: Device of the model.
        bar: Bar to move by one for each predicted token; None for no bar.

    Raises:
        FloatingPointError: If the loss is not finite.
    """
    total, *backward = _totals(model, documents.epoch(), device, bar)
    return _score(
        total / documents.predictions,
        total,
        unknown=unknown / (documents.predictions - len(documents.documents)),
        tokens=documents.predictions,
        characters=characters,
        size=size,
        words=words,
        backward_nats=backward[0] / documents.predictions if backward else None,
    )


def _score(
    nats: float,
    total: float,
    *,
    unknown: float,
    tokens: int,
    characters: int,
    size: int,
    words: int | None,
    backward_nats: float | None,
) -> LanguageModelScore:
    """Return a score from the nats per token and those of the whole text."""
    return LanguageModelScore(
        nats=nats,
        perplexity=_perplexity(nats),
        perplexity_per_word=_perplexity(total / words) if words else None,
        perplexity_per_byte=_perplexity(total / size),
        bits_per_character=total / math.log(2) / characters,
        bits_per_byte=total / math.log(2) / size,
        unknown=unknown,
        tokens=tokens,
        characters=characters,
        bytes=size,
        words=words,
        backward_nats=backward_nats,
        backward_perplexity=None if backward_nats is None else _perplexity(backward_nats),
    )


def _totals(
    model: Scorable,
    batches: Iterable[BpttBatch | SequenceBatch | TwoWayBatch],
    device: torch.device | str,
    bar: ProgressBar | None,
) -> list[float]:
    """Sum the loss of all batches, in nats, of each direction; the state is carried from window to window."""
    totals: list[float] = []
    state, was_training = None, model.training
    model.train(False)
    try:
        with torch.inference_mode():
            for batch in batches:
                loss, after = model.window_loss(batch.to(device), state)
                found = [part.item() for part in loss.directions or (loss.total,)]
                totals = [sum(pair) for pair in zip(totals or [0.0] * len(found), found, strict=True)]
                if bar is not None:
                    bar.move(bar.position + loss.count)
                state = None if isinstance(batch, SequenceBatch) else after
    finally:
        model.train(was_training)
    if not math.isfinite(total := sum(totals)):
        raise FloatingPointError(
            f"the loss must be a finite number, got {total}; the model's weights are damaged, train it again"
        )
    return totals


def _perplexity(nats: float) -> float:
    return math.exp(nats) if nats < 700 else math.inf


def _two_way_windows(ids: NDArray[np.int32], rows: int, window: int) -> Iterator[TwoWayBatch]:
    for forward, backward in zip(windows(ids, rows, window), windows(ids[::-1], rows, window), strict=True):
        yield TwoWayBatch(forward=forward, backward=backward)


def windows(ids: NDArray[np.int32], rows: int, window: int) -> Iterator[BpttBatch]:
    """Split a stream into rows, each starting with the last token of the previous row, and the rows into windows.

    >>> (batch,) = windows(np.arange(6, dtype=np.int32), rows=2, window=9)
    >>> batch.inputs.tolist(), batch.targets.tolist()
    ([[0, 1, 2], [3, 4, 4]], [[1, 2, 3], [4, 5, -100]])
    """
    predictions = len(ids) - 1
    time = -(-predictions // rows)
    unreleased = 0
    for start in range(0, time, window):
        steps = np.arange(start, min(start + window, time))
        positions = np.arange(rows)[:, None] * time + steps  # (rows, steps)
        real = positions < predictions
        positions = np.minimum(positions, predictions - 1)
        batch = BpttBatch(
            inputs=torch.from_numpy(ids[positions].astype(np.int64)),
            targets=torch.from_numpy(np.where(real, ids[positions + 1], IGNORED).astype(np.int64)),
            first=start == 0,
        )
        if (unreleased := unreleased + positions.size) >= span(rows):
            release(ids)
            unreleased = 0
        yield batch
