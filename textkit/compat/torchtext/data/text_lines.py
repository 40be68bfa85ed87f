"""Lines of text files."""

import io
from collections.abc import Generator
from pathlib import Path

from textkit.files.compression import open_bytes


def text_lines(path: str, encoding: str = "utf-8") -> Generator[str, None, None]:
    r"""Yield the lines of a text file, compressed or not, each with its line feed; ``\r\n`` is read as ``\n``.

    Args:
        path: The file.
        encoding: Its encoding.

    Yields:
        The lines.

    Raises:
        ValueError: If a line cannot be decoded; the message names it.
        OSError: If the file cannot be read.
    """
    if encoding.lower() in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    file: io.BufferedIOBase = open_bytes(Path(path).expanduser())  # type: ignore[assignment]
    with io.TextIOWrapper(file, encoding=encoding) as text:  # type: ignore[type-var]
        count = 0
        try:
            for content in text:
                count += 1
                yield content
        except UnicodeDecodeError as error:
            line = count + error.object[: error.start].count(b"\n") + 1
            raise ValueError(f"{path}, line {line}: text must be {encoding}, got {error}; recode it") from error
