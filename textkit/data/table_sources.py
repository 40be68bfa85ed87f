"""Columns of a table, wherever it is: a file, stdin, a folder, the catalog, a data frame or a data set."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textkit.data import catalog
from textkit.data.columns import Choice, Row, choose_columns
from textkit.data.corpus import open_corpus
from textkit.data.folders import class_rows, is_folder
from textkit.data.stdin import StdinTable, stdin_lines
from textkit.data.tables import (
    Missing,
    arrow_rows,
    check_no_delimiter,
    dataset_rows,
    file_rows,
    frame_rows,
    is_table,
    loaded_classes,
    take_split,
    text_rows,
)
from textkit.files.archives import in_archive


def table_rows(
    source: object,
    choices: Sequence[Choice],
    split: str | None,
    encoding: str,
    errors: str,
    delimiter: str | None,
    missing: Missing,
    member: str | None = None,
) -> tuple[Iterator[Row], bool] | None:
    """Read columns of a table.

    Args:
        source: The table; see `textkit.read_labeled`.
        choices: Columns to read.
        split: Split of a catalog name or a ``datasets.DatasetDict``.
        encoding: Encoding of files.
        errors: Treatment of bytes that cannot be decoded.
        delimiter: Field separator of .csv and .tsv files; None detects it.
        missing: Treatment of missing values.
        member: Name of a file in a .zip archive.

    Returns:
        The rows, and whether numbers are written out in them, as in a file; None if the source is no table.

    Raises:
        ValueError: If a column is missing, or an argument does not apply to the source.
        FileNotFoundError: If there is no such file.
    """
    if isinstance(source, str) and source in catalog.names():
        rows = _catalog_rows(source, choices, split)
        check_no_delimiter(delimiter, repr(source))
        if member is not None:
            raise ValueError(f"member must be None for the catalog name {source!r}, got {member!r}; omit it")
        return None if rows is None else (rows, False)
    source, split = take_split(source, split)
    if isinstance(source, loaded_classes("datasets", "Dataset", "IterableDataset")):
        rows = _named(source, choices)
    elif isinstance(source, loaded_classes("pandas", "DataFrame")):
        rows = frame_rows(source, choices)
    elif isinstance(source, loaded_classes("pyarrow", "Table")):
        rows = arrow_rows(source, choices)
    elif isinstance(source, StdinTable):
        rows = text_rows(
            source.kind,
            stdin_lines(encoding, errors, json=source.kind in (".json", ".jsonl")),
            choices,
            name="stdin",
            delimiter=delimiter,
            missing=missing,
        )
        delimiter = None
    elif isinstance(source, str | os.PathLike) and is_folder(source):
        rows = class_rows(Path(source), choices, encoding=encoding, errors=errors)
    elif isinstance(source, str | os.PathLike):
        # what is wrong with any file is wrong here too
        open_corpus(Path(source), encoding=encoding, errors=errors, member=member)
        path, member = in_archive(Path(source), member), None
        if not is_table(path):
            return None
        rows = file_rows(path, choices, encoding=encoding, errors=errors, delimiter=delimiter, missing=missing)
        delimiter = None
    else:
        return None
    check_no_delimiter(delimiter, described(source))
    if member is not None:
        raise ValueError(
            f"member must be None for {described(source)}, got {member!r}; it names a file in a .zip archive"
        )
    if split is not None:
        raise ValueError(f"split must be None for {described(source)}, got {split!r}; leave it out")
    return rows, isinstance(source, str | os.PathLike | StdinTable)


def _catalog_rows(name: str, choices: Sequence[Choice], split: str | None) -> Iterator[Row] | None:
    known = catalog.entry(name)
    if known.kind != "table":
        return None
    table = known.table(split)
    usual = {"text": table.text_column, "label": table.label_column}
    named = [
        Choice(column=usual.get(choice.argument) if choice.column is None else choice.column, argument=choice.argument)
        for choice in choices
    ]
    columns = choose_columns(named, table.row_columns, repr(name))
    return (
        Row(f"row {number} of {name!r}", tuple(row[column] for column in columns))
        for number, row in enumerate(catalog.rows(name, split), start=1)
    )


def _named(dataset: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a data set, class ids as the names that its features have for them."""
    rows = dataset_rows(dataset, choices)
    if not dataset.features:  # a stream that has not been told of any
        return rows
    columns = choose_columns(choices, dataset.features, "the data set")
    names = [_names_of(dataset.features[column]) for column in columns]
    if not any(names):
        return rows
    return (Row(place, tuple(map(_name, values, names, [place] * len(names)))) for place, values in rows)


def _names_of(feature: Any) -> list[str] | None:
    """The names of a ``ClassLabel``, or of a list of them."""
    if isinstance(feature, list):
        feature = feature[0]
    found = getattr(getattr(feature, "feature", feature), "names", None)
    return found if isinstance(found, list) else None


def _name(value: Any, names: list[str] | None, place: str) -> Any:
    if names is None or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_name(item, names, place) for item in value]
    if not 0 <= value < len(names):  # -1 is what public test sets without labels have
        raise ValueError(
            f"a label must be a class from 0 to {len(names) - 1}, got {value} for {place}; leave the row out"
        )
    return names[value]


def described(source: object) -> str:
    """Name a source in messages."""
    if isinstance(source, StdinTable):
        return "stdin"
    return repr(os.fspath(source)) if isinstance(source, str | os.PathLike) else type(source).__name__
