"""Every code point a token, for megabytes at a time: a table look-up each, and no Python object."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textkit.text.whitespace import SplitBlock

_CODE_POINTS = 0x110000


def split_characters(text: bytes, ends: npt.NDArray[np.int64] | None = None) -> SplitBlock:
    r"""Split a block of text into its code points.

    Args:
        text: Valid UTF-8.
        ends: Where documents end, as positions in code points, ascending; every code point is then a token. None for
            lines: each ends before ``\n``, or before ``\r\n``, which are no tokens.

    Returns:
        The tokens.

    >>> block = split_characters(b"to\nbe\r\n")
    >>> block.types.take(pa.array(block.tokens)).to_pylist(), block.ends.tolist()
    (['t', 'o', 'b', 'e'], [2, 4])
    """
    if ends is None and b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    codes = np.frombuffer(text, dtype=np.uint8)
    if not text.isascii():
        codes = np.frombuffer(text.decode().encode("utf-32-le"), dtype=np.uint32)
    if ends is None:
        is_end = codes == ord("\n")
        line_ends = np.flatnonzero(is_end)
        ends = line_ends - np.arange(len(line_ends))
        codes = codes[~is_end]
    seen = np.zeros(_CODE_POINTS, dtype=bool)
    seen[codes] = True
    distinct = np.flatnonzero(seen)
    numbers = np.empty(_CODE_POINTS, dtype=np.int32)  # only the entries of distinct code points are ever read
    numbers[distinct] = np.arange(len(distinct))
    types = pa.array([chr(code) for code in distinct.tolist()], pa.string())
    return SplitBlock(types=types, tokens=numbers[codes], ends=ends.astype(np.int64))
