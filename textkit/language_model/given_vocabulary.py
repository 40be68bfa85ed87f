"""Check a vocabulary, or words to keep, that a language model is to be trained with."""

from collections.abc import Collection

import numpy as np

from textkit.checks import SUITED
from textkit.language_model.settings import LanguageModelSettings
from textkit.text.base_vocabulary import BaseVocabulary
from textkit.text.id_stream import LINE_ENDS, Unit, check_specials
from textkit.text.ranking import check_tokens
from textkit.text.vocabulary import SPECIALS, Vocabulary


def words_to_keep(words: Collection[str]) -> frozenset[str]:
    """Check the words to keep.

    Raises:
        TypeError: If they are a single str, or one of them is no str.
        ValueError: If a word is not valid Unicode.
    """
    if isinstance(words, str):
        raise TypeError(f"keep_words must be a list of words, got the str {words[:40]!r}; pass [word]")
    check_tokens(list(words))
    return frozenset(words)


def check_given(
    vocabulary: object, unit: Unit, settings: LanguageModelSettings, *, keep: Collection[str], init: object
) -> None:
    """Check that a vocabulary fits the other arguments.

    Raises:
        TypeError: If it is something else.
        ValueError: If it lacks a token that texts of this unit have, or other arguments would change it.
    """
    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(f"vocabulary must be a Vocabulary, got {type(vocabulary).__name__}; use Vocabulary.from_counts")
    min_count = None if settings.min_count in (SUITED, 1) else settings.min_count
    others = {"init": init, "keep_words": sorted(keep) or None, "min_count": min_count, "max_vocab": settings.max_vocab}
    if given := [name for name, value in others.items() if value is not None]:
        raise ValueError(
            f"{given[0]} must be left out with vocabulary, got {others[given[0]]!r}; prune or append to the vocabulary"
        )
    if settings.documents and vocabulary.specials != SPECIALS:
        raise ValueError(
            f"vocabulary must have the specials {', '.join(SPECIALS)} for documents, got "
            f"{', '.join(vocabulary.specials) or 'none'}; make it with Vocabulary.from_counts(counts, specials=...)"
        )
    check_specials(unit, vocabulary)
    if not settings.documents and "<bos>" in vocabulary.specials:
        raise ValueError("vocabulary must not have <bos> for a stream, got one; it is for settings with documents=True")
    if not settings.documents and LINE_ENDS[unit] not in vocabulary:
        raise ValueError(
            f"vocabulary must have the line end {LINE_ENDS[unit]!r} for unit {unit!r}, got none; count it, too"
        )


def given_base(vocabulary: Vocabulary | None) -> BaseVocabulary | None:
    """Return what texts are encoded with; the counts are to be those of the text."""
    if vocabulary is None:
        return None
    return BaseVocabulary(vocabulary=vocabulary.with_counts(np.zeros(len(vocabulary), np.int64)))
