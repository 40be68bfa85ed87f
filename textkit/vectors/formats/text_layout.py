"""Guess the layout of a text file of vectors from its first lines: its dimension, and whether it has a header."""

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
_FIELD = re.compile(rb"[^ \t\r\n]+")  # a form feed may be a word
_SAMPLE = 20  # number of lines inspected


@dataclass(frozen=True)
class TextLayout:
    """The layout of a text file of vectors.

    Attributes:
        dim: Dimension of the vectors.
        count: Number of rows according to the header; None without a header.
        start: Byte offset of the first row in the first block.
    """

    dim: int
    count: int | None
    start: int


def guess_layout(path: Path, block: bytes, *, may_have_header: bool = True, has_words: bool = True) -> TextLayout:
    """Guess the layout of a file from its first block.

    The separators need not be guessed: fields are split at spaces and tabs, and the last ``dim`` fields of a row are
    its numbers.

    Args:
        path: Name of the file in messages.
        block: First lines of the file.
        may_have_header: Whether a first line of two integers may be a header.
        has_words: Whether each row starts with a word.

    Returns:
        The layout.

    Raises:
        ValueError: If no line ends with a number, the rows do not match the header, or the dimension in the header is
            0 or above `MAX_DIM`.
    """
    lines = [line for line in block.split(b"\n", _SAMPLE + 1)[: _SAMPLE + 1] if line.strip(BLANKS)]
    match = HEADER.fullmatch(lines[0]) if lines and may_have_header else None
    if match is not None:
        count, dim = int(match[1]), int(match[2])
        row_dims = [_numbers_at_end(line, has_words) for line in lines[1:]]
        if not row_dims or dim in row_dims:
            _check_dim(path, dim)
            return TextLayout(dim, count, block.index(b"\n", block.index(match[0])) + 1)
        usual_dim = _most_common(row_dims)
        # With rows of one number, the first line may be a row whose word is a number.
        if usual_dim != 1:
            raise ValueError(
                f"{path}, line 1: the header must state the dimension, got {dim} while the rows below have "
                f"{usual_dim} numbers; correct the header or remove it"
            )
    dim = _most_common([_numbers_at_end(line, has_words) for line in lines])
    if dim == 0:
        raise ValueError(
            f"{path}, line 1: a row of vectors must end with numbers, got 0; check that this is a file of vectors"
        )
    _check_dim(path, dim)
    return TextLayout(dim, None, 0)


def _numbers_at_end(line: bytes, has_words: bool) -> int:
    """Count the numbers at the end of a line. Its first field is the word, even if it is a number."""
    fields = _FIELD.findall(line)
    max_count = len(fields) - has_words if not has_words or line[:1] not in BLANKS else len(fields)
    count = 0
    while count < max_count and _NUMBER.fullmatch(fields[-1 - count]):
        count += 1
    return count


def _most_common(counts: list[int]) -> int:
    """Return the most common count, or the smallest of several; 0 for an empty list."""
    return min(Counter(counts).items(), key=lambda item: (-item[1], item[0]), default=(0, 0))[0]


def _check_dim(path: Path, dim: int) -> None:
    if not 1 <= dim <= MAX_DIM:
        raise ValueError(
            f"{path}, line 1: the dimension must be from 1 to {MAX_DIM:,}, got {dim}; "
            "check that this is a file of vectors"
        )
