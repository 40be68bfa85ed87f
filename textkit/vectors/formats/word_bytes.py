"""Decode the words of a file, and check which words a format can store."""

import re
from collections.abc import Sequence

from textkit.vectors.formats.read_options import EncodingErrors

BREAKS_FIELD = re.compile(r"[ \t\r\n]")
BREAKS_LINE = re.compile(r"[\t\r\n]")


def decode_word(raw: bytes, errors: EncodingErrors) -> str:
    """Decode a word.

    Args:
        raw: Bytes of the word.
        errors: Treatment of bytes that are not UTF-8.

    Returns:
        The word.

    Raises:
        ValueError: If the bytes are not UTF-8 and ``errors`` is "strict".
    """
    try:
        return raw.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"a word must be UTF-8, got the byte 0x{raw[error.start]:02x} in {raw[:40]!r} "
            "(encoding_errors='replace' reads it)"
        ) from error


def check_writable(words: Sequence[str], breaks: re.Pattern[str] | None, kind: str) -> None:
    """Check that a format can store all words, before anything is written.

    Args:
        words: Words to check.
        breaks: Pattern of characters that would break a row of the format; None if the format can store any word.
        kind: Name of the format in messages.

    Raises:
        ValueError: If a word cannot be encoded as UTF-8, or if ``breaks`` is given and a word is empty or matches it.

    >>> check_writable(["New York"], BREAKS_FIELD, "glove")
    Traceback (most recent call last):
        ...
    ValueError: a word in a 'glove' file must not contain ' ', got 'New York'; save as .safetensors instead
    """
    for word in words:
        if breaks is not None:
            match = breaks.search(word)
            if match or not word:
                rule = f"not contain {match[0]!r}" if match else "not be empty"
                raise ValueError(f"a word in a {kind!r} file must {rule}, got {word!r}; save as .safetensors instead")
        if not word.isascii():
            try:
                word.encode()
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"a word must be valid Unicode, got {word!r}, which has a lone surrogate; "
                    "remove the word with subset()"
                ) from error
    if breaks is not None and words and words[0].startswith("\ufeff"):
        # A reader would mistake it for a byte order mark in a file without a header.
        raise ValueError(
            f"the first word in a {kind!r} file must not begin with U+FEFF, got {words[0]!r}; "
            "save as .safetensors instead"
        )
