"""Jupyter notebooks as text: where the source of each code cell stands, so that a part of it can be replaced."""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from json import decoder, scanner
from typing import Any

from textkit.compat.rewriting import Edit

# A character of a JSON string as it is written there.
_WRITTEN = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
# A magic of IPython, a command of the shell, or a question about an object.
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?]|[\w.]+[ \t]*=[ \t]*[%!]|[\w.]+\?{1,2}[ \t]*$).*$", re.MULTILINE)
_OTHER_LANGUAGES = (
    "bash",
    "cmd",
    "html",
    "javascript",
    "js",
    "latex",
    "markdown",
    "perl",
    "ruby",
    "script",
    "sh",
    "svg",
)


class _Located(str):
    """A string of a JSON text, with the positions of its quotes."""

    start: int
    end: int


class _Decoder(json.JSONDecoder):
    def __init__(self) -> None:
        super().__init__()
        self.parse_string: Callable[..., tuple[str, int]] = _located  # type: ignore[assignment, unused-ignore]
        self.scan_once: Any = scanner.py_make_scanner(self)  # type: ignore[attr-defined, unused-ignore]


def _located(text: str, start: int, strict: bool = True) -> tuple[str, int]:
    value, end = decoder.scanstring(text, start, strict)  # type: ignore[attr-defined, unused-ignore]
    found = _Located(value)
    found.start, found.end = start, end - 1
    return found, end


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        number: Number of the cell in the notebook, from 1; cells of text count too.
        parts: The strings that make up its source.
        raw: The notebook.
    """

    number: int
    parts: tuple[Any, ...]
    raw: str

    @property
    def source(self) -> str:
        """The source of the cell."""
        return "".join(self.parts)

    def edit(self, change: Edit) -> Edit | None:
        """Convert a replacement in the source to one in the notebook; None if it is not within one string."""
        begin = 0
        for part in self.parts:
            if begin <= change.start and change.end <= begin + len(part):
                written = [match.end() for match in _WRITTEN.finditer(self.raw[part.start : part.end])]
                ends = [part.start, *(part.start + end for end in written)]
                return Edit(ends[change.start - begin], ends[change.end - begin], change.text)
            begin += len(part)
        return None


def code_cells(raw: str, name: str) -> list[Cell]:
    """Find the code cells of a notebook.

    Args:
        raw: The notebook, JSON.
        name: Name of the file in messages.

    Returns:
        The cells with Python code.

    Raises:
        ValueError: If it is not a notebook of version 4.
    """
    try:
        notebook = _Decoder().decode(raw)
        cells = notebook["cells"]
        found = [(number, cell["source"]) for number, cell in enumerate(cells, start=1) if cell["cell_type"] == "code"]
    except json.JSONDecodeError as error:
        raise ValueError(f"{name}:{error.lineno} must be a notebook (JSON), got {error.msg}; save it again") from error
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{name} must be a notebook of version 4, got another JSON; save it again in Jupyter"
        ) from error
    sources = [(number, (source,) if isinstance(source, str) else tuple(source)) for number, source in found]
    return [Cell(number, parts, raw) for number, parts in sources if not _is_other("".join(parts))]


def without_magics(source: str) -> str:
    r"""Replace lines that only IPython understands by others of the same length, if the source is not Python as it is.

    >>> without_magics("%time\nimport torchtext")
    '0    \nimport torchtext'
    """
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return _MAGIC.sub(lambda line: f"{line[1]}0".ljust(len(line[0])), source)
    return source


def _is_other(source: str) -> bool:
    """Whether a cell has the magic of another language in its first line."""
    first = source.lstrip().partition("\n")[0]
    return first.startswith("%%") and first[2:].split(" ")[0].strip() in _OTHER_LANGUAGES
