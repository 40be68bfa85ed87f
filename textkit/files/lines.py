"""The lines of text files, of any length."""

import os
from collections.abc import Iterator
from pathlib import Path

from textkit.files.reading import utf8_blocks

_BLOCK = 1 << 20  # bytes read at a time


def read_lines(path: Path, *, encoding: str = "utf-8", errors: str = "strict") -> Iterator[str]:
    """Read a file, compressed or not, line by line.

    Lines end at a line feed and at nothing else: ``str.splitlines`` would also cut at U+0085 and its like,
    which are data in crawled text. A byte order mark is dropped.

    Args:
        path: The file.
        encoding: The encoding that the file is in.
        errors: What becomes of bytes that are not in it: "strict", "replace" or "ignore".

    Yields:
        The line without its line feed; a carriage return before that stays.

    Raises:
        ValueError: If bytes are not in the encoding (with file, line and offset), or a compressed file is damaged.
        OSError: If the file cannot be read.
    """
    held: list[str] = []  # the beginning of a line that is longer than a block
    for block in utf8_blocks(path, encoding=encoding, errors=errors, block_bytes=_BLOCK):
        *lines, rest = block.decode().split("\n")
        for line in lines:
            yield "".join((*held, line))
            held.clear()
        if rest:
            held.append(rest)
    if held:
        yield "".join(held)


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 file, compressed or not, line by line, as `read_lines` does.

    Args:
        path: The file.

    Yields:
        The number of the line, from 1, and its text without the line end (a carriage return belongs to it).

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If ``path`` is a folder.
        ValueError: If bytes are not UTF-8 (with file, line and offset), or a compressed file is damaged.
    """
    source = Path(path)
    if source.is_dir():
        raise IsADirectoryError(f"path must be a file, got the folder {str(source)!r}; name a file in it")
    if not source.exists():
        raise FileNotFoundError(f"path must be an existing file, got {str(source)!r}; check its spelling")
    for number, line in enumerate(read_lines(source), start=1):
        yield number, line.removesuffix("\r")
