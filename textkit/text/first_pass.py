"""The first pass over a corpus: count its types and write provisional ids, numbered in order of first appearance.

The caller then builds a vocabulary from the counts, or takes an existing one, and maps provisional ids to final ids.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textkit.data.corpus import Corpus
from textkit.data.sources import Part, Piece, TextFile
from textkit.files.prefetch import prefetched
from textkit.progress import ReadingBar
from textkit.text.arrow_arrays import dictionary_encode, to_numpy
from textkit.text.characters import split_characters
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, WhitespaceTokenizer
from textkit.text.type_counts import ArrowTypes, TypeCounts, token_array
from textkit.text.vocabulary import Ids, Unknown, Vocabulary
from textkit.text.whitespace import SplitBlock, split_block

_WORD_BLOCK = 1 << 22  # bytes of a text file split into words at a time
_CHARACTER_BLOCK = 1 << 20  # bytes of a text file split into characters at a time; each character takes 8 bytes
_BATCH_TEXT = 1 << 22  # characters in a batch of pieces to tokenize
_SLOW_BATCH_TEXT = 1 << 18  # the same for tokenizers in Python, which take up to a second for it
_BATCH_PIECES = 1 << 14  # maximum number of pieces in a batch


@dataclass(frozen=True)
class Share:
    """One of several shares of a corpus, each encoded by a process of its own with the vocabulary of the whole.

    Attributes:
        number: Number of the share, from 0.
        shares: Number of shares.
        gather: Sends an object to all processes; returns theirs, in the order of the shares.
    """

    number: int
    shares: int
    gather: Callable[[Any], list[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstPass:
    """The types of a text and their counts.

    Attributes:
        types: The distinct tokens; the position of a token is its provisional id. Shape (types,).
        counts: Number of occurrences of each type; int64, shape (types,).
    """

    types: pa.StringArray
    counts: npt.NDArray[np.int64]

    @classmethod
    def read(
        cls,
        corpus: Corpus,
        tokenizer: NamedTokenizer,
        writer: IdWriter,
        *,
        line_end: str | None = None,
        allow_empty: bool = False,
        progress: bool = False,
    ) -> "FirstPass":
        """Read a corpus and write its provisional ids.

        Args:
            corpus: Corpus to read.
            tokenizer: Tokenizer for its texts.
            writer: Receives the ids and the document ends.
            line_end: Token to write after each document; None for no such token.
            allow_empty: Whether the corpus may have no tokens.
            progress: Whether to show progress on stderr.

        Raises:
            TypeError: If a token is not a str.
            ValueError: If the corpus has no tokens, cannot be read or is not valid Unicode.
            OSError: If the corpus cannot be read or the ids cannot be written.
        """
        type_counts = TypeCounts()
        line_ends = 0  # number of line-end tokens written
        end_id = None if line_end is None else type_counts.add(line_end)
        with ReadingBar(size=corpus.file_size if progress else None, unit="tokens", show=progress) as bar:
            for part in corpus.parts:
                for batch in _split_part(part, tokenizer):
                    ids, positions = type_counts.number(batch.types, batch.tokens), batch.ends
                    if end_id is not None:
                        ids = np.insert(ids, positions, end_id)
                        positions = positions + np.arange(1, len(positions) + 1)
                        line_ends += len(positions)
                    writer.append(ids, positions)
                    bar.count(writer.tokens)
        if writer.tokens == line_ends and not allow_empty:
            raise ValueError(
                f"source must have at least one token, got 0 in {writer.documents} documents of {corpus.name}; "
                "check that it is not empty and that the tokenizer fits its language"
            )
        counts = type_counts.counts.copy()
        if end_id is not None:
            counts[end_id] += line_ends  # tokens of the text that are spelled like a line end are already counted
        return cls(types=type_counts.tokens, counts=counts)

    def vocabulary(
        self,
        *,
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        keep_words: Collection[str] = (),
        unknown: Unknown = "keep",
    ) -> tuple[Vocabulary, Ids]:
        """Build the vocabulary of the counted types.

        Args:
            min_count: Tokens with a lower count are left out.
            max_size: Maximum size of the vocabulary, including specials; None for no limit.
            specials: Special tokens of the vocabulary.
            keep_words: Tokens that stay if they occur, however rarely.
            unknown: "keep" maps the tokens that are left out to ``<unk>`` and adds their counts to it, if the
                vocabulary has it; "drop" gives them no id.

        Returns:
            The vocabulary, and the final id of each type, -1 for a type without an id; int32, shape (types,).

        Raises:
            ValueError: If no token is left, or a setting is out of range.
        """
        types = ArrowTypes(self.types)
        vocabulary, final = Vocabulary.ranked(types, self.counts, min_count, max_size, specials, keep_words)
        if unknown == "keep" and vocabulary.unknown_id is not None:
            final[final < 0] = vocabulary.unknown_id
            vocabulary = vocabulary.with_counts(self.totals(final, len(vocabulary)))
        return vocabulary, final

    @classmethod
    def merged(cls, passes: Sequence["FirstPass"], number: int) -> tuple["FirstPass", Ids]:
        """Merge the first passes over the shares of a text.

        Args:
            passes: First pass over each share.
            number: Number of a share.

        Returns:
            The first pass over all shares, and its id of each type of the share with that number; int32, shape
            (types,).
        """
        distinct = dictionary_encode(pa.concat_arrays([share.types for share in passes]))
        numbers = to_numpy(distinct.indices)
        counts = np.zeros(len(distinct.dictionary), dtype=np.int64)
        np.add.at(counts, numbers, np.concatenate([share.counts for share in passes]))
        begin = sum(len(share.types) for share in passes[:number])
        return cls(types=distinct.dictionary, counts=counts), numbers[begin : begin + len(passes[number].types)]

    def of_all(self, share: Share | None) -> tuple["FirstPass", Ids]:
        """Merge this first pass over a share with those of the other processes; None is the whole text.

        Returns:
            The first pass over the whole text, and its id of each type of this one; int32, shape (types,).
        """
        if share is None:
            return self, np.arange(len(self.types), dtype=np.int32)
        return FirstPass.merged(share.gather(self), share.number)

    def totals(self, final: Ids, size: int) -> npt.NDArray[np.int64]:
        """Sum the counts of the types with the same final id; shape (size,)."""
        totals = np.zeros(size, dtype=np.int64)
        has_id = final >= 0
        np.add.at(totals, final[has_id], self.counts[has_id])
        return totals

    def unknown(self, final: Ids, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
        """Return whether each type became ``<unk>`` without being ``<unk>`` itself; shape (types,)."""
        if vocabulary.unknown_id is None:
            return np.zeros(len(self.types), dtype=bool)
        is_unknown: npt.NDArray[np.bool_] = (final == vocabulary.unknown_id) & (self.counts > 0)
        if (literal := self.types.index("<unk>").as_py()) >= 0:
            is_unknown[literal] = False
        return is_unknown


def _split_part(part: Part, tokenizer: NamedTokenizer) -> Iterator[SplitBlock]:
    if isinstance(part, TextFile) and isinstance(tokenizer, WhitespaceTokenizer):
        return _split_file(part, _WORD_BLOCK, split_block)
    if isinstance(part, TextFile) and isinstance(tokenizer, CharacterTokenizer):
        return _split_file(part, _CHARACTER_BLOCK, split_characters)
    return _split_pieces(part, tokenizer)


def _split_file(file: TextFile, size: int, split: Callable[[bytes], SplitBlock]) -> Iterator[SplitBlock]:
    def blocks() -> Iterator[SplitBlock]:
        block = b""
        for block in file.blocks(size):
            yield split(block)
        # The last line of a file may lack a line ending, but its document ends there all the same.
        if block and not block.endswith(b"\n"):
            yield SplitBlock(pa.array([], pa.string()), np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64))

    # Splitting a block and numbering the one before take about the same time, and neither holds the GIL.
    return prefetched(blocks())


def _split_pieces(part: Part, tokenizer: NamedTokenizer) -> Iterator[SplitBlock]:
    batch: list[Piece] = []
    size = 0
    batch_text = _BATCH_TEXT if isinstance(tokenizer, WhitespaceTokenizer | CharacterTokenizer) else _SLOW_BATCH_TEXT
    for piece in part.pieces():
        batch.append(piece)
        size += len(piece.content)
        if size >= batch_text or len(batch) == _BATCH_PIECES:
            yield _split_batch(batch, tokenizer)
            batch, size = [], 0
    if batch:
        yield _split_batch(batch, tokenizer)


def _split_batch(batch: list[Piece], tokenizer: NamedTokenizer) -> SplitBlock:
    is_last = np.array([last for _, last in batch])
    texts = [content for content, _ in batch if isinstance(content, str)]
    if isinstance(tokenizer, WhitespaceTokenizer) and len(texts) == len(batch):
        encoded = list(map(_utf8, texts))
        ends = np.fromiter(accumulate(len(text) + 1 for text in encoded), dtype=np.int64, count=len(texts))
        return split_block(b"\n".join((*encoded, b"")), ends[is_last])
    if isinstance(tokenizer, CharacterTokenizer) and len(texts) == len(batch):
        ends = np.fromiter(accumulate(map(len, texts)), dtype=np.int64, count=len(texts))
        return split_characters(b"".join(map(_utf8, texts)), ends[is_last])
    split = tokenizer.pipe(texts)
    tokens = [next(split) if isinstance(content, str) else content for content, _ in batch]
    encoded_tokens = token_array(list(chain.from_iterable(tokens))).dictionary_encode()
    ends = np.cumsum([*map(len, tokens)], dtype=np.int64)
    return SplitBlock(encoded_tokens.dictionary, to_numpy(encoded_tokens.indices), ends[is_last])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a document must be valid Unicode, got half of a surrogate pair at character {error.start} of "
            f"{text[:40]!r}; decode it with errors='replace'"
        ) from error
