"""Choose the columns of a table by their names."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


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


def choose_columns(
    choices: Sequence[Choice], columns: Iterable[str], place: str, *, delimited: bool = False
) -> list[str]:
    """Return the name of the column for each choice.

    Args:
        choices: What to read.
        columns: Names of the columns of the table.
        place: Name of the table in messages.
        delimited: Whether the table is a delimited file, whose delimiter may be wrong.

    Raises:
        ValueError: If a column does not exist, it is not named and there are several, or two choices select the same
            column; the message lists the columns.

    >>> choose_columns([Choice(column="title"), Choice(column=None, usual="label")], ["title", "label"], "a.csv")
    ['title', 'label']
    """
    columns = list(columns)
    if delimited and len(columns) == 1 < len(choices):
        raise ValueError(
            f"{place} must have a column for each of {' and '.join(choice.argument for choice in choices)}, got only "
            f"one column {columns[0]!r}; pass its delimiter, such as delimiter=';'"
        )
    chosen: list[str] = []
    for choice in choices:
        column = choice.usual if choice.column is None and choice.usual in columns else choice.column
        if column is None and (choice.usual is None or len(choices) == 1) and len(columns) == 1:
            column = columns[0]
        if column is None and choice.usual is not None:
            raise ValueError(
                f"{choice.argument} must name a column of {place}, got None; "
                f"{_listed(columns)}{_similar(choice.usual, columns)}"
            )
        column = choose_column(column, columns, place, argument=choice.argument)
        if column in chosen:
            other = choices[chosen.index(column)].argument
            raise ValueError(
                f"{choice.argument} must name a different column of {place} than {other}, got {column!r}; "
                f"{_listed(columns)}"
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
        similar = "" if column is None else _similar(column, columns)
        raise ValueError(f"{argument} must name a column of {place}, got {column!r}; {_listed(columns)}{similar}")
    if columns.count(column) > 1:
        raise ValueError(
            f"{argument} must name a single column of {place}, got {column!r}, which occurs more than once; rename them"
        )
    return column


def _listed(columns: list[str]) -> str:
    return f"it has {', '.join(map(repr, columns)) or 'no columns'}"


def _similar(name: str, columns: list[str]) -> str:
    """A question whether a column was meant that is spelled alike."""
    folded = {column.strip().casefold(): column for column in reversed(columns)}
    close = difflib.get_close_matches(str(name).strip().casefold(), list(folded), n=1)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""
