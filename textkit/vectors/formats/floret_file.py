"""floret's tables (.floret): a header with the settings of the hashing, then the rows of a table of n-grams."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.byte_source import ByteSource
from textkit.vectors.formats.line_blocks import line_blocks
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.table_builder import MAX_DIM, TableBuilder
from textkit.vectors.formats.text_rows import text_rows

SUFFIX = ".floret"
MAX_NGRAM = 1 << 6  # characters: time and memory for a word grow with it
_NUMBERS = ("rows", "dim", "minn", "maxn", "hash_count", "hash_seed")
_MAX_HEADER_BYTES = 1 << 10


@dataclass(frozen=True, kw_only=True)
class FloretSettings:
    """How the n-grams of a word are found in a table, by the names of floret and spaCy.

    Attributes:
        minn: Minimum length of n-grams, in characters.
        maxn: Maximum length of n-grams; 0 for none, so that only the whole word has rows.
        hash_count: Number of rows of each n-gram, from 1 to 4.
        hash_seed: Seed of the hash, of 32 bits.
        bow: Mark before a word.
        eow: Mark after a word.
        like_spacy: Whether n-grams are found as spaCy does, rather than floret: a mark alone is one, and with ``minn``
            0 so is the empty string; the empty word has none, and ``</s>`` is a word like any other.

    Raises:
        ValueError: If a number is impossible.
    """

    minn: int
    maxn: int
    hash_count: int
    hash_seed: int
    bow: str = "<"
    eow: str = ">"
    like_spacy: bool = False

    def __post_init__(self) -> None:
        for name, least, most in (
            ("minn", 0, MAX_NGRAM),
            ("maxn", 0, MAX_NGRAM),
            ("hash_count", 1, 4),
            ("hash_seed", 0, (1 << 32) - 1),
        ):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} must be an integer from {least} to {most}, got {value!r}; train floret again")
        if self.maxn and self.minn > self.maxn:
            raise ValueError(f"minn must be at most maxn, {self.maxn}, got {self.minn}; train floret again")
        if not isinstance(self.bow, str) or not isinstance(self.eow, str):
            raise ValueError(f"bow and eow must be str, got {self.bow!r} and {self.eow!r}; '<' and '>' are usual")


@dataclass(frozen=True, eq=False)
class FloretTable:
    """A table of n-grams.

    Attributes:
        settings: How n-grams are found in it.
        rows: The rows; shape (rows, dim), float32.
    """

    settings: FloretSettings
    rows: NDArray[np.float32]


def read_floret(path: Path) -> FloretTable:
    """Read a table of floret.

    Args:
        path: File to read, compressed or not.

    Returns:
        The table.

    Raises:
        ValueError: If the header is wrong, or the rows are not as many as it says, are out of order or bad; the message
            names the line.
    """
    with ByteSource(path) as source:
        blocks = line_blocks(source)
        _, block = next(blocks, (1, b""))
        header, _, block = block.partition(b"\n")
        count, dim, settings = _parsed_header(path, header)
        bad = BadRows(path, "error", "line")
        size = (1 << 20) if source.size is None else source.size
        builder = TableBuilder(dim, min(count, size // (2 * dim)), ReadOptions(), bad)
        line, number = 2, 0
        while block:
            for row in text_rows(block, dim):
                place = line + row.line
                if row.numbers is None:
                    bad.report(place, row.problem)
                elif row.word != b"%d" % number:
                    bad.report(place, f"a row must begin with its number, {number}, got {row.word[:40]!r}")
                else:
                    builder.add(place, str(number), row.numbers)
                number += 1
            line, block = next(blocks, (0, b""))
    if number != count:
        raise ValueError(
            f"{path}: the header must state the number of rows, got {count:,} for {number:,} rows; the file is "
            "truncated or damaged"
        )
    return FloretTable(settings, builder.table().matrix)


def _parsed_header(path: Path, line: bytes) -> tuple[int, int, FloretSettings]:
    """Return the number of rows, their dimension and the settings."""
    try:
        if len(line) > _MAX_HEADER_BYTES:
            raise ValueError("the line is too long")
        *numbers, bow, eow = line.decode().split(" ")
        count, dim, minn, maxn, hash_count, hash_seed = map(int, numbers)
        if count < 1 or not 1 <= dim <= MAX_DIM:
            raise ValueError(f"there must be rows of 1 to {MAX_DIM:,} numbers")
        settings = FloretSettings(
            minn=minn, maxn=maxn, hash_count=hash_count, hash_seed=hash_seed, bow=bow, eow=eow.rstrip("\r")
        )
    except ValueError as error:
        raise ValueError(
            f"{path}, line 1: the header must be '{' '.join(_NUMBERS)} bow eow', got {line[:60]!r} ({error}); check "
            "that floret has saved this file by save_floret_vectors"
        ) from error
    return count, dim, settings
