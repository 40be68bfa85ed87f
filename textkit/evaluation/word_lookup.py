"""How a word of a test set is found among the words of the vectors."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

Case = Literal["fold", "exact"]


class Vectors(Protocol):
    """What the evaluation needs of word vectors; ``WordVectors`` has it. Nothing of it is written to."""

    @property
    def words(self) -> Sequence[str]:
        """The words, the most frequent first."""

    @property
    def matrix(self) -> NDArray[np.float32]:
        """Their vectors, shape (vocab, dim)."""

    def __contains__(self, word: object, /) -> bool: ...

    def index(self, word: str, /) -> int:
        """The row of a word that is there."""


def check_case(case: str) -> None:
    """Refuse what is no way of comparing words.

    Raises:
        ValueError: If ``case`` is neither ``fold`` nor ``exact``.
    """
    if case not in get_args(Case):
        raise ValueError(f"case must be one of {', '.join(get_args(Case))}, got {case!r}; choose one of them")


def first_spellings(words: Iterable[str]) -> dict[str, int]:
    """Map each word in lower case to the row of its first, that is its most frequent, spelling.

    >>> first_spellings(["Apple", "pear", "apple"])
    {'apple': 0, 'pear': 1}
    """
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        rows.setdefault(word.lower(), row)
    return rows


def unit_rows(vectors: Vectors, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Take some rows of the vectors at length 1; a row of zeros stays zeros.

    Only these rows are read, so that vectors that are mapped from a file are not drawn into memory whole.

    Args:
        vectors: Where to take them from.
        rows: Their numbers, shape (n,).

    Returns:
        Unit vectors, shape (n, dim).
    """
    taken = vectors.matrix[rows].astype(np.float64)
    lengths = np.linalg.norm(taken, axis=1, keepdims=True)
    taken /= np.where(lengths > 0, lengths, 1.0)
    return taken


class RowLookup:
    """Finds the row of a word: as it is written; with ``fold``, then in lower case, then in any spelling.

    Args:
        vectors: Where to look.
        case: ``fold`` or ``exact``.
    """

    def __init__(self, vectors: Vectors, case: Case) -> None:
        check_case(case)
        self._vectors = vectors
        self._fold = case == "fold"

    def __call__(self, word: str) -> int | None:
        """The row of ``word``, or None if it is missing."""
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
        # built only when a word is missing: it costs a second for millions of words
        return first_spellings(self._vectors.words)
