"""Split a stream of bytes into blocks of complete lines."""

from collections.abc import Iterator

from textkit.vectors.formats.byte_source import ByteSource

# Small enough to stay in a core's cache together with everything derived from it, large enough to hide Python's
# overhead per block.
BLOCK_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 24  # a million numbers of 16 digits; a longer line cannot be a row of vectors

_BOM = b"\xef\xbb\xbf"


def line_blocks(source: ByteSource) -> Iterator[tuple[int, bytes]]:
    """Read a source in blocks of complete lines.

    A byte order mark at the beginning is dropped, CR LF becomes LF, and an LF is added to the last line if it is
    missing. Only LF ends a line: characters such as U+2028, U+0085 or a lone CR may be part of a word.

    Args:
        source: File to read.

    Yields:
        The number of the first line of a block, from 1, and the block. Blocks end with an LF and are about
        `BLOCK_BYTES` long.

    Raises:
        ValueError: If a line is longer than `MAX_LINE_BYTES`, or the compressed data is damaged.
    """
    line = 1  # number of the next line to yield
    pieces: list[bytes] = []  # the incomplete last line
    pending = 0  # length of the pieces
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
                "bytes long, got a longer line; check that this is a file of vectors"
            )
    last_line = b"".join(pieces)
    if last_line:
        yield line, _plain_ends(last_line + b"\n")


def _plain_ends(block: bytes) -> bytes:
    """Replace CR LF by LF."""
    # Most files have no CR, and searching for a single byte is many times faster.
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block
