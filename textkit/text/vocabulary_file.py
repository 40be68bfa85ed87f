r"""The text format of a vocabulary: a line with format, version and specials, then ``token<tab>count`` in id order."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from textkit.checks import remedy_for_version
from textkit.files.atomic import atomic_path

_FORMAT = "textkit-vocabulary"
_VERSION = 1
# The backslash itself, and characters that an editor or a line reader may split at, change or hide.
_SPECIAL_CHARACTERS = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_ESCAPED = re.compile(r"\\(u[0-9a-f]{4}|.|$)", re.DOTALL)
_LETTERS = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPES = {character: f"\\{letter}" for letter, character in _LETTERS.items()}


def escape_token(token: str) -> str:
    r"""Escape a token, so that it contains neither a line ending nor a tab.

    >>> print(escape_token("a\tb"))
    a\tb
    """
    return _SPECIAL_CHARACTERS.sub(lambda match: _ESCAPES.get(match[0], f"\\u{ord(match[0]):04x}"), token)


def unescape_token(text: str) -> str:
    r"""Undo ``escape_token``.

    Raises:
        ValueError: If there is an escape that ``escape_token`` never writes.

    >>> unescape_token(r"a\tb") == "a\tb"
    True
    """
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    if code not in _LETTERS:
        raise ValueError(f"unknown escape {match[0]!r}")
    return _LETTERS[code]


def write_vocabulary(path: Path, tokens: Sequence[str], counts: Iterable[int], specials: Sequence[str]) -> None:
    """Write the file atomically: an existing file is replaced only once the new one is complete.

    Raises:
        OSError: If the file cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join([_FORMAT, str(_VERSION), *specials]) + "\n")
        file.writelines(f"{escape_token(token)}\t{count}\n" for token, count in zip(tokens, counts, strict=True))


def read_vocabulary(path: Path) -> tuple[list[str], list[int], list[str]]:
    """Read the tokens, counts and specials.

    Raises:
        ValueError: If the file is not a vocabulary, is of a newer version or is damaged; the message names the line.
        OSError: If the file cannot be read.
    """
    tokens: list[str] = []
    counts: list[int] = []
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            header = file.readline()
            specials = _specials(header, path)
            for number, line in enumerate(file, start=2):
                token, tab, count = line.removesuffix("\n").rpartition("\t")
                if not tab or not line.endswith("\n") or not count.isascii() or not count.isdigit():
                    raise ValueError(
                        f"{path}, line {number}: must be a token, a tab and a count, got {line[:60]!r}; "
                        "the file is damaged or truncated, save the vocabulary again"
                    )
                try:
                    tokens.append(unescape_token(token))
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: {error}; save the vocabulary again") from error
                counts.append(int(count))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be a vocabulary in UTF-8, got the byte 0x{error.object[error.start]:02x} after line "
            f"{len(tokens) + 1}; save the vocabulary again"
        ) from error
    return tokens, counts, specials


def _specials(header: str, path: Path) -> list[str]:
    name, *fields = header.removesuffix("\n").split("\t")
    if name != _FORMAT or not fields:
        raise ValueError(
            f"{path}, line 1: must begin with {_FORMAT!r} and a version, got {header[:60]!r}; "
            "pass a file that Vocabulary.save wrote"
        )
    if fields[0] != str(_VERSION):
        raise ValueError(
            f"{path}, line 1: the version must be {_VERSION}, got {fields[0][:20]!r}; "
            f"{remedy_for_version(fields[0], _VERSION, 'save the vocabulary again')}"
        )
    return fields[1:]
