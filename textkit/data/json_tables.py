"""Read tables of JSON objects: one on each line, or one array of them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textkit.data.columns import Choice, Row, choose_columns

_SHOWN = 60  # characters in a message


def json_rows(lines: Iterator[str], choices: Sequence[Choice], *, name: str, absent: bool) -> Iterator[Row]:
    """Read values of the JSON object on each line; blank lines are skipped.

    Args:
        lines: Lines of the file.
        choices: Columns to read.
        name: Name of the file in messages.
        absent: Whether an object may lack a column, whose value is then None.

    Returns:
        A row for each object.

    Raises:
        ValueError: If a line is not a JSON object or lacks a value; the message names the line.
    """
    return _object_rows(_line_objects(lines, name), choices, absent)


def json_array_rows(lines: Iterator[str], choices: Sequence[Choice], *, name: str, absent: bool) -> Iterator[Row]:
    """Read values of the objects of a JSON array, as ``DataFrame.to_json(orient="records")`` writes it.

    JSON Lines in a file called .json are read as such.

    Args:
        lines: Lines of the file; the whole array is held in memory.
        choices: Columns to read.
        name: Name of the file in messages.
        absent: Whether an object may lack a column, whose value is then None.

    Returns:
        A row for each object.

    Raises:
        ValueError: If the file is neither an array of objects nor JSON Lines, or an object lacks a value.
    """
    return _object_rows(_array_objects(lines, name), choices, absent)


def _object_rows(
    objects: Iterator[tuple[str, dict[str, Any]]], choices: Sequence[Choice], absent: bool
) -> Iterator[Row]:
    found: set[str] = set()
    place, row = "", dict[str, Any]()
    for place, row in objects:
        if absent:
            choices = [
                replace(choice, column=choice.usual) if choice.column is None and choice.usual else choice
                for choice in choices
            ]
            found.update(choice.column for choice in choices if choice.column in row)
            known = [*row, *(choice.column for choice in choices if choice.column and choice.column not in row)]
            names = choose_columns(choices, known, place)
        else:
            names = choose_columns(choices, row, place)
        # The first object determines the columns that are not named.
        if any(choice.column is None for choice in choices):
            choices = [replace(choice, column=column) for choice, column in zip(choices, names, strict=True)]
        yield Row(place, tuple(row.get(column) for column in names))
    if place and absent and any(choice.column not in found for choice in choices):
        choose_columns(choices, row, place)


def _line_objects(lines: Iterator[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            place = f"line {number} of {name}"
            yield place, _object(_parse(line, place), line, place)


def _array_objects(lines: Iterator[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    text = "\n".join(lines)
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            yield from _line_objects(iter(text.split("\n")), name)
            return
        raise ValueError(f"{name} must be JSON, got a mistake: {error}; correct it") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} must be JSON, got a mistake: {error}; correct it") from error
    if not isinstance(rows, list):
        raise ValueError(
            f"{name} must be an array of JSON objects, got {text.strip()[:_SHOWN]!r}; write its rows as an array "
            "(pandas: to_json(orient='records')), or one on each line as .jsonl"
        )
    for number, row in enumerate(rows, start=1):
        place = f"row {number} of {name}"
        yield place, _object(row, repr(row), place)


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of too many digits, and too deep nesting
        raise ValueError(f"{place} must be JSON, got {text[:_SHOWN]!r} ({error}); correct it") from error


def _object(row: Any, text: str, place: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError(f"{place} must be a JSON object, got {text[:_SHOWN]!r}; correct it")
    return row
