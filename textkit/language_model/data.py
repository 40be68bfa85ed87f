"""Read the training and validation text of a language model, as one stream or as separate documents."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import BpttBatch, SequenceBatch
from textkit.batches.sequences import SequenceBatches
from textkit.data.corpus import open_corpus, takes_column
from textkit.data.text_size import TextSize
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.validation import DocumentValidation, StreamValidation, Validation
from textkit.text.arrow_arrays import to_numpy
from textkit.text.first_pass import FirstPass
from textkit.text.id_stream import IdStream, Unit, read_split, read_stream
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import NamedTokenizer, Tokenizer, get_tokenizer
from textkit.text.vocabulary import SPECIALS, Vocabulary
from textkit.training.ranks import ALONE, Ranks

# Maximum fraction of validation tokens that the model cannot learn; with more, a perplexity means little.
MAX_UNKNOWN = 0.01

Documents: TypeAlias = list[NDArray[np.int32]]


@dataclass(frozen=True, kw_only=True)
class LanguageModelData:
    """A training text and an optional validation text.

    Attributes:
        vocabulary: Vocabulary of the training text.
        batches: Returns the batches of an epoch, given its number from 0.
        predictions: Number of predictions per epoch.
        validation: The validation text; None without one.
        fingerprints: A digest of each text, by the name of its argument, which identifies text and vocabulary; None
            for a missing validation text.
    """

    vocabulary: Vocabulary
    batches: Callable[[int], Iterable[BpttBatch | SequenceBatch | None]]
    predictions: int
    validation: Validation | None
    fingerprints: dict[str, str | None]


def read_data(
    corpus: object,
    valid: object,
    *,
    unit: Unit,
    settings: LanguageModelSettings,
    tokenizer: str | Tokenizer | None,
    seed: int,
    reading: dict[str, Any],
    ranks: Ranks = ALONE,
) -> LanguageModelData:
    """Read the training text once, and the validation text with the vocabulary of the training text.

    Args:
        corpus: Training corpus.
        valid: Validation corpus, or the fraction of ``corpus`` to hold out: its end or, with separate documents, random
            documents, because tables are often sorted. None for no validation.
        unit: "char" or "word".
        settings: Training settings.
        tokenizer: Word tokenizer; None splits on whitespace.
        seed: Seed of random windows, or of the choice and the order of documents.
        reading: Options for reading files: ``column``, ``encoding``, ``errors`` and ``progress``.
        ranks: The processes that train together; the batches are this one's part.

    Raises:
        ValueError: If a text is empty or too short for its batches, the fraction is out of range, or validation tokens
            are unknown and the training text has no unknown tokens to learn from.
    """
    if isinstance(valid, int | float | np.number):
        if not 0 < valid < 1:
            raise ValueError(f"valid must be a fraction above 0 and below 1, or a corpus, got {valid}; try 0.1")
        valid = float(valid)
    read = _read_documents if settings.documents else _read_streams
    options: dict[str, Any] = {
        "unit": unit,
        "settings": settings,
        "tokenizer": tokenizer,
        "seed": seed,
        "reading": reading,
        # The column is that of the training table; a validation corpus that is no table has none.
        "valid_reading": reading | ({} if takes_column(valid) else {"column": None}),
        "ranks": ranks,
    }
    data = read(corpus, valid, **options)
    if not set(data.vocabulary.tokens) - {*data.vocabulary.specials, "<eos>", "\n"}:
        raise ValueError(
            f"min_count and max_vocab must leave a token to learn, got {settings.min_count} and {settings.max_vocab}; "
            "use a lower min_count, a higher max_vocab or more text"
        )
    if data.validation is not None:
        _check_unknown(data.validation, data.vocabulary, settings.min_count)
    return data


def _read_streams(
    corpus: object,
    valid: object,
    *,
    unit: Unit,
    settings: LanguageModelSettings,
    tokenizer: str | Tokenizer | None,
    seed: int,
    reading: dict[str, Any],
    valid_reading: dict[str, Any],
    ranks: Ranks,
) -> LanguageModelData:
    limits: dict[str, Any] = {"min_count": settings.min_count, "max_size": settings.max_vocab}
    split: dict[str, Any] = {"unit": unit, "tokenizer": tokenizer}
    valid_stream: IdStream | None = None
    if isinstance(valid, float):
        stream, valid_stream, vocabulary = read_split(corpus, valid, **limits, **split, **reading)
    else:
        stream, vocabulary = read_stream(corpus, **limits, **split, **reading)
        if valid is not None:
            try:
                valid_stream, _ = read_stream(valid, vocabulary=vocabulary, **split, **valid_reading)
            except ValueError as error:
                raise ValueError(f"valid must be a corpus that can be read: {error}") from error
    if len(stream) <= settings.window:
        raise ValueError(
            f"corpus must be longer than a window of {settings.window} tokens, got {len(stream)}; "
            "use more text, or a smaller window"
        )
    if valid_stream is not None and len(valid_stream) < 2:
        raise ValueError(f"valid must have at least 2 tokens, got {len(valid_stream)}; use more text")
    batches = BpttBatches(
        stream.ids,
        batch_size=settings.batch_size,
        window=settings.window,
        random_windows=settings.random_windows,
        seed=seed,
        part=ranks.part(settings.batch_size),
    )
    return LanguageModelData(
        vocabulary=vocabulary,
        batches=batches.epoch,
        predictions=batches.predictions,
        validation=None if valid_stream is None else StreamValidation(valid_stream, rows=settings.batch_size),
        fingerprints={
            "corpus": _fingerprint(vocabulary, [stream.ids]),
            "valid": None if valid_stream is None else _fingerprint(vocabulary, [valid_stream.ids]),
        },
    )


def _read_documents(
    corpus: object,
    valid: object,
    *,
    unit: Unit,
    settings: LanguageModelSettings,
    tokenizer: str | Tokenizer | None,
    seed: int,
    reading: dict[str, Any],
    valid_reading: dict[str, Any],
    ranks: Ranks,
) -> LanguageModelData:
    if unit == "char" and tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; omit it, or pass unit='word'")
    split = get_tokenizer("character" if unit == "char" else tokenizer or "whitespace")
    text, documents = _read_first_pass(corpus, split, **reading)
    training, validation = documents, []
    if isinstance(valid, float):
        cut = round(len(documents) * valid)
        if not 0 < cut < len(documents):
            raise ValueError(
                f"valid must leave at least one of {len(documents)} documents in each part, got {valid}; use more text"
            )
        order = np.random.default_rng([seed, *b"held out"]).permutation(len(documents))
        validation, training = ([documents[row] for row in np.sort(rows)] for rows in np.split(order, [cut]))
    # The vocabulary is that of the training documents only.
    counts = np.bincount(np.concatenate(training), minlength=len(text.types))
    vocabulary, final = FirstPass(types=text.types, counts=counts).vocabulary(
        min_count=settings.min_count, max_size=settings.max_vocab, specials=SPECIALS
    )
    # <bos> and <eos> occur once per document, although they are not in the text.
    token_counts = vocabulary.counts.copy()
    token_counts[[vocabulary["<bos>"], vocabulary["<eos>"]]] = len(training)
    vocabulary = vocabulary.with_counts(token_counts)
    size = _text_size(validation, text, unit)
    training, validation = ([final[ids] for ids in part] for part in (training, validation))
    if valid is not None and not isinstance(valid, float):
        try:
            valid_text, validation = _read_first_pass(valid, split, **valid_reading)
        except ValueError as error:
            raise ValueError(f"valid must be a corpus that can be read: {error}") from error
        size = _text_size(validation, valid_text, unit)
        final = vocabulary.lookup(valid_text.types.to_pylist(), other=vocabulary["<unk>"])
        validation = [final[ids] for ids in validation]
    batching = {
        "begin": vocabulary["<bos>"],
        "end": vocabulary["<eos>"],
        "budget": settings.batch_size * settings.window,
        "seed": seed,
    }
    batches = SequenceBatches(training, **batching)
    unknown = sum(int(np.count_nonzero(ids == vocabulary["<unk>"])) for ids in validation)
    return LanguageModelData(
        vocabulary=vocabulary,
        batches=lambda epoch: batches.epoch_part(epoch, ranks.rank, ranks.size),
        predictions=batches.predictions,
        validation=DocumentValidation(SequenceBatches(validation, **batching), size, unknown) if validation else None,
        fingerprints={
            "corpus": _fingerprint(vocabulary, training),
            "valid": _fingerprint(vocabulary, validation) if validation else None,
        },
    )


def _read_first_pass(
    corpus: object, tokenizer: NamedTokenizer, *, progress: bool = False, **reading: Any
) -> tuple[FirstPass, Documents]:
    """Read a corpus; return its first pass, and its non-empty documents as provisional ids."""
    with IdWriter() as writer:
        text = FirstPass.read(open_corpus(corpus, **reading), tokenizer, writer, progress=progress)
        ids, offsets = writer.ids(), writer.offsets()
    return text, [ids[start:end] for start, end in pairwise(offsets.tolist()) if end > start]


def _text_size(documents: Documents, text: FirstPass, unit: Unit) -> TextSize:
    """Return the size of documents, assuming one space between two words and a line end after each document."""
    ids = np.concatenate(documents) if documents else np.empty(0, dtype=np.int32)
    spaces = 0 if unit == "char" else len(ids) - len(documents)
    characters, utf8_bytes = (
        int(to_numpy(length(text.types))[ids].sum(dtype=np.int64)) + spaces + len(documents)
        for length in (pc.utf8_length, pc.binary_length)
    )
    return TextSize(characters=characters, utf8_bytes=utf8_bytes)


def _check_unknown(validation: Validation, vocabulary: Vocabulary, min_count: int) -> None:
    """Check that there are few unknown tokens in validation, unless training has <unk> to learn from."""
    if validation.unknown > MAX_UNKNOWN and vocabulary.counts[vocabulary["<unk>"]] == 0:
        raise ValueError(
            f"valid must have mostly tokens of the training text, got {100 * validation.unknown:.1f} % unknown tokens, "
            f"which the model cannot learn to predict without <unk> in training; map rare tokens to <unk> with "
            f"min_count={min_count + 1}"
        )


def _fingerprint(vocabulary: Vocabulary, documents: Iterable[NDArray[np.int32]]) -> str:
    digest = hashlib.blake2b(json.dumps([vocabulary.specials, vocabulary.tokens]).encode(), digest_size=16)
    for ids in documents:
        digest.update(len(ids).to_bytes(8, "little"))
        for start in range(0, len(ids), 1 << 20):
            digest.update(ids[start : start + (1 << 20)].tobytes())
    return digest.hexdigest()
