"""Read pairs of words with human similarity scores, in any common file format."""

import csv
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from textkit.files.lines import numbered_lines

_SEPARATORS: dict[str | None, str] = {"\t": "tab", ";": "semicolon", ",": "comma", None: "spaces"}


class ScoredPair(NamedTuple):
    """Two words and their human similarity score, on any scale."""

    word1: str
    word2: str
    score: float


def read_pairs(path: str | os.PathLike[str]) -> list[ScoredPair]:
    """Read a file of pairs; the separator, the header and the score column are detected.

    The separator (tab, semicolon, comma or spaces) is the one that splits most lines into two words and a number. The
    score is the first column after the words that is a number in most lines, so that the part of speech in SimLex-999
    and SimVerb-3500 is skipped; it may have a decimal comma. A first line without a number in that column is a header.
    Empty lines and lines that start with ``#`` are skipped.

    Args:
        path: The file, in UTF-8; a byte order mark and CR LF are accepted.

    Returns:
        The pairs, in the order of the file.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If ``path`` is a folder.
        ValueError: If no separator fits, a line lacks a word or the score, bytes are not UTF-8 (with file and line), or
            there are fewer than two pairs.
    """
    lines = [(number, line) for number, line in numbered_lines(path) if line.strip() and line.lstrip()[0] != "#"]
    if len(lines) < 2:
        raise ValueError(f"{path} must hold at least two pairs, got {len(lines)} lines of data; check the file")
    separator, column = _sniff(Path(path), lines)
    first, *body = [(number, _split(line, separator)) for number, line in lines]
    # A first line that is too short is no header but a malformed pair, which `_pair` reports.
    if _score(first[1], column) is not None or len(first[1]) <= column:
        body.insert(0, first)
    pairs = [_pair(Path(path), number, fields, separator, column) for number, fields in body]
    if len(pairs) < 2:
        raise ValueError(f"{path} must hold at least two pairs, got {len(pairs)}; check the file")
    return pairs


def _sniff(path: Path, lines: list[tuple[int, str]]) -> tuple[str | None, int]:
    """Find the separator and the score column that fit the most lines; the first of equals."""
    best, choice = 0, None
    for separator in _SEPARATORS:
        rows = [_split(line, separator) for _, line in lines]
        columns = max(map(len, rows))
        for column in range(2, columns):
            fitting = sum(_score(row, column) is not None and all(row[:2]) for row in rows)
            if fitting > best:
                best, choice = fitting, (separator, column)
            # A number in most lines: this is the score, and a later column can only be another rating.
            if 2 * fitting >= len(rows):
                break
    if choice is None:
        number, line = lines[0]
        raise ValueError(
            f"{path}, line {number}: a line must have two words and a score, split by "
            f"{', '.join(_SEPARATORS.values())}, got {line[:80]!r}; check the separator"
        )
    return choice


def _split(line: str, separator: str | None) -> list[str]:
    if separator is not None and '"' in line:
        with suppress(csv.Error):  # of a field of more than 128 kB
            return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return [field.strip().strip('"') for field in line.split(separator)]


def _score(fields: list[str], column: int) -> float | None:
    try:
        # A comma is a decimal comma here: as a separator it would have split the field.
        score = float(fields[column].replace(",", ".", 1))
    except (IndexError, ValueError):
        return None
    return score if math.isfinite(score) else None


def _pair(path: Path, number: int, fields: list[str], separator: str | None, column: int) -> ScoredPair:
    score = _score(fields, column)
    if score is None or not all(fields[:2]):
        raise ValueError(
            f"{path}, line {number}: a line must have two words and a finite score in column {column + 1}, "
            f"split by {_SEPARATORS[separator]}, got {fields}; correct or delete the line"
        )
    return ScoredPair(fields[0], fields[1], score)
