"""Short documents as token ids in memory, as a classifier reads them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from textkit.data.tables import Document, check_document
from textkit.text.ranking import TokenList, check_tokens
from textkit.text.tokenizers import NamedTokenizer, Tokenizer, WordTokenizer, get_tokenizer
from textkit.text.vocabulary import Ids, Vocabulary

Offsets: TypeAlias = npt.NDArray[np.int64]

_CHARACTERS = 1 << 22  # characters tokenized at a time
_SPECIALS = ("<pad>", "<unk>")
_UNKNOWN = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentIds:
    """Documents as token ids, in their original order.

    ``documents[i]`` is the array of ids of document i; ``len(documents)`` is the number of documents.

    Attributes:
        ids: (tokens,) int32: the concatenated documents.
        offsets: (documents + 1,) int64: document i is ``ids[offsets[i]:offsets[i + 1]]``.
        unknown: Number of ids that are ``<unk>``.
    """

    ids: Ids
    offsets: Offsets
    unknown: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> Ids:
        if not -len(self) <= number < len(self):
            raise IndexError(f"number must be from {-len(self)} to {len(self) - 1}, got {number}")
        number %= len(self)
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of tokens in each document; shape (documents,)."""
        return np.diff(self.offsets)

    def known(self, vocab: int) -> "DocumentIds":
        """Return the documents for a model with a smaller vocabulary: ids of ``vocab`` and above become ``<unk>``."""
        return _document_ids(np.where(self.ids < vocab, self.ids, np.int32(_UNKNOWN)), self.offsets)

    def take(self, rows: Sequence[int] | npt.NDArray[np.integer]) -> "DocumentIds":
        """Copy a selection of documents.

        Args:
            rows: Indices of the documents, from 0; an index may repeat. Shape (n,).

        Returns:
            The selected documents, in the order of ``rows``.

        Raises:
            IndexError: If an index is out of range.

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
    """Encode documents as ids; tokens outside the vocabulary become ``<unk>``.

    A special token that occurs in a text, such as "<pad>", is treated as an unknown word.

    Args:
        texts: The documents, each a str or a list of tokens. Documents without tokens are kept.
        tokenizer: Tokenizer for a str, see ``textkit.tokenizer``.
        vocabulary: Vocabulary of the training texts; None builds one from ``texts``.
        min_count: Tokens with a lower count become ``<unk>``.
        max_size: Maximum size of the vocabulary, including specials; None for no limit.
        specials: Special tokens of a new vocabulary; must include "<pad>" and "<unk>".

    Returns:
        The encoded documents and their vocabulary. In a new vocabulary, the count of ``<unk>`` is the total count of
        the tokens that were left out.

    Raises:
        ValueError: If ``vocabulary`` is None and the texts have no tokens or none reaches ``min_count``; if a document
            is None or NaN, a token is not valid Unicode, "<pad>" or "<unk>" is missing, or a setting is out of range.
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
        check_tokens(types)
        counts = np.bincount(ids, minlength=len(types))
        # The count of a special is not that of a token spelled like it.
        ordinary = np.array([token not in specials for token in types], dtype=bool)
        vocabulary, _ = Vocabulary.ranked(
            TokenList(list(compress(types, ordinary))), counts[ordinary], min_count, max_size, specials
        )
        final = _final_ids(types, vocabulary)
        totals = np.zeros(len(vocabulary), dtype=np.int64)
        np.add.at(totals, final, counts)
        vocabulary = vocabulary.with_counts(totals)
    else:
        final = _final_ids(types, vocabulary)
    return _document_ids(final[ids], offsets), vocabulary


def _final_ids(types: list[str], vocabulary: Vocabulary) -> Ids:
    """Return the id of each type in a vocabulary."""
    final = vocabulary.lookup(types, other=_UNKNOWN)
    # A token in a text that is spelled like a special must not act as one, for instance as padding.
    final[final < len(vocabulary.specials)] = _UNKNOWN
    return final


def _encode(texts: Iterable[Document], tokenizer: NamedTokenizer) -> tuple[Ids, Offsets, list[str]]:
    """Number tokens in order of first appearance; return ids, offsets and the distinct tokens."""
    numbers = _Numbering[str]()
    batch_ids: list[Ids] = []
    lengths: list[int] = []
    for batch in _batches(texts):
        split = tokenizer.pipe(text for text in batch if isinstance(text, str))
        tokens = [next(split) if isinstance(text, str) else text for text in batch]
        batch_ids.append(numbers.of(chain.from_iterable(tokens)))
        lengths += map(len, tokens)
    return _concatenate(batch_ids), _offsets(lengths), list(numbers)


def _encode_words(texts: Iterable[Document], tokenizer: NamedTokenizer) -> tuple[Ids, Offsets, list[str]]:
    """Do the same as `_encode`, but tokenize each distinct whitespace-separated chunk only once: three times faster."""
    # A 1-tuple marks a token that was given as such and must not be split again.
    chunks = _Numbering[str | tuple[str]]()
    batch_chunks: list[Ids] = []
    lengths: list[int] = []
    for batch in _batches(texts):
        split_texts = [text.split() if isinstance(text, str) else list(zip(text, strict=True)) for text in batch]
        batch_chunks.append(chunks.of(chain.from_iterable(split_texts)))
        lengths += map(len, split_texts)
    split = tokenizer.pipe(chunk for chunk in chunks if isinstance(chunk, str))
    tokens = [next(split) if isinstance(chunk, str) else list(chunk) for chunk in chunks]
    numbers = _Numbering[str]()
    ids, offsets = numbers.of(chain.from_iterable(tokens)), _offsets(map(len, tokens))
    # Expand one batch at a time: the index arrays made here are eight times as large as the ids.
    batch_ids = [_gather(ids, offsets, chunk_ids)[0] for chunk_ids in batch_chunks]
    tokens_before = np.concatenate([[0], np.cumsum(np.diff(offsets)[_concatenate(batch_chunks)])])
    return _concatenate(batch_ids), tokens_before[_offsets(lengths)], list(numbers)


_Key = TypeVar("_Key")


class _Numbering(defaultdict[_Key, int]):
    """Assigns consecutive numbers to keys, in order of first appearance."""

    def __init__(self) -> None:
        super().__init__(count().__next__)

    def of(self, keys: Iterable[_Key]) -> Ids:
        """Return the number of each key."""
        return np.fromiter(map(self.__getitem__, keys), dtype=np.int32)


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
    """Concatenate slices of ``values``: slice i is ``values[offsets[i]:offsets[i + 1]]``; return their new offsets."""
    lengths = np.diff(offsets)[rows]
    new_offsets = _offsets(lengths)
    positions = np.repeat(offsets[:-1][rows] - new_offsets[:-1], lengths)
    positions += np.arange(len(positions))
    return values[positions], new_offsets


def _offsets(lengths: Iterable[int]) -> Offsets:
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, dtype=np.int64))])


def _concatenate(arrays: list[Ids]) -> Ids:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int32)


def _document_ids(ids: Ids, offsets: Offsets) -> DocumentIds:
    return DocumentIds(ids=ids, offsets=offsets, unknown=int(np.count_nonzero(ids == _UNKNOWN)))


def _check(vocabulary: Vocabulary | None, min_count: int, max_size: int | None, specials: Sequence[str]) -> None:
    if vocabulary is not None and (min_count, max_size, tuple(specials)) != (1, None, _SPECIALS):
        raise ValueError(
            f"min_count, max_size and specials must not be set together with vocabulary, got {min_count}, {max_size} "
            f"and {tuple(specials)}; prune the vocabulary instead"
        )
    name, present = ("specials", specials) if vocabulary is None else ("vocabulary", vocabulary.specials)
    if missing := [special for special in _SPECIALS if special not in present]:
        raise ValueError(
            f"{name} must include {' and '.join(_SPECIALS)}, missing {' and '.join(missing)}; "
            "use the vocabulary that encode_documents returned for the training texts"
        )
