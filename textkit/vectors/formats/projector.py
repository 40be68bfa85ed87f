"""The pair of files for the TensorBoard projector: numbers in NAME.tsv, words in NAME_metadata.tsv.

The projector treats the first line of the file of words as a header only if it has more than one column: those of the
words and of their counts, if these are known.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

from textkit.files.archives import is_there
from textkit.files.atomic import atomic_path
from textkit.files.compression import compression, open_writer
from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.byte_source import ByteSource
from textkit.vectors.formats.delimited_text import has_words, read_delimited
from textkit.vectors.formats.glove_text import formatted_rows
from textkit.vectors.formats.line_blocks import line_blocks
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import TableBuilder
from textkit.vectors.formats.text_layout import guess_layout
from textkit.vectors.formats.text_rows import text_rows
from textkit.vectors.formats.word_bytes import BREAKS_LINE, check_writable, decode_word
from textkit.vectors.vector_table import VectorTable

_HEADER = "word\tcount"
_COUNT = re.compile(rb"[0-9]{1,19}")


def metadata_path(path: Path) -> Path:
    """Return the path of the file of words that belongs to a file of numbers.

    >>> metadata_path(Path("news.tsv")).name, metadata_path(Path("news.tsv.gz")).name
    ('news_metadata.tsv', 'news_metadata.tsv.gz')
    """
    compressed = compression(path)
    plain = Path(path.name.removesuffix(path.suffix)) if compressed else Path(path.name)
    return path.with_name(f"{plain.stem}_metadata{plain.suffix}{path.suffix if compressed else ''}")


def read_projector(path: Path, options: ReadOptions) -> VectorTable:
    """Read the pair of files of the projector.

    Args:
        path: File of numbers, NAME.tsv. The words are in NAME_metadata.tsv beside it or, if that is missing, in
            metadata.tsv, as in TensorFlow's guide. Without either, the words may be the first column.
        options: Rows to keep, and the treatment of errors.

    Returns:
        The words and vectors.

    Raises:
        FileNotFoundError: If there is no file of words.
        ValueError: If the files differ in their number of rows, a row is bad and bad rows are errors, or the
            compressed data is damaged.
    """
    words_path = metadata_path(path)
    if not is_there(words_path) and is_there(default := path.with_name("metadata.tsv")) and default != path:
        words_path = default
    if not is_there(words_path) and has_words(path):
        return read_delimited(path, options)
    if not is_there(words_path):
        raise FileNotFoundError(
            f"{path}: the words must be in {words_path.name} beside it, got no such file; put it there"
        )
    with ByteSource(path) as source, ByteSource(words_path) as words_source:
        words = _words(words_source)
        blocks = line_blocks(source)
        _, first_block = next(blocks, (1, b""))
        bad = BadRows(path, options.bad_rows, "line")
        dim = guess_layout(path, first_block, may_have_header=False, has_words=False).dim
        builder = TableBuilder(dim, 0, options, bad)
        all_blocks = chain([(1, first_block)], blocks)
        rows = (row for _, block in all_blocks for row in text_rows(block, dim, has_words=False))
        line = 0
        for row, raw in zip_longest(rows, words):
            if builder.full():
                break
            line += 1
            if row is None or raw is None:
                longer = words_path.name if row is None else path.name
                bad.report(line, f"numbers and words must have the same number of lines, got more in {longer}")
                break
            try:
                word = decode_word(raw.word, options.encoding_errors)
                count = None if raw.occurrences is None else _parsed_count(raw.occurrences)
            except ValueError as error:
                bad.report(line, str(error))
                continue
            if row.numbers is None:
                bad.report(line, row.problem)
            elif builder.wants(word):
                builder.add(line, word, row.numbers, count)
        bad.warn()
        return builder.table()


def write_projector(path: Path, table: VectorTable) -> None:
    """Write the pair of files of the projector.

    Args:
        path: File for the numbers, NAME.tsv. The words are written to NAME_metadata.tsv beside it.
        table: Words and vectors.

    Raises:
        ValueError: If a word is empty or contains a tab or a line ending, or NAME_metadata.tsv belongs to something
            else.
        OSError: If a file cannot be written; an existing pair is then unchanged.
    """
    check_writable(table.words, BREAKS_LINE, "projector")
    check_pair(path)
    compression_suffix = compression(path)
    # Both files are complete before the first of them is renamed.
    with atomic_path(metadata_path(path)) as words_temporary, atomic_path(path) as temporary:
        with open_writer(words_temporary, compression_suffix) as stream:
            if table.counts is None:
                lines = [f"{word}\n" for word in table.words]
            else:
                pairs = zip(table.words, table.counts.tolist(), strict=True)
                lines = [f"{_HEADER}\n", *(f"{word}\t{count}\n" for word, count in pairs)]
            stream.write("".join(lines).encode())
        with open_writer(temporary, compression_suffix) as stream:
            for rows in formatted_rows(table.matrix, "\t"):
                stream.write("".join([f"{row}\n" for row in rows]).encode())


def check_pair(path: Path) -> None:
    """Check, before any work is done, that the file of words beside ``path`` is new or one that was saved with it.

    Raises:
        ValueError: If it is another file.
    """
    words_path = metadata_path(path)
    if words_path.exists() and not _is_pair(path, words_path):
        raise ValueError(
            f"path must leave {words_path.name} free for the words, got {str(path)!r}, beside which there is another "
            "file of that name; choose another name"
        )


def _is_pair(path: Path, words_path: Path) -> bool:
    """Whether two files are as `write_projector` leaves them: as many rows as words, and its own header."""
    if not (path.is_file() and words_path.is_file()):
        return False
    try:
        with ByteSource(path) as source, ByteSource(words_path) as words_source:
            words = tabs = 0
            for first, block in line_blocks(words_source):
                if first == 1:
                    tabs = int(block.startswith(f"{_HEADER}\n".encode()))
                    words -= tabs
                words += block.count(b"\n")
                if block.count(b"\t") != tabs * block.count(b"\n"):
                    return False
            rows = 0
            for first, block in line_blocks(source):
                if first == 1:
                    [float(number) for number in block.split(b"\n", 1)[0].split(b"\t")]
                rows += block.count(b"\n")
    except ValueError:
        return False
    return rows == words


class _Word(NamedTuple):
    word: bytes
    occurrences: bytes | None  # None if the file has no counts


def _words(source: ByteSource) -> Iterator[_Word]:
    """Yield the words of a file: its lines or, if it has a header of several columns, the first column.

    The counts are in the column called "count", if there is one.
    """
    is_first, column = True, 0
    for _, block in line_blocks(source):
        # Iterate over the lines, because a list of them would take much memory.
        lines = BytesIO(block)
        if is_first:
            header = lines.readline()[:-1].split(b"\t")
            if len(header) == 1:
                lines.seek(0)
            column = header.index(b"count") if b"count" in header[1:] else 0
        is_first = False
        for line in lines:
            fields = line[:-1].split(b"\t")
            count = fields[column] if column < len(fields) else b""
            yield _Word(fields[0], count if column else None)


def _parsed_count(text: bytes) -> int:
    """Return the count of a word.

    Raises:
        ValueError: If it is no integer, or above 64 bits.
    """
    if not _COUNT.fullmatch(text) or int(text) >= 1 << 63:
        raise ValueError(f"the count of a word must be an integer from 0 to 2**63 - 1, got {text[:40]!r}")
    return int(text)
