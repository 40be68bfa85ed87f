"""The shape of a text file of vectors, guessed from its first lines: a header or none, numbers in a row."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from textkit.vectors.formats.table_builder import MAX_DIM
from textkit.vectors.formats.text_rows import BLANKS

HEADER = re.compile(rb"[ \t]*([0-9]{1,18})[ \t]+([0-9]{1,18})[ \t]*")

_NUMBER = re.compile(
    rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE
)
_SAMPLE = 20  # lines looked at


@dataclass(frozen=True)
class TextLayout:
    """The shape of a text file of vectors.

    Attributes:
        dim: Numbers in a row.
        count: Rows as the header tells; None without a header.
        start: The byte of the first block at which the rows begin.
    """

    dim: int
    count: int | None
    start: int


def guess_layout(path: Path, block: bytes, *, may_have_header: bool = True, has_words: bool = True) -> TextLayout:
    """Guess the shape of a file from the first block of it.

    Separators need no guess: fields are split at spaces and tabs, and a row's last ``dim`` fields are its
    numbers.

    Args:
        path: The file, for messages.
        block: Its first lines.
        may_have_header: Whether a first line of two whole numbers may be a header.
        has_words: Whether a word stands before the numbers.

    Returns:
        The shape.

    Raises:
        ValueError: If no line ends with a number, the rows do not fit the header, or the header claims a
            dimension of 0 or above `MAX_DIM`.
    """
    lines = [line for line in block.split(b"\n", _SAMPLE + 1)[: _SAMPLE + 1] if line.strip(BLANKS)]
    match = HEADER.fullmatch(lines[0]) if lines and may_have_header else None
    if match is not None:
        count, dim = int(match[1]), int(match[2])
        found = [_numbers_at_end(line, has_words) for line in lines[1:]]
        if not found or dim in found:
            _check_dim(path, dim)
            return TextLayout(dim, count, block.index(b"\n", block.index(match[0])) + 1)
        usual = _most_common(found)
        if usual != 1:  # else it may be a first row with a numeral for its word and one number
            raise ValueError(
                f"{path}, line 1: the header must tell how many numbers a row has, got {dim} where the rows "
                f"below have {usual}; correct the header or take it out"
            )
    dim = _most_common([_numbers_at_end(line, has_words) for line in lines])
    if dim == 0:
        raise ValueError(
            f"{path}, line 1: a row of vectors must end with numbers, got none; is this a file of vectors?"
        )
    _check_dim(path, dim)
    return TextLayout(dim, None, 0)


def _numbers_at_end(line: bytes, has_words: bool) -> int:
    """Count the numbers that end a line. Its first field is the word, even if it is a numeral."""
    fields = line.rsplit(None, MAX_DIM + 1)
    most = len(fields) - has_words if not has_words or line[:1] not in BLANKS else len(fields)
    count = 0
    while count < most and _NUMBER.fullmatch(fields[-1 - count]):
        count += 1
    return count


def _most_common(counts: list[int]) -> int:
    """Give the most common count, the smaller one of two that are as common; 0 of nothing."""
    return min(Counter(counts).items(), key=lambda item: (-item[1], item[0]), default=(0, 0))[0]


def _check_dim(path: Path, dim: int) -> None:
    if not 1 <= dim <= MAX_DIM:
        raise ValueError(
            f"{path}, line 1: the dimension must be from 1 to {MAX_DIM:,}, got {dim}; is this a file of vectors?"
        )
