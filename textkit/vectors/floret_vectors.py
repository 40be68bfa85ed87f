"""`FloretVectors`: vectors of any word, computed from a hashed table of n-grams (https://github.com/explosion/floret)."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_path
from textkit.fasttext.subwords import END_OF_TEXT
from textkit.files.mapped import release
from textkit.hub.card import Card
from textkit.hub.layouts import WORD_VECTORS
from textkit.vectors.card import vectors_card
from textkit.vectors.formats.floret_file import FloretTable
from textkit.vectors.formats.read_options import EncodingErrors, ReadOptions
from textkit.vectors.formats.word_list import listed_words
from textkit.vectors.murmur_hash import murmur_hashes
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.vector_table import float_matrix, frozen_metadata, index_words
from textkit.vectors.word_vectors import Vector, WordVectors


class FloretRows:
    """Sums the rows of the n-grams of words.

    Args:
        table: The table.
    """

    def __init__(self, table: FloretTable) -> None:
        self.table = table

    def sums(self, words: Sequence[str]) -> tuple[Vector, NDArray[np.int64]]:
        """Sum the rows of words.

        Args:
            words: The words.

        Returns:
            The sums, (words, dim), and how many rows each consists of.
        """
        found = [self._ngrams(word) for word in words]
        counts = np.fromiter(map(len, found), np.int64, len(found)) * self.table.settings.hash_count
        sums = np.zeros((len(words), self.table.rows.shape[1]), np.float32)
        some = np.flatnonzero(counts)
        if len(some):
            numbered = {ngram: number for number, ngram in enumerate(dict.fromkeys(chain.from_iterable(found)))}
            texts = [ngram.encode("utf-8", "surrogatepass") for ngram in numbered]
            hashes = murmur_hashes(texts, self.table.settings.hash_seed)[:, : self.table.settings.hash_count]
            rows = hashes.astype(np.int64) % len(self.table.rows)
            order = np.array([numbered[ngram] for ngram in chain.from_iterable(found)], np.int64)
            starts = np.cumsum(counts[some]) - counts[some]
            sums[some] = np.add.reduceat(self.table.rows[rows[order].reshape(-1)], starts, axis=0)
        return sums, counts

    def _ngrams(self, word: str) -> list[str]:
        settings = self.table.settings
        if (word == "") if settings.like_spacy else (word == END_OF_TEXT.decode()):
            return []
        marked = f"{settings.bow}{word}{settings.eow}"
        ngrams = [marked]
        # spaCy takes a minimum of 0 literally, and floret has no n-grams of a mark alone.
        for length in range(settings.minn if settings.like_spacy else max(settings.minn, 1), settings.maxn + 1):
            skipped = int(length == 1 and not settings.like_spacy)
            starts = range(skipped, len(marked) - length + 1 - skipped)
            ngrams += [marked[start : start + length] for start in starts]
        return ngrams


class FloretVectors(SubwordVectors):
    """Vectors of any word, the mean of the rows of its n-grams in a hashed table, as floret and spaCy have them.

    A table holds no words: those in ``words`` are the ones that are searched, listed and saved. All else is as for
    `SubwordVectors`: any word may be asked for.

    Args:
        table: The table; see `WordVectors.load`.
        words: Distinct words to search and to save.

    Raises:
        TypeError: If a word is not a str.
        ValueError: If a word occurs twice, or a number is not finite.
    """

    def __init__(self, table: FloretTable, *, words: Sequence[str] = ()) -> None:
        rows = float_matrix(table.rows, len(table.rows))
        if not np.isfinite(rows).all():
            row = int(np.isfinite(rows).all(axis=1).argmin())
            raise ValueError(f"rows must be finite, got nan or inf in row {row}; train with a lower learning rate")
        self._table = FloretTable(table.settings, rows)
        self._ngram_rows = FloretRows(self._table)
        self._place = ""
        self._words = tuple(words)
        self._index = index_words(self._words)
        self._metadata = frozen_metadata({})
        self._counts = None

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self._table.rows.shape[1])

    @property
    def subwords(self) -> tuple[int, int] | None:
        """Minimum and maximum length of the n-grams of words; None if only whole words have rows."""
        settings = self._table.settings
        return (max(settings.minn, 1), settings.maxn) if settings.maxn else None

    @classmethod
    def load(  # type: ignore[override]  # what only other formats have is left out
        cls,
        path: str | os.PathLike[str],
        *,
        word_list: str | os.PathLike[str] | Sequence[str] = (),
        encoding_errors: EncodingErrors = "strict",
    ) -> "FloretVectors":
        """Open a table of floret, or a folder of spaCy's that has one.

        Args:
            path: The .floret file, or the folder.
            word_list: Words to search and to save, or a file of them, one on each line or JSON.
            encoding_errors: Without effect: a table has no words.

        Returns:
            The vectors.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If it is damaged or of another format; the message names the place.
        """
        path = check_path("path", path)
        vectors = WordVectors.load(path, word_list=word_list or None, encoding_errors=encoding_errors)
        if not isinstance(vectors, cls):
            raise ValueError(f"path must be a table of floret, got other vectors in {path}; use WordVectors.load")
        return vectors

    def __reduce__(self) -> tuple[Any, ...]:
        table = FloretTable(self._table.settings, np.array(self._table.rows))
        return _unpickled, (table, self._words)

    def __len__(self) -> int:
        return len(self._words)

    def __repr__(self) -> str:
        lengths = "no n-grams" if self.subwords is None else f"n-grams of {self.subwords[0]} to {self.subwords[1]}"
        return f"FloretVectors({len(self):,} words, dim {self.dim}, {lengths} in {len(self._table.rows):,} rows)"

    _layout = WORD_VECTORS  # as with `save`

    def _card(self) -> Card:
        return vectors_card(self.words, self.dim, self.counts, self.metadata)

    def keeps_ngrams(self, path: Path, format: str | None = None) -> bool:
        """Whether `save` writes the table: no format of ours has it, and only the known words are saved."""
        return False

    def _sums(self, words: Sequence[str]) -> tuple[Vector, NDArray[np.int64]]:
        return self._ngram_rows.sums(words)

    def _known(self, rows: NDArray[np.int64]) -> Vector:
        return self._computed([self._words[row] for row in rows])

    def _known_blocks(self, count: int) -> Iterator[Vector]:
        if not self._words:
            raise ValueError(
                "word_list must be given to search, list or save vectors of floret, whose table has no words, got "
                "none; pass word_list=[...] to WordVectors.load"
            )
        return super()._known_blocks(count)

    def _release(self) -> None:
        release(self._table.rows)


def load_floret(table: FloretTable, path: Path, options: ReadOptions) -> WordVectors:
    """Make vectors of a table.

    Args:
        table: The table.
        path: Its file, for errors.
        options: The words to search and to save; or the words to keep.

    Returns:
        `FloretVectors`; with ``words`` or ``limit`` the vectors of these words, without n-grams.

    Raises:
        ValueError: If ``matrix`` is given, or ``limit`` without words.
    """
    if options.matrix is not None:
        raise ValueError(f"matrix must be None for {path}, got {options.matrix!r}; it is for .safetensors files")
    words = [] if options.word_list is None else listed_words(options.word_list)
    vectors = FloretVectors(table, words=words)
    if options.words is None and options.limit is None:
        return vectors
    if options.word_list is None and options.words is None:
        raise ValueError(f"limit must be None for {path}, a table without words, got {options.limit}; pass word_list")
    wanted = sorted(options.words or ()) if options.word_list is None else words
    kept = [word for word in wanted if options.words is None or word in options.words]
    return vectors.subset(kept[: options.limit], missing="skip")


def _unpickled(table: FloretTable, words: Sequence[str]) -> FloretVectors:
    return FloretVectors(table, words=words)
