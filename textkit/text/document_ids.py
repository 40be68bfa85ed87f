"""Many short documents as ids in memory: what a classifier is trained on and predicts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from textkit.data.tables import Document, check_document
from textkit.text.first_pass import FirstPass
from textkit.text.tokenizers import NamedTokenizer, Tokenizer, WordTokenizer, get_tokenizer
from textkit.text.type_counts import token_array
from textkit.text.vocabulary import Ids, Vocabulary

Offsets: TypeAlias = npt.NDArray[np.int64]

_CHARACTERS = 1 << 22  # of texts tokenized at a time
_SPECIALS = ("<pad>", "<unk>")
_UNKNOWN = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentIds:
    """Documents as ids, in the order in which they came.

    ``documents[i]`` are the ids of one, ``len(documents)`` is how many there are.

    Attributes:
        ids: (tokens,) int32: the documents one after another.
        offsets: (documents + 1,) int64: document i is ``ids[offsets[i]:offsets[i + 1]]``.
        unknown: How many of the ids are ``<unk>``.
    """

    ids: Ids
    offsets: Offsets
    unknown: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> Ids:
        if not -len(self) <= number < len(self):
            raise IndexError(f"number must be that of one of {len(self)} documents, got {number}")
        number %= len(self)
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many tokens each document has; shape (documents,)."""
        return np.diff(self.offsets)

    def known(self, vocab: int) -> "DocumentIds":
        """The same documents for a model that knows fewer tokens: ids from ``vocab`` on become ``<unk>``."""
        return _document_ids(np.where(self.ids < vocab, self.ids, np.int32(_UNKNOWN)), self.offsets)

    def take(self, rows: Sequence[int] | npt.NDArray[np.integer]) -> "DocumentIds":
        """Copy some documents.

        Args:
            rows: Which, from 0; one may be taken twice. Shape (n,).

        Returns:
            Those documents, in the order of ``rows``.

        Raises:
            IndexError: If there is no such document.

        >>> documents, _ = encode_documents(["to be", "", "or not"], tokenizer="whitespace")
        >>> [ids.tolist() for ids in documents.take([2, 1])]
        [[4, 3], []]
        """
        ids, offsets = _gather(self.ids, self.offsets, np.asarray(rows, dtype=np.int64))
        return _document_ids(ids, offsets)


def encode_documents(
    texts: Iterable[Document],
    *,
    tokenizer: str | Tokenizer,
    vocabulary: Vocabulary | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Sequence[str] = _SPECIALS,
) -> tuple[DocumentIds, Vocabulary]:
    """Turn documents into ids; words that the vocabulary does not know become ``<unk>``.

    A special that is typed in a text, such as "<pad>", is an unknown word like others.

    Args:
        texts: The documents, each a str, or a list of tokens that is taken as it is. One without a token is kept.
        tokenizer: How a str is split, see ``textkit.tokenizer``.
        vocabulary: That of the training texts, when others are read; None makes one from these.
        min_count: Tokens seen fewer times become ``<unk>``.
        max_size: The most tokens in the vocabulary, specials included; None for all.
        specials: Which specials a new vocabulary has; "<pad>" and "<unk>" must be among them.

    Returns:
        The documents, and the vocabulary they were made with. In a new one, the count of ``<unk>`` is that of all
        tokens that were left out.

    Raises:
        ValueError: If ``vocabulary`` is None and there is no token, or ``min_count`` leaves none; if a document is
            None or NaN, a token is not valid Unicode, "<pad>" or "<unk>" is missing, or a setting is out of range.
        TypeError: If ``texts`` is a single str, or a document is neither a str nor a list of str.

    >>> documents, vocabulary = encode_documents(["to be", "or not to be"], tokenizer="whitespace", min_count=2)
    >>> vocabulary.tokens, documents.ids.tolist(), documents.offsets.tolist(), documents.unknown
    (('<pad>', '<unk>', 'be', 'to'), [3, 2, 1, 1, 3, 2], [0, 2, 6], 2)
    """
    if isinstance(texts, str):
        raise TypeError(f"texts must be a list of texts, got the str {texts[:40]!r}; pass [text]")
    _check(vocabulary, min_count, max_size, specials)
    split = get_tokenizer(tokenizer)
    ids, offsets, types = _encode_words(texts, split) if isinstance(split, WordTokenizer) else _encode(texts, split)
    if vocabulary is None:
        read = FirstPass(types=token_array(types), counts=np.bincount(ids, minlength=len(types)))
        vocabulary, final = read.vocabulary(
            min_count=min_count, max_size=max_size, specials=specials, typed_specials=False
        )
    else:
        final = vocabulary.lookup(types, other=_UNKNOWN)
        final[final < len(vocabulary.specials)] = _UNKNOWN
    return _document_ids(final[ids], offsets), vocabulary


def _encode(texts: Iterable[Document], tokenizer: NamedTokenizer) -> tuple[Ids, Offsets, list[str]]:
    """Number the tokens of documents as they come; return ids, offsets and the different tokens."""
    numbers = _Numbers[str]()
    parts: list[Ids] = []
    lengths: list[int] = []
    for batch in _batches(texts):
        split = tokenizer.pipe(text for text in batch if isinstance(text, str))
        tokens = [next(split) if isinstance(text, str) else text for text in batch]
        parts.append(numbers.of(chain.from_iterable(tokens)))
        lengths += map(len, tokens)
    return _joined(parts), _offsets(lengths), list(numbers)


def _encode_words(texts: Iterable[Document], tokenizer: NamedTokenizer) -> tuple[Ids, Offsets, list[str]]:
    """Do the same with each different piece between white space split once only, which is three times as fast."""
    pieces = _Numbers[str | tuple[str]]()  # tuples are tokens that must not be split
    parts: list[Ids] = []
    lengths: list[int] = []
    for batch in _batches(texts):
        cut = [text.split() if isinstance(text, str) else list(zip(text, strict=True)) for text in batch]
        parts.append(pieces.of(chain.from_iterable(cut)))
        lengths += map(len, cut)
    split = tokenizer.pipe(piece for piece in pieces if isinstance(piece, str))
    tokens = [next(split) if isinstance(piece, str) else list(piece) for piece in pieces]
    numbers = _Numbers[str]()
    ids, ends = numbers.of(chain.from_iterable(tokens)), _offsets(map(len, tokens))
    # Expand one batch at a time: the index arrays made here are eight times as large as the ids.
    longer = [_gather(ids, ends, part)[0] for part in parts]
    before = np.concatenate([[0], np.cumsum(np.diff(ends)[_joined(parts)])])
    return _joined(longer), before[_offsets(lengths)], list(numbers)


_Key = TypeVar("_Key")


class _Numbers(defaultdict[_Key, int]):
    """Things and their numbers; a new one gets the next."""

    def __init__(self) -> None:
        super().__init__(count().__next__)

    def of(self, things: Iterable[_Key]) -> Ids:
        """Return the numbers of things."""
        return np.fromiter(map(self.__getitem__, things), dtype=np.int32)


def _batches(texts: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    size = 0
    for number, text in enumerate(texts, start=1):
        batch.append(check_document(text, f"row {number} of the texts"))
        size += len(text)
        if size >= _CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _gather(values: Ids, offsets: Offsets, rows: npt.NDArray[np.integer]) -> tuple[Ids, Offsets]:
    """Join slices of ``values``: slice i is ``values[offsets[i]:offsets[i + 1]]``."""
    lengths = np.diff(offsets)[rows]
    ends = _offsets(lengths)
    places = np.repeat(offsets[:-1][rows] - ends[:-1], lengths)
    places += np.arange(len(places))
    return values[places], ends


def _offsets(lengths: Iterable[int]) -> Offsets:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, dtype=np.int64))])


def _joined(parts: list[Ids]) -> Ids:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)


def _document_ids(ids: Ids, offsets: Offsets) -> DocumentIds:
    return DocumentIds(ids=ids, offsets=offsets, unknown=int(np.count_nonzero(ids == _UNKNOWN)))


def _check(vocabulary: Vocabulary | None, min_count: int, max_size: int | None, specials: Sequence[str]) -> None:
    if vocabulary is not None and (min_count, max_size, tuple(specials)) != (1, None, _SPECIALS):
        raise ValueError(
            f"min_count, max_size and specials must be left alone with a vocabulary, got {min_count}, {max_size} and "
            f"{tuple(specials)}; prune the vocabulary instead"
        )
    name, found = ("specials", specials) if vocabulary is None else ("vocabulary", vocabulary.specials)
    if missing := [special for special in _SPECIALS if special not in found]:
        raise ValueError(
            f"{name} must have {' and '.join(_SPECIALS)}, got none of {', '.join(missing)}; "
            "take the vocabulary that encode_documents made from the training texts"
        )
