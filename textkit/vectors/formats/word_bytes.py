"""Words as bytes in files: how they are read, and which of them a format can hold."""

import re
from collections.abc import Sequence

from textkit.vectors.formats.read_options import EncodingErrors

BREAKS_FIELD = re.compile(r"[ \t\r\n]")
BREAKS_LINE = re.compile(r"[\t\r\n]")


def decode_word(raw: bytes, errors: EncodingErrors) -> str:
    """Decode a word.

    Args:
        raw: UTF-8, or not.
        errors: What to do if not.

    Returns:
        The word.

    Raises:
        ValueError: If it is not UTF-8 and ``errors`` is "strict".
    """
    try:
        return raw.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"a word must be UTF-8, got the byte 0x{raw[error.start]:02x} in {raw[:40]!r} "
            "(encoding_errors='replace' reads it)"
        ) from error


def check_writable(words: Sequence[str], breaks: re.Pattern[str] | None, kind: str) -> None:
    """Make sure that a format can hold all the words, before anything is written.

    Args:
        words: The words.
        breaks: What would break a row of the format; None if nothing would.
        kind: The format's name, for the message.

    Raises:
        ValueError: If a word is empty or holds what breaks a row (where ``breaks`` is given), or has no UTF-8
            form.

    >>> check_writable(["New York"], BREAKS_FIELD, "glove")
    Traceback (most recent call last):
        ...
    ValueError: a word in a 'glove' file must hold no ' ', got 'New York'; save as .safetensors instead
    """
    for word in words:
        if breaks is not None:
            found = breaks.search(word)
            if found or not word:
                rule = f"hold no {found[0]!r}" if found else "not be empty"
                raise ValueError(f"a word in a {kind!r} file must {rule}, got {word!r}; save as .safetensors instead")
        if not word.isascii():
            try:
                word.encode()
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"a word must be valid Unicode, got {word!r}, which has a lone surrogate; "
                    "leave the word out with subset()"
                ) from error
    if breaks is not None and words and words[0].startswith("\ufeff"):
        # A reader would take it as a byte order mark where no header stands before it.
        raise ValueError(
            f"the first word in a {kind!r} file must not begin with U+FEFF, got {words[0]!r}; "
            "save as .safetensors instead"
        )
