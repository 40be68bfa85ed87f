"""Data sets of columns: CSV, TSV and lines of JSON."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.text_lines import text_lines


class TabularDataset(Dataset):
    """Examples from the rows of a CSV or TSV file, or from lines with a JSON object each.

    Args:
        path: File, compressed or not.
        format: "csv", "tsv" or "json".
        fields: For "csv" and "tsv" a list of a (name, field) pair for each column, in their order, with the field None
            for a column to ignore; or, also for "json", a dict of a (name, field) pair, or a list of them, for each
            column to read.
        skip_header: Whether to skip the first line.
        csv_reader_params: Arguments of ``csv.reader``.
        **kwargs: Arguments of `Dataset`.

    Raises:
        ValueError: If the format is unknown, the fields do not suit it, or a row is wrong; the message names the row.
        OSError: If the file cannot be read.
    """

    def __init__(
        self,
        path: str,
        format: str,
        fields: Any,
        skip_header: bool = False,
        csv_reader_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kind = format.lower()
        if kind not in ("csv", "tsv", "json"):
            raise ValueError(f"format must be 'csv', 'tsv' or 'json', got {format!r}; choose one")
        by_key = isinstance(fields, Mapping)
        if kind == "json" and not by_key:
            raise ValueError("fields must be a dict for 'json', got a list; write {'key': ('name', FIELD)}")
        if kind != "json" and by_key and skip_header:
            raise ValueError(f"skip_header must be False for {kind!r} with a dict of fields, which needs the header")
        with closing(text_lines(path)) as lines, _wide_cells():
            rows: Iterable[Any] = lines
            if kind != "json":
                params = {"delimiter": "\t"} if kind == "tsv" else {}
                rows = csv.reader(lines, **{**params, **(csv_reader_params or {})})
            examples = list(_examples(path, iter(rows), kind, fields, skip_header))
        super().__init__(examples, _pairs(fields) if by_key else fields, **kwargs)


def _examples(path: str, rows: Iterator[Any], kind: str, fields: Any, skip_header: bool) -> Iterator[Example]:
    columns = None
    skipped = skip_header or (kind != "json" and isinstance(fields, Mapping))
    header = next(rows, None) if skipped else None
    if kind != "json" and isinstance(fields, Mapping):
        columns = _column_indices(path, header or [], fields)
    for number, row in enumerate(rows, 1 + skipped):
        if not row or (kind == "json" and not row.strip()):
            raise ValueError(f"{path}, row {number}: a row must have values, got an empty line; remove it")
        try:
            yield Example.fromJSON(row, fields) if kind == "json" else Example.fromCSV(row, fields, columns)
        except ValueError as error:
            raise ValueError(f"{path}, row {number}: {error}") from error


def _column_indices(path: str, header: Sequence[str], fields: Mapping[str, Any]) -> dict[str, int]:
    if missing := [key for key in fields if key not in header]:
        raise ValueError(
            f"{path}: fields must name columns of the header, got {missing[0]!r}; it has {', '.join(header)}"
        )
    return {key: header.index(key) for key in fields}


def _pairs(fields: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    lists = [pairs if isinstance(pairs, list) else [pairs] for pairs in fields.values() if pairs is not None]
    return [pair for pairs in lists for pair in pairs]


@contextmanager
def _wide_cells() -> Iterator[None]:
    """Let cells be of any length, as csv has one limit for the whole process."""
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)
