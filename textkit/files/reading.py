"""Read text files as blocks of valid UTF-8, decompressed and decoded, split between lines or words."""

import codecs
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from textkit.files.compression import DamagedFileError, is_packed, open_bytes, read_chunk
from textkit.files.formats import HEAD, check_text

_BOM = b"\xef\xbb\xbf"
_AHEAD = 1 << 16  # bytes in which a line start is looked for


def utf8_blocks(
    path: str | os.PathLike[str],
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
    block_bytes: int = 1 << 24,
    json: bool = False,
    begin: int = 0,
    end: int | None = None,
) -> Iterator[bytes]:
    """Read a text file as blocks of valid UTF-8 without a byte order mark and without NUL bytes.

    A block ends after a line ending. A line of ``block_bytes`` or more is split into several blocks, after a space or
    tab, or between two characters if it has neither. Memory is thus limited to a few blocks, whatever the file
    contains.

    Args:
        path: File to read, compressed or not (see ``open_bytes``).
        encoding: Encoding of the file.
        errors: Treatment of bytes that cannot be decoded: "strict" raises a ValueError, "replace" reads them as U+FFFD,
            "ignore" drops them. NUL bytes raise a ValueError with "strict", and are otherwise read as spaces.
        block_bytes: Approximate size of a block, in bytes.
        json: Whether JSON is expected, which is refused otherwise, as any other format than plain text.
        begin: Byte offset to start at; only for files for which `is_seekable_utf8` holds.
        end: Byte offset to stop at; None for the end of the file.

    Yields:
        Blocks, never empty, whose concatenation is the text.

    Raises:
        ValueError: If bytes cannot be decoded, there is a NUL byte, a compressed file is damaged, or the file begins
            like one of another format. The message names the file, and the line and the byte offset in the
            decompressed file.
        OSError: If the file cannot be read.
    """
    native = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    check = _Check(Path(path), errors, native, begin)
    with open_bytes(path) as file:
        if begin:
            check_text(Path(path), file.read(HEAD), json=json)
            file.seek(begin)
        chunks = _chunks(file, Path(path), block_bytes, None if end is None else end - begin)
        if not begin:
            chunks = _checked(chunks, Path(path), json)
        if not native:
            chunks = _to_utf8(chunks, Path(path), encoding, errors)
        first_chunk = next(chunks, b"")
        if not begin and first_chunk.startswith(_BOM):
            first_chunk = first_chunk[len(_BOM) :]
            check.offset = len(_BOM)
        pending = b""  # read, but not yet part of a block
        for chunk in chain((first_chunk,), chunks):
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                pending += chunk
                if len(pending) < block_bytes:
                    continue
                # The line is as long as a block: split it within.
                chunk, pending = pending, b""
                cut = max(chunk.rfind(b" "), chunk.rfind(b"\t")) + 1 or _last_character(chunk)
            if cut:
                yield check(b"".join((pending, memoryview(chunk)[:cut])))
            pending = chunk[cut:]
    if pending:
        yield check(pending)


def is_seekable_utf8(path: Path, encoding: str) -> bool:
    """Whether a file can be read from any byte offset: it is regular, not compressed, and in UTF-8."""
    native = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    return native and path.is_file() and not is_packed(path)


def line_start(path: Path, offset: int) -> int:
    """Return the start of the first line at or after a byte offset; in a very long line, that of a word."""
    if offset == 0:
        return 0
    with path.open("rb") as file:
        file.seek(offset - 1)
        ahead = file.read(_AHEAD)
    if (found := ahead.find(b"\n")) >= 0:
        return offset + found
    if len(ahead) < _AHEAD:
        return offset - 1 + len(ahead)
    if (found := ahead.find(b" ")) >= 0:
        return offset + found
    start = 1
    while ahead[start] & 0xC0 == 0x80:
        start += 1
    return offset - 1 + start


class _Check:
    """Checks or repairs the blocks of a file, and keeps track of the line and offset for messages."""

    def __init__(self, path: Path, errors: str, native: bool, begin: int) -> None:
        self.path = path
        self.errors = errors
        self.native = native  # whether the file is UTF-8; only then is the offset in the text that in the file
        self.begin = self.offset = begin
        self.lines = 0

    def __call__(self, block: bytes) -> bytes:
        if not block.isascii() and not _is_utf8(block):
            try:
                block.decode()
            except UnicodeDecodeError as error:
                if self.errors == "strict":
                    raise ValueError(
                        f"{self.path} must be UTF-8 text, got the byte 0x{block[error.start]:02x} on "
                        f"{self._place(block, error.start)}; pass its encoding, such as encoding='latin-1', "
                        "or errors='replace'"
                    ) from error
                block = block.decode(errors=self.errors).encode()
        if b"\0" in block:
            if self.errors == "strict":
                raise ValueError(
                    f"{self.path} must be text, got a NUL byte on {self._place(block, block.index(0))}; pass "
                    "encoding='utf-16' if that is its encoding, or errors='replace' to read NUL bytes as spaces"
                )
            block = block.replace(b"\0", b" ")
        self.offset += len(block)
        self.lines += block.count(b"\n")
        return block

    def _place(self, block: bytes, position: int) -> str:
        line = _lines_before(self.path, self.begin) + self.lines + block.count(b"\n", 0, position) + 1
        return f"line {line}" + (f", byte offset {self.offset + position}" if self.native else "")


def _is_utf8(block: bytes) -> bool:
    """Validate UTF-8 with Arrow, which is ten times as fast as ``bytes.decode`` and needs no additional memory."""
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(block)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(block)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _lines_before(path: Path, offset: int) -> int:
    lines = 0
    with path.open("rb") as file:
        while offset > 0 and (chunk := file.read(min(offset, 1 << 20))):
            lines += chunk.count(b"\n")
            offset -= len(chunk)
    return lines


def _checked(chunks: Iterator[bytes], path: Path, json: bool) -> Iterator[bytes]:
    """Check that the file does not begin like one of another format."""
    first_chunk = next(chunks, b"")
    check_text(path, first_chunk[:HEAD], json=json)
    if first_chunk:
        yield first_chunk
        yield from chunks


def _chunks(file: BinaryIO, path: Path, size: int, limit: int | None) -> Iterator[bytes]:
    """Read the file in chunks, up to ``limit`` bytes."""
    try:
        while chunk := read_chunk(file, size if limit is None else min(size, limit)):
            yield chunk
            if limit is not None:
                limit -= len(chunk)
    except DamagedFileError as error:
        raise ValueError(
            f"{path} must be a complete {path.suffix} file, got a damaged one ({error}); download or compress it again"
        ) from error


def _to_utf8(chunks: Iterator[bytes], path: Path, encoding: str, errors: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset = lines = 0
    # The empty chunk at the end makes the decoder report an incomplete character.
    for chunk in chain(chunks, (b"",)):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            lines += error.object[: error.start].decode(encoding, "ignore").count("\n")
            raise ValueError(
                f"{path} must be {encoding} text, got the byte 0x{error.object[error.start]:02x} on "
                f"line {lines + 1}, byte offset {offset - pending + error.start}; pass the correct encoding, "
                "or errors='replace'"
            ) from error
        except UnicodeError as error:  # without a place, such as of UTF-16 without its mark
            raise ValueError(
                f"{path} must be {encoding} text, got an error: {error}; pass the correct encoding"
            ) from error
        offset += len(chunk)
        lines += text.count("\n")
        if text:
            yield text.encode()


def _last_character(block: bytes) -> int:
    """Return the start of the last character of a block; with invalid bytes, at most three bytes before its end."""
    start = len(block) - 1
    while start > len(block) - 4 and block[start] & 0xC0 == 0x80:
        start -= 1
    return start
