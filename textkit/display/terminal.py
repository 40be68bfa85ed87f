"""Text cut or filled to a number of terminal columns, where a Chinese character takes two."""

import unicodedata


def columns_of(text: str) -> int:
    """Count the terminal columns that a text takes.

    >>> columns_of("tea"), columns_of("茶"), columns_of("e\u0301")
    (3, 2, 1)
    """
    return sum(map(_columns, text))


def fitted(text: str, columns: int, *, right: bool = False) -> str:
    r"""Cut or fill a text, so that it takes so many columns; what would break the line is escaped.

    Args:
        text: Any text.
        columns: Terminal columns, at least 3.
        right: Whether to fill on the left.

    >>> fitted("river", 7) + "|", fitted("riverbank", 7) + "|", fitted("茶\n", 7, right=True) + "|"
    ('river  |', 'rive...|', '   茶\\n|')
    """
    text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
    if (width := columns_of(text)) > columns:
        width, kept = 3, ""
        for character in text:
            if width + _columns(character) > columns:
                break
            width += _columns(character)
            kept += character
        text = kept + "..."
    filling = " " * (columns - width)
    return filling + text if right else text + filling


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
