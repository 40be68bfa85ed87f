"""One column of a table as documents: CSV and TSV, JSON lines, Parquet, ``datasets``, pandas."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from textkit.text.reading import utf8_blocks

Document: TypeAlias = str | list[str]
"""A text to be tokenized, or tokens to be taken as they are."""

_ROWS = 1000  # rows held at a time


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
    nan = isinstance(value, float) and math.isnan(value)
    if value is None or nan or type(value).__name__ in ("NAType", "NaTType"):
        raise ValueError(f"a document must be a text, got {value!r} for {place}; leave it out or fill it in")
    raise TypeError(
        f"a document must be a str or a list of str, got {type(value).__name__} for {place}; "
        "give texts or tokens (a list of paths must hold nothing else)"
    )


def choose_column(column: str | None, columns: Iterable[str], place: str) -> str:
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
        raise ValueError(f"column must name a column of {place}, got {column!r}; it has {listed}")
    return column


def csv_documents(path: Path, column: str | None, *, separator: str, encoding: str, errors: str) -> Iterator[Document]:
    """Read a column of a separated file with a header; fields may be quoted, except between tabs.

    Raises:
        ValueError: If the column is missing, a row has too many or too few fields, or bytes are wrong.
    """
    lines = _lines(path, encoding, errors)
    # text/tab-separated-values has no quoting: a quote there is data
    rows = _plain_rows(lines) if separator == "\t" else _quoted_rows(lines, separator, path)
    _, header = next(rows, (0, []))
    if not header:
        raise ValueError(f"{path} must be a table with a header, got an empty file; fill it")
    place = header.index(choose_column(column, header, str(path)))
    for number, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"line {number} of {path} must have {len(header)} fields, as the header has, got {len(row)}; correct it"
            )
        yield row[place]


def _plain_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line.removesuffix("\r").split("\t")


def _quoted_rows(lines: Iterator[str], separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    while True:
        limit = csv.field_size_limit(sys.maxsize)  # 128 kB by default, for all readers of the process
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


def json_documents(path: Path, column: str | None, *, encoding: str, errors: str) -> Iterator[Document]:
    """Read a value of the object on each line; blank lines are passed over.

    Raises:
        ValueError: If a line is no JSON object or lacks the value; the message names the line.
        TypeError: If the value is neither a text nor a list of tokens.
    """
    name: str | None = None
    for number, line in enumerate(_lines(path, encoding, errors), start=1):
        if not line.strip():
            continue
        place = f"line {number} of {path}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{place} must be JSON, got {line[:60]!r} ({error}); correct it") from error
        if not isinstance(row, dict):
            raise ValueError(f"{place} must be a JSON object, got {line[:60]!r}; correct it")
        name = choose_column(column if name is None else name, row, place)
        yield check_document(row[name], place)


def _lines(path: Path, encoding: str, errors: str) -> Iterator[str]:
    parts: list[str] = []
    for block in utf8_blocks(path, encoding=encoding, errors=errors, block_bytes=1 << 20):
        *lines, rest = block.decode().split("\n")
        for line in lines:
            yield "".join((*parts, line))
            parts.clear()
        if rest:
            parts.append(rest)
    if parts:
        yield "".join(parts)


def parquet_documents(path: Path, column: str | None) -> Iterator[Document]:
    """Read a column of a Parquet file, some rows at a time.

    Raises:
        ValueError: If it is no Parquet file, the column is missing or a cell is empty.
        TypeError: If the column holds neither texts nor lists of tokens.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path, memory_map=False)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} must be a Parquet file, got a damaged one or another ({error})") from error
    with file:
        name = choose_column(column, file.schema_arrow.names, str(path))
        batches = file.iter_batches(batch_size=_ROWS, columns=[name], use_threads=False)
        values = chain.from_iterable(batch.column(0).to_pylist() for batch in batches)
        for row, value in enumerate(values, start=1):
            yield check_document(value, f"row {row} of {path}")


def dataset_documents(dataset: Any, column: str | None) -> Iterator[Document]:
    """Read a column of a ``datasets.Dataset`` or ``IterableDataset``.

    Raises:
        ValueError: If the column is missing or a cell is empty.
        TypeError: If the column holds neither texts nor lists of tokens.
    """
    columns = dataset.column_names
    if columns is None:  # a stream whose features nobody has declared; its first row tells
        columns = list(next(iter(dataset), {}))
        if not columns:
            return
    name = choose_column(column, columns, "the data set")
    plain = dataset.select_columns([name]).with_format(None)
    values = chain.from_iterable(batch[name] for batch in plain.iter(batch_size=_ROWS))
    for row, value in enumerate(values, start=1):
        yield check_document(value, f"row {row} of the data set")


def series_documents(series: Any) -> Iterator[Document]:
    """Read a pandas Series.

    Raises:
        ValueError: If a cell is empty.
        TypeError: If it holds neither texts nor lists of tokens.
    """
    for row, value in enumerate(series, start=1):
        yield check_document(value, f"row {row} of the Series")
