"""``str.split()`` for megabytes at a time: where the tokens are, and which of them are the same."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textkit.text.arrow_arrays import POOL, dictionary_encode, to_numpy

_STRETCH = 1 << 18  # bytes or tokens worked on at a time, so that temporary arrays stay in the cache
_ASCII_SPACE = "".join(c for c in map(chr, range(128)) if c.isspace())
_IS_SPACE = np.zeros(256, dtype=bool)
_IS_SPACE[[ord(c) for c in _ASCII_SPACE]] = True
_IS_CONTROL = ~_IS_SPACE  # characters below the space that are none themselves
_IS_CONTROL[ord(" ") :] = False
_WIDE_SPACE = [c.encode() for c in map(chr, range(128, 0x10000)) if c.isspace()]  # two or three bytes each


class SplitBlock(NamedTuple):
    """The tokens of a block of text.

    Attributes:
        types: The different tokens in order of first appearance, as an Arrow array of str; shape (types,).
            One comes again where other white space stands behind it.
        tokens: Which of them each token is; int32, shape (tokens,).
        ends: How many tokens come before the end of each document; shape (documents,).
    """

    types: pa.StringArray
    tokens: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]


def split_block(text: bytes, ends: npt.NDArray[np.int64] | None = None) -> SplitBlock:
    r"""Split a block of text as ``str.split()`` does.

    Arrow's dictionary does the work, in about 40 ns a token. It is given the text as it stands, in slices
    from the beginning of one token to that of the next; only the few distinct slices are then trimmed.

    Args:
        text: Valid UTF-8, under 2 GB.
        ends: Where documents end, as byte positions after white space, ascending; None for after each ``\n``.

    Returns:
        The tokens.

    >>> block = split_block(b"to be\nor not to\n")
    >>> block.types.take(pa.array(block.tokens)).to_pylist(), block.ends.tolist()
    (['to', 'be', 'or', 'not', 'to'], [2, 5])
    """
    block = np.frombuffer(text, dtype=np.uint8)
    if not text.isascii():
        block = _narrowed(block)
    starts = _starts(block, None)
    slices = _encoded(block, starts)
    distinct = np.frombuffer(slices.dictionary.buffers()[2] or b"", dtype=np.uint8)
    if _IS_CONTROL[distinct].any() or _IS_CONTROL[block[: starts[0]]].any():
        # "at most a space" is the quick test for white space; it was too wide for this text
        starts = _starts(block, _IS_SPACE)
        slices = _encoded(block, starts)
    if ends is None:
        ends = np.flatnonzero(block == ord("\n")) + 1
    return SplitBlock(
        types=pc.ascii_rtrim(slices.dictionary, characters=_ASCII_SPACE, memory_pool=POOL),
        tokens=to_numpy(slices.indices),
        ends=np.searchsorted(starts[:-1], ends).astype(np.int64),
    )


def _narrowed(block: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Write ASCII spaces over the white space outside ASCII, as many as it has bytes."""
    narrowed = None
    leads = np.unique([space[0] for space in _WIDE_SPACE])
    for offset in range(0, len(block), _STRETCH):
        stretch = block[offset : offset + _STRETCH + 2]  # a character may reach over the end
        places = np.flatnonzero(stretch[:_STRETCH] >= leads[0])
        places = places[stretch[places] <= leads[-1]]
        for size in (2, 3):
            codes = [int.from_bytes(space, "big") for space in _WIDE_SPACE if len(space) == size]
            inside = places[places + size <= len(stretch)]
            found = np.zeros(len(inside), dtype=np.int32)
            for step in range(size):
                found = found << 8 | stretch[inside + step]
            for place in inside[np.isin(found, codes)] + offset:
                narrowed = block.copy() if narrowed is None else narrowed
                narrowed[place : place + size] = ord(" ")
    return block if narrowed is None else narrowed


def _starts(block: npt.NDArray[np.uint8], is_space: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int32]:
    """Return where tokens begin, and the end of the text."""
    found = []
    after_space = True
    for offset in range(0, len(block), _STRETCH):
        stretch = block[offset : offset + _STRETCH]
        space = stretch <= ord(" ") if is_space is None else is_space[stretch]
        begins = np.empty_like(space)
        begins[0] = after_space and not space[0]
        np.greater(space[:-1], space[1:], out=begins[1:])
        found.append((np.flatnonzero(begins) + offset).astype(np.int32))
        after_space = bool(space[-1])
    return np.concatenate([*found, np.array([len(block)], dtype=np.int32)])


def _encoded(block: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32]) -> pa.DictionaryArray:
    slices = pa.StringArray.from_buffers(len(starts) - 1, pa.py_buffer(starts), pa.py_buffer(block))
    return dictionary_encode(slices)
