"""What a reader of vectors is asked to keep, and what it does with rows that it cannot read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

EncodingErrors = Literal["strict", "replace", "ignore"]
BadRowPolicy = Literal["error", "skip"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """The choices of one read.

    Attributes:
        words: Keep only these words; None keeps all.
        limit: Keep at most this many rows, the first of the file; None keeps all.
        encoding_errors: What to do with a word that is not UTF-8: it is a bad row ("strict"), its bytes are
            replaced by U+FFFD ("replace") or left out ("ignore").
        bad_rows: Whether a bad row ends the read ("error") or is left out and counted in a warning ("skip").

    Raises:
        ValueError: If ``limit`` is negative, or a policy is unknown, or ``words`` is a str.
    """

    words: frozenset[str] | None = None
    limit: int | None = None
    encoding_errors: EncodingErrors = "strict"
    bad_rows: BadRowPolicy = "error"

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise ValueError(f"limit must be None or at least 0, got {self.limit}; use None to keep every row")
        if self.encoding_errors not in get_args(EncodingErrors):
            raise ValueError(
                f"encoding_errors must be 'strict', 'replace' or 'ignore', got {self.encoding_errors!r}; "
                "use 'replace' to read a file that is not all UTF-8"
            )
        if self.bad_rows not in get_args(BadRowPolicy):
            raise ValueError(
                f"bad_rows must be 'error' or 'skip', got {self.bad_rows!r}; use 'skip' to leave bad rows out"
            )


def wanted_words(words: Iterable[str] | None) -> frozenset[str] | None:
    """Turn the ``words`` argument of a reader into a set.

    Args:
        words: The words to keep, or None for all.

    Returns:
        The words as a set, or None.

    Raises:
        ValueError: If ``words`` is a str, which would silently be taken as its letters.

    >>> wanted_words(["a", "b", "a"]) == {"a", "b"}
    True
    """
    if isinstance(words, str):
        raise ValueError(f"words must be an iterable of words, got the str {words[:40]!r}; pass [{words[:40]!r}]")
    return None if words is None else frozenset(words)
