"""The surprisal of each token of a text, as tables."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textkit.evaluation.surprisal import token_nats
from textkit.language_model.scoring import Scorer, opened_documents
from textkit.progress import ProgressBar
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import LINE_ENDS, encoded_stream, text_tokens
from textkit.text.tokenizers import get_tokenizer

if TYPE_CHECKING:
    import pandas as pd


def surprisal_tables(
    model: Scorer, text: object, *, reading: dict[str, Any], progress: bool
) -> Iterator["pd.DataFrame"]:
    """Yield the rows of `LanguageModel.surprisal`, some hundred tokens at a time.

    Args:
        model: The language model.
        text: The text, or a corpus.
        reading: Options for reading files: ``column``, ``encoding`` and ``errors``.
        progress: Whether to show progress on stderr.

    Raises:
        ValueError: If there are fewer than two tokens.
    """
    if "<bos>" in model.vocabulary.specials:
        yield from _document_tables(model, text, reading, progress)
        return
    ids, types = _read(model, text, reading, progress)
    if len(ids) < 2:
        raise ValueError(f"text must have at least 2 tokens, got {len(ids)}; pass a longer text")
    is_end = types.tokens == LINE_ENDS[model.unit]
    with ProgressBar("scoring", total=len(ids) - 1, unit="tokens", show=progress) as bar:
        # Nothing comes before the first token, which is therefore not predicted.
        yield types.table(ids[:1], np.array([math.nan]), np.zeros(1, np.int64))
        position, document = 1, int(is_end[ids[0]])
        for nats in token_nats(model.model, ids, numbers=types.numbers, device=model.device, bar=bar):
            window = ids[position : position + len(nats)]
            ends = is_end[window].astype(np.int64)
            yield types.table(window, nats, document + np.cumsum(ends) - ends)
            position, document = position + len(nats), document + int(ends.sum())


def _document_tables(model: Scorer, text: object, reading: dict[str, Any], progress: bool) -> Iterator["pd.DataFrame"]:
    from textkit.text.encoding import encode_corpus

    splitter = model.tokenizer or get_tokenizer("character")
    encoded = encode_corpus(opened_documents(text, **reading), tokenizer=splitter, progress=progress)
    begin, end = len(encoded.vocabulary), len(encoded.vocabulary) + 1
    types = _Types.of(model, (*encoded.vocabulary.tokens, "<bos>", "<eos>"))
    predictions = sum(len(ids) + 1 for ids in encoded.documents() if len(ids))
    with ProgressBar("scoring", total=predictions, unit="tokens", show=progress) as bar:
        for document, ids in enumerate(encoded.documents()):
            if not len(ids):
                continue
            whole, position = np.concatenate([[begin], ids, [end]]).astype(np.int32), 1
            for nats in token_nats(model.model, whole, numbers=types.numbers, device=model.device, bar=bar):
                yield types.table(whole[position : position + len(nats)], nats, np.full(len(nats), document))
                position += len(nats)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Types:
    """The distinct tokens of a text, also those that the model does not know.

    Attributes:
        tokens: (types,) str.
        numbers: (types,) int32, the model's id of each.
        unknown: (types,) bool, whether the model does not know it.
    """

    tokens: NDArray[np.object_]
    numbers: NDArray[np.int32]
    unknown: NDArray[np.bool_]

    @classmethod
    def of(cls, model: Scorer, tokens: Sequence[str]) -> "_Types":
        numbers = model.vocabulary.lookup(tokens, other=-1)
        unknown = numbers < 0
        numbers[unknown] = model.vocabulary["<unk>"]
        return cls(tokens=np.array(tokens, dtype=object), numbers=numbers, unknown=unknown)

    def table(self, ids: NDArray[np.int32], nats: NDArray[np.float64], documents: NDArray[np.int64]) -> "pd.DataFrame":
        import pandas as pd

        columns = {"token": self.tokens[ids], "bits": nats / math.log(2), "unknown": self.unknown[ids]}
        table: pd.DataFrame = pd.DataFrame({"document": documents, **columns})
        return table


def _read(model: Scorer, text: object, reading: dict[str, Any], progress: bool) -> tuple[NDArray[np.int32], _Types]:
    """Read a stream with all its tokens; return their ids, and the tokens by id."""
    if isinstance(text, EncodedCorpus):
        stream = encoded_stream(text, unit=model.unit, vocabulary=model.vocabulary)
        types = _Types.of(model, model.vocabulary.tokens)
        # Which tokens were unknown is no longer known; all of them are <unk>.
        types.unknown[model.vocabulary["<unk>"]] = stream.unknown > 0
        return stream.ids, types
    if isinstance(text, str):
        tokens = text_tokens(text, unit=model.unit, tokenizer=model.tokenizer)
        numbered = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
        return np.array([numbered[token] for token in tokens], np.int32), _Types.of(model, list(numbered))
    from textkit.text.stream_reading import read_stream

    stream, vocabulary = read_stream(text, unit=model.unit, tokenizer=model.tokenizer, progress=progress, **reading)
    return stream.ids, _Types.of(model, vocabulary.tokens)
