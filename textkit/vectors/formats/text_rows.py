"""Lines of text turned into words and float32 rows.

Numbers are parsed by Arrow, thousands at a time: the fields of a block are described to it where they lie,
without being cut out. Only lines of an unusual shape, and blocks in which a number does not parse, are read
one by one.
"""

from collections.abc import Callable, Iterator
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BLANKS = b" \t"  # nothing else separates fields: a no-break space may be part of a word

_SPACE, _TAB, _NEWLINE = 32, 9, 10


class TextRow(NamedTuple):
    """One line that is not blank.

    Attributes:
        line: Its number within the block, from 0.
        word: The bytes before the numbers; empty where rows hold no words.
        numbers: Shape (dim,); None if the line is bad.
        problem: What is wrong with the line; empty if nothing is.
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
        block: Whole lines, each ended by LF; at most 2 GiB.
        dim: Numbers in a row, at least 1.
        has_words: Whether a word stands before the numbers of each line.
        wanted: Tells by its bytes whether a word's row is wanted; None for all. Numbers of others are not
            parsed.

    Returns:
        A `TextRow` for every line that is wanted, in their order. Where rows have words, blank lines are no
        rows.

    >>> [(row.line, row.word, row.numbers.tolist()) for row in text_rows(b"a 1 2\n. . 3 4.5\n", 2)]
    [(0, b'a', [1.0, 2.0]), (1, b'. .', [3.0, 4.5])]
    """
    data = np.frombuffer(block, dtype=np.uint8)
    delimiters = np.flatnonzero((data == _SPACE) | (data == _NEWLINE) | (data == _TAB))
    last = np.flatnonzero(data[delimiters] == _NEWLINE)  # of each line, as an index of delimiters
    ends = delimiters[last]
    starts = np.concatenate(([0], ends[:-1] + 1))
    counts = np.diff(last, prepend=-1)  # delimiters in each line, its newline among them
    fields = dim + has_words
    # The C tools leave a space at the end of each line.
    trailing = (counts == fields + 1) & (delimiters[np.maximum(last - 1, 0)] == ends - 1)
    regular = np.flatnonzero((counts == fields) | trailing)
    # (regular rows, dim + 1): the delimiters around the numbers
    if has_words:
        bounds = delimiters[(last - counts + 1)[regular, None] + np.arange(dim + 1)]
    else:
        inner = delimiters[(last - counts + 1)[regular, None] + np.arange(dim)]
        bounds = np.concatenate((starts[regular, None] - 1, inner), axis=1)
    if wanted is not None:
        words = zip(starts[regular].tolist(), bounds[:, 0].tolist(), strict=True)
        chosen = np.fromiter((wanted(block[a:b]) for a, b in words), dtype=np.bool_, count=len(regular))
        regular, bounds = regular[chosen], bounds[chosen]
    numbers = parse_spans(block, bounds)
    careful = np.ones(len(ends), dtype=np.bool_)
    careful[(counts == fields) | trailing] = False
    if numbers is None:
        careful[regular] = True
    slow = _careful_rows(block, careful, starts, ends, dim, has_words=has_words, wanted=wanted)
    if numbers is None:
        return slow
    spans = zip(regular.tolist(), starts[regular].tolist(), bounds[:, 0].tolist(), numbers, strict=True)
    fast = (TextRow(line, block[start:end], row, "") for line, start, end, row in spans)
    return merge(fast, slow, key=attrgetter("line")) if careful.any() else fast


def parse_spans(block: bytes, bounds: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Parse the numbers between delimiters, where they lie.

    Args:
        block: The text.
        bounds: Shape (rows, dim + 1): number j of a row stands between delimiters j and j + 1.

    Returns:
        Shape (rows, dim), or None if one of them is not a number.
    """
    rows, dim = bounds.shape[0], bounds.shape[1] - 1
    if rows == 0:
        return np.empty((0, dim), dtype=np.float32)
    # As Arrow sees it the block is one run of strings without gaps, so every second string is a number and
    # the strings between them are delimiters (and words). Those are marked as nulls, which are not parsed.
    edges = np.empty((rows, dim, 2), dtype=np.int32)
    edges[:, :, 0] = bounds[:, :-1] + 1
    edges[:, :, 1] = bounds[:, 1:]
    count = edges.size - 1
    valid = np.full((count + 7) // 8, 0b01010101, dtype=np.uint8)
    buffers = [pa.py_buffer(valid), pa.py_buffer(edges.reshape(-1)), pa.py_buffer(block)]
    strings = pa.Array.from_buffers(pa.utf8(), count, buffers)
    try:
        numbers = strings.cast(pa.float32())
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.float32] = np.frombuffer(numbers.buffers()[1], dtype=np.float32, count=count)
    return values[::2].reshape(rows, dim)


def _careful_rows(
    block: bytes,
    chosen: NDArray[np.bool_],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dim: int,
    *,
    has_words: bool,
    wanted: Callable[[bytes], bool] | None,
) -> Iterator[TextRow]:
    """Read the chosen lines one by one."""
    for line in np.flatnonzero(chosen).tolist():
        row = _careful_row(line, block[starts[line] : ends[line]], dim, has_words)
        if row is not None and (wanted is None or row.problem or wanted(row.word)):
            yield row


def _careful_row(line: int, text: bytes, dim: int, has_words: bool) -> TextRow | None:
    """Read one line by itself, so that whatever is wrong with it can be told. None if it is blank."""
    text = text.rstrip(BLANKS)
    if not text and has_words:
        return None
    parts = text.rsplit(None, dim if has_words else dim + 1)
    problem = ""
    if has_words and len(parts) == dim and text[:1] in BLANKS:
        problem = "the word is empty"
    elif len(parts) != dim + has_words:
        found = max(0, len(parts) - has_words)
        problem = f"a row must have {dim} numbers, got {'more' if found > dim else found}"
    word = parts.pop(0) if has_words else b""
    if problem:
        return TextRow(line, word, None, problem)
    joined = b" ".join(parts)
    lengths = np.array([len(part) for part in parts])
    bounds = np.concatenate(([-1], np.cumsum(lengths + 1) - 1))[None, :]
    numbers = parse_spans(joined, bounds)
    if numbers is not None:
        return TextRow(line, word.rstrip(BLANKS), numbers[0], "")
    wrong = next(part for part in parts if parse_spans(part, np.array([[-1, len(part)]])) is None)
    return TextRow(line, word, None, f"a row must have {dim} numbers, got {_shown(wrong)} as one of them")


def _shown(field: bytes) -> str:
    """Give a field as it can stand in a message."""
    return repr(field[:40].decode("utf-8", errors="backslashreplace"))
