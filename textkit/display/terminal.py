"""Truncate or pad text to a number of terminal columns, of which a Chinese character takes two."""

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


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
