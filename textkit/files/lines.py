"""Read text files line by line, with lines of any length."""

import os
from collections.abc import Iterator
from pathlib import Path

from textkit.files.reading import utf8_blocks

_BLOCK = 1 << 20  # bytes read at a time


def read_lines(path: Path, *, encoding: str = "utf-8", errors: str = "strict", json: bool = False) -> Iterator[str]:
    """Read a file, compressed or not, line by line.

    Only a line feed ends a line: ``str.splitlines`` would also split at characters such as U+0085, which are data in
    crawled text. A byte order mark is dropped.

    Args:
        path: File to read.
        encoding: Encoding of the file.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".
        json: Whether JSON is expected.

    Yields:
        Each line without its line feed; a carriage return before it is kept.

    Raises:
        ValueError: If bytes cannot be decoded (the message names file, line and offset), a compressed file is damaged,
            or the file begins like one of another format.
        OSError: If the file cannot be read.
    """
    pending: list[str] = []  # the beginning of a line that spans several blocks
    for block in utf8_blocks(path, encoding=encoding, errors=errors, block_bytes=_BLOCK, json=json):
        *lines, unfinished = block.decode().split("\n")
        for line in lines:
            yield "".join((*pending, line))
            pending.clear()
        if unfinished:
            pending.append(unfinished)
    if pending:
        yield "".join(pending)


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 file, compressed or not, line by line, like `read_lines`.

    Args:
        path: File to read.

    Yields:
        The number of the line, from 1, and the line without its line ending, LF or CR LF.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If ``path`` is a folder.
        ValueError: If bytes are not UTF-8 (the message names file, line and offset), or a compressed file is damaged.
    """
    source = Path(path)
    if source.is_dir():
        raise IsADirectoryError(f"path must be a file, got the folder {str(source)!r}; pass a file in it")
    if not source.exists():
        raise FileNotFoundError(f"path must be an existing file, got {str(source)!r}; check its spelling")
    for number, line in enumerate(read_lines(source), start=1):
        yield number, line.removesuffix("\r")
