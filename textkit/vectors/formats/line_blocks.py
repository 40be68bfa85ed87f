"""A stream of bytes cut into blocks of whole lines."""

from collections.abc import Iterator

from textkit.vectors.formats.byte_source import ByteSource

# Small enough to stay in a core's cache with all that is derived from it, large enough to hide Python's own
# cost.
BLOCK_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 24  # a million numbers of 16 digits; longer "lines" are no rows of vectors

_BOM = b"\xef\xbb\xbf"


def line_blocks(source: ByteSource) -> Iterator[tuple[int, bytes]]:
    """Read a source in blocks of whole lines.

    A byte order mark at the beginning is left out, CR LF becomes LF, and the last line gets an LF if it has
    none. Only LF ends a line: characters such as U+2028, U+0085 or a lone CR may be part of a word.

    Args:
        source: The file.

    Yields:
        The number of the first line of a block, from 1, and the block. Blocks end with an LF and are about
        `BLOCK_BYTES` long.

    Raises:
        ValueError: If a line is longer than `MAX_LINE_BYTES`, or the compressed data is damaged.
    """
    line = 1  # the first that was not given yet
    pieces: list[bytes] = []  # the beginning of a line whose end is yet to come
    pending = 0
    at_start = True
    while chunk := source.read(BLOCK_BYTES):
        if at_start:
            chunk, at_start = chunk.removeprefix(_BOM), False
        end = chunk.rfind(b"\n") + 1
        if end:
            block = _plain_ends(b"".join((*pieces, chunk[:end])))
            pieces, pending = [chunk[end:]], len(chunk) - end
            yield line, block
            line += block.count(b"\n")
        else:
            pieces.append(chunk)
            pending += len(chunk)
        if pending > MAX_LINE_BYTES:
            raise ValueError(
                f"{source.path}, line {line}: a row of vectors must be at most {MAX_LINE_BYTES:,} "
                "bytes long, got a longer line; is this a file of vectors?"
            )
    rest = b"".join(pieces)
    if rest:
        yield line, _plain_ends(rest + b"\n")


def _plain_ends(block: bytes) -> bytes:
    """Turn CR LF into LF. Most files have none, and looking for a single byte is many times faster."""
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block
