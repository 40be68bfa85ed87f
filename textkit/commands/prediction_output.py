"""Write predictions as CSV, JSON Lines or Parquet, batch by batch."""

import csv
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias, get_args

from textkit.data.tables import is_nothing
from textkit.files.atomic import atomic_path

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]
Row: TypeAlias = Mapping[str, Any]
"""Values by name; those that begin with "top" or "probabilities" are nested, see `PredictionOutput`."""

DIGITS = 6  # decimals of a written probability


class PredictionOutput(ABC):
    """Receives rows of predictions.

    A row has the columns that are kept, "text" (a str, a list of tokens, or None), and the answer: "label" and
    "probability", "probabilities" (a dict by class), "top" (a list of pairs); None where the text is missing.
    """

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Write a batch of rows."""


class JsonLines(PredictionOutput):
    """One JSON object per row.

    Args:
        file: The file to write to.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, rows: Sequence[Row]) -> None:
        """Write a line for each row."""
        for row in rows:
            print(json.dumps(_plain(row), ensure_ascii=False, default=str), file=self._file)
        self._file.flush()


class CsvTable(PredictionOutput):
    """A table with a header.

    Args:
        file: The file to write to.
        columns: Names of the columns.
    """

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._file = file
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a line for each row; labels are joined by semicolons."""
        self._writer.writerows(map(_cell, flat(row).values()) for row in rows)
        self._file.flush()


class ParquetTable(PredictionOutput):
    """A Parquet file. The type of a column is that of its first value; it is text as long as there is none.

    Args:
        path: The file.
        columns: Names of the columns, for a file without rows.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path, self._columns = path, columns
        self._writer: Any = None

    def write(self, rows: Sequence[Row]) -> None:
        """Write a row group.

        Raises:
            ValueError: If a value has another type than those before it in its column.
        """
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        values = [flat(row) for row in rows]
        by_column = {name: [row[name] for row in values] for name in self._columns}
        arrays = {}
        for number, (name, column) in enumerate(by_column.items()):
            try:
                array = pa.array(column, type=None if self._writer is None else self._writer.schema.types[number])
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise ValueError(
                    f"{name} must have values of one type in Parquet, got others ({error}); write CSV or JSON Lines"
                ) from error
            untyped = {pa.null(): pa.string(), pa.list_(pa.null()): pa.list_(pa.string())}
            arrays[name] = array.cast(untyped.get(array.type, array.type))
        table = pa.table(arrays)
        if self._writer is None:
            self._writer = ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Complete the file."""
        if self._writer is None:
            self.write([])
        self._writer.close()


def flat(row: Row) -> dict[str, Any]:
    """Return a row without nested values: the most probable labels and the probabilities have columns of their own.

    >>> flat({"text": ["a", "b"], "top": [("x", 0.9)]})
    {'text': 'a b', 'label_1': 'x', 'probability_1': 0.9}
    """
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name == "top":
            for number, (label, probability) in enumerate(value, start=1):
                found |= {f"label_{number}": label, f"probability_{number}": probability}
        elif name == "probabilities":
            found |= {f"probability_{label}": probability for label, probability in value.items()}
        else:
            found[name] = " ".join(value) if name == "text" and isinstance(value, list) else value
    return found


def chosen_format(format: Format | None, output: Path | None) -> Format:
    """Return the format: the one asked for, that of the file name, or CSV.

    Raises:
        ValueError: If the file name has no such suffix, or Parquet would be printed.
    """
    if format is None and output is not None:
        found = [name for name in get_args(Format) if output.suffix.lower() == f".{name}"]
        if not found:
            raise ValueError(f"--output must end in .csv, .jsonl or .parquet, got {output}; or pass --format")
        format = found[0]
    if format == "parquet" and output is None:
        raise ValueError("--format parquet must have a file to write, got none; add --output FILE")
    return format or "csv"


@contextmanager
def opened(format: Format, output: Path | None, columns: Sequence[str]) -> Iterator[PredictionOutput]:
    """Open the output; a file is complete or not there at all.

    Args:
        format: Its format.
        output: The file; None for stdout.
        columns: Names of the columns of a table.

    Yields:
        What receives the rows.
    """
    if output is None:
        yield JsonLines(sys.stdout) if format == "jsonl" else CsvTable(sys.stdout, columns)
        return
    with atomic_path(output) as temporary:
        if format == "parquet":
            table = ParquetTable(temporary, columns)
            yield table
            table.close()
            return
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            yield JsonLines(file) if format == "jsonl" else CsvTable(file, columns)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return f"{value:.{DIGITS}f}" if isinstance(value, Probability) else value


class Probability(float):
    """A float that is written with six decimals in text."""


def _plain(value: Any) -> Any:
    """Convert nested values to JSON, with rounded probabilities."""
    if isinstance(value, Probability):
        return round(float(value), DIGITS)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return _plain(dict(zip(("label", "probability"), value, strict=True)))
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if is_nothing(value) else value
