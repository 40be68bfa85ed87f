"""The first pass: a corpus is read once, its types are counted, its ids written in order of first appearance.

Whoever encodes a corpus finishes the pass in its own way: makes a vocabulary of the counts, or takes one, and gives
the ids their final numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tqdm import tqdm

from textkit.data.corpus import Corpus
from textkit.data.sources import Part, Piece, TextFile
from textkit.files.prefetch import prefetched
from textkit.text.arrow_arrays import to_arrow, to_numpy
from textkit.text.characters import split_characters
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, WhitespaceTokenizer
from textkit.text.type_counts import TypeCounts, token_array
from textkit.text.vocabulary import Ids, Unknown, Vocabulary
from textkit.text.whitespace import SplitBlock, split_block

_WORD_BLOCK = 1 << 22  # bytes of a text file split into words at a time
_CHARACTER_BLOCK = 1 << 20  # bytes of a text file split into characters at a time: they take 8 bytes each
_BATCH_TEXT = 1 << 22  # characters tokenized at a time, and
_BATCH_PIECES = 1 << 14  # documents


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstPass:
    """What is known of a text once it has been read.

    Attributes:
        types: The different tokens; the position of each is its provisional id. Shape (types,).
        counts: The number of times each was seen; int64, shape (types,).
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
        """Read a corpus, and write it as provisional ids.

        Args:
            corpus: The corpus.
            tokenizer: What splits its texts.
            writer: Takes the ids and the ends of documents.
            line_end: A token to write after each document; None for none.
            progress: Whether to show a bar on stderr.

        Raises:
            TypeError: If a token is not a str.
            ValueError: If the corpus has no token, cannot be read or is not valid Unicode.
            OSError: If the corpus cannot be read or the ids cannot be written.
        """
        counted = TypeCounts()
        ends = 0  # line ends written
        end_id = None if line_end is None else counted.add(line_end)
        with tqdm(desc="encode", unit=" tokens", unit_scale=True, disable=not progress) as bar:
            for part in corpus.parts:
                for batch in _split_part(part, tokenizer):
                    ids, positions = counted.number(batch.types, batch.tokens), batch.ends
                    if end_id is not None:
                        ids = np.insert(ids, positions, end_id)
                        positions = positions + np.arange(1, len(positions) + 1)
                        ends += len(positions)
                    writer.append(ids, positions)
                    bar.update(writer.tokens - bar.n)
        if writer.tokens == ends:
            raise ValueError(
                f"source must hold at least one token, got none in {writer.documents} documents of {corpus.name}; "
                "is it empty, or cut by another tokenizer?"
            )
        counts = counted.counts.copy()
        if end_id is not None:
            counts[end_id] += ends  # a token of the text may be spelled like a line end and is counted already
        return cls(types=counted.tokens, counts=counts)

    def vocabulary(
        self,
        *,
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = (),
        unknown: Unknown = "keep",
        typed_specials: bool = True,
    ) -> tuple[Vocabulary, Ids]:
        """Make the vocabulary of the counted types.

        Args:
            min_count: Tokens seen fewer times are left out.
            max_size: The most tokens in the vocabulary, specials included; None for all.
            specials: The specials that the vocabulary has.
            unknown: "keep" makes tokens that are left out ``<unk>``, and counts them there, if the vocabulary has
                it; "drop" gives them no id.
            typed_specials: Whether a token spelled like a special is that special, or is left out.

        Returns:
            The vocabulary, and the id in it of each type, -1 for none; int32, shape (types,).

        Raises:
            ValueError: If no token is left, or a setting is out of range.
        """
        plain = np.arange(len(self.types))
        if not typed_specials:
            plain = np.flatnonzero(~_is_one_of(self.types, specials))
        vocabulary, ranks = Vocabulary.ranked(
            self.types.take(to_arrow(plain)), self.counts[plain], min_count, max_size, specials
        )
        final = np.full(len(self.types), -1, dtype=np.int32)
        final[plain] = ranks
        if unknown == "keep" and vocabulary.unknown_id is not None:
            final[final < 0] = vocabulary.unknown_id
            vocabulary = vocabulary.with_counts(self.totals(final, len(vocabulary)))
        return vocabulary, final

    def totals(self, final: Ids, size: int) -> npt.NDArray[np.int64]:
        """Add up the counts of types with the same final id; shape (size,)."""
        totals = np.zeros(size, dtype=np.int64)
        numbered = final >= 0
        np.add.at(totals, final[numbered], self.counts[numbered])
        return totals


def _is_one_of(types: pa.StringArray, tokens: Sequence[str]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(types), dtype=bool)
    for token in tokens:
        if (position := types.index(token).as_py()) >= 0:
            found[position] = True
    return found


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
        if block and not block.endswith(b"\n"):  # the last line need not have an end
            yield SplitBlock(pa.array([], pa.string()), np.empty(0, dtype=np.int32), np.zeros(1, dtype=np.int64))

    # Splitting a block and numbering the one before take about the same time, and neither holds the GIL.
    return prefetched(blocks())


def _split_pieces(part: Part, tokenizer: NamedTokenizer) -> Iterator[SplitBlock]:
    batch: list[Piece] = []
    size = 0
    for piece in part.pieces():
        batch.append(piece)
        size += len(piece.content)
        if size >= _BATCH_TEXT or len(batch) == _BATCH_PIECES:
            yield _split_batch(batch, tokenizer)
            batch, size = [], 0
    if batch:
        yield _split_batch(batch, tokenizer)


def _split_batch(batch: list[Piece], tokenizer: NamedTokenizer) -> SplitBlock:
    lasts = np.array([last for _, last in batch])
    texts = [content for content, _ in batch if isinstance(content, str)]
    if isinstance(tokenizer, WhitespaceTokenizer) and len(texts) == len(batch):
        encoded = list(map(_utf8, texts))
        ends = np.fromiter(accumulate(len(text) + 1 for text in encoded), dtype=np.int64, count=len(texts))
        return split_block(b"\n".join((*encoded, b"")), ends[lasts])
    if isinstance(tokenizer, CharacterTokenizer) and len(texts) == len(batch):
        ends = np.fromiter(accumulate(map(len, texts)), dtype=np.int64, count=len(texts))
        return split_characters(b"".join(map(_utf8, texts)), ends[lasts])
    split = tokenizer.pipe(texts)
    tokens = [next(split) if isinstance(content, str) else content for content, _ in batch]
    slices = token_array(list(chain.from_iterable(tokens))).dictionary_encode()
    ends = np.cumsum([*map(len, tokens)], dtype=np.int64)
    return SplitBlock(slices.dictionary, to_numpy(slices.indices), ends[lasts])


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a document must be valid Unicode, got half of a surrogate pair at character {error.start} of "
            f"{text[:40]!r}; decode it with errors='replace'"
        ) from error
