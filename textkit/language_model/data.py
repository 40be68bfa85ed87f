"""Read the training and validation text of a language model, as one stream or as separate documents."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.batches.bptt import BpttBatches
from textkit.batches.records import BpttBatch, SequenceBatch, TwoWayBatch
from textkit.batches.sequences import SequenceBatches
from textkit.batches.two_way import TwoWayBatches
from textkit.batches.windows import WindowBatches
from textkit.files.mapped import SPAN, release
from textkit.language_model.settings import LanguageModelSettings
from textkit.language_model.validation import DocumentValidation, StreamValidation, Validation
from textkit.text.base_vocabulary import BaseVocabulary
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import IdStream, Unit, encoded_stream, split_stream
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.training.ranks import ALONE, Ranks

# Maximum fraction of validation tokens that the model cannot learn; with more, a perplexity means little.
MAX_UNKNOWN = 0.01


@dataclass(frozen=True, kw_only=True)
class LanguageModelData:
    """A training text and an optional validation text.

    Attributes:
        vocabulary: Vocabulary of the training text.
        batches: Returns the batches of an epoch, given its number from 0.
        predictions: Number of predictions per epoch.
        steps: Number of batches in the first epoch.
        longest: Number of inputs of the longest sequence: a window, or a document with its start.
        characters: Number of characters of the training text; None for documents.
        validation: The validation text; None without one.
        fingerprints: A digest of each text, by the name of its argument, which identifies text and vocabulary; None
            for a missing validation text.
    """

    vocabulary: Vocabulary
    batches: Callable[[int], Iterable[BpttBatch | SequenceBatch | TwoWayBatch | None]]
    predictions: int
    steps: int
    longest: int
    characters: int | None
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
    base: BaseVocabulary | None = None,
    keep: frozenset[str] = frozenset(),
    ordered: bool = True,
    two_way: bool = False,
    ranks: Ranks = ALONE,
) -> LanguageModelData:
    """Read the training text once, and the validation text with the vocabulary of the training text.

    Every process reads all of the text, but of a streamed data set, which may be larger than a disk, only its own
    shards: its streams are then those of its share.

    Args:
        corpus: Training corpus.
        valid: Validation corpus, or the fraction of ``corpus`` to hold out: its end or, with separate documents, random
            documents, because tables are often sorted. None for no validation.
        unit: "char", "word" or "subword".
        settings: Training settings.
        tokenizer: Word tokenizer; None splits on whitespace.
        seed: Seed of random windows, or of the choice and the order of documents.
        reading: Options for reading files: ``column``, ``encoding``, ``errors`` and ``progress``.
        base: Vocabulary that the training text is counted with, in place of a new one.
        keep: Words of a new vocabulary however rare they are.
        ordered: Whether the windows of a stream are read in the order of the text, so that a state can be carried from
            one to the next, rather than in random order.
        two_way: Whether a stream that is read in order is also read from its end.
        ranks: The processes that train together; the batches are this one's part.

    Raises:
        ValueError: If a text is empty or too short for its batches, the fraction is out of range, or validation tokens
            are unknown and the training text has no unknown tokens to learn from.
        TypeError: If a corpus is encoded, but ``settings.documents`` needs texts.
    """
    valid = valid_fraction(valid)
    read = _read_documents if settings.documents else _read_streams
    data = read(
        corpus,
        valid,
        unit=unit,
        settings=settings,
        tokenizer=tokenizer,
        seed=seed,
        reading=reading,
        base=base,
        keep=keep,
        ordered=ordered,
        two_way=two_way,
        ranks=ranks,
    )
    if not set(data.vocabulary.tokens) - {*data.vocabulary.specials, "<eos>", "\n"}:
        raise ValueError(
            f"min_count and max_vocab must leave a token to learn, got {settings.min_count} and {settings.max_vocab}; "
            "use a lower min_count, a higher max_vocab or more text"
        )
    if data.validation is not None:
        _check_unknown(data.validation, data.vocabulary, settings.min_count)
    return data


def valid_fraction(valid: object) -> object:
    """Return the fraction of a text to hold out as a float; anything else as it is.

    Raises:
        ValueError: If a number is no fraction.
    """
    if not isinstance(valid, int | float | np.number):
        return valid
    if not 0 < valid < 1:
        raise ValueError(f"valid must be a fraction above 0 and below 1, or a corpus, got {valid}; try 0.1")
    return float(valid)


def _read_streams(
    corpus: object,
    valid: object,
    *,
    unit: Unit,
    settings: LanguageModelSettings,
    tokenizer: str | Tokenizer | None,
    seed: int,
    reading: dict[str, Any],
    base: BaseVocabulary | None,
    keep: frozenset[str],
    ordered: bool,
    two_way: bool,
    ranks: Ranks,
) -> LanguageModelData:
    limits: dict[str, Any] = {"min_count": settings.min_count, "max_size": settings.max_vocab}
    shared = False
    reading = {"unit": unit, "tokenizer": tokenizer, **reading}
    valid_stream: IdStream | None = None
    if isinstance(corpus, EncodedCorpus):
        if keep:
            raise ValueError(
                f"keep_words must be left out for an EncodedCorpus, got {sorted(keep)}; encode it with them"
            )
        files = {name: reading[name] for name in ("column", "encoding", "errors")}
        corpus.check_encoding(settings.min_count, settings.max_vocab, files)
        expected = None if base is None else base.vocabulary
        stream, vocabulary = encoded_stream(corpus, unit=unit, vocabulary=expected), corpus.vocabulary
        if isinstance(valid, float):
            stream, valid_stream = split_stream(stream, valid, unit=unit, vocabulary=vocabulary)
    else:
        # Imported here, because reading text needs pyarrow and training on ids does not.
        from textkit.data.corpus import is_streamed
        from textkit.text.first_pass import Share
        from textkit.text.stream_reading import read_split, read_stream

        shared = ranks.size > 1 and is_streamed(corpus)
        if isinstance(valid, float):
            if shared:
                raise ValueError(
                    f"valid must be a corpus for a streamed data set in several processes, got {valid}; take some of "
                    "its texts"
                )
            stream, valid_stream, vocabulary = read_split(corpus, valid, base=base, keep=keep, **limits, **reading)
        else:
            share = Share(ranks.rank, ranks.size, ranks.gather) if shared else None
            stream, vocabulary = read_stream(corpus, share=share, base=base, keep=keep, **limits, **reading)
    if valid is not None and not isinstance(valid, float):
        try:
            if isinstance(valid, EncodedCorpus):
                valid_stream = encoded_stream(valid, unit=unit, vocabulary=vocabulary)
            else:
                from textkit.data.corpus import validation_reading
                from textkit.text.stream_reading import read_stream

                valid_stream, _ = read_stream(valid, vocabulary=vocabulary, **validation_reading(valid, reading))
        except ValueError as error:
            raise ValueError(f"valid must be a corpus that can be read: {error}") from error
    if len(stream) <= settings.window:
        raise ValueError(
            f"corpus must be longer than a window of {settings.window} tokens, got {len(stream)}; "
            "use more text, or a smaller window"
        )
    if valid_stream is not None and len(valid_stream) < 2:
        raise ValueError(f"valid must have at least 2 tokens, got {len(valid_stream)}; use more text")
    rows = ranks.part(settings.batch_size)
    streams = rows.stop - rows.start if shared else settings.batch_size
    options: dict[str, Any] = {"batch_size": streams, "window": settings.window, "seed": seed}
    options["part"] = slice(None) if shared else rows
    batches: BpttBatches | TwoWayBatches | WindowBatches
    if ordered:
        options["longest"] = max(ranks.gather(-(-len(stream) // streams))) if shared else 0
        options["random_windows"] = settings.random_windows
        batches = BpttBatches(stream.ids, **options)
        if two_way:
            batches = TwoWayBatches(batches, BpttBatches(stream.ids[::-1], **options))
    else:
        # Every process has as many batches as the one with the most text.
        batches = WindowBatches(stream.ids, least_tokens=max(ranks.gather(len(stream))) if shared else 0, **options)
    fingerprint = _fingerprint(vocabulary, [stream.ids])
    return LanguageModelData(
        vocabulary=vocabulary,
        batches=batches.epoch,
        predictions=sum(ranks.gather(batches.predictions)) if shared else batches.predictions,
        steps=batches.steps(),
        longest=settings.window,
        characters=stream.characters,
        validation=None if valid_stream is None else StreamValidation(valid_stream, rows=settings.batch_size),
        fingerprints={
            "corpus": " ".join(ranks.gather(fingerprint)) if shared else fingerprint,
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
    base: BaseVocabulary | None,
    keep: frozenset[str],
    ordered: bool,
    two_way: bool,
    ranks: Ranks,
) -> LanguageModelData:
    if unit == "char" and tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; omit it, or pass unit='word'")
    from textkit.language_model.documents import read_documents

    for name, text in (("corpus", corpus), ("valid", valid)):
        if isinstance(text, EncodedCorpus):
            raise TypeError(f"{name} must be texts with settings.documents, got an EncodedCorpus; pass the texts")
    texts = read_documents(
        corpus,
        valid,
        unit=unit,
        settings=settings,
        tokenizer=tokenizer,
        seed=seed,
        reading=reading,
        base=base,
        keep=keep,
    )
    vocabulary, training, validation = texts.vocabulary, texts.training, texts.validation
    batching = {
        "begin": vocabulary["<bos>"],
        "end": vocabulary["<eos>"],
        "budget": settings.batch_size * settings.window,
        "seed": seed,
    }
    batches = SequenceBatches(training, **batching)
    checked = None
    if validation:
        unknown = sum(int(np.count_nonzero(ids == vocabulary["<unk>"])) for ids in validation)
        checked = DocumentValidation(SequenceBatches(validation, **batching), texts.size, unknown)
    return LanguageModelData(
        vocabulary=vocabulary,
        batches=lambda epoch: batches.epoch_part(epoch, ranks.rank, ranks.size),
        predictions=batches.predictions,
        steps=batches.steps(),
        longest=int(batches.lengths.max()),
        characters=None,
        validation=checked,
        fingerprints={
            "corpus": _fingerprint(vocabulary, training),
            "valid": _fingerprint(vocabulary, validation) if validation else None,
        },
    )


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
        for start in range(0, len(ids), SPAN):
            digest.update(ids[start : start + SPAN].tobytes())
            release(ids)
    return digest.hexdigest()
