"""What a language model is trained on: one stream of text, or documents that stand alone, and a held-out part."""

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
from textkit.data.corpus import open_corpus
from textkit.data.text_size import TextSize
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.validation import HeldOut, HeldOutDocuments, HeldOutStream
from textkit.text.arrow_arrays import to_numpy
from textkit.text.first_pass import FirstPass
from textkit.text.id_stream import IdStream, Unit, read_split, read_stream
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import NamedTokenizer, Tokenizer, get_tokenizer
from textkit.text.vocabulary import SPECIALS, Vocabulary
from textkit.training.ranks import ALONE, Ranks

UNKNOWN_SHARE = 0.01  # of held-out tokens; if more of them are such as no model could learn, a perplexity says little

Documents: TypeAlias = list[NDArray[np.int32]]


@dataclass(frozen=True, kw_only=True)
class LanguageModelData:
    """A training text, and perhaps a held-out one.

    Attributes:
        vocabulary: That of the training text.
        batches: Gives the batches of an epoch, from 0.
        predictions: How many predictions an epoch has.
        held_out: The held-out text; None without one.
        fingerprints: A digest of each text, by the name of its argument: the same for the same text and vocabulary
            only; None without a held-out one.
    """

    vocabulary: Vocabulary
    batches: Callable[[int], Iterable[BpttBatch | SequenceBatch | None]]
    predictions: int
    held_out: HeldOut | None
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
    """Read a corpus once, and a held-out one or its last share, with the vocabulary of the training text.

    Args:
        corpus: The training text.
        valid: None, a corpus, or the share of the training text that is held out: its end, or for documents that
            stand alone some of them, chosen by the seed, as tables are often sorted.
        unit: "char" or "word".
        settings: How it becomes batches.
        tokenizer: How texts are split into words; None for white space.
        seed: Seed of random windows, or of the choice and the order of documents.
        reading: How files are read: ``column``, ``encoding``, ``errors`` and ``progress``.
        ranks: The processes that train together; the batches are this one's part.

    Raises:
        ValueError: If a text is empty or too short for its batches, a share is none, or held-out tokens are unknown
            and the training text has no unknown ones to learn from.
    """
    if isinstance(valid, int | float | np.number):
        if not 0 < valid < 1:
            raise ValueError(f"valid must be a share above 0 and below 1, or a corpus, got {valid}; try 0.1")
        valid = float(valid)
    read = _read_documents if settings.documents else _read_streams
    data = read(
        corpus, valid, unit=unit, settings=settings, tokenizer=tokenizer, seed=seed, reading=reading, ranks=ranks
    )
    if not set(data.vocabulary.tokens) - {*data.vocabulary.specials, "<eos>", "\n"}:
        raise ValueError(
            f"min_count and max_vocab must leave a token to learn, got {settings.min_count} and {settings.max_vocab}; "
            "the text has none that often"
        )
    if data.held_out is not None:
        _check_unknown(data.held_out, data.vocabulary, settings.min_count)
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
    ranks: Ranks,
) -> LanguageModelData:
    counted: dict[str, Any] = {"min_count": settings.min_count, "max_size": settings.max_vocab}
    reading = {"unit": unit, "tokenizer": tokenizer, **reading}
    held_out: IdStream | None = None
    if isinstance(valid, float):
        stream, held_out, vocabulary = read_split(corpus, valid, **counted, **reading)
    else:
        stream, vocabulary = read_stream(corpus, **counted, **reading)
        if valid is not None:
            try:
                held_out, _ = read_stream(valid, vocabulary=vocabulary, **reading)
            except ValueError as error:
                raise ValueError(f"valid must be a corpus that can be read: {error}") from error
    if len(stream) <= settings.window:
        raise ValueError(
            f"corpus must be longer than a window of {settings.window} tokens, got {len(stream)}; "
            "take more text, or a smaller window"
        )
    if held_out is not None and len(held_out) < 2:
        raise ValueError(f"valid must have at least 2 tokens, got {len(held_out)}; take more text")
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
        held_out=None if held_out is None else HeldOutStream(held_out, rows=settings.batch_size),
        fingerprints={
            "corpus": _fingerprint(vocabulary, [stream.ids]),
            "valid": None if held_out is None else _fingerprint(vocabulary, [held_out.ids]),
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
    ranks: Ranks,
) -> LanguageModelData:
    if unit == "char" and tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; leave it out")
    split = get_tokenizer("character" if unit == "char" else tokenizer or "whitespace")
    text, documents = _read_first_pass(corpus, split, **reading)
    first, last = documents, []
    if isinstance(valid, float):
        cut = round(len(documents) * valid)
        if not 0 < cut < len(documents):
            raise ValueError(f"valid must leave both parts a document of {len(documents)}, got {valid}; take more text")
        order = np.random.default_rng([seed, *b"held out"]).permutation(len(documents))
        last, first = ([documents[number] for number in np.sort(part)] for part in np.split(order, [cut]))
    chosen = FirstPass(types=text.types, counts=np.bincount(np.concatenate(first), minlength=len(text.types)))
    vocabulary, final = chosen.vocabulary(min_count=settings.min_count, max_size=settings.max_vocab, specials=SPECIALS)
    counts = vocabulary.counts.copy()
    counts[[vocabulary["<bos>"], vocabulary["<eos>"]]] = len(first)
    vocabulary = vocabulary.with_counts(counts)
    size = _text_size(last, text, unit)
    first, last = ([final[ids] for ids in part] for part in (first, last))
    if valid is not None and not isinstance(valid, float):
        try:
            other, last = _read_first_pass(valid, split, **reading)
        except ValueError as error:
            raise ValueError(f"valid must be a corpus that can be read: {error}") from error
        size = _text_size(last, other, unit)
        final = vocabulary.lookup(other.types.to_pylist(), other=vocabulary["<unk>"])
        last = [final[ids] for ids in last]
    shared = {
        "begin": vocabulary["<bos>"],
        "end": vocabulary["<eos>"],
        "budget": settings.batch_size * settings.window,
        "seed": seed,
    }
    batches = SequenceBatches(first, **shared)
    unknown = sum(int(np.count_nonzero(ids == vocabulary["<unk>"])) for ids in last)
    return LanguageModelData(
        vocabulary=vocabulary,
        batches=lambda epoch: batches.epoch_part(epoch, ranks.rank, ranks.size),
        predictions=batches.predictions,
        held_out=HeldOutDocuments(SequenceBatches(last, **shared), size, unknown) if last else None,
        fingerprints={
            "corpus": _fingerprint(vocabulary, first),
            "valid": _fingerprint(vocabulary, last) if last else None,
        },
    )


def _read_first_pass(
    corpus: object, tokenizer: NamedTokenizer, *, progress: bool = False, **reading: Any
) -> tuple[FirstPass, Documents]:
    """Read a corpus, and return its documents that have a token, as provisional ids."""
    with IdWriter() as writer:
        text = FirstPass.read(open_corpus(corpus, **reading), tokenizer, writer, progress=progress)
        ids, offsets = writer.ids(), writer.offsets()
    return text, [ids[start:end] for start, end in pairwise(offsets.tolist()) if end > start]


def _text_size(documents: Documents, text: FirstPass, unit: Unit) -> TextSize:
    """Return the size of documents if one character stands between two words, and a line end after each document."""
    ids = np.concatenate(documents) if documents else np.empty(0, dtype=np.int32)
    between = 0 if unit == "char" else len(ids) - len(documents)
    characters, utf8_bytes = (
        int(to_numpy(length(text.types))[ids].sum(dtype=np.int64)) + between + len(documents)
        for length in (pc.utf8_length, pc.binary_length)
    )
    return TextSize(characters=characters, utf8_bytes=utf8_bytes)


def _check_unknown(held_out: HeldOut, vocabulary: Vocabulary, min_count: int) -> None:
    share, never_seen = held_out.unknown, vocabulary.counts[vocabulary["<unk>"]] == 0
    if share > UNKNOWN_SHARE and never_seen:
        raise ValueError(
            f"valid must have tokens that the training text has, got {100 * share:.1f} % others, while no <unk> in "
            f"training teaches the model to expect such; make rare tokens <unk> with min_count={min_count + 1}"
        )


def _fingerprint(vocabulary: Vocabulary, parts: Iterable[NDArray[np.int32]]) -> str:
    digest = hashlib.blake2b(json.dumps([vocabulary.specials, vocabulary.tokens]).encode(), digest_size=16)
    for ids in parts:
        digest.update(len(ids).to_bytes(8, "little"))
        for start in range(0, len(ids), 1 << 20):
            digest.update(ids[start : start + (1 << 20)].tobytes())
    return digest.hexdigest()
