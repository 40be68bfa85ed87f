"""Text and sizes for a terminal, where a Chinese character takes two columns."""

import shutil
import textwrap
import unicodedata


def columns_of(text: str) -> int:
    """Count the terminal columns that a text takes.

    >>> columns_of("tea"), columns_of("茶"), columns_of("e\u0301")
    (3, 2, 1)
    """
    return sum(map(_columns, text))


def pad_to_width(text: str, columns: int, *, right: bool = False) -> str:
    r"""Truncate or pad text to exactly ``columns`` terminal columns; non-printable characters are escaped.

    Args:
        text: Any text.
        columns: Number of terminal columns, at least 3.
        right: Whether to align the text to the right.

    >>> pad_to_width("river", 7) + "|", pad_to_width("riverbank", 7) + "|", pad_to_width("茶\n", 7, right=True) + "|"
    ('river  |', 'rive...|', '   茶\\n|')
    """
    text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
    if (width := columns_of(text)) > columns:
        width, kept = 3, ""  # columns of the three dots
        for character in text:
            if width + _columns(character) > columns:
                break
            width += _columns(character)
            kept += character
        text = kept + "..."
    padding = " " * (columns - width)
    return padding + text if right else text + padding


def size_text(count: int) -> str:
    """Write a number of bytes with a decimal unit and three digits.

    >>> [size_text(count) for count in (7, 12_345, 999_999, 1_500_000_000)]
    ['7 B', '12.3 kB', '1.00 MB', '1.50 GB']
    """
    size, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while len(units) > 1 and round(size, 0 if size >= 100 else 1) >= 1000:
        size, units = size / 1000, units[1:]
    digits = 0 if units[0] == "B" or size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{size:.{digits}f} {units[0]}"


def at_most_lines(text: str, lines: int = 20) -> str:
    r"""Return the first lines of a text, and how many are left out.

    >>> print(at_most_lines("a\nb\nc\nd", lines=3))
    a
    b
    ... 2 more lines; print(...) shows all
    """
    split = text.split("\n")
    if len(split) <= lines:
        return text
    return "\n".join([*split[: lines - 1], f"... {len(split) - lines + 1:,} more lines; print(...) shows all"])


def wrapped(name: str, text: str, *, column: int) -> str:
    """Return a name and, beginning at a column, a text, wrapped at the width of the terminal.

    >>> print(wrapped("license", "not stated; " * 7, column=10))
    license   not stated; not stated; not stated; not stated; not stated; not
              stated; not stated;
    """
    return textwrap.fill(
        text,
        min(shutil.get_terminal_size().columns, 120),
        initial_indent=f"{name:{column}}",
        subsequent_indent=" " * column,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
