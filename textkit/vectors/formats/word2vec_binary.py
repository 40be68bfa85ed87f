"""The binary format of word2vec: a header, then each word, a space and its vector as little-endian float32."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textkit.files.atomic import atomic_path
from textkit.files.compression import compression, open_writer
from textkit.files.formats import check_text
from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.byte_source import ByteSource
from textkit.vectors.formats.matrix_blocks import row_blocks
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import MAX_DIM, TableBuilder
from textkit.vectors.formats.word_bytes import BREAKS_FIELD, check_writable, decode_word
from textkit.vectors.vector_table import VectorTable

_HEADER = re.compile(rb"[ \t]*([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*\r?\n")
_MAX_HEADER_BYTES = 256
_MAX_WORD_BYTES = 1 << 16  # a file without a space for longer than this is considered damaged
_READ_BYTES = 1 << 18
_WRITE_NUMBERS = 1 << 19
_FASTTEXT_MAGIC = (793_712_314).to_bytes(4, "little")


class _Row(NamedTuple):
    offset: int  # byte offset of the row in the (decompressed) file
    word: bytes
    numbers: NDArray[np.float32]  # (dim,)


def read_binary(path: Path, options: ReadOptions) -> VectorTable:
    """Read a binary file of word2vec.

    Args:
        path: File to read, compressed or not.
        options: Rows to keep, and the treatment of errors. With ``bad_rows="skip"``, all complete rows of a truncated
            file are read.

    Returns:
        The words and vectors.

    Raises:
        ValueError: If the header is wrong, the file is truncated, damaged or longer than stated in its header, or a
            row is bad and bad rows are errors. The message names the byte offset in the decompressed data.
    """
    with ByteSource(path) as source:
        start = source.read(_MAX_HEADER_BYTES)
        match = _HEADER.match(start)
        if match is None:
            check_text(path, start)
            raise ValueError(f"{path}, byte 0: {_header_error(start)}")
        count, dim = int(match[1]), int(match[2])
        if not 1 <= dim <= MAX_DIM:
            raise ValueError(
                f"{path}, byte 0: the dimension must be from 1 to {MAX_DIM:,}, got {dim}; "
                "check that this is a word2vec file"
            )
        bad = BadRows(path, options.bad_rows, "byte")
        builder = TableBuilder(dim, _expected_rows(source, count, dim), options, bad)
        for row in _rows(source, start[match.end() :], match.end(), count, dim, bad, builder.full):
            try:
                word = decode_word(row.word, options.encoding_errors)
            except ValueError as error:
                bad.report(row.offset, str(error))
                continue
            if builder.wants(word):
                builder.add(row.offset, word, row.numbers)
        bad.warn()
        return builder.table()


def write_binary(path: Path, table: VectorTable) -> None:
    """Write a binary file as the C program word2vec does, with a newline after each row.

    Args:
        path: File to write; its last suffix determines the compression.
        table: Words and vectors.

    Raises:
        ValueError: If a word is empty or contains whitespace.
        OSError: If the file cannot be written; an existing file is then unchanged.
    """
    check_writable(table.words, BREAKS_FIELD, "word2vec-binary")
    with atomic_path(path) as temporary, open_writer(temporary, compression(path)) as stream:
        stream.write(b"%d %d\n" % table.matrix.shape)
        words = iter(table.words)
        for block in row_blocks(table.matrix, _WRITE_NUMBERS):
            pieces = [b"%b %b\n" % (next(words).encode(), row.tobytes()) for row in block.astype("<f4")]
            stream.write(b"".join(pieces))


def _rows(
    source: ByteSource,
    buffer: bytes,
    offset: int,
    count: int,
    dim: int,
    bad: BadRows,
    full: Callable[[], bool],
) -> Iterator[_Row]:
    """Split the bytes after the header into rows, until ``full``. ``buffer`` starts at byte ``offset``."""
    size = 4 * dim
    position = 0  # of the next row in the buffer
    for number in range(count):
        if full():
            return
        space = buffer.find(b" ", position)
        while space < 0 or len(buffer) < space + 1 + size:
            if space < 0 and len(buffer) - position > _MAX_WORD_BYTES:
                raise ValueError(
                    f"{source.path}, byte {offset + position}: a word must end with a space within "
                    f"{_MAX_WORD_BYTES:,} bytes, got no space; the file is damaged"
                )
            data = source.read(max(_READ_BYTES, size))
            if not data:
                bad.report(
                    offset + position,
                    f"the header states {count} rows, but the file is truncated in row {number + 1}",
                )
                return
            buffer = buffer[position:] + data
            offset, position = offset + position, 0
            space = buffer.find(b" ")
        # Some programs write a newline after each row.
        word = buffer[position:space].lstrip(b"\n")
        numbers = np.frombuffer(buffer, dtype="<f4", count=dim, offset=space + 1)
        yield _Row(offset + space - len(word), word, numbers)
        position = space + 1 + size
    while True:
        excess = buffer[position:].lstrip(b"\r\n")
        if excess:
            bad.report(
                offset + len(buffer) - len(excess),
                f"the file must end after the {count} rows stated in its header, got more data",
            )
            return
        offset, position = offset + len(buffer), 0
        buffer = source.read(_READ_BYTES)
        if not buffer:
            return


def _expected_rows(source: ByteSource, count: int, dim: int) -> int:
    """Return the number of rows to allocate: that of the header, but no more than fit into the file."""
    if source.size is None:
        return min(count, (1 << 20) // dim)
    # The shortest row has a word of one letter, a space and the numbers.
    return min(count, source.size // (4 * dim + 2))


def _header_error(start: bytes) -> str:
    """Describe the error in a file without a word2vec header."""
    if start.startswith(_FASTTEXT_MAGIC):
        return "the file must be in word2vec's binary format, got a fastText model; unpack it, and pass no format"
    return (
        f"the file must begin with 'count dim' and a newline, got {start[:20]!r}; "
        "check that this is a word2vec binary file"
    )
