"""Look up the words of a test set among the words of the vectors."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

Case = Literal["fold", "exact"]


class Vectors(Protocol):
    """The read-only interface of word vectors that the evaluation needs; ``WordVectors`` implements it."""

    @property
    def words(self) -> Sequence[str]:
        """The words, the most frequent first."""

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The vectors of the words, shape (vocab, dim)."""

    def __contains__(self, word: object, /) -> bool: ...

    def index(self, word: str, /) -> int:
        """Return the row of a word in the vocabulary."""


def check_case(case: str) -> None:
    """Check the name of a way of comparing words.

    Raises:
        ValueError: If ``case`` is neither ``fold`` nor ``exact``.
    """
    if case not in get_args(Case):
        raise ValueError(f"case must be one of {', '.join(get_args(Case))}, got {case!r}; choose one of them")


def first_spellings(words: Iterable[str]) -> dict[str, int]:
    """Map each word in lower case to the row of its first spelling, which is the most frequent one.

    >>> first_spellings(["Apple", "pear", "apple"])
    {'apple': 0, 'pear': 1}
    """
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        rows.setdefault(word.lower(), row)
    return rows


class RowLookup:
    """Finds the row of a word: as written; with ``fold``, then in lower case, then in any spelling.

    Args:
        vectors: The word vectors.
        case: ``fold`` or ``exact``.
    """

    def __init__(self, vectors: Vectors, case: Case) -> None:
        check_case(case)
        self._vectors = vectors
        self._fold = case == "fold"

    def __call__(self, word: str) -> int | None:
        """Return the row of ``word``, or None if it is missing."""
        if word in self._vectors:
            return self._vectors.index(word)
        if not self._fold:
            return None
        lower = word.lower()
        if lower in self._vectors:
            return self._vectors.index(lower)
        return self._spellings.get(lower)

    @cached_property
    def _spellings(self) -> dict[str, int]:
        # Built only when a word is missing, because it takes about a second for millions of words.
        return first_spellings(self._vectors.words)
