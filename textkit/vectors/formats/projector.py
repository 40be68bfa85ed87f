"""The pair of files for the TensorBoard projector: numbers in NAME.tsv, words in NAME_metadata.tsv.

The projector treats the first line of the file of words as a header only if it has more than one column.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain, zip_longest
from pathlib import Path

from textkit.files.atomic import atomic_path
from textkit.files.compression import compression, open_writer
from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.byte_source import ByteSource
from textkit.vectors.formats.glove_text import formatted_rows
from textkit.vectors.formats.line_blocks import line_blocks
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import TableBuilder
from textkit.vectors.formats.text_layout import guess_layout
from textkit.vectors.formats.text_rows import text_rows
from textkit.vectors.formats.word_bytes import BREAKS_LINE, check_writable, decode_word
from textkit.vectors.vector_table import VectorTable


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
            metadata.tsv, as in TensorFlow's guide.
        options: Rows to keep, and the treatment of errors.

    Returns:
        The words and vectors.

    Raises:
        FileNotFoundError: If there is no file of words.
        ValueError: If the files differ in their number of rows, a row is bad and bad rows are errors, or the
            compressed data is damaged.
    """
    words_path = metadata_path(path)
    if not words_path.exists() and (default := path.with_name("metadata.tsv")).exists() and default != path:
        words_path = default
    if not words_path.exists():
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
                word = decode_word(raw, options.encoding_errors)
            except ValueError as error:
                bad.report(line, str(error))
                continue
            if row.numbers is None:
                bad.report(line, row.problem)
            elif builder.wants(word):
                builder.add(line, word, row.numbers)
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
            stream.write("".join([f"{word}\n" for word in table.words]).encode())
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
    """Whether two files are as `write_projector` leaves them: as many rows of numbers as of words, without a header."""
    if not (path.is_file() and words_path.is_file()):
        return False
    try:
        with ByteSource(path) as source, ByteSource(words_path) as words_source:
            words = 0
            for _, block in line_blocks(words_source):
                if b"\t" in block:
                    return False
                words += block.count(b"\n")
            rows = 0
            for first, block in line_blocks(source):
                if first == 1:
                    [float(number) for number in block.split(b"\n", 1)[0].split(b"\t")]
                rows += block.count(b"\n")
    except ValueError:
        return False
    return rows == words


def _words(source: ByteSource) -> Iterator[bytes]:
    """Yield the words of a file: its lines or, if it has a header of several columns, the first column."""
    is_first = True
    for _, block in line_blocks(source):
        # Iterate over the lines, because a list of them would take much memory.
        lines = BytesIO(block)
        if is_first and b"\t" not in lines.readline():
            lines.seek(0)
        is_first = False
        yield from (line[:-1].split(b"\t", 1)[0] for line in lines)
