"""The first pass over a corpus: count its types and write provisional ids, numbered in order of first appearance.

The caller then builds a vocabulary from the counts, or takes an existing one, and maps provisional ids to final ids.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textkit.data.corpus import Corpus
from textkit.data.sources import Part, Piece, TextFile
from textkit.files.prefetch import prefetched
from textkit.progress import ReadingBar
from textkit.text.arrow_arrays import to_arrow, to_numpy
from textkit.text.characters import split_characters
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, WhitespaceTokenizer
from textkit.text.type_counts import TypeCounts, token_array
from textkit.text.vocabulary import Ids, Unknown, Vocabulary
from textkit.text.whitespace import SplitBlock, split_block

_WORD_BLOCK = 1 << 22  # bytes of a text file split into words at a time
_CHARACTER_BLOCK = 1 << 20  # bytes of a text file split into characters at a time; each character takes 8 bytes
_BATCH_TEXT = 1 << 22  # characters in a batch of pieces to tokenize
_SLOW_BATCH_TEXT = 1 << 18  # the same for tokenizers in Python, which take up to a second for it
_BATCH_PIECES = 1 << 14  # maximum number of pieces in a batch


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
        progress: bool = False,
    ) -> "FirstPass":
        """Read a corpus and write its provisional ids.

        Args:
            corpus: Corpus to read.
            tokenizer: Tokenizer for its texts.
            writer: Receives the ids and the document ends.
            line_end: Token to write after each document; None for no such token.
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
        if writer.tokens == line_ends:
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
        unknown: Unknown = "keep",
        typed_specials: bool = True,
    ) -> tuple[Vocabulary, Ids]:
        """Build the vocabulary of the counted types.

        Args:
            min_count: Tokens with a lower count are left out.
            max_size: Maximum size of the vocabulary, including specials; None for no limit.
            specials: Special tokens of the vocabulary.
            unknown: "keep" maps the tokens that are left out to ``<unk>`` and adds their counts to it, if the
                vocabulary has it; "drop" gives them no id.
            typed_specials: Whether a token spelled like a special is that special; otherwise it is left out.

        Returns:
            The vocabulary, and the final id of each type, -1 for a type without an id; int32, shape (types,).

        Raises:
            ValueError: If no token is left, or a setting is out of range.
        """
        candidates = np.arange(len(self.types))
        if not typed_specials:
            candidates = np.flatnonzero(~_is_one_of(self.types, specials))
        vocabulary, candidate_ids = Vocabulary.ranked(
            self.types.take(to_arrow(candidates)), self.counts[candidates], min_count, max_size, specials
        )
        final = np.full(len(self.types), -1, dtype=np.int32)
        final[candidates] = candidate_ids
        if unknown == "keep" and vocabulary.unknown_id is not None:
            final[final < 0] = vocabulary.unknown_id
            vocabulary = vocabulary.with_counts(self.totals(final, len(vocabulary)))
        return vocabulary, final

    def totals(self, final: Ids, size: int) -> npt.NDArray[np.int64]:
        """Sum the counts of the types with the same final id; shape (size,)."""
        totals = np.zeros(size, dtype=np.int64)
        has_id = final >= 0
        np.add.at(totals, final[has_id], self.counts[has_id])
        return totals


def _is_one_of(types: pa.StringArray, tokens: Sequence[str]) -> npt.NDArray[np.bool_]:
    is_member = np.zeros(len(types), dtype=bool)
    for token in tokens:
        if (position := types.index(token).as_py()) >= 0:
            is_member[position] = True
    return is_member


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
