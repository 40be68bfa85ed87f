"""Tables of vectors: CSV or TSV with a word in the first column and its numbers in the others."""

import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textkit.data.delimited import quoted_rows
from textkit.files.atomic import atomic_path
from textkit.files.compression import compression, open_writer
from textkit.files.lines import read_lines
from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.glove_text import formatted_rows
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import TableBuilder
from textkit.vectors.formats.word_bytes import check_writable
from textkit.vectors.vector_table import VectorTable

_SEPARATORS = ",;\t"
_NUL = re.compile("\0")
_NEEDS_QUOTES = re.compile('[",;\t\r\n]')
_Row = tuple[int, list[str]]


def read_delimited(path: Path, options: ReadOptions) -> VectorTable:
    """Read a table of vectors, with or without a header.

    Args:
        path: File to read, compressed or not. The separator, a comma, semicolon or tab, is detected.
        options: Rows to keep, and the treatment of errors.

    Returns:
        The words and vectors.

    Raises:
        ValueError: If the file has no rows of numbers, a quote is not closed, or a row is bad and bad rows are errors.
    """
    lines = read_lines(path, errors=options.encoding_errors)
    first_line = next(lines, "")
    separator = max(_SEPARATORS, key=first_line.count)
    rows = quoted_rows(chain([first_line], lines), separator, path)
    start = list(islice(rows, 2))
    if start and _is_header(start[0][1]):
        del start[0]
    dim = len(start[0][1]) - 1 if start else 0
    if dim < 1 or _numbers(start[0][1]) is None:
        got = repr(separator.join(start[0][1])[:60]) if start else "no row"
        raise ValueError(
            f"{path}: a row must have a word and its numbers, got {got}; check that this is a table of vectors"
        )
    bad = BadRows(path, options.bad_rows, "line")
    builder = TableBuilder(dim, 0, options, bad)
    for line, fields in chain(start, rows):
        if builder.full():
            break
        if not builder.wants(fields[0]):
            continue
        numbers = _numbers(fields) if len(fields) == dim + 1 else None
        if numbers is None:
            bad.report(line, f"a row must have a word and {dim} numbers, got {separator.join(fields)[:60]!r}")
        else:
            builder.add(line, fields[0], numbers)
    bad.warn()
    return builder.table()


def write_delimited(path: Path, table: VectorTable) -> None:
    """Write a table of vectors, separated by commas, without a header.

    Args:
        path: File to write; its last suffix determines the compression.
        table: Words and vectors.

    Raises:
        ValueError: If a word is empty or has a NUL.
        OSError: If the file cannot be written; an existing file is then unchanged.
    """
    check_writable(table.words, _NUL, "csv")
    with atomic_path(path) as temporary, open_writer(temporary, compression(path)) as stream:
        words = iter(table.words)
        for rows in formatted_rows(table.matrix, ","):
            stream.write("".join([f"{_quoted(next(words))},{row}\n" for row in rows]).encode())


def has_words(path: Path) -> bool:
    """Whether the rows of a file of tabs begin with words, judged by the first two rows.

    Raises:
        ValueError: If the file is no text.
    """
    rows = [line.split("\t") for line in islice(_lines(path), 2)]
    return len(rows) > 0 and len(rows[-1]) > 1 and not _is_number(rows[-1][0]) and _numbers(rows[-1]) is not None


def _lines(path: Path) -> Iterator[str]:
    return (line.removesuffix("\r") for line in read_lines(path, errors="replace") if line)


def _is_header(fields: list[str]) -> bool:
    """Whether a first row names the columns, or numbers them from 0 or 1, as pandas does."""
    numbers = _numbers(fields)
    if numbers is None or not fields[0]:
        return True
    return len(numbers) > 1 and any(
        fields[1:] == [str(first + column) for column in range(len(numbers))] for first in (0, 1)
    )


def _numbers(fields: list[str]) -> NDArray[np.float32] | None:
    """Return the numbers after the word; None if one of them is none."""
    try:
        with np.errstate(over="ignore"):
            return np.array(fields[1:], dtype=np.float64).astype(np.float32)
    except ValueError:
        return None


def _is_number(text: str) -> bool:
    return _numbers(["", text]) is not None


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if _NEEDS_QUOTES.search(word) else word
