"""Files as blocks of valid UTF-8: decompressed, decoded, checked, cut between lines or words."""

import codecs
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from textkit.files.compression import DamagedFileError, open_bytes, read_chunk

_BOM = b"\xef\xbb\xbf"


def utf8_blocks(
    path: str | os.PathLike[str],
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
    block_bytes: int = 1 << 24,
) -> Iterator[bytes]:
    """Read a text file as blocks of valid UTF-8 without a byte order mark and without NUL bytes.

    A block ends after a line end. A line of ``block_bytes`` or more is cut into several blocks, after a
    space or tab, or between two characters where it has none. So memory stays within a few blocks whatever
    the file holds.

    Args:
        path: The file, compressed or not (see ``open_bytes``).
        encoding: The encoding that the file is in.
        errors: "strict"; or "replace" or "ignore", which let wrong bytes pass as U+FFFD or not at all, and
            read NUL bytes as spaces.
        block_bytes: The usual size of a block, in bytes.

    Yields:
        Blocks that are never empty; joined they are the text.

    Raises:
        ValueError: If bytes are not in the encoding, there is a NUL byte, or a compressed file is damaged.
            The message names the file, the line and the byte offset in the decompressed file.
        OSError: If the file cannot be read.
    """
    native = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    check = _Check(Path(path), errors, native)
    with open_bytes(path) as file:
        chunks = _chunks(file, Path(path), block_bytes)
        if not native:
            chunks = _recoded(chunks, Path(path), encoding, errors)
        first = next(chunks, b"")
        if first.startswith(_BOM):
            first = first[len(_BOM) :]
            check.offset = len(_BOM)
        rest = b""
        for chunk in chain((first,), chunks):
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                rest += chunk
                if len(rest) < block_bytes:
                    continue
                chunk, rest = rest, b""
                cut = max(chunk.rfind(b" "), chunk.rfind(b"\t")) + 1 or _last_character(chunk)
            if cut:
                yield check(b"".join((rest, memoryview(chunk)[:cut])))
            rest = chunk[cut:]
    if rest:
        yield check(rest)


class _Check:
    """Lets valid blocks pass and knows how far in the file it is."""

    def __init__(self, path: Path, errors: str, native: bool) -> None:
        self.path = path
        self.errors = errors
        self.native = native  # otherwise the offset in the file is not that in the recoded text
        self.offset = 0
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
                    "encoding='utf-16' if it is in that, or errors='replace' to read NUL bytes as spaces"
                )
            block = block.replace(b"\0", b" ")
        self.offset += len(block)
        self.lines += block.count(b"\n")
        return block

    def _place(self, block: bytes, position: int) -> str:
        line = self.lines + block.count(b"\n", 0, position) + 1
        return f"line {line}" + (f", byte offset {self.offset + position}" if self.native else "")


def _is_utf8(block: bytes) -> bool:
    """Ask Arrow, which is ten times as fast as ``bytes.decode`` and needs no memory."""
    whole = pa.py_buffer(np.array([0, len(block)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, whole, pa.py_buffer(block)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _chunks(file: BinaryIO, path: Path, size: int) -> Iterator[bytes]:
    try:
        while chunk := read_chunk(file, size):
            yield chunk
    except DamagedFileError as error:
        raise ValueError(
            f"{path} must be a whole {path.suffix} file, got a damaged one ({error}); fetch it again"
        ) from error


def _recoded(chunks: Iterator[bytes], path: Path, encoding: str, errors: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset = lines = 0
    for chunk in chain(chunks, (b"",)):  # the empty one at the end asks for what is still unfinished
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            lines += error.object[: error.start].decode(encoding, "ignore").count("\n")
            raise ValueError(
                f"{path} must be {encoding} text, got the byte 0x{error.object[error.start]:02x} on "
                f"line {lines + 1}, byte offset {offset - pending + error.start}; pass its right encoding, "
                "or errors='replace'"
            ) from error
        offset += len(chunk)
        lines += text.count("\n")
        if text:
            yield text.encode()


def _last_character(block: bytes) -> int:
    """Return where the last character of a block begins, or as near to it as garbled bytes allow."""
    start = len(block) - 1
    while start > len(block) - 4 and block[start] & 0xC0 == 0x80:
        start -= 1
    return start
