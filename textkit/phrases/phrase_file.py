r"""The text format of phrases: a line with format, version and delimiter, then count, score and words, with tabs."""

import math
from collections.abc import Iterable
from pathlib import Path

from textkit.checks import remedy_for_version
from textkit.files.atomic import atomic_path
from textkit.text.vocabulary_file import escape_token, unescape_token

_FORMAT = "textkit-phrases"
_VERSION = 1


def write_phrases(path: Path, phrases: Iterable[tuple[tuple[str, ...], int, float]], delimiter: str) -> None:
    """Write phrases atomically.

    Args:
        path: File to write.
        phrases: Tokens, count and score of each phrase.
        delimiter: What stands between the words of a joined phrase.

    Raises:
        OSError: If the file cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{_FORMAT}\t{_VERSION}\t{escape_token(delimiter)}\n")
        for tokens, count, score in phrases:
            file.write("\t".join([str(count), repr(float(score)), *map(escape_token, tokens)]) + "\n")


def read_phrases(path: Path) -> tuple[list[tuple[tuple[str, ...], int, float]], str]:
    """Read the phrases, each with its tokens, count and score, and the delimiter.

    Raises:
        ValueError: If the file holds no phrases, is of a newer version or is damaged; the message names the line.
        OSError: If the file cannot be read.
    """
    phrases = []
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            delimiter = _delimiter(file.readline(), path)
            for number, line in enumerate(file, start=2):
                try:
                    phrases.append(_parsed(line))
                except ValueError as error:
                    raise ValueError(
                        f"{path}, line {number}: must be a count, a score and at least two words, separated by tabs, "
                        f"got {line[:60]!r} ({error}); the file is damaged or truncated, save the phrases again"
                    ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be phrases in UTF-8, got the byte 0x{error.object[error.start]:02x} after line "
            f"{len(phrases) + 1}; save the phrases again"
        ) from error
    return phrases, delimiter


def _parsed(line: str) -> tuple[tuple[str, ...], int, float]:
    if not line.endswith("\n"):
        raise ValueError("the line has no end")
    count, score, *tokens = line.removesuffix("\n").split("\t")
    if len(tokens) < 2 or not (count.isascii() and count.isdigit()) or not math.isfinite(float(score)):
        raise ValueError("a field is missing or wrong")
    return tuple(map(unescape_token, tokens)), int(count), float(score)


def _delimiter(header: str, path: Path) -> str:
    name, *fields = header.removesuffix("\n").split("\t")
    if name != _FORMAT or not fields:
        raise ValueError(
            f"{path}, line 1: must begin with {_FORMAT!r} and a version, got {header[:60]!r}; "
            "pass a file that Phrases.save wrote"
        )
    if fields[0] != str(_VERSION) or len(fields) != 2:
        raise ValueError(
            f"{path}, line 1: the version must be {_VERSION}, got {fields[0][:20]!r}; "
            f"{remedy_for_version(fields[0], _VERSION, 'save the phrases again')}"
        )
    return unescape_token(fields[1])
