"""The vocabulary of a classifier: the words of its texts, given ones, and those of an earlier training."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from textkit.classifier.settings import ClassifierSettings
from textkit.data.tables import Document
from textkit.text.document_ids import DocumentIds, encode_documents
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

_SPECIALS = ("<pad>", "<unk>")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is asked of the vocabulary besides ``min_count`` and ``max_vocab``.

    Attributes:
        keep: Words that stay even if they are rarer than ``min_count``.
        given: The vocabulary to use; None for one of the training texts.
        earlier: The vocabulary of an earlier training, whose ids stay; None without.
    """

    keep: Collection[str] = ()
    given: Vocabulary | None = None
    earlier: Vocabulary | None = None


def words_of(keep_words: Collection[str], vocabulary: Any) -> Words:
    """Check ``keep_words`` and ``vocabulary``.

    Raises:
        TypeError: If ``keep_words`` is a single str or holds something else than str, or ``vocabulary`` is no
            `Vocabulary`.
        ValueError: If both are given.
    """
    if vocabulary is not None and not isinstance(vocabulary, Vocabulary):
        raise TypeError(
            f"vocabulary must be a Vocabulary, got {type(vocabulary).__name__}; pass Vocabulary.from_counts(counts), "
            "or the words as keep_words"
        )
    if not keep_words:
        return Words(given=vocabulary)
    if vocabulary is not None:
        raise ValueError("keep_words must be left out with a vocabulary, got both; use vocabulary.append(words)")
    if isinstance(keep_words, str):
        raise TypeError(f"keep_words must be a list of words, got the str {keep_words[:40]!r}; pass [word]")
    kept = frozenset(keep_words)
    if others := [word for word in kept if not isinstance(word, str)]:
        raise TypeError(f"keep_words must be str, got {others[0]!r}; convert it to a str")
    return Words(keep=kept)


def encode_training(
    texts: list[Document],
    words: Words,
    settings: ClassifierSettings,
    *,
    tokenizer: str | Tokenizer,
    progress: bool = False,
) -> tuple[DocumentIds, Vocabulary]:
    """Encode the training texts.

    Args:
        texts: The texts.
        words: What is asked of the vocabulary.
        settings: Training settings, with ``min_count`` and ``max_vocab``.
        tokenizer: Tokenizer for texts that are str.
        progress: Whether to show progress on stderr, if it takes more than a second.

    Returns:
        The encoded texts and their vocabulary.

    Raises:
        ValueError: If no token is left, or ``min_count`` or ``max_vocab`` is set together with a vocabulary.
    """
    if words.given is not None:
        if (settings.min_count, settings.max_vocab) != (1, None):
            raise ValueError(
                f"min_count and max_vocab must not be set with a vocabulary, got {settings.min_count} and "
                f"{settings.max_vocab}; prune the vocabulary instead"
            )
        vocabulary = _with_specials(words.given) if words.earlier is None else words.earlier.append(words.given.tokens)
        return encode_documents(texts, tokenizer=tokenizer, vocabulary=vocabulary, progress=progress)
    if words.earlier is None and not words.keep:
        return encode_documents(
            texts,
            tokenizer=tokenizer,
            min_count=settings.min_count,
            max_size=settings.max_vocab,
            progress=progress,
        )
    documents, found = encode_documents(texts, tokenizer=tokenizer, progress=progress)
    vocabulary = _chosen(found, words, settings)
    numbers = vocabulary.lookup(found.tokens, other=1)
    ids = numbers[documents.ids]
    counts = np.bincount(ids, minlength=len(vocabulary))
    if words.earlier is not None:
        counts[: len(words.earlier)] += words.earlier.counts
    unknown = int(np.count_nonzero(ids == 1))
    return DocumentIds(ids=ids, offsets=documents.offsets, unknown=unknown), vocabulary.with_counts(counts)


def _chosen(found: Vocabulary, words: Words, settings: ClassifierSettings) -> Vocabulary:
    """Choose from the words of the texts, the most frequent first; those to keep have priority."""
    earlier = words.earlier
    counts = {
        word: count
        for word, count in zip(found.tokens[len(_SPECIALS) :], found.counts[len(_SPECIALS) :].tolist(), strict=True)
        if earlier is None or word not in earlier
    }
    if earlier is None:
        return Vocabulary.from_counts(
            counts,
            min_count=settings.min_count,
            max_size=settings.max_vocab,
            specials=_SPECIALS,
            keep_words=words.keep,
        )
    kept = [word for word in counts if word in words.keep]
    frequent = [word for word, count in counts.items() if count >= settings.min_count and word not in words.keep]
    if settings.max_vocab is not None:
        frequent = frequent[: max(0, settings.max_vocab - len(earlier) - len(kept))]
    chosen = {word: counts[word] for word in {*kept, *frequent}}
    return earlier.append(sorted(chosen, key=lambda word: (-chosen[word], word)))


def _with_specials(vocabulary: Vocabulary) -> Vocabulary:
    """Return a vocabulary that begins with ``<pad>`` and ``<unk>``."""
    if vocabulary.specials[: len(_SPECIALS)] == _SPECIALS:
        return vocabulary
    others = len(vocabulary.specials)
    counts = np.concatenate([np.zeros(len(_SPECIALS), np.int64), vocabulary.counts[others:]])
    return Vocabulary([*_SPECIALS, *vocabulary.tokens[others:]], counts, _SPECIALS)
