"""Vocabulary: tokens <-> ids, with how often each was counted. Immutable."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textkit.text.type_counts import check_tokens, rank_types, token_array
from textkit.text.unknown_words import UnknownWordError
from textkit.text.vocabulary_file import read_vocabulary, write_vocabulary

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
"""Every special token, in the one order in which they can stand."""

Ids: TypeAlias = npt.NDArray[np.int32]
Unknown = Literal["keep", "drop"]


class Vocabulary:
    """Tokens, each with an id and a count: specials first, then by count (most first), then by token.

    Those that were appended come last. Two vocabularies are equal if their tokens, counts and specials are.
    ``token in v``, ``v[token]`` (the id), ``len(v)`` and ``for token in v`` do what they say.

    Args:
        tokens: The tokens; the position of each is its id. The order is kept; ``from_counts`` makes the
            usual one.
        counts: How often each was counted; shape (vocab,).
        specials: Which of ``SPECIALS`` there are. They must be the first of the tokens.

    Raises:
        ValueError: If a token comes twice or is not valid Unicode, if the counts are negative or of another
            number than the tokens, or if the specials are unknown, out of order or not first.
        TypeError: If a token is not a str.

    >>> v = Vocabulary.from_counts({"to": 2, "be": 2, "or": 1})
    >>> v.tokens, v["to"], v.counts.tolist()
    (('be', 'to', 'or'), 1, [2, 2, 1])
    """

    def __init__(
        self, tokens: Iterable[str], counts: Sequence[int] | npt.NDArray[Any], specials: Sequence[str] = ()
    ) -> None:
        self._tokens = tuple(tokens)
        self._counts = _checked_counts(counts, len(self._tokens))
        self._specials = _ordered_specials(specials)
        if self._tokens[: len(self._specials)] != self._specials:
            raise ValueError(
                f"specials must be the first tokens, got {self._tokens[: len(self._specials)]} for "
                f"{self._specials}; use Vocabulary.from_counts"
            )
        check_tokens(self._tokens)
        self._ids = dict(zip(self._tokens, range(len(self._tokens)), strict=True))
        if len(self._ids) < len(self._tokens):
            twice = next(token for i, token in enumerate(self._tokens) if self._ids[token] != i)
            raise ValueError(f"tokens must differ from each other, got {twice!r} twice; add up their counts")

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
    ) -> "Vocabulary":
        """Make a vocabulary in the usual order: count descending, then token ascending; specials before all.

        Args:
            counts: Tokens and how often each was seen. A special that is among them keeps its count.
            min_count: Tokens seen fewer times are left out; specials never are.
            max_size: The most tokens to keep, specials included; None for all.
            specials: Which of "<pad>", "<unk>", "<bos>", "<eos>" to have; they stand in this order.

        Raises:
            ValueError: If no token is left (the message names the largest count), or a setting is out of
                range.
            TypeError: If a token is not a str.

        >>> Vocabulary.from_counts({"b": 1, "a": 1, "c": 5}, specials=["<unk>"]).tokens
        ('<unk>', 'c', 'a', 'b')
        """
        numbers = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        tokens = list(counts)
        check_tokens(tokens)
        return cls.ranked(token_array(tokens), numbers, min_count, max_size, specials)[0]

    @classmethod
    def ranked(
        cls,
        tokens: pa.StringArray,
        counts: npt.NDArray[np.int64],
        min_count: int,
        max_size: int | None,
        specials: Sequence[str],
    ) -> tuple["Vocabulary", Ids]:
        """Do the work of ``from_counts``, for tokens that are already in Arrow.

        Args:
            tokens: Different tokens; shape (types,).
            counts: How often each was seen; shape (types,).
            min_count: As for ``from_counts``.
            max_size: As for ``from_counts``.
            specials: As for ``from_counts``.

        Returns:
            The vocabulary, and the id in it of each of ``tokens`` (-1 if it was left out), int32, shape
            (types,).

        Raises:
            ValueError: As ``from_counts`` does.
        """
        specials = _ordered_specials(specials)
        words, ranked_counts, ids = rank_types(tokens, counts, min_count, max_size, specials)
        return cls(words, ranked_counts, specials), ids

    def with_counts(self, counts: npt.NDArray[np.int64]) -> "Vocabulary":
        """Return the same tokens and ids with other counts; shape (vocab,).

        Raises:
            ValueError: If the counts are negative or not as many as the tokens.

        >>> Vocabulary.from_counts({"to": 2, "be": 1}).with_counts(np.array([3, 4])).counts.tolist()
        [3, 4]
        """
        vocabulary = Vocabulary.__new__(Vocabulary)
        vocabulary._tokens, vocabulary._ids, vocabulary._specials = self._tokens, self._ids, self._specials
        vocabulary._counts = _checked_counts(counts, len(self))
        return vocabulary

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens; the position of each is its id."""
        return self._tokens

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each token was counted; shape (vocab,), read-only."""
        return self._counts

    @property
    def specials(self) -> tuple[str, ...]:
        """The special tokens there are; their ids are 0, 1, ..."""
        return self._specials

    @property
    def unknown_id(self) -> int | None:
        """The id of ``<unk>``; None without it."""
        return self._specials.index("<unk>") if "<unk>" in self._specials else None

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        try:
            return self._ids[token]
        except KeyError:
            raise UnknownWordError(token, self._tokens, "tokens of the vocabulary") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (
            self._specials == other._specials
            and self._tokens == other._tokens
            and np.array_equal(self._counts, other._counts)
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self._specials, self._tokens, self._counts.tobytes()))

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self._tokens[:5])) + (", ..." if len(self) > 5 else "")
        return f"Vocabulary({len(self)} tokens: {shown})"

    def __reduce__(self) -> tuple[Callable[..., "Vocabulary"], tuple[Any, ...]]:
        return Vocabulary, (self._tokens, self._counts, self._specials)

    def encode(self, tokens: Iterable[str] | npt.NDArray[Any], *, unknown: Unknown = "keep") -> Ids:
        """Turn tokens into ids.

        Args:
            tokens: A list of tokens, or an array of them.
            unknown: What becomes of tokens that are not in the vocabulary: "keep" makes them ``<unk>``,
                "drop" leaves them out.

        Returns:
            int32 ids, in the shape of the array (one-dimensional for lists and if some may be dropped).

        Raises:
            UnknownWordError: A KeyError, if a token is unknown, ``unknown`` is "keep" and there is no ``<unk>``.
            TypeError: If ``tokens`` is a str: its characters would be taken for tokens.
            ValueError: If ``unknown`` is neither "keep" nor "drop".

        >>> Vocabulary.from_counts({"to": 2, "be": 1}).encode(["be", "to"]).tolist()
        [1, 0]
        """
        if isinstance(tokens, str):
            raise TypeError(f"tokens must be a list of tokens, got the str {tokens[:40]!r}; split it first")
        if unknown not in ("keep", "drop"):
            raise ValueError(f"unknown must be 'keep' or 'drop', got {unknown!r}")
        flat = tokens.reshape(-1).tolist() if isinstance(tokens, np.ndarray) else list(tokens)
        if unknown == "drop":
            ids = self.lookup(flat, other=-1)
            return ids[ids >= 0]
        if self.unknown_id is None:
            try:
                found = list(map(self._ids.__getitem__, flat))
            except KeyError as error:
                remedy = "or pass unknown='drop', or have the special '<unk>'"
                raise UnknownWordError(error.args[0], self._tokens, "tokens of the vocabulary", remedy) from None
            ids = np.array(found, dtype=np.int32)
        else:
            ids = self.lookup(flat, other=self.unknown_id)
        return ids.reshape(tokens.shape) if isinstance(tokens, np.ndarray) else ids

    def lookup(self, tokens: Collection[str], *, other: int) -> Ids:
        """Turn tokens into int32 ids; those that are not in the vocabulary become ``other``."""
        found = map(self._ids.get, tokens, repeat(other))
        return np.fromiter(found, dtype=np.int32, count=len(tokens))

    @overload
    def decode(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.object_]: ...
    @overload
    def decode(self, ids: Iterable[int]) -> list[str]: ...
    def decode(self, ids: Iterable[int] | npt.NDArray[Any]) -> list[str] | npt.NDArray[np.object_]:
        """Turn ids into tokens.

        Args:
            ids: Ids, as a list or an array of any shape.

        Returns:
            A list for a list, an array of objects of the same shape for an array.

        Raises:
            IndexError: If an id is negative or as large as the vocabulary.
            TypeError: If the ids are not integers.

        >>> Vocabulary.from_counts({"to": 2, "be": 1}).decode([1, 0])
        ['be', 'to']
        """
        array = ids if isinstance(ids, np.ndarray) else np.array(list(ids))
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"ids must be integers, got {array.dtype}; round or encode them first")
        flat = array.reshape(-1).tolist()
        if flat and (min(flat) < 0 or max(flat) >= len(self)):
            place, wrong = next((n, i) for n, i in enumerate(flat) if not 0 <= i < len(self))
            raise IndexError(
                f"ids must be from 0 to {len(self) - 1}, got {wrong} at position {place}; "
                "decode with the vocabulary they were made with"
            )
        if not isinstance(ids, np.ndarray):
            return [self._tokens[i] for i in flat]
        found = np.empty(len(flat), dtype=object)
        found[:] = [self._tokens[i] for i in flat]
        return found.reshape(ids.shape)

    def merge(self, other: "Vocabulary") -> "Vocabulary":
        """Add up the counts of two vocabularies; the result has the tokens and the specials of both.

        >>> a, b = Vocabulary.from_counts({"x": 1}), Vocabulary.from_counts({"y": 3, "x": 1})
        >>> a.merge(b).tokens, a.merge(b).counts.tolist()
        (('y', 'x'), [3, 2])
        """
        counts = dict(zip(self._tokens, self._counts.tolist(), strict=True))
        for token, count in zip(other._tokens, other._counts.tolist(), strict=True):
            counts[token] = counts.get(token, 0) + count
        specials = {*self._specials, *other._specials}
        # a token that was never seen, such as one put in by hand, must stay: hence not from_counts, which
        # cuts at 1
        ordered = sorted(counts, key=lambda token: (-counts[token], token))
        first = [special for special in SPECIALS if special in specials]
        tokens = [*first, *(token for token in ordered if token not in specials)]
        return Vocabulary(tokens, [counts[token] for token in tokens], first)

    def append(self, tokens: Iterable[str]) -> "Vocabulary":
        """Add tokens behind all others, with a count of 0; ids stay what they are.

        Args:
            tokens: The tokens; those that are there already are passed over, and specials.

        Raises:
            TypeError: If ``tokens`` is a single str.

        >>> Vocabulary.from_counts({"x": 1}).append(["y", "x"]).tokens
        ('x', 'y')
        """
        if isinstance(tokens, str):
            raise TypeError(f"tokens must be a list of tokens, got the str {tokens[:40]!r}; pass [token]")
        more = [token for token in dict.fromkeys(tokens) if token not in self._ids and token not in SPECIALS]
        return Vocabulary([*self._tokens, *more], [*self._counts.tolist(), *[0] * len(more)], self._specials)

    def prune(self, *, min_count: int = 1, max_size: int | None = None) -> "Vocabulary":
        """Leave out what was seen too seldom; specials stay.

        Args:
            min_count: Tokens seen fewer times are left out.
            max_size: The most tokens to keep, specials included; None for all.

        Raises:
            ValueError: If no token is left, or a setting is out of range.

        >>> Vocabulary.from_counts({"x": 1, "y": 3}).prune(min_count=2).tokens
        ('y',)
        """
        return Vocabulary.ranked(token_array(self._tokens), self._counts, min_count, max_size, self._specials)[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        r"""Write a text file: format and specials, then ``token<tab>count`` in order of ids.

        Odd characters in tokens (tabs, line ends, control characters, backslashes) are written as in Python:
        ``\t``.

        Args:
            path: Where to; an old file stays as it is until the new one is whole.

        Raises:
            OSError: If it cannot be written.
        """
        write_vocabulary(Path(path), self._tokens, self._counts.tolist(), self._specials)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Vocabulary":
        """Read what ``save`` wrote.

        Args:
            path: The file.

        Raises:
            ValueError: If it is not such a file; the message names the line.
            OSError: If it cannot be read.
        """
        tokens, counts, specials = read_vocabulary(Path(path))
        try:
            return cls(tokens, counts, specials)
        except ValueError as error:
            raise ValueError(f"{path} must be a vocabulary that was saved whole, but {error}") from error


def _ordered_specials(specials: Sequence[str]) -> tuple[str, ...]:
    if isinstance(specials, str):
        raise TypeError(f"specials must be a list of tokens, got the str {specials!r}; write [{specials!r}]")
    if unknown := [special for special in specials if special not in SPECIALS]:
        raise ValueError(f"specials must be among {', '.join(SPECIALS)}, got {unknown[0]!r}; leave it out")
    return tuple(special for special in SPECIALS if special in specials)


def _checked_counts(counts: Sequence[int] | npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    checked = np.array(counts, dtype=np.int64).reshape(-1)
    checked.flags.writeable = False
    if len(checked) != size:
        raise ValueError(f"counts must be as many as tokens, got {len(checked)} for {size}; pair them again")
    if size and checked.min() < 0:
        raise ValueError(f"counts must be 0 or more, got {checked.min()}; count again")
    return checked
