"""Split megabytes of text into code points by table lookup, without a Python object per token."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from textkit.text.whitespace import SplitBlock

_CODE_POINTS = 0x110000


def split_characters(text: bytes, ends: npt.NDArray[np.int64] | None = None) -> SplitBlock:
    r"""Split a block of text into its code points.

    Args:
        text: Valid UTF-8.
        ends: Positions in code points where documents end, ascending; every code point is then a token. If None,
            each line is a document, and the line endings ``\n`` and ``\r\n`` are not tokens.

    Returns:
        The tokens and the document ends.

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
    # np.empty is enough: only the entries of code points that occur are ever read.
    numbers = np.empty(_CODE_POINTS, dtype=np.int32)
    numbers[distinct] = np.arange(len(distinct))
    types = pa.array([chr(code) for code in distinct.tolist()], pa.string())
    return SplitBlock(types=types, tokens=numbers[codes], ends=ends.astype(np.int64))
