"""Rewrites the imports of torchtext in a Python source; every other byte stays."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OLD, NEW = "torchtext", "textkit.compat.torchtext"
_GAP = r"(?:[ \t\f]|\\(?:\r\n|\r|\n))"
_DOTTED = re.compile(r"\w+(?:[ \t\f]*\.[ \t\f]*\w+)*")
_FROM = re.compile(rf"from{_GAP}+")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Edit:
    """A replacement in a text.

    Attributes:
        start: First character to replace.
        end: The one after the last.
        text: What to write there.
    """

    start: int
    end: int
    text: str


def decoded(raw: bytes, name: str) -> tuple[str, str]:
    """Decode a Python source, by its byte order mark or the encoding that it declares.

    Args:
        raw: The source.
        name: Name of the file in messages.

    Returns:
        The text, with its line ends, and the encoding, which gives the same bytes again.

    Raises:
        ValueError: If the encoding is unknown or does not fit.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
        if text.encode(encoding) != raw:
            raise ValueError("it cannot be written back unchanged")
    except (SyntaxError, ValueError, LookupError) as error:
        raise ValueError(
            f"{name} must be text in the encoding that it declares, got {error}; save it as UTF-8"
        ) from error
    return text, encoding


def parsed(text: str, name: str) -> ast.Module:
    """Parse a Python source.

    Raises:
        ValueError: If it is not Python; the message names the line.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(f"{name}:{line or 1} must be Python 3, got {reason}; correct the line first") from error


def edits(text: str, tree: ast.Module, is_module: Callable[[str], bool]) -> Iterator[Edit]:
    """Find the replacements that turn imports of torchtext into those of `textkit.compat.torchtext`.

    Args:
        text: Source.
        tree: Its syntax tree.
        is_module: Tells whether a module of torchtext is in textkit; imports of others stay.

    Yields:
        The replacements, from the beginning to the end of the text.
    """
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(node: ast.stmt | ast.alias) -> int:
        begin = starts[node.lineno - 1]
        line = text[begin : starts[node.lineno] if node.lineno < len(starts) else None]
        return begin + len(line.encode()[: node.col_offset].decode())

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_torchtext(alias.name) and is_module(alias.name):
                    # Without a name of its own, an import binds the name of the package.
                    bound = "" if alias.asname else f" as {OLD}"
                    yield from _replaced(text, offset(alias), alias.name, bound)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and is_torchtext(node.module):
            start = _FROM.match(text, offset(node))
            if start is not None and is_module(node.module):
                yield from _replaced(text, start.end(), node.module, "")


def _replaced(text: str, start: int, name: str, bound: str) -> Iterator[Edit]:
    """Replace a dotted name; nothing if a line end stands in it."""
    found = _DOTTED.match(text, start)
    if found is not None and re.sub(r"\s", "", found[0]) == name:
        new = NEW if bound else NEW + name.removeprefix(OLD).removeprefix(".legacy")
        yield Edit(found.start(), found.end(), new + bound)


def is_torchtext(name: str) -> bool:
    """Whether a dotted name is that of torchtext or a part of it.

    >>> is_torchtext("torchtext.data"), is_torchtext("torchtextual")
    (True, False)
    """
    return name == OLD or name.startswith(f"{OLD}.")


def applied(text: str, changes: list[Edit]) -> str:
    """Apply replacements that do not overlap."""
    for change in sorted(changes, key=lambda change: change.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text
