"""The lines of a small text file (a table, word pairs, questions) with their numbers."""

import os
from collections.abc import Iterator
from pathlib import Path

from textkit.files.reading import utf8_blocks


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 file, compressed or not, line by line.

    Lines end at a line feed and at nothing else: ``str.splitlines`` would also cut at U+0085 and its like,
    which are data in crawled text. A byte order mark, and a carriage return before a line feed, are dropped.

    Args:
        path: The file.

    Yields:
        The number of the line, from 1, and its text without the line end.

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
    number = 0
    for block in utf8_blocks(source):
        for line in block.decode().removesuffix("\n").split("\n"):
            number += 1
            yield number, line.removesuffix("\r")
