"""Vocabulary: an immutable mapping between tokens and ids, with the count of each token."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from textkit.checks import check_integers, check_path
from textkit.display.html import bar, block, table
from textkit.hub.card import Card
from textkit.hub.layouts import VOCABULARY
from textkit.hub.sharing import Shared
from textkit.text.ranking import TokenList, Types, check_tokens, rank_types
from textkit.text.unknown_words import UnknownWordError
from textkit.text.vocabulary_file import read_vocabulary, write_vocabulary

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
"""All special tokens, in their fixed order."""

_SHOWN = 10  # tokens in a notebook
Ids: TypeAlias = npt.NDArray[np.int32]
Unknown = Literal["keep", "drop"]


class Vocabulary(Shared):
    """Tokens with an id and a count each: specials first, then by descending count, then in token order.

    Appended tokens come last. Two vocabularies are equal if their tokens, counts and specials are equal.
    Supports ``token in v``, ``v[token]`` (the id), ``len(v)`` and ``for token in v``.

    Args:
        tokens: Tokens in id order; the order is kept. Use ``from_counts`` for the usual order.
        counts: Count of each token; shape (vocab,).
        specials: Special tokens, from ``SPECIALS``. They must be the first tokens.

    Raises:
        ValueError: If a token occurs twice or is not valid Unicode, if the counts are negative or differ in number
            from the tokens, or if the specials are unknown, out of order or not first.
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
            duplicate = next(token for i, token in enumerate(self._tokens) if self._ids[token] != i)
            raise ValueError(f"tokens must be distinct, got {duplicate!r} twice; add up their counts")

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        keep_words: Collection[str] = (),
    ) -> "Vocabulary":
        """Build a vocabulary in the usual order: specials, then by descending count, then by ascending token.

        Args:
            counts: Count of each token. Specials among them keep their counts.
            min_count: Tokens with a lower count are left out; specials never are.
            max_size: Maximum number of tokens to keep, including specials; None for no limit.
            specials: Special tokens, from "<pad>", "<unk>", "<bos>" and "<eos>"; they are put in this order.
            keep_words: Tokens that stay if they occur, however rarely.

        Raises:
            ValueError: If no token is left (the message names the largest count), a setting is out of range, or
                ``max_size`` has no room for ``keep_words``.
            TypeError: If ``counts`` is no mapping, a token is not a str, or a count is not an integer.

        >>> Vocabulary.from_counts({"b": 1, "a": 1, "c": 5}, specials=["<unk>"]).tokens
        ('<unk>', 'c', 'a', 'b')
        """
        if not isinstance(counts, Mapping):
            raise TypeError(f"counts must map tokens to counts, got {type(counts).__name__}; pass Counter(tokens)")
        token_counts = check_integers("counts", list(counts.values()), "count the tokens").astype(np.int64)
        tokens = list(counts)
        check_tokens(tokens)
        return cls.ranked(TokenList(tokens), token_counts, min_count, max_size, specials, keep_words)[0]

    @classmethod
    def ranked(
        cls,
        types: Types,
        counts: npt.NDArray[np.int64],
        min_count: int,
        max_size: int | None,
        specials: Sequence[str],
        keep_words: Collection[str] = (),
    ) -> tuple["Vocabulary", Ids]:
        """Build a vocabulary like ``from_counts``, from types in a list or in an Arrow array.

        Args:
            types: Distinct tokens.
            counts: Count of each type; shape (types,).
            min_count: As for ``from_counts``.
            max_size: As for ``from_counts``.
            specials: As for ``from_counts``.
            keep_words: As for ``from_counts``.

        Returns:
            The vocabulary, and the id of each of ``types``, -1 for those left out; int32, shape (types,).

        Raises:
            ValueError: As ``from_counts`` does.
        """
        specials = _ordered_specials(specials)
        words, ranked_counts, ids = rank_types(types, counts, min_count, max_size, specials, keep_words)
        return cls(words, ranked_counts, specials), ids

    def with_counts(self, counts: npt.NDArray[np.int64]) -> "Vocabulary":
        """Return a vocabulary with the same tokens and ids and the given counts; shape (vocab,).

        Raises:
            ValueError: If a count is negative, or the number of counts differs from that of the tokens.

        >>> Vocabulary.from_counts({"to": 2, "be": 1}).with_counts(np.array([3, 4])).counts.tolist()
        [3, 4]
        """
        vocabulary = Vocabulary.__new__(Vocabulary)
        vocabulary._tokens, vocabulary._ids, vocabulary._specials = self._tokens, self._ids, self._specials
        vocabulary._counts = _checked_counts(counts, len(self))
        return vocabulary

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens in id order."""
        return self._tokens

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """The count of each token; shape (vocab,), read-only."""
        return self._counts

    @property
    def specials(self) -> tuple[str, ...]:
        """The special tokens of this vocabulary; their ids are 0, 1, ..."""
        return self._specials

    @property
    def unknown_id(self) -> int | None:
        """The id of ``<unk>``; None if the vocabulary does not have it."""
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

    def _repr_html_(self) -> str:
        most = int(self._counts.max(initial=0)) or 1
        rows = [
            (number, token, int(count), bar(count / most))
            for number, (token, count) in enumerate(zip(self._tokens, self._counts[:_SHOWN], strict=False))
        ]
        return block(f"Vocabulary of {len(self):,} tokens", table(["id", "token", "count", ""], rows))

    def __reduce__(self) -> tuple[Callable[..., "Vocabulary"], tuple[Any, ...]]:
        return Vocabulary, (self._tokens, self._counts, self._specials)

    def encode(self, tokens: Iterable[str] | npt.NDArray[Any], *, unknown: Unknown = "keep") -> Ids:
        """Encode tokens as ids.

        Args:
            tokens: List or array of tokens.
            unknown: Treatment of tokens outside the vocabulary: "keep" maps them to ``<unk>``, "drop" removes them.

        Returns:
            int32 ids in the shape of the array; one-dimensional for a list, and with ``unknown="drop"``.

        Raises:
            UnknownWordError: A KeyError, if a token is unknown, ``unknown`` is "keep" and there is no ``<unk>``.
            TypeError: If ``tokens`` is a str, whose characters would be mistaken for tokens.
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
                ids = np.array(list(map(self._ids.__getitem__, flat)), dtype=np.int32)
            except KeyError as error:
                remedy = "or pass unknown='drop', or add the special '<unk>'"
                raise UnknownWordError(error.args[0], self._tokens, "tokens of the vocabulary", remedy) from None
        else:
            ids = self.lookup(flat, other=self.unknown_id)
        return ids.reshape(tokens.shape) if isinstance(tokens, np.ndarray) else ids

    def lookup(self, tokens: Collection[str], *, other: int) -> Ids:
        """Encode tokens as int32 ids; those outside the vocabulary become ``other``."""
        ids = map(self._ids.get, tokens, repeat(other))
        return np.fromiter(ids, dtype=np.int32, count=len(tokens))

    @overload
    def decode(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.object_]: ...
    @overload
    def decode(self, ids: Iterable[int]) -> list[str]: ...
    def decode(self, ids: Iterable[int] | npt.NDArray[Any]) -> list[str] | npt.NDArray[np.object_]:
        """Decode ids to tokens.

        Args:
            ids: List of ids, or array of any shape.

        Returns:
            A list for a list; for an array, an object array of the same shape.

        Raises:
            IndexError: If an id is negative or not below the size of the vocabulary.
            TypeError: If the ids are not integers.

        >>> Vocabulary.from_counts({"to": 2, "be": 1}).decode([1, 0])
        ['be', 'to']
        """
        array = ids if isinstance(ids, np.ndarray) else np.array(list(ids))
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(
                f"ids must be integers, got {array.dtype}; convert them to integers, or encode tokens first"
            )
        flat = array.reshape(-1).tolist()
        if flat and (min(flat) < 0 or max(flat) >= len(self)):
            position, wrong = next((n, i) for n, i in enumerate(flat) if not 0 <= i < len(self))
            raise IndexError(
                f"ids must be from 0 to {len(self) - 1}, got {wrong} at position {position}; "
                "decode with the vocabulary that encoded them"
            )
        if not isinstance(ids, np.ndarray):
            return [self._tokens[i] for i in flat]
        tokens = np.empty(len(flat), dtype=object)
        tokens[:] = [self._tokens[i] for i in flat]
        return tokens.reshape(ids.shape)

    def merge(self, other: "Vocabulary") -> "Vocabulary":
        """Merge two vocabularies: the result has the tokens and specials of both, and the sums of their counts.

        >>> a, b = Vocabulary.from_counts({"x": 1}), Vocabulary.from_counts({"y": 3, "x": 1})
        >>> a.merge(b).tokens, a.merge(b).counts.tolist()
        (('y', 'x'), [3, 2])
        """
        counts = dict(zip(self._tokens, self._counts.tolist(), strict=True))
        for token, count in zip(other._tokens, other._counts.tolist(), strict=True):
            counts[token] = counts.get(token, 0) + count
        specials = {*self._specials, *other._specials}
        # Tokens with a count of 0, such as appended ones, must be kept; from_counts would drop them.
        ranked = sorted(counts, key=lambda token: (-counts[token], token))
        ordered_specials = [special for special in SPECIALS if special in specials]
        tokens = [*ordered_specials, *(token for token in ranked if token not in specials)]
        return Vocabulary(tokens, [counts[token] for token in tokens], ordered_specials)

    def append(self, tokens: Iterable[str]) -> "Vocabulary":
        """Append tokens with a count of 0; existing ids do not change.

        Args:
            tokens: Tokens to append; specials and tokens that are already in the vocabulary are skipped.

        Raises:
            TypeError: If ``tokens`` is a single str.

        >>> Vocabulary.from_counts({"x": 1}).append(["y", "x"]).tokens
        ('x', 'y')
        """
        if isinstance(tokens, str):
            raise TypeError(f"tokens must be a list of tokens, got the str {tokens[:40]!r}; pass [token]")
        new = [token for token in dict.fromkeys(tokens) if token not in self._ids and token not in SPECIALS]
        return Vocabulary([*self._tokens, *new], [*self._counts.tolist(), *[0] * len(new)], self._specials)

    def prune(self, *, min_count: int = 1, max_size: int | None = None) -> "Vocabulary":
        """Remove rare tokens; specials are kept.

        Args:
            min_count: Tokens with a lower count are removed.
            max_size: Maximum number of tokens to keep, including specials; None for no limit.

        Raises:
            ValueError: If no token is left, or a setting is out of range.

        >>> Vocabulary.from_counts({"x": 1, "y": 3}).prune(min_count=2).tokens
        ('y',)
        """
        return Vocabulary.ranked(TokenList(self._tokens), self._counts, min_count, max_size, self._specials)[0]

    _layout = VOCABULARY

    def _card(self) -> Card:
        return Card(
            what="vocabulary: tokens with their counts",
            name="vocabulary",
            example=['vocabulary.encode(["some", "tokens"])'],
            tags=["vocabulary"],
            facts={"size": len(self), "specials": " ".join(self._specials), "counted tokens": int(self._counts.sum())},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        r"""Write a text file: a line with the format and specials, then ``token<tab>count`` in id order.

        Tabs, line endings, control characters and backslashes in tokens are escaped as in Python: ``\t``.

        Args:
            path: File to write; an existing file is replaced only once the new one is complete.

        Raises:
            OSError: If the file cannot be written.
        """
        write_vocabulary(Path(path), self._tokens, self._counts.tolist(), self._specials)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Vocabulary":
        """Read a vocabulary that ``save`` wrote.

        Args:
            path: File to read.

        Raises:
            ValueError: If the file is not a vocabulary; the message names the line.
            OSError: If the file cannot be read.
        """
        tokens, counts, specials = read_vocabulary(check_path("path", path))
        try:
            return cls(tokens, counts, specials)
        except (ValueError, OverflowError) as error:  # the latter of a count above 64 bits
            raise ValueError(f"{path} must be a complete saved vocabulary, but {error}") from error


def _ordered_specials(specials: Sequence[str]) -> tuple[str, ...]:
    if isinstance(specials, str):
        raise TypeError(f"specials must be a list of tokens, got the str {specials!r}; write [{specials!r}]")
    if unknown := [special for special in specials if special not in SPECIALS]:
        raise ValueError(f"specials must be among {', '.join(SPECIALS)}, got {unknown[0]!r}; remove it")
    return tuple(special for special in SPECIALS if special in specials)


def _checked_counts(counts: Sequence[int] | npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    checked = np.array(counts, dtype=np.int64).reshape(-1)
    checked.flags.writeable = False
    if len(checked) != size:
        raise ValueError(
            f"counts must have one entry per token, got {len(checked)} for {size} tokens; pass a count for each token"
        )
    if size and checked.min() < 0:
        raise ValueError(f"counts must be at least 0, got {checked.min()}; count again")
    return checked
