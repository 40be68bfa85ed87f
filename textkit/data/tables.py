"""Read columns of a table row by row, or one column as documents: CSV, TSV, JSON Lines, Parquet, datasets, pandas."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from textkit.files.compression import compression, inner_suffix
from textkit.files.lines import read_lines

Document: TypeAlias = str | list[str]
"""A text to be tokenized, or a list of tokens to be used unchanged."""

_ROWS = 1000  # rows read at a time
_MAX_FIELD_SIZE = 2**31 - 1  # characters; the csv module takes a C long, which may have 32 bits


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A column to read.

    Attributes:
        column: Name of the column; None for the ``usual`` one, or for the only column of the table.
        argument: Name of the argument that selects the column, for messages.
        usual: Column to read by default, if the table has it.
    """

    column: str | None
    argument: str = "column"
    usual: str | None = None


class Row(NamedTuple):
    """The values of the selected columns of a row, and its position for messages, such as "row 3 of news.parquet"."""

    place: str
    values: tuple[Any, ...]


def check_document(value: object, place: str) -> Document:
    """Return a value that must be a document.

    Args:
        value: Value to check.
        place: Position of the value for messages, such as "row 3 of news.csv".

    Raises:
        ValueError: If the value is missing (None, NaN, or the pandas equivalents).
        TypeError: If it is neither a str nor a list of str.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        for position, token in enumerate(value):
            if not isinstance(token, str):
                raise TypeError(
                    f"a token must be a str, got {type(token).__name__} at position {position} of {place}; "
                    "convert it to a str"
                )
        return list(value)
    if is_nothing(value):
        raise ValueError(f"a document must be a text, got {value!r} for {place}; remove it or fill it in")
    raise TypeError(
        f"a document must be a str or a list of str, got {type(value).__name__} for {place}; "
        "pass texts or tokens (a list of paths must contain nothing else)"
    )


def is_nothing(value: object) -> bool:
    """Return whether a cell is empty: None, NaN, or the pandas equivalents.

    >>> is_nothing(float("nan")), is_nothing("")
    (True, False)
    """
    nan = isinstance(value, float) and math.isnan(value)
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")


def choose_columns(choices: Sequence[Choice], columns: Iterable[str], place: str) -> list[str]:
    """Return the name of the column for each choice.

    Raises:
        ValueError: If a column does not exist, it is not named and there are several, or two choices select the same
            column; the message lists the columns.

    >>> choose_columns([Choice(column="title"), Choice(column=None, usual="label")], ["title", "label"], "a.csv")
    ['title', 'label']
    """
    columns = list(columns)
    if len(columns) == 1 < len(choices) and (marks := [mark for mark in ";\t|," if mark in columns[0]]):
        raise ValueError(
            f"{place} must have a column for each of {' and '.join(choice.argument for choice in choices)}, got only "
            f"one column {columns[0]!r}; if it is separated by {marks[0]!r}, convert it to commas, or to tabs as .tsv"
        )
    chosen: list[str] = []
    for choice in choices:
        column = choice.usual if choice.column is None and choice.usual in columns else choice.column
        column = choose_column(column, columns, place, argument=choice.argument)
        if column in chosen:
            other = choices[chosen.index(column)].argument
            raise ValueError(
                f"{choice.argument} must name a different column of {place} than {other}, got {column!r}; "
                f"it has {', '.join(map(repr, columns))}"
            )
        chosen.append(column)
    return chosen


def choose_column(column: str | None, columns: Iterable[str], place: str, *, argument: str = "column") -> str:
    """Return the name of the column to read; without a name, that of the only column.

    Raises:
        ValueError: If the column does not exist, or it is not named and there are several; the message lists the
            columns.

    >>> choose_column(None, ["text"], "news.csv")
    'text'
    """
    columns = list(columns)
    if column is None and len(columns) == 1:
        return columns[0]
    if column is None or column not in columns:
        listed = ", ".join(map(repr, columns)) or "no columns"
        raise ValueError(f"{argument} must name a column of {place}, got {column!r}; it has {listed}")
    if columns.count(column) > 1:
        raise ValueError(
            f"{argument} must name a single column of {place}, got {column!r}, which occurs more than once; rename them"
        )
    return column


TableKind: TypeAlias = Literal[".csv", ".tsv", ".jsonl", ".parquet"]
TABLES: tuple[TableKind, ...] = get_args(TableKind)


def is_table(path: Path) -> bool:
    """Return whether a file is a table by its suffix, ignoring the suffix of a compression.

    >>> is_table(Path("news.csv.gz")), is_table(Path("news.txt"))
    (True, False)
    """
    return inner_suffix(path) in TABLES


def file_rows(path: Path, choices: Sequence[Choice], *, encoding: str, errors: str) -> Iterator[Row]:
    """Read columns of a table file of any kind in `TABLES`.

    Raises:
        ValueError: If the file is not such a table or is damaged, a column is missing, or bytes cannot be decoded.
    """
    match inner_suffix(path):
        case ".csv":
            return csv_rows(path, choices, separator=",", encoding=encoding, errors=errors)
        case ".tsv":
            return csv_rows(path, choices, separator="\t", encoding=encoding, errors=errors)
        case ".jsonl":
            return json_rows(path, choices, encoding=encoding, errors=errors)
        case ".parquet" if compression(path):
            raise ValueError(
                f"source must be a .parquet file without a second compression, got {str(path)!r}; decompress it"
            )
        case ".parquet":
            return parquet_rows(path, choices)
    raise ValueError(f"source must end in {', '.join(TABLES)}, got {str(path)!r}; convert it")


def documents_of(rows: Iterator[Row]) -> Iterator[Document]:
    """Yield the only column of the rows as documents.

    Raises:
        ValueError: If a cell is empty; the message names its position.
        TypeError: If a cell is neither a text nor a list of tokens.
    """
    return (check_document(values[0], place) for place, values in rows)


def csv_rows(path: Path, choices: Sequence[Choice], *, separator: str, encoding: str, errors: str) -> Iterator[Row]:
    """Read columns of a delimited file with a header; fields may be quoted, except in tab-separated files.

    Raises:
        ValueError: If a column is missing, a row has too many or too few fields, or bytes cannot be decoded.
    """
    lines = read_lines(path, encoding=encoding, errors=errors)
    # text/tab-separated-values has no quoting: quotes are data.
    rows = _plain_rows(lines) if separator == "\t" else quoted_rows(lines, separator, path)
    _, header = next(rows, (0, []))
    if not header:
        raise ValueError(f"{path} must be a table with a header, got an empty file; add a header and rows")
    indices = [header.index(name) for name in choose_columns(choices, header, str(path))]
    for number, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"line {number} of {path} must have {len(header)} fields, like the header, got {len(row)}; correct it"
            )
        yield Row(f"line {number} of {path}", tuple(row[index] for index in indices))


def _plain_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        if line := line.removesuffix("\r"):
            yield number, line.split("\t")


def quoted_rows(lines: Iterator[str], separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Split lines into fields that may be quoted, according to RFC 4180.

    Args:
        lines: Lines without line feeds, which are added again, because a quoted field may contain them.
        separator: Field separator, one character.
        path: Name of the file in messages.

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
            raise ValueError(f"line {reader.line_num} of {path} must be CSV, but {error}; correct it") from error
        finally:
            csv.field_size_limit(limit)
        if row is None:
            return
        if row:
            yield reader.line_num, row


def json_rows(path: Path, choices: Sequence[Choice], *, encoding: str, errors: str) -> Iterator[Row]:
    """Read values of the JSON object on each line; blank lines are skipped.

    Raises:
        ValueError: If a line is not a JSON object or lacks a value; the message names the line.
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
        # The first line determines the columns that are not named.
        if any(choice.column is None for choice in choices):
            choices = [replace(choice, column=name) for choice, name in zip(choices, names, strict=True)]
        yield Row(place, tuple(row[name] for name in names))


def parquet_rows(path: Path, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a Parquet file in batches of rows.

    Raises:
        ValueError: If the file is not a Parquet file, is damaged, or a column is missing.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{path} must be a Parquet file, got a damaged file or another format ({error}); write it again"
        ) from error
    with file:
        names = choose_columns(choices, file.schema_arrow.names, str(path))
        batches = file.iter_batches(batch_size=_ROWS, columns=names, use_threads=False)
        yield from _numbered(([batch.column(name).to_pylist() for name in names] for batch in batches), str(path))


def _numbered(batches: Iterable[Sequence[Iterable[Any]]], place: str) -> Iterator[Row]:
    """Convert batches of columns to numbered rows."""
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
    # A stream may have no declared features; its first row has the column names.
    if columns is None:
        columns = list(next(iter(dataset), {}))
        if not columns:
            return
    names = choose_columns(choices, columns, "the data set")
    plain = dataset.select_columns(names).with_format(None)
    yield from _numbered(([batch[name] for name in names] for batch in plain.iter(batch_size=_ROWS)), "the data set")


def frame_rows(frame: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a pandas DataFrame; column names of any type are matched by their ``str``.

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
    """Return classes of a module that is slow to import; empty if it is not imported, as no instance can exist then."""
    loaded = sys.modules.get(module)
    return tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))


def take_split(source: object, split: str | None) -> tuple[Any, str | None]:
    """Return a split of a ``datasets.DatasetDict`` and None; return any other source and ``split`` unchanged.

    Raises:
        ValueError: If there is no such split.
    """
    if not isinstance(source, loaded_classes("datasets", "DatasetDict", "IterableDatasetDict")):
        return source, split
    if split not in source:
        raise ValueError(f"split must be one of {', '.join(map(repr, source))}, got {split!r}; choose one of them")
    return source[split], None
