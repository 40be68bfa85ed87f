"""Options for reading vectors: the rows to keep, and the treatment of rows that cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from textkit.checks import check_count

EncodingErrors = Literal["strict", "replace", "ignore"]
BadRowPolicy = Literal["error", "skip"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading a file.

    Attributes:
        words: Keep only these words; None keeps all.
        limit: Keep only the first N rows of the file; None keeps all.
        encoding_errors: Treatment of a word that is not UTF-8: with "strict" its row is bad, "replace" reads its bytes
            as U+FFFD, "ignore" drops them.
        bad_rows: "error" to raise at a bad row, "skip" to skip it and count it in a warning.
        matrix: Name of the tensor with the vectors, in a safetensors file of another program; None to guess it.
        word_list: Word of each of its vectors, or a file of them; None for the tokenizer.json beside the file.
        spool: Empty file for the matrix, which is then memory-mapped; None to hold it in memory.

    Raises:
        ValueError: If ``limit`` is negative, or a policy is unknown, or ``words`` is a str.
    """

    words: frozenset[str] | None = None
    limit: int | None = None
    encoding_errors: EncodingErrors = "strict"
    bad_rows: BadRowPolicy = "error"
    matrix: str | None = None
    word_list: Path | tuple[str, ...] | None = None
    spool: BinaryIO | None = None

    def __post_init__(self) -> None:
        if self.limit is not None:
            check_count("limit", self.limit, 0, remedy="use None to keep every row")
        if self.encoding_errors not in get_args(EncodingErrors):
            raise ValueError(
                f"encoding_errors must be 'strict', 'replace' or 'ignore', got {self.encoding_errors!r}; "
                "use 'replace' to read a file that is not entirely UTF-8"
            )
        if self.bad_rows not in get_args(BadRowPolicy):
            raise ValueError(f"bad_rows must be 'error' or 'skip', got {self.bad_rows!r}; use 'skip' to skip bad rows")


def wanted_words(words: Iterable[str] | None) -> frozenset[str] | None:
    """Convert the ``words`` argument of a reader to a set.

    Args:
        words: Words to keep; None keeps all.

    Returns:
        The words as a set, or None.

    Raises:
        ValueError: If ``words`` is a str, whose letters would be mistaken for words.

    >>> wanted_words(["a", "b", "a"]) == {"a", "b"}
    True
    """
    if isinstance(words, str):
        raise ValueError(f"words must be an iterable of words, got the str {words[:40]!r}; pass [{words[:40]!r}]")
    return None if words is None else frozenset(words)


def check_own(path: Path, options: ReadOptions) -> None:
    """Check that no matrix and no words are named for a file that has its own.

    Raises:
        ValueError: If one is.
    """
    for name, value in (("matrix", options.matrix), ("word_list", options.word_list)):
        if value is not None:
            raise ValueError(
                f"{name} must be None for {path}, which has its own words, got {str(value)[:60]}; it is for "
                ".safetensors files of other programs"
            )
