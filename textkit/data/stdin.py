"""Text and tables from stdin."""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textkit.files.formats import HEAD, check_text


@dataclass(frozen=True)
class StdinTable:
    """The table that comes from stdin.

    Attributes:
        kind: Suffix of a file of its format: .csv, .tsv, .jsonl or .json.
    """

    kind: str


def stdin_lines(encoding: str, errors: str, *, json: bool) -> Iterator[str]:
    """Yield the lines of stdin, without line ends.

    Args:
        encoding: Encoding of the text.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".
        json: Whether JSON is expected, which is refused otherwise, as any other format than plain text.

    Raises:
        ValueError: If bytes cannot be decoded, or it begins like another format.
    """
    stdin: Any = sys.stdin.buffer
    if not isinstance(stdin, io.BufferedReader):  # such as a BytesIO in its place
        stdin = io.BufferedReader(stdin)
    check_text("stdin", stdin.peek(HEAD)[:HEAD], json=json)
    try:
        lines = io.TextIOWrapper(stdin, encoding=encoding, errors=errors, newline="\n")
        for number, line in enumerate(lines):
            text = line.removesuffix("\n").removesuffix("\r")
            # Drop a byte order mark, as when reading a file.
            yield text if number else text.removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise ValueError(f"stdin must be {encoding} text, got {error}; pass encoding=, or errors='replace'") from error
