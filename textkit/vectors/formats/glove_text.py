"""Text files of vectors, with a word and its numbers on each line (word2vec text, fastText .vec, GloVe)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textkit.files.atomic import atomic_path
from textkit.files.compression import compression, open_writer
from textkit.files.formats import HEAD, check_text
from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.byte_source import ByteSource
from textkit.vectors.formats.line_blocks import line_blocks
from textkit.vectors.formats.matrix_blocks import row_blocks
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import TableBuilder
from textkit.vectors.formats.text_layout import TextLayout, guess_layout
from textkit.vectors.formats.text_rows import text_rows
from textkit.vectors.formats.word_bytes import BREAKS_FIELD, check_writable, decode_word
from textkit.vectors.vector_table import VectorTable

_BLOCK_NUMBERS = 1 << 16  # numbers formatted at a time


def read_text(path: Path, options: ReadOptions, *, may_have_header: bool = True) -> VectorTable:
    """Read a text file of vectors, with or without the header "count dim".

    Fields are separated by spaces or tabs; a word may contain spaces. Blank lines are skipped.

    Args:
        path: File to read, compressed or not.
        options: Rows to keep, and the treatment of errors.
        may_have_header: Whether to look for a header; False if the first row could be mistaken for one.

    Returns:
        The words and vectors.

    Raises:
        ValueError: If the file has no rows of numbers, its header is wrong, a row is bad and bad rows are
            errors, or the compressed data is damaged.
    """
    with ByteSource(path) as source:
        blocks = line_blocks(source)
        _, first_block = next(blocks, (1, b""))
        try:
            layout = guess_layout(path, first_block, may_have_header=may_have_header)
        except ValueError:
            check_text(path, first_block[:HEAD])
            raise
        bad = BadRows(path, options.bad_rows, "line")
        builder = TableBuilder(layout.dim, _expected_rows(source, layout), options, bad)
        first_rows = (1 + first_block.count(b"\n", 0, layout.start), first_block[layout.start :])
        count = _add_rows(chain([first_rows], blocks), layout.dim, options, builder, bad)
        if count is not None and layout.count not in (None, count):
            bad.report(1, f"the header must state the number of rows, got {layout.count} for {count} rows")
        bad.warn()
        return builder.table()


def write_text(path: Path, table: VectorTable, *, header: bool, kind: str) -> None:
    """Write a text file of vectors, each number with the fewest digits that restore the same float32.

    Args:
        path: File to write; its last suffix determines the compression.
        table: Words and vectors.
        header: Whether to write a first line "count dim".
        kind: Name of the format in messages.

    Raises:
        ValueError: If a word cannot be stored in a line of text.
        OSError: If the file cannot be written; an existing file is then unchanged.
    """
    check_writable(table.words, BREAKS_FIELD, kind)
    with atomic_path(path) as temporary, open_writer(temporary, compression(path)) as stream:
        if header:
            stream.write(b"%d %d\n" % table.matrix.shape)
        start = 0
        for rows in formatted_rows(table.matrix, " "):
            words = table.words[start : start + len(rows)]
            stream.write("".join([f"{word} {row}\n" for word, row in zip(words, rows, strict=True)]).encode())
            start += len(rows)


def formatted_rows(matrix: NDArray[np.float32], separator: str) -> Iterator[list[str]]:
    """Format the rows of a matrix as text, in blocks.

    Args:
        matrix: Shape (vocab, dim).
        separator: Separator between numbers.

    Yields:
        The rows of a block; each number is in the shortest decimal form that restores the same float32.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    dim = matrix.shape[1]
    for rows in row_blocks(matrix, _BLOCK_NUMBERS):
        block = np.ascontiguousarray(rows)
        numbers = pa.array(block.reshape(-1)).cast(pa.string())
        offsets = pa.array(np.arange(0, block.size + 1, dim, dtype=np.int32))
        yield pc.binary_join(pa.ListArray.from_arrays(offsets, numbers), separator).to_pylist()


def _expected_rows(source: ByteSource, layout: TextLayout) -> int:
    """Return the number of rows to allocate: that of the header, but no more than fit into the file."""
    if layout.count is None:
        return 0
    if source.size is None:
        return min(layout.count, (1 << 20) // layout.dim)
    # In bytes: a word of one letter, a separator and a digit for each number, and a line feed.
    shortest_row = 2 * layout.dim + 2
    return min(layout.count, source.size // shortest_row + 1)


def _add_rows(
    blocks: Iterable[tuple[int, bytes]], dim: int, options: ReadOptions, builder: TableBuilder, bad: BadRows
) -> int | None:
    """Add the rows of all blocks to the builder. Return their number, or None if not all rows were read."""
    count = 0
    for line, block in blocks:
        if builder.full():
            return None
        for row in text_rows(block, dim, wanted=_wanted(options, builder)):
            if builder.full():
                return None
            count += 1
            if row.numbers is None:
                bad.report(line + row.line, row.problem)
                continue
            try:
                word = decode_word(row.word, options.encoding_errors)
            except ValueError as error:
                bad.report(line + row.line, str(error))
                continue
            builder.add(line + row.line, word, row.numbers)
    return None if builder.full() or options.words is not None else count


def _wanted(options: ReadOptions, builder: TableBuilder) -> Callable[[bytes], bool] | None:
    """Return a test whether to keep a row. It keeps words that are not UTF-8, so that they are reported."""
    if options.words is None:
        return None

    def wanted(raw: bytes) -> bool:
        try:
            return builder.wants(decode_word(raw, options.encoding_errors))
        except ValueError:
            return True

    return wanted
