"""Read catalog tables from disk: quoted CSV, plain separated lines, trees, or a folder with one file per label."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from textkit.data.delimited import quoted_rows
from textkit.data.trees import subtrees
from textkit.files.lines import numbered_lines


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    r"""File format and columns of a table.

    Attributes:
        style: ``csv`` (fields may be quoted), ``plain`` (split at the separators, quotes are data), ``trees`` (one
            labeled tree per line, whose columns are label and text) or ``folder`` (each file contains one item per
            line; its name without the suffix is the label).
        columns: Column names, in order.
        separator: Column separator; for ``plain`` it may be a tuple with one string per gap, such as ``(":", " ")``
            for ``COARSE:fine the text``. The last column takes the rest of the line.
        header: Whether the first line contains the column names.
        text_column: Column with the text.
        label_column: Column with the label; None without labels.
        labels: Names of the labels in the file; empty if they are already names.
        text_from: Columns to join with ``" . "`` into an additional column ``text``.
        phrases: For ``trees``, whether every subtree is a row, each (label, text) once, or else only whole trees.
        left_out: For ``trees``, labels whose texts are left out.
    """

    style: Literal["csv", "plain", "trees", "folder"]
    columns: tuple[str, ...]
    text_column: str
    separator: str | tuple[str, ...] = ","
    header: bool = False
    label_column: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    text_from: tuple[str, ...] = ()
    phrases: bool = False
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        available = set(self.row_columns)
        for name, columns in (
            ("text_column", (self.text_column,)),
            ("label_column", (self.label_column,) if self.label_column else ()),
            ("text_from", self.text_from),
        ):
            if missing := set(columns) - available:
                raise ValueError(
                    f"{name} must be among the columns {sorted(available)}, got {sorted(missing)}; add it to columns"
                )
        if self.style not in ("csv", "plain", "trees", "folder"):
            raise ValueError(f"style must be csv, plain, trees or folder, got {self.style!r}; choose one of them")
        if self.style == "trees" and len(self.columns) != 2:
            raise ValueError(f"columns must be two for trees, label and text, got {list(self.columns)}; correct them")
        if self.style != "trees" and (self.phrases or self.left_out):
            raise ValueError(f"phrases and left_out must be left out for {self.style}; they apply to trees only")
        if self.style == "csv" and not isinstance(self.separator, str):
            raise ValueError(f"separator must be one string for csv, got {self.separator!r}; use the style plain")
        if self.style == "plain" and len(self.separators) != len(self.columns) - 1:
            raise ValueError(
                f"separator must be one string, or one for each gap between {len(self.columns)} columns, "
                f"got {self.separator!r}; pass {len(self.columns) - 1} separators"
            )

    @property
    def row_columns(self) -> tuple[str, ...]:
        """Columns of the rows that are read: those of the file, and ``text`` if it is joined from some of them."""
        return (*self.columns, "text") if self.text_from else self.columns

    @property
    def separators(self) -> tuple[str, ...]:
        """Separator for each gap between two columns."""
        if isinstance(self.separator, str):
            return (self.separator,) * (len(self.columns) - 1)
        return self.separator


def read_table(path: Path, table: TableFormat) -> Iterator[dict[str, str]]:
    """Iterate over the rows of a table.

    Args:
        path: File, compressed or not; for the style ``folder``, the folder.
        table: Format of the table.

    Yields:
        Each row as a mapping from column name to text, with labels as names. Empty lines are skipped.

    Raises:
        FileNotFoundError: If the file does not exist.
        NotADirectoryError: If the table is a folder and ``path`` is not one.
        IsADirectoryError: If ``path`` is a folder and the table is not one.
        ValueError: If the header, the number of fields, a label, a quote or a byte does not match ``table`` (the
            message names file and line), or if there are no rows.
    """
    rows = _folder_rows(path, table) if table.style == "folder" else _file_rows(path, table)
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise ValueError(
            f"{path} must have rows with the columns {', '.join(table.columns)}, got 0 rows; download it again"
        )


def _folder_rows(path: Path, table: TableFormat) -> Iterator[dict[str, str]]:
    if not path.is_dir():
        raise NotADirectoryError(f"path must be a folder with one file per label, got {str(path)!r}; pass the folder")
    item, label = table.columns
    for file in sorted(path.glob("*.txt")):
        for _, line in numbered_lines(file):
            if line:
                yield {item: line, label: table.labels.get(file.stem, file.stem)}


def _file_rows(path: Path, table: TableFormat) -> Iterator[dict[str, str]]:
    lines = _FIELDS[table.style](path, table)
    for position, (number, fields) in enumerate(lines):
        if table.header and position == 0:
            if tuple(fields) != table.columns:
                raise ValueError(
                    f"{path}, line {number}: the header must be {list(table.columns)}, got {fields}; "
                    "check the columns and the separator"
                )
            continue
        if len(fields) != len(table.columns):
            raise ValueError(
                f"{path}, line {number}: a row must have {len(table.columns)} fields, {list(table.columns)}, "
                f"got {len(fields)}; check the separator {table.separator!r}"
            )
        row = dict(zip(table.columns, fields, strict=True))
        if table.label_column and table.labels:
            row[table.label_column] = _label(row[table.label_column], table, path, number)
        if table.text_from:
            row["text"] = " . ".join(row[column] for column in table.text_from)
        yield row


def _csv_fields(path: Path, table: TableFormat) -> Iterator[tuple[int, list[str]]]:
    return quoted_rows((line for _, line in numbered_lines(path)), str(table.separator), path)


def _plain_fields(path: Path, table: TableFormat) -> Iterator[tuple[int, list[str]]]:
    for number, line in numbered_lines(path):
        if not line:
            continue
        # With a missing separator there are too few fields, which the caller reports.
        fields, remainder = [], line
        for separator in table.separators:
            head, matched, tail = remainder.partition(separator)
            if not matched:
                break
            fields.append(head)
            remainder = tail
        yield number, [*fields, remainder]


def _tree_fields(path: Path, table: TableFormat) -> Iterator[tuple[int, list[str]]]:
    seen: set[tuple[str, str]] = set()
    for number, line in numbered_lines(path):
        if not line:
            continue
        try:
            found = subtrees(line)
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}: a line must be one tree, such as (3 (2 It) (4 works)), {error}; "
                "correct the line"
            ) from error
        for label, text in found if table.phrases else found[-1:]:
            if label in table.left_out or (label, text) in seen:
                continue
            if table.phrases:
                seen.add((label, text))
            yield number, [label, text]


_FIELDS = {"csv": _csv_fields, "plain": _plain_fields, "trees": _tree_fields}


def _label(raw: str, table: TableFormat, path: Path, number: int) -> str:
    if raw not in table.labels:
        raise ValueError(
            f"{path}, line {number}: {table.label_column} must be one of {', '.join(table.labels)}, "
            f"got {raw!r}; correct the line"
        )
    return table.labels[raw]
