"""The order of a vocabulary: specials first, then by descending count, then by spelling."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from textkit.checks import check_count

Rows: TypeAlias = npt.NDArray[np.int64]


class Types(Protocol):
    """The types (distinct tokens) of a text, numbered from 0."""

    def __len__(self) -> int:
        """Return the number of types."""

    def find(self, token: str) -> int:
        """Return the number of a type, or -1."""

    def among(self, words: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return whether each type is one of the words; shape (types,)."""

    def sort(self, rows: Rows) -> Rows:
        """Sort numbers of types by the spelling of the types, in the order of code points."""

    def take(self, rows: Rows) -> list[str]:
        """Return the types with these numbers."""


class TokenList:
    """Types in a list of str.

    >>> types = TokenList(["b", "a"])
    >>> types.find("a"), types.sort(np.array([0, 1])).tolist()
    (1, [1, 0])
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens

    def __len__(self) -> int:
        return len(self.tokens)

    def find(self, token: str) -> int:
        """Return the number of a type, or -1."""
        return self.tokens.index(token) if token in self.tokens else -1

    def among(self, words: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return whether each type is one of the words; shape (types,)."""
        wanted = frozenset(words)
        return np.fromiter((token in wanted for token in self.tokens), np.bool_, len(self.tokens))

    def sort(self, rows: Rows) -> Rows:
        """Sort numbers of types by the spelling of the types, in the order of code points."""
        return np.array(sorted(rows.tolist(), key=self.tokens.__getitem__), dtype=np.int64)

    def take(self, rows: Rows) -> list[str]:
        """Return the types with these numbers."""
        return [self.tokens[row] for row in rows.tolist()]


def rank_types(
    types: Types,
    counts: npt.NDArray[np.int64],
    min_count: int,
    max_size: int | None,
    specials: tuple[str, ...],
    keep_words: Collection[str] = (),
) -> tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Put types in the order of a vocabulary.

    Args:
        types: Distinct tokens.
        counts: Number of occurrences of each type; shape (types,).
        min_count: Types with a lower count are left out; specials never are.
        max_size: Maximum number of types to keep, including specials; None for no limit.
        specials: The specials, in their order.
        keep_words: Types that stay if they occur, however rarely.

    Returns:
        The types that are kept, in order; their counts; and the position among them of each of ``types``, -1 for those
        that are left out, int32, shape (types,).

    Raises:
        ValueError: If no type is left but specials, a limit is out of range, or ``max_size`` has no room for
            ``keep_words``.
        TypeError: If ``keep_words`` is a single str, or one of them is not a str.

    >>> words, counts, ids = rank_types(TokenList(["to", "or", "be"]), np.array([2, 1, 2]), 2, None, ("<unk>",))
    >>> words, counts.tolist(), ids.tolist()
    (('<unk>', 'be', 'to'), [0, 2, 2], [2, -1, 1])
    """
    check_count("min_count", min_count, 1, remedy="1 keeps every token")
    if max_size is not None and check_count("the maximum size of a vocabulary", max_size, 0) <= len(specials):
        raise ValueError(
            f"the maximum size of a vocabulary must be above {len(specials)}, the number of specials, got {max_size}; "
            "None keeps all tokens"
        )
    ids = np.full(len(types), -1, dtype=np.int32)
    special_counts = np.zeros(len(specials), dtype=np.int64)
    for number, special in enumerate(specials):
        position = types.find(special)
        if position >= 0:
            special_counts[number] = counts[position]
            ids[position] = number
    stays = np.zeros(len(types), np.bool_)
    if keep_words:
        if isinstance(keep_words, str):
            raise TypeError(f"keep_words must be a list of words, got the str {keep_words[:40]!r}; pass [word]")
        check_tokens(list(keep_words))
        stays = types.among(keep_words) & (counts > 0)
    frequent = np.flatnonzero(((counts >= min_count) | stays) & (ids < 0))
    if not len(frequent):
        raise ValueError(_nothing_left(counts, min_count))
    frequent = types.sort(frequent)
    kept = frequent[np.argsort(-counts[frequent], kind="stable")]
    if max_size is not None:
        room = max_size - len(specials) - int(stays[kept].sum())
        if room < 0:
            raise ValueError(
                f"the maximum size of a vocabulary must be at least {max_size - room}, the number of specials and "
                f"keep_words, got {max_size}; raise it, or keep fewer words"
            )
        kept = kept[stays[kept] | (np.cumsum(~stays[kept]) <= room)]
    ids[kept] = np.arange(len(specials), len(specials) + len(kept))
    return (*specials, *types.take(kept)), np.concatenate([special_counts, counts[kept]]), ids


def _nothing_left(counts: npt.NDArray[np.int64], min_count: int) -> str:
    if not len(counts):
        return "counts must have at least one token, got 0; check that the corpus is not empty"
    largest = int(counts.max())
    return (
        f"min_count must leave at least one token, got {min_count}, while the largest count is {largest}; "
        f"pass {max(largest, 1)} or less, or use more text"
    )


def check_tokens(tokens: Sequence[str]) -> None:
    """Check that every token is a str that can be encoded as UTF-8.

    Raises:
        TypeError: If a token is not a str.
        ValueError: If a token contains half of a surrogate pair.
    """
    try:
        "".join(tokens).encode()
    except TypeError:
        position, wrong = next((i, token) for i, token in enumerate(tokens) if not isinstance(token, str))
        raise TypeError(f"a token must be a str, got {wrong!r} at position {position}; convert it to a str") from None
    except UnicodeEncodeError:
        wrong = next(token for token in tokens if any("\ud800" <= c <= "\udfff" for c in token))
        raise ValueError(
            f"a token must be valid Unicode, got {wrong!r} with half of a surrogate pair; "
            "decode the text with errors='replace'"
        ) from None
