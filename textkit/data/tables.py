"""Read columns of a table row by row, or one column as documents: CSV, TSV, JSON Lines, Parquet, datasets, pandas."""

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from textkit.data.columns import Choice, Row, choose_columns
from textkit.data.delimited import check_delimiter, delimited_rows
from textkit.data.json_tables import json_array_rows, json_rows
from textkit.files.compression import inner_suffix, is_packed
from textkit.files.lines import read_lines

Document: TypeAlias = str | list[str]
"""A text to be tokenized, or a list of tokens to be used unchanged."""

_ROWS = 1000  # rows read at a time


Missing: TypeAlias = Literal["error", "skip", "empty"]
"""What to do with a row whose text or label is missing: raise an error, leave it out, or read an empty text."""


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
        raise ValueError(
            f"a document must be a text, got {value!r} for {place}; remove it or fill it in (files and tables: "
            "missing='skip' or missing='empty')"
        )
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


TableKind: TypeAlias = Literal[".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"]
TABLES: tuple[TableKind, ...] = get_args(TableKind)


def is_table(path: Path) -> bool:
    """Return whether a file is a table by its suffix, ignoring the suffix of a compression.

    >>> is_table(Path("news.csv.gz")), is_table(Path("news.txt"))
    (True, False)
    """
    return inner_suffix(path) in TABLES


def file_rows(
    path: Path,
    choices: Sequence[Choice],
    *,
    encoding: str,
    errors: str,
    delimiter: str | None = None,
    missing: Missing = "error",
) -> Iterator[Row]:
    """Read columns of a table file of any kind in `TABLES`.

    Args:
        path: The file.
        choices: Columns to read.
        encoding: Encoding of a text file.
        errors: Treatment of bytes that cannot be decoded.
        delimiter: Field separator of .csv and .tsv; None detects it.
        missing: With anything but "error", a JSON object may lack a column.

    Raises:
        ValueError: If the file is not such a table or is damaged, a column is missing, or bytes cannot be decoded.
    """
    kind = inner_suffix(path)
    if kind not in TABLES:
        raise ValueError(f"source must end in {', '.join(TABLES)}, got {str(path)!r}; convert it")
    if kind == ".parquet":
        check_no_delimiter(delimiter, str(path))
        if is_packed(path):
            raise ValueError(
                f"source must be a .parquet file without a second compression, got {str(path)!r}; decompress it"
            )
        # Imported here, because only Parquet files need pyarrow.
        from textkit.data.parquet import parquet_rows

        return parquet_rows(path, choices)
    lines = read_lines(path, encoding=encoding, errors=errors, json=kind not in (".csv", ".tsv"))
    return text_rows(kind, lines, choices, name=str(path), delimiter=delimiter, missing=missing)


def text_rows(
    kind: str, lines: Iterator[str], choices: Sequence[Choice], *, name: str, delimiter: str | None, missing: Missing
) -> Iterator[Row]:
    """Read columns of a table from its lines.

    Args:
        kind: One of `TABLES` but .parquet.
        lines: Lines without line feeds.
        choices: Columns to read.
        name: Name of the table in messages.
        delimiter: As for `file_rows`.
        missing: As for `file_rows`.

    Raises:
        ValueError: If the lines are not such a table, or a column is missing.
    """
    if kind in (".csv", ".tsv"):
        delimiter = check_delimiter(delimiter)
        return delimited_rows(lines, choices, delimiter=delimiter, name=name, tabs=kind == ".tsv")
    check_no_delimiter(delimiter, name)
    if kind == ".json":
        return json_array_rows(lines, choices, name=name, absent=missing != "error")
    return json_rows(lines, choices, name=name, absent=missing != "error")


def check_no_delimiter(delimiter: str | None, name: str) -> None:
    """Check that no delimiter is given for what is not a delimited file.

    Raises:
        ValueError: If one is.
    """
    if delimiter is not None:
        raise ValueError(f"delimiter must be None for {name}, got {delimiter!r}; it applies to .csv and .tsv only")


def documents_of(rows: Iterator[Row], missing: Missing = "error") -> Iterator[Document]:
    """Yield the only column of the rows as documents.

    Args:
        rows: Rows of a single column.
        missing: What to do with a missing document; "skip" also leaves out empty ones.

    Raises:
        ValueError: If a document is missing and ``missing`` is "error"; the message names its position.
        TypeError: If a cell is neither a text nor a list of tokens.
    """
    documents = (fill(values[0], place, missing) for place, values in rows)
    return (document for document in documents if document is not None)


def fill(value: object, place: str, missing: Missing) -> Document | None:
    """Return a document; a missing one as ``missing`` says: an empty text, or None if it is to be left out.

    Raises:
        ValueError: If it is missing and ``missing`` is "error".
        TypeError: If it is neither a text nor a list of tokens.
    """
    if missing == "skip" and (is_nothing(value) or value == "" or value == []):
        return None
    if missing == "empty" and is_nothing(value):
        return ""
    return check_document(value, place)


def check_missing(missing: str) -> None:
    """Check the name of a treatment of missing values.

    Raises:
        ValueError: If it is unknown.
    """
    if missing not in get_args(Missing):
        raise ValueError(f"missing must be 'error', 'skip' or 'empty', got {missing!r}; choose one of them")


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


def arrow_rows(table: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a pyarrow Table.

    Raises:
        ValueError: If a column is missing.
    """
    names = choose_columns(choices, table.column_names, "the Table")
    batches = table.select(names).to_batches(max_chunksize=_ROWS)
    return _numbered(([column.to_pylist() for column in batch.columns] for batch in batches), "the Table")


def series_rows(series: Any) -> Iterator[Row]:
    """Read a pandas Series as the only column of a table."""
    return _numbered([[series]], "the Series")


def loaded_classes(module: str, *names: str) -> tuple[Any, ...]:
    """Return classes of a module that is slow to import; empty if it is not imported, as no instance can exist then."""
    loaded = sys.modules.get(module)
    return tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))


def take_split(source: object, split: str | None) -> tuple[Any, str | None]:
    """Return a split of a ``datasets.DatasetDict`` and None; return any other source and ``split`` unchanged.

    The only split of a dictionary need not be named.

    Raises:
        ValueError: If there is no such split, or none of several is named.
    """
    if not isinstance(source, loaded_classes("datasets", "DatasetDict", "IterableDatasetDict")):
        return source, split
    splits = list(source)
    if split is None and len(splits) == 1:
        return source[splits[0]], None
    if split not in splits:
        example = f", or pass data[{splits[0]!r}]" if splits else ""
        raise ValueError(
            f"split must be one of {', '.join(map(repr, splits))}, got {split!r}; choose one of them{example}"
        )
    return source[split], None


def dataset_column(values: Any, name: str) -> Any:
    """Return the only column of a ``datasets.Dataset`` or ``IterableDataset``; return anything else unchanged.

    Args:
        values: What is to be one column; a column of a stream becomes a list.
        name: Name of the values in messages.

    Raises:
        TypeError: If there are several columns, or several data sets.
    """
    if isinstance(values, loaded_classes("datasets", "DatasetDict", "IterableDatasetDict")):
        shown = ", ".join(map(repr, values))
        raise TypeError(f"{name} must be one column, got several data sets ({shown}); pass a column of one of them")
    if isinstance(values, loaded_classes("datasets.iterable_dataset", "IterableColumn")):
        return list(values)
    if not isinstance(values, loaded_classes("datasets", "Dataset", "IterableDataset")):
        return values
    columns = values.column_names or list(next(iter(values), {}))
    if len(columns) != 1:
        shown = ", ".join(map(repr, columns))
        raise TypeError(f"{name} must be one column, got a data set with {shown}; pass one, such as data['text']")
    return [value for batch in values.with_format(None).iter(batch_size=_ROWS) for value in batch[columns[0]]]
