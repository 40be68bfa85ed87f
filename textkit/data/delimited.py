"""Read delimited files, CSV and TSV, as people and their programs write them."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

from textkit.data.columns import Choice, Row, choose_columns

_MAX_FIELD_SIZE = 2**31 - 1  # characters; the csv module takes a C long, which may have 32 bits
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 100  # lines by which a delimiter is detected, and the most of a quoted cell of a TSV
_SPELLINGS = {"tab": "\t", "\\t": "\t"}  # a tab is hard to type in a shell


def check_delimiter(delimiter: str | None) -> str | None:
    r"""Return a delimiter as one character.

    Args:
        delimiter: A character, "tab" or "\\t"; None for the one that a file is found to have.

    Raises:
        ValueError: If it is anything else.
    """
    if delimiter is None:
        return None
    found = _SPELLINGS.get(delimiter, delimiter) if isinstance(delimiter, str) else ""
    if len(found) != 1 or found in '"\r\n\0':
        raise ValueError(f"delimiter must be one character, got {delimiter!r}; pass ';' or 'tab', or None to detect it")
    return found


def delimited_rows(
    lines: Iterator[str], choices: Sequence[Choice], *, delimiter: str | None, name: str, tabs: bool = False
) -> Iterator[Row]:
    """Read columns of a delimited text with a header.

    Args:
        lines: Lines without line feeds.
        choices: Columns to read.
        delimiter: Field separator; None for a tab if ``tabs``, or else the one of comma, semicolon, tab and bar that
            fits the first lines.
        name: Name of the file in messages.
        tabs: Whether this is a TSV, where a quote may also be data.

    Yields:
        The rows; empty lines are skipped.

    Raises:
        ValueError: If a column is missing, a row has too many or too few fields, or a quote is not closed.
    """
    if delimiter is None and not tabs:
        sample = list(islice(lines, _SAMPLE))
        delimiter = _detect(sample)
        lines = chain(sample, lines)
    plain = tabs and delimiter in (None, "\t")
    rows = _tabbed_rows(lines) if plain else quoted_rows(lines, str(delimiter), name)
    _, header = next(rows, (0, []))
    if not header:
        raise ValueError(f"{name} must be a table with a header, got an empty file; add a header and rows")
    indices = [header.index(column) for column in choose_columns(choices, header, name, delimited=True)]
    for number, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"line {number} of {name} must have {len(header)} fields, like the header, got {len(row)}; correct it"
                + ("" if delimiter in (None, ",") else f", or pass the delimiter (found: {delimiter!r})")
            )
        yield Row(f"line {number} of {name}", tuple(row[index] for index in indices))


def _detect(lines: list[str]) -> str:
    """Return the first delimiter that splits all rows of a sample into equally many fields, at least two."""
    widths = {}
    for delimiter in _DELIMITERS:
        rows: list[int] = []
        with suppress(csv.Error):
            rows.extend(len(row) for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter))
        # The sample may end within a quoted cell.
        if len(lines) == _SAMPLE and len(rows) > 2:
            rows.pop()
        counts = [width for width in rows if width]
        widths[delimiter] = counts[0] if counts else 0
        if widths[delimiter] > 1 and len(set(counts)) == 1:
            return delimiter
    # Nothing fits, so an error will name the line: that of a comma, if the header has one.
    return "," if widths[","] > 1 else max(_DELIMITERS, key=widths.__getitem__)


def quoted_rows(lines: Iterator[str], separator: str, name: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Split lines into fields that may be quoted, according to RFC 4180.

    Args:
        lines: Lines without line feeds, which are added again, because a quoted field may contain them.
        separator: Field separator, one character.
        name: Name of the file in messages.

    Yields:
        The number of the row's last line, from 1, and its fields; empty lines are skipped.

    Raises:
        ValueError: If a quote is not closed, or is not followed by a separator.
    """
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    while True:
        # The limit, 128 kB by default, is global, so it is raised only while a row is read.
        limit = csv.field_size_limit(_MAX_FIELD_SIZE)
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num} of {name} must be CSV, but {error}; correct it") from error
        finally:
            csv.field_size_limit(limit)
        if row is None:
            return
        if row:
            yield reader.line_num, row


_NEEDS_QUOTES = re.compile(r'["\t\r\n]')
_Look: TypeAlias = Callable[[int], str | None]


def _tabbed_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Split lines at tabs; a quote is data, unless the field is quoted as by pandas, R or a spreadsheet.

    TSV proper has no quotes, and texts may begin with one. Programs that do quote double the quotes in a field, and do
    it to fields with a quote, a tab or a line end; or they quote each field, the header's too.
    """
    ahead: deque[str] = deque()  # lines that were searched for the end of a quoted cell
    number = width = 0
    everywhere = False
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        number += 1
        fields = line.removesuffix("\r").split("\t")
        if fields == [""]:
            continue
        if any(field.startswith('"') for field in fields):
            if not width:
                everywhere = all(len(field) > 1 and field[0] == field[-1] == '"' for field in fields)
            used, fields = _unquote(line, fields, ahead, lines, width, everywhere)
            for _ in range(used):
                ahead.popleft()
            number += used
        width = width or len(fields)
        yield number, fields


def _unquote(
    line: str, plain: list[str], ahead: deque[str], lines: Iterator[str], width: int, everywhere: bool
) -> tuple[int, list[str]]:
    """Return how many of the lines ahead belong to a row, and its fields."""

    def look(position: int) -> str | None:
        while len(ahead) <= position < _SAMPLE and (following := next(lines, None)) is not None:
            ahead.append(following)
        return ahead[position] if position < len(ahead) else None

    used, fields = _split_quoted(line, look, everywhere)
    if used:
        # Lines that are rows of the right length without any quoting are just that, save with one column.
        rows = [plain, *(ahead[position].removesuffix("\r").split("\t") for position in range(used))]
        if len(fields) != width or (width > 1 and all(len(row) == width for row in rows)):
            used, fields = _split_quoted(line, lambda _: None, everywhere)
    return used, plain if len(fields) != width == len(plain) else fields


def _split_quoted(line: str, look: _Look, everywhere: bool) -> tuple[int, list[str]]:
    fields, position, used = list[str](), 0, 0
    while True:
        text, more, end = _closing(line, position, look, used)
        content = text[position + 1 : end]
        if end and (everywhere or _NEEDS_QUOTES.search(content)):
            line, used = text, more
            fields.append(content.replace('""', '"'))
            end += 1
        else:
            end = line.find("\t", position)
            end = len(line.removesuffix("\r")) if end < 0 else end
            fields.append(line[position:end])
        if not line.startswith("\t", end):
            return used, fields
        position = end + 1


def _closing(line: str, position: int, look: _Look, used: int) -> tuple[str, int, int]:
    """Find the end of a quoted field: the lines so far, how many were looked at, and the closing quote; 0 if none."""
    if not line.startswith('"', position):
        return line, used, 0
    pieces, start = [line], position + 1
    length = 0  # of the pieces but the last, with their line ends
    while True:
        piece = pieces[-1]
        while (quote := piece.find('"', start)) >= 0:
            if not piece.startswith('"', quote + 1):
                closes = piece[quote + 1 :].removesuffix("\r") == "" or piece[quote + 1] == "\t"
                return "\n".join(pieces), used, length + quote if closes else 0
            start = quote + 2
        following = look(used)
        if following is None:
            return line, used, 0
        length += len(piece) + 1
        pieces.append(following)
        used, start = used + 1, 0
