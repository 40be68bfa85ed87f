"""Columns of a table, row by row, and one of them as documents: CSV, TSV, JSON lines, Parquet, ``datasets``, pandas."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import pyarrow as pa

from textkit.files.compression import compression, inner_suffix
from textkit.files.lines import read_lines

Document: TypeAlias = str | list[str]
"""A text to be tokenized, or tokens to be taken as they are."""

_ROWS = 1000  # rows held at a time
_LONGEST = 2**31 - 1  # characters of a cell; a C long of 32 bits holds no more


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A column that somebody wants to read.

    Attributes:
        column: Its name; None for the only column there is, or for ``usual``.
        argument: What the user called it, for messages.
        usual: The name to take where there is such a column and none is named.
    """

    column: str | None
    argument: str = "column"
    usual: str | None = None


class Row(NamedTuple):
    """What stands in the chosen columns of a row, and words for its place, such as "row 3 of news.parquet"."""

    place: str
    values: tuple[Any, ...]


def check_document(value: object, place: str) -> Document:
    """Return a document, or raise with its place.

    Args:
        value: What stands where a document should.
        place: Words for the message, such as "row 3 of news.csv".

    Raises:
        ValueError: If there is nothing (None, NaN, or pandas' own words for them).
        TypeError: If it is neither a str nor a list of str.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        for position, token in enumerate(value):
            if not isinstance(token, str):
                raise TypeError(
                    f"a token must be a str, got {type(token).__name__} at position {position} of {place}; "
                    "turn it into a str"
                )
        return list(value)
    if is_nothing(value):
        raise ValueError(f"a document must be a text, got {value!r} for {place}; leave it out or fill it in")
    raise TypeError(
        f"a document must be a str or a list of str, got {type(value).__name__} for {place}; "
        "give texts or tokens (a list of paths must hold nothing else)"
    )


def is_nothing(value: object) -> bool:
    """Whether a cell is empty: None, NaN, or pandas' own words for them.

    >>> is_nothing(float("nan")), is_nothing("")
    (True, False)
    """
    nan = isinstance(value, float) and math.isnan(value)
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")


def choose_columns(choices: Sequence[Choice], columns: Iterable[str], place: str) -> list[str]:
    """Return the columns to read, one for each choice.

    Raises:
        ValueError: If there is no such column, none is named and there are several, or two choices meet in one; the
            message lists them.

    >>> choose_columns([Choice(column="title"), Choice(column=None, usual="label")], ["title", "label"], "a.csv")
    ['title', 'label']
    """
    columns = list(columns)
    if len(columns) == 1 < len(choices) and (marks := [mark for mark in ";\t|," if mark in columns[0]]):
        raise ValueError(
            f"{place} must have a column for each of {' and '.join(choice.argument for choice in choices)}, got the "
            f"only one {columns[0]!r}; is it separated by {marks[0]!r}? write it with commas, or with tabs as .tsv"
        )
    chosen: list[str] = []
    for choice in choices:
        column = choice.usual if choice.column is None and choice.usual in columns else choice.column
        column = choose_column(column, columns, place, argument=choice.argument)
        if column in chosen:
            other = choices[chosen.index(column)].argument
            raise ValueError(
                f"{choice.argument} must name another column of {place} than {other}, got {column!r}; "
                f"it has {', '.join(map(repr, columns))}"
            )
        chosen.append(column)
    return chosen


def choose_column(column: str | None, columns: Iterable[str], place: str, *, argument: str = "column") -> str:
    """Return the column to read; without a name, the only one there is.

    Raises:
        ValueError: If there is no such column, or none is named and there are several; the message lists
            them.

    >>> choose_column(None, ["text"], "news.csv")
    'text'
    """
    columns = list(columns)
    if column is None and len(columns) == 1:
        return columns[0]
    if column is None or column not in columns:
        listed = ", ".join(map(repr, columns)) or "none"
        raise ValueError(f"{argument} must name a column of {place}, got {column!r}; it has {listed}")
    if columns.count(column) > 1:
        raise ValueError(f"{argument} must name one column of {place}, got {column!r}, of which it has several; rename")
    return column


TableKind: TypeAlias = Literal[".csv", ".tsv", ".jsonl", ".parquet"]
TABLES: tuple[TableKind, ...] = get_args(TableKind)


def is_table(path: Path) -> bool:
    """Whether the suffix of a file, before that of a compression, is that of a table.

    >>> is_table(Path("news.csv.gz")), is_table(Path("news.txt"))
    (True, False)
    """
    return inner_suffix(path) in TABLES


def file_rows(path: Path, choices: Sequence[Choice], *, encoding: str, errors: str) -> Iterator[Row]:
    """Read columns of a table of any kind in `TABLES`.

    Raises:
        ValueError: If it is no such table or is damaged, a column is missing, or bytes are not in the encoding.
    """
    match inner_suffix(path):
        case ".csv":
            return csv_rows(path, choices, separator=",", encoding=encoding, errors=errors)
        case ".tsv":
            return csv_rows(path, choices, separator="\t", encoding=encoding, errors=errors)
        case ".jsonl":
            return json_rows(path, choices, encoding=encoding, errors=errors)
        case ".parquet" if compression(path):
            raise ValueError(f"source must be a .parquet file that is not packed again, got {str(path)!r}; unpack it")
        case ".parquet":
            return parquet_rows(path, choices)
    raise ValueError(f"source must end in {', '.join(TABLES)}, got {str(path)!r}; convert it")


def documents_of(rows: Iterator[Row]) -> Iterator[Document]:
    """Yield the only column of rows as documents.

    Raises:
        ValueError: If a cell is empty; its place is named.
        TypeError: If a cell holds neither a text nor a list of tokens.
    """
    return (check_document(values[0], place) for place, values in rows)


def csv_rows(path: Path, choices: Sequence[Choice], *, separator: str, encoding: str, errors: str) -> Iterator[Row]:
    """Read columns of a separated file with a header; fields may be quoted, except between tabs.

    Raises:
        ValueError: If the column is missing, a row has too many or too few fields, or bytes are wrong.
    """
    lines = read_lines(path, encoding=encoding, errors=errors)
    # text/tab-separated-values has no quoting: a quote there is data
    rows = _plain_rows(lines) if separator == "\t" else quoted_rows(lines, separator, path)
    _, header = next(rows, (0, []))
    if not header:
        raise ValueError(f"{path} must be a table with a header, got an empty file; fill it")
    places = [header.index(name) for name in choose_columns(choices, header, str(path))]
    for number, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"line {number} of {path} must have {len(header)} fields, as the header has, got {len(row)}; correct it"
            )
        yield Row(f"line {number} of {path}", tuple(row[place] for place in places))


def _plain_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        if line := line.removesuffix("\r"):
            yield number, line.split("\t")


def quoted_rows(lines: Iterator[str], separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Cut lines into fields that may be quoted, as RFC 4180 has it.

    Args:
        lines: Without their line feeds, which are put back, as a quoted field may hold some.
        separator: One character.
        path: The file, for messages.

    Yields:
        The number of the row's last line, from 1, and its fields; empty lines are skipped.

    Raises:
        ValueError: If a quote is not closed, or is followed by anything but a separator.
    """
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    while True:
        limit = csv.field_size_limit(_LONGEST)  # 128 kB by default, for all readers of the process
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num} of {path} must be CSV, but {error}; correct it") from error
        finally:
            csv.field_size_limit(limit)
        if row is None:
            return
        if row:
            yield reader.line_num, row


def json_rows(path: Path, choices: Sequence[Choice], *, encoding: str, errors: str) -> Iterator[Row]:
    """Read values of the object on each line; blank lines are passed over.

    Raises:
        ValueError: If a line is no JSON object or lacks a value; the message names the line.
    """
    for number, line in enumerate(read_lines(path, encoding=encoding, errors=errors), start=1):
        if not line.strip():
            continue
        place = f"line {number} of {path}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{place} must be JSON, got {line[:60]!r} ({error}); correct it") from error
        if not isinstance(row, dict):
            raise ValueError(f"{place} must be a JSON object, got {line[:60]!r}; correct it")
        names = choose_columns(choices, row, place)
        if any(choice.column is None for choice in choices):  # the first line settles what is left open
            choices = [replace(choice, column=name) for choice, name in zip(choices, names, strict=True)]
        yield Row(place, tuple(row[name] for name in names))


def parquet_rows(path: Path, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a Parquet file, some rows at a time.

    Raises:
        ValueError: If it is no Parquet file or a column is missing.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} must be a Parquet file, got a damaged one or another ({error})") from error
    with file:
        names = choose_columns(choices, file.schema_arrow.names, str(path))
        batches = file.iter_batches(batch_size=_ROWS, columns=names, use_threads=False)
        yield from _numbered(([batch.column(name).to_pylist() for name in names] for batch in batches), str(path))


def _numbered(batches: Iterable[Sequence[Iterable[Any]]], place: str) -> Iterator[Row]:
    """Turn batches of columns into rows."""
    number = 0
    for batch in batches:
        for values in zip(*batch, strict=True):
            number += 1
            yield Row(f"row {number} of {place}", values)


def dataset_rows(dataset: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a ``datasets.Dataset`` or ``IterableDataset``.

    Raises:
        ValueError: If a column is missing.
    """
    columns = dataset.column_names
    if columns is None:  # a stream whose features nobody has declared; its first row tells
        columns = list(next(iter(dataset), {}))
        if not columns:
            return
    names = choose_columns(choices, columns, "the data set")
    plain = dataset.select_columns(names).with_format(None)
    yield from _numbered(([batch[name] for name in names] for batch in plain.iter(batch_size=_ROWS)), "the data set")


def frame_rows(frame: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a pandas DataFrame; their names may be of any type and are chosen by their ``str``.

    Raises:
        ValueError: If a column is missing.
    """
    columns = list(map(str, frame.columns))
    names = choose_columns(choices, columns, "the DataFrame")
    return _numbered([[frame.iloc[:, columns.index(name)] for name in names]], "the DataFrame")


def series_rows(series: Any) -> Iterator[Row]:
    """Read a pandas Series as the only column of a table."""
    return _numbered([[series]], "the Series")


def loaded_classes(module: str, *names: str) -> tuple[Any, ...]:
    """Return classes of a module that is slow to import; none while nobody has, as no object can then be one."""
    loaded = sys.modules.get(module)
    return tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))


def take_split(source: object, split: str | None) -> tuple[Any, str | None]:
    """Return one split of a ``datasets.DatasetDict``, and None; anything else with the ``split`` as it was.

    Raises:
        ValueError: If there is no such split.
    """
    if not isinstance(source, loaded_classes("datasets", "DatasetDict", "IterableDatasetDict")):
        return source, split
    if split not in source:
        raise ValueError(f"split must be one of {', '.join(map(repr, source))}, got {split!r}; choose one of them")
    return source[split], None
