"""Parse lines of text into words and float32 rows.

Arrow parses the numbers, thousands at a time: it is given the positions of the fields in the block, so that none is
copied. Only lines with an unusual number of fields, and blocks with a number that cannot be parsed, are read line by
line.
"""

from collections.abc import Callable, Iterator
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLANKS = b" \t"  # the field separators; any other space, such as a no-break space, may be part of a word

_SPACE, _TAB, _NEWLINE = 32, 9, 10


class TextRow(NamedTuple):
    """A line that is not blank.

    Attributes:
        line: Line number in the block, from 0.
        word: Bytes before the numbers; empty if rows have no words.
        numbers: Shape (dim,); None if the line is bad.
        problem: Description of the error; empty if the line is good.
    """

    line: int
    word: bytes
    numbers: NDArray[np.float32] | None
    problem: str


def text_rows(
    block: bytes, dim: int, *, has_words: bool = True, wanted: Callable[[bytes], bool] | None = None
) -> Iterator[TextRow]:
    r"""Read the rows of a block of lines.

    A word may contain spaces: the last ``dim`` fields of a line are the numbers, the rest is the word.

    Args:
        block: Complete lines, each ending with LF; at most 2 GiB.
        dim: Dimension of the vectors, at least 1.
        has_words: Whether each row starts with a word.
        wanted: Returns whether to read the row of a word, given its bytes; None reads all. The numbers of other rows
            are not parsed.

    Returns:
        A `TextRow` for every wanted line, in order. If rows have words, blank lines are skipped.

    >>> [(row.line, row.word, row.numbers.tolist()) for row in text_rows(b"a 1 2\n. . 3 4.5\n", 2)]
    [(0, b'a', [1.0, 2.0]), (1, b'. .', [3.0, 4.5])]
    """
    data = np.frombuffer(block, dtype=np.uint8)
    delimiters = np.flatnonzero((data == _SPACE) | (data == _NEWLINE) | (data == _TAB))
    last = np.flatnonzero(data[delimiters] == _NEWLINE)  # index in delimiters of each line's newline
    ends = delimiters[last]
    starts = np.concatenate(([0], ends[:-1] + 1))
    counts = np.diff(last, prepend=-1)  # number of delimiters in each line, including its newline
    fields = dim + has_words
    # The C tools write a space at the end of each line.
    trailing = (counts == fields + 1) & (delimiters[np.maximum(last - 1, 0)] == ends - 1)
    regular = np.flatnonzero((counts == fields) | trailing)
    # The delimiters around the numbers; shape (regular rows, dim + 1).
    if has_words:
        bounds = delimiters[(last - counts + 1)[regular, None] + np.arange(dim + 1)]
    else:
        right_bounds = delimiters[(last - counts + 1)[regular, None] + np.arange(dim)]
        bounds = np.concatenate((starts[regular, None] - 1, right_bounds), axis=1)
    if wanted is not None:
        words = zip(starts[regular].tolist(), bounds[:, 0].tolist(), strict=True)
        keep = np.fromiter((wanted(block[start:end]) for start, end in words), dtype=np.bool_, count=len(regular))
        regular, bounds = regular[keep], bounds[keep]
    numbers = parse_spans(block, bounds)
    # Parse irregular lines one by one, and the regular ones too if one of their numbers cannot be parsed.
    by_line = np.ones(len(ends), dtype=np.bool_)
    by_line[(counts == fields) | trailing] = False
    if numbers is None:
        by_line[regular] = True
    slow_rows = _parse_lines(block, by_line, starts, ends, dim, has_words=has_words, wanted=wanted)
    if numbers is None:
        return slow_rows
    spans = zip(regular.tolist(), starts[regular].tolist(), bounds[:, 0].tolist(), numbers, strict=True)
    fast_rows = (TextRow(line, block[start:end], row, "") for line, start, end, row in spans)
    return merge(fast_rows, slow_rows, key=attrgetter("line")) if by_line.any() else fast_rows


def parse_spans(block: bytes, bounds: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Parse the numbers between delimiters, without copying them.

    Args:
        block: Text with the numbers.
        bounds: Positions of the delimiters, shape (rows, dim + 1): number j of a row is between delimiters j and j + 1.

    Returns:
        Shape (rows, dim), or None if a field is not a number.
    """
    import pyarrow as pa

    rows, dim = bounds.shape[0], bounds.shape[1] - 1
    if rows == 0:
        return np.empty((0, dim), dtype=np.float32)
    # For Arrow, the block is an array of contiguous strings: every second one is a number, those between are the
    # delimiters (and words). The latter are marked as nulls, which are not parsed.
    offsets = np.empty((rows, dim, 2), dtype=np.int32)
    offsets[:, :, 0] = bounds[:, :-1] + 1
    offsets[:, :, 1] = bounds[:, 1:]
    count = offsets.size - 1
    valid = np.full((count + 7) // 8, 0b01010101, dtype=np.uint8)
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets.reshape(-1)), pa.py_buffer(block)]
    strings = pa.Array.from_buffers(pa.utf8(), count, buffers)
    try:
        numbers = strings.cast(pa.float32())
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.float32] = np.frombuffer(numbers.buffers()[1], dtype=np.float32, count=count)
    return values[::2].reshape(rows, dim)


def _parse_lines(
    block: bytes,
    selected: NDArray[np.bool_],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dim: int,
    *,
    has_words: bool,
    wanted: Callable[[bytes], bool] | None,
) -> Iterator[TextRow]:
    """Parse the selected lines one by one."""
    for line in np.flatnonzero(selected).tolist():
        row = _parse_line(line, block[starts[line] : ends[line]], dim, has_words)
        if row is not None and (wanted is None or row.problem or wanted(row.word)):
            yield row


def _parse_line(line: int, text: bytes, dim: int, has_words: bool) -> TextRow | None:
    """Parse a single line and describe any error in it. Return None if it is blank."""
    text = text.rstrip(BLANKS)
    if not text and has_words:
        return None
    fields = text.rsplit(None, dim if has_words else dim + 1)
    problem = ""
    if has_words and len(fields) == dim and text[:1] in BLANKS:
        problem = "the word is empty"
    elif len(fields) != dim + has_words:
        count = max(0, len(fields) - has_words)
        problem = f"a row must have {dim} numbers, got {'more' if count > dim else count}"
    # A line of white space that is not blank in this format, such as a vertical tab, has no field at all.
    word = fields.pop(0) if has_words and fields else b""
    if problem:
        return TextRow(line, word, None, problem)
    joined = b" ".join(fields)
    lengths = np.array([len(field) for field in fields])
    bounds = np.concatenate(([-1], np.cumsum(lengths + 1) - 1))[None, :]
    numbers = parse_spans(joined, bounds)
    if numbers is not None:
        return TextRow(line, word.rstrip(BLANKS), numbers[0], "")
    wrong = next(field for field in fields if parse_spans(field, np.array([[-1, len(field)]])) is None)
    return TextRow(line, word, None, f"a row must have {dim} numbers, got {_quoted(wrong)} as one of them")


def _quoted(field: bytes) -> str:
    """Quote the beginning of a field for a message."""
    return repr(field[:40].decode("utf-8", errors="backslashreplace"))
