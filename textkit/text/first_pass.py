"""Documents -> provisional ids, in order of first appearance, as the text is read only once."""

from collections.abc import Iterator
from itertools import accumulate, chain

import numpy as np
from tqdm import tqdm

from textkit.data.corpus import Corpus
from textkit.data.sources import Part, Piece, TextFile
from textkit.text.arrow_arrays import to_numpy
from textkit.text.id_writer import TokenStream
from textkit.text.tokenizers import NamedTokenizer, WhitespaceTokenizer
from textkit.text.type_counts import TypeCounts, token_array
from textkit.text.whitespace import SplitBlock, split_block

_BLOCK = 1 << 23  # bytes of a text file split at a time
_BATCH_TEXT = 1 << 22  # characters, and
_BATCH_PIECES = 1 << 14  # documents tokenized at a time


def encode_parts(corpus: Corpus, tokenizer: NamedTokenizer, stream: TokenStream, *, progress: bool) -> TypeCounts:
    """Write a corpus to a stream as provisional ids.

    Args:
        corpus: What to read, once.
        tokenizer: What splits texts.
        stream: Where the ids and the ends of documents go.
        progress: Whether to show a bar on stderr.

    Returns:
        The types and their counts; the number of a type is its provisional id.

    Raises:
        TypeError: If a token is not a str.
        ValueError: If the text cannot be read or is not valid Unicode.
        OSError: If the text cannot be read, or the stream not written.
    """
    types = TypeCounts()
    whitespace = isinstance(tokenizer, WhitespaceTokenizer)
    with tqdm(desc="encode", unit=" tokens", unit_scale=True, disable=not progress) as bar:
        for part in corpus.parts:
            steps = _blocks(part) if isinstance(part, TextFile) and whitespace else _batches(part, tokenizer)
            for batch in steps:
                stream.append(types.number(batch.types, batch.tokens), batch.ends)
                bar.update(stream.tokens - bar.n)
    return types


def _blocks(file: TextFile) -> Iterator[SplitBlock]:
    block = b""
    for block in file.blocks(_BLOCK):
        yield split_block(block)
    if block and not block.endswith(b"\n"):  # the last line need not have an end
        yield split_block(b"", np.zeros(1, dtype=np.int64))


def _batches(part: Part, tokenizer: NamedTokenizer) -> Iterator[SplitBlock]:
    batch: list[Piece] = []
    size = 0
    for piece in part.pieces():
        batch.append(piece)
        size += len(piece.content)
        if size >= _BATCH_TEXT or len(batch) == _BATCH_PIECES:
            yield _split(batch, tokenizer)
            batch, size = [], 0
    if batch:
        yield _split(batch, tokenizer)


def _split(batch: list[Piece], tokenizer: NamedTokenizer) -> SplitBlock:
    lasts = np.array([last for _, last in batch])
    texts = [content for content, _ in batch if isinstance(content, str)]
    if isinstance(tokenizer, WhitespaceTokenizer) and len(texts) == len(batch):
        encoded = list(map(_utf8, texts))
        ends = np.fromiter(accumulate(len(text) + 1 for text in encoded), dtype=np.int64, count=len(texts))
        return split_block(b"\n".join((*encoded, b"")), ends[lasts])
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
