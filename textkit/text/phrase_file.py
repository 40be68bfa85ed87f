r"""The text format of phrases: a line with format, version and delimiter, then count, score and words, with tabs."""

import math
from collections.abc import Iterable, Iterator

from textkit.checks import remedy_for_version
from textkit.text.vocabulary_file import escape_token, unescape_token

_FORMAT = "textkit-phrases"
_VERSION = 1


def phrase_lines(phrases: Iterable[tuple[tuple[str, ...], int, float]], delimiter: str) -> Iterator[str]:
    """Yield the lines of a file of phrases, with line ends.

    Args:
        phrases: Tokens, count and score of each phrase.
        delimiter: What stands between the words of a joined phrase.
    """
    yield f"{_FORMAT}\t{_VERSION}\t{escape_token(delimiter)}\n"
    for tokens, count, score in phrases:
        yield "\t".join([str(count), repr(float(score)), *map(escape_token, tokens)]) + "\n"


def parse_phrases(lines: Iterable[str], name: str) -> tuple[list[tuple[tuple[str, ...], int, float]], str]:
    """Parse the lines of a file of phrases.

    Args:
        lines: The lines, with line ends.
        name: Name of the file, for messages.

    Returns:
        Tokens, count and score of each phrase, and the delimiter.

    Raises:
        ValueError: If they are no phrases, of a newer version or damaged; the message names the line.
    """
    lines = iter(lines)
    delimiter = _delimiter(next(lines, ""), name)
    phrases = []
    for number, line in enumerate(lines, start=2):
        try:
            phrases.append(_parsed(line))
        except ValueError as error:
            raise ValueError(
                f"{name}, line {number}: must be a count, a score and at least two words, separated by tabs, "
                f"got {line[:60]!r} ({error}); the file is damaged or truncated, save the phrases again"
            ) from error
    return phrases, delimiter


def _parsed(line: str) -> tuple[tuple[str, ...], int, float]:
    if not line.endswith("\n"):
        raise ValueError("the line has no end")
    count, score, *tokens = line.removesuffix("\n").split("\t")
    if len(tokens) < 2 or not (count.isascii() and count.isdigit()) or not math.isfinite(float(score)):
        raise ValueError("a field is missing or wrong")
    return tuple(map(unescape_token, tokens)), int(count), float(score)


def _delimiter(header: str, name: str) -> str:
    start, *fields = header.removesuffix("\n").split("\t")
    if start != _FORMAT or not fields:
        raise ValueError(
            f"{name}, line 1: must begin with {_FORMAT!r} and a version, got {header[:60]!r}; "
            "pass a file that Phrases.save wrote"
        )
    if fields[0] != str(_VERSION) or len(fields) != 2:
        raise ValueError(
            f"{name}, line 1: the version must be {_VERSION}, got {fields[0][:20]!r}; "
            f"{remedy_for_version(fields[0], _VERSION, 'save the phrases again')}"
        )
    try:
        delimiter = unescape_token(fields[1])
    except ValueError as error:
        raise ValueError(f"{name}, line 1: {error}; the file is damaged, save the phrases again") from error
    if not delimiter:
        raise ValueError(f"{name}, line 1: the delimiter is missing; the file is damaged, save the phrases again")
    return delimiter
