"""WordVectors: words, their vectors, and the questions that people ask of them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.text.unknown_words import UnknownWordError
from textkit.vectors.embedding_layer import HasTokens, embedding_layer
from textkit.vectors.formats.by_suffix import read_vectors, write_vectors
from textkit.vectors.formats.read_options import BadRowPolicy, EncodingErrors, ReadOptions, wanted_words
from textkit.vectors.neighbors import nearest, three_cos_mul, unit_rows
from textkit.vectors.query_vectors import are_words, check_counts, unit_queries
from textkit.vectors.spacy_vectors import set_spacy_vectors
from textkit.vectors.vector_table import VectorTable, check_finite, float_matrix, frozen_metadata, index_words

if TYPE_CHECKING:
    import torch
    from spacy.language import Language

Vector = NDArray[np.float32]
Neighbors = list[tuple[str, float]]


class WordVectors:
    """Words and their vectors. Immutable: to change the words, take a `subset` or make another.

    Args:
        words: The words, each once; in files of most kinds the frequent ones come first.
        matrix: Shape (vocab, dim), dim at least 1; the vector of each word. A float32 array is not copied.
        metadata: Notes to keep with the vectors; only .safetensors files hold them.

    Raises:
        TypeError: If a word, or a key or value of ``metadata``, is no str.
        ValueError: If the matrix does not have a row for each word, a word is there twice, or a number is not
            finite.

    >>> v = WordVectors(["king", "queen", "dog"], [[1, 0.1], [1, 0.2], [0, 1]])
    >>> v
    WordVectors(3 words, dim 2)
    >>> [word for word, cosine in v.most_similar("king")]
    ['queen', 'dog']
    """

    def __init__(self, words: Sequence[str], matrix: ArrayLike, *, metadata: Mapping[str, str] | None = None) -> None:
        if isinstance(words, str):
            raise TypeError(f"words must be a sequence of words, got the str {words[:40]!r}; pass [{words[:40]!r}]")
        self._words = tuple(words)
        self._index = index_words(self._words)
        self._matrix = float_matrix(matrix, len(self._words))
        check_finite(VectorTable(self._words, self._matrix))
        self._metadata = frozen_metadata(metadata or {})

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order of the rows."""
        return self._words

    @property
    def matrix(self) -> Vector:
        """Shape (vocab, dim), float32, read-only; memory-mapped if it was read from a .safetensors file."""
        return self._matrix

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self._matrix.shape[1])

    @property
    def metadata(self) -> Mapping[str, str]:
        """Notes that are kept with the vectors; read-only."""
        return self._metadata

    @cached_property
    def unit(self) -> Vector:
        """Shape (vocab, dim), read-only: the rows of `matrix` scaled to length 1, but zeros as they are."""
        unit = unit_rows(self._matrix)
        unit.flags.writeable = False
        return unit

    def __deepcopy__(self, memo: dict[int, Any]) -> "WordVectors":
        return self  # nothing of it can change, and a matrix of gigabytes is not copied for every fold of a search

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(WordVectors, metadata=dict(self._metadata)), (self._words, self._matrix)

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, dim {self.dim})"

    def __getitem__(self, word: str | Sequence[str]) -> Vector:
        """Look up a word, shape (dim,), or several, shape (words, dim); KeyError for an unknown one."""
        if isinstance(word, str):
            vector: Vector = self._matrix[self.index(word)]
            return vector
        return np.asarray(self._matrix[self._rows(word)])

    def index(self, word: str) -> int:
        """Give the row of a word.

        Raises:
            UnknownWordError: A KeyError, if the word has no vector; the message names the closest words.
        """
        try:
            return self._index[word]
        except KeyError:
            raise UnknownWordError(word, self._words, "words that have a vector") from None

    def get(self, word: str, default: Vector | None = None) -> Vector | None:
        """Give the vector of a word, shape (dim,), or ``default`` if it has none."""
        row = self._index.get(word)
        return default if row is None else self._matrix[row]

    def most_similar(
        self,
        query: str | Sequence[str] | ArrayLike,
        k: int = 10,
        *,
        negative: str | Sequence[str] = (),
        restrict: int | None = None,
    ) -> Neighbors:
        """Find the words whose vectors have the largest cosine with a query.

        Args:
            query: A word, a vector of shape (dim,), or several words, whose vectors of length 1 are added.
            k: How many words to find.
            negative: Words whose vectors of length 1 are subtracted.
            restrict: Look only among the first so many words; None for all.

        Returns:
            Up to ``k`` words with their cosines, the largest first; of equals the first in `words` comes
            first. The words of the query are left out. A query of zeros has the cosine 0 with everything.

        Raises:
            KeyError: If a word of the query has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or a vector has another shape or is not finite.
        """
        taken = self._rows([negative] if isinstance(negative, str) else negative)
        query = [query] if isinstance(query, str) else query
        if are_words(query):
            given = self._rows(query)
            if not given and not taken:
                raise ValueError("query must be a word, words or a vector, got nothing; give at least one word")
            direction = self.unit[given].sum(axis=0)[None]
        else:
            given = []
            direction = unit_queries(np.asarray(query)[None], self.dim)
        if taken or len(given) > 1:
            direction = unit_rows(direction - self.unit[taken].sum(axis=0))
        return self._neighbors(direction, k, [given + taken], restrict)[0]

    def most_similar_batch(
        self, queries: Sequence[str] | ArrayLike, k: int = 10, *, restrict: int | None = None
    ) -> list[Neighbors]:
        """Answer many queries with one matrix product, in bounded memory, as `most_similar` answers each.

        Args:
            queries: Words, or vectors of shape (queries, dim).
            k: How many words to find for each query.
            restrict: Look only among the first so many words; None for all.

        Returns:
            For each query what `most_similar` returns.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or vectors have another shape or are not finite.
        """
        if isinstance(queries, str):
            raise ValueError(f"queries must be several words or vectors, got the str {queries!r}; use most_similar")
        if are_words(queries):
            rows = self._rows(queries)
            return self._neighbors(self.unit[rows], k, [[row] for row in rows], restrict)
        directions = unit_queries(np.asarray(queries), self.dim)
        return self._neighbors(directions, k, [[]] * len(directions), restrict)

    def similarity(self, a: str, b: str) -> float:
        """Give the cosine of two words' vectors, from -1 to 1; 0 if one of them is all zeros.

        Raises:
            KeyError: If a word has no vector.
        """
        one, other = unit_rows(self[[a, b]]).astype(np.float64)
        return float(np.clip(one @ other, -1, 1))

    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        k: int = 10,
        *,
        method: Literal["3cosadd", "3cosmul"] = "3cosadd",
        restrict: int | None = None,
    ) -> Neighbors:
        """Answer "a is to b as c is to ?".

        3CosAdd finds the largest cosine with b - a + c (Mikolov, Yih and Zweig 2013); 3CosMul the largest
        cos(x, b) cos(x, c) / (cos(x, a) + 0.001), cosines moved to the range from 0 to 1 (Levy and Goldberg
        2014).

        Args:
            a: A word.
            b: What it goes with.
            c: Another word.
            k: How many answers to give.
            method: "3cosadd" or "3cosmul".
            restrict: Look only among the first so many words; None for all.

        Returns:
            Up to ``k`` words and their scores, the best first, without the three that were asked with.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If the method is unknown, or ``k`` or ``restrict`` is below 1.

        >>> v = WordVectors(["man", "king", "woman", "queen"], [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1]])
        >>> v.analogy("man", "king", "woman", k=1)[0][0]
        'queen'
        """
        if method == "3cosadd":
            return self.most_similar([b, c], k, negative=[a], restrict=restrict)
        if method != "3cosmul":
            raise ValueError(f"method must be '3cosadd' or '3cosmul', got {method!r}; '3cosadd' is the usual one")
        check_counts(k=k, restrict=restrict)
        rows, scores = three_cos_mul(self.unit, self.index(a), self.index(b), self.index(c), k, restrict)
        return [(self._words[row], score) for row, score in zip(rows, scores, strict=True)]

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Find the word that fits the others least: the one farthest from the mean of their unit vectors.

        Args:
            words: Two or more words.

        Returns:
            One of them; of equals the first.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If there are fewer than two words.

        >>> v = WordVectors(["cat", "dog", "car"], [[1, 0.1], [1, 0.2], [0, 1]])
        >>> v.doesnt_match(["cat", "car", "dog"])
        'car'
        """
        if isinstance(words, str) or len(words) < 2:
            raise ValueError(f"words must be two or more words, got {words!r}; one word has nothing to match")
        unit = self.unit[self._rows(words)].astype(np.float64)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    def subset(self, words: Iterable[str], *, missing: Literal["error", "skip"] = "error") -> "WordVectors":
        """Keep some words, in the order in which they are given.

        Args:
            words: The words to keep; repeated ones are kept once.
            missing: "error", or "skip" to leave out words without a vector.

        Returns:
            Vectors of their own, in memory, with the same metadata.

        Raises:
            KeyError: If a word has no vector and ``missing`` is "error".
            ValueError: If ``missing`` is unknown, or ``words`` is a str.
        """
        if missing not in ("error", "skip"):
            raise ValueError(f"missing must be 'error' or 'skip', got {missing!r}; use 'skip' to leave words out")
        if isinstance(words, str):
            raise ValueError(f"words must be an iterable of words, got the str {words[:40]!r}; pass a list")
        kept = [word for word in dict.fromkeys(words) if missing == "error" or word in self]
        return WordVectors(kept, self[kept], metadata=self._metadata)

    def to_embedding(self, vocabulary: HasTokens, *, freeze: bool = True, seed: int = 0) -> "torch.nn.Embedding":
        """Make an embedding layer whose rows follow a vocabulary.

        Args:
            vocabulary: Anything with ``tokens`` in the order of their ids, such as a `Vocabulary`.
            freeze: Whether training leaves the layer as it is.
            seed: Tokens without a vector get normal random numbers chosen by it, with the standard deviation
                that the matrix has. ``<pad>`` gets zeros, and its id becomes the layer's ``padding_idx``.

        Returns:
            A layer with weights of shape (vocabulary, dim).
        """
        table = VectorTable(self._words, self._matrix)
        return embedding_layer(table, self._index, vocabulary, freeze=freeze, seed=seed)

    def to_spacy(self, nlp: "Language") -> "Language":
        """Make these the vectors of a spaCy pipeline, in the place of those it has.

        Args:
            nlp: The pipeline, which is changed.

        Returns:
            The same pipeline.
        """
        set_spacy_vectors(VectorTable(self._words, self._matrix), nlp)
        return nlp

    def save(self, path: str | os.PathLike[str], *, format: str | None = None) -> None:
        """Write the vectors to a file: the whole of it, or nothing.

        The suffix tells the format: .safetensors (any words, metadata, mapped into memory when read), .txt
        (word2vec text), .bin (word2vec binary), .vec (fastText), .tsv (the TensorBoard projector: NAME.tsv,
        and NAME_metadata.tsv beside it). All but .safetensors may have .gz, .xz, .bz2 or .zst after it.

        Args:
            path: Where. Its folder must exist.
            format: A format, whatever the suffix: "safetensors", "word2vec", "word2vec-binary", "fasttext",
                "projector", or "glove" (text without a header, which has the suffix .txt too).

        Raises:
            OSError: If the file cannot be written; an old file stays as it was.
            ValueError: If the format is unknown or cannot hold one of the words, such as one with a space.
        """
        write_vectors(path, VectorTable(self._words, self._matrix, self._metadata), format)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        words: Iterable[str] | None = None,
        limit: int | None = None,
        encoding_errors: EncodingErrors = "strict",
        bad_rows: BadRowPolicy = "error",
        format: str | None = None,
    ) -> "WordVectors":
        """Read vectors from a file in any format that `save` writes.

        In text files the header may be missing, the separator is a space or a tab, and a word may contain
        spaces. A row is bad if it has too few numbers, or one that is no finite number, if its word is empty
        or not UTF-8, or stood in the file before. A header that tells a wrong number of rows is a fault too.

        Args:
            path: The file.
            words: Keep only these words, as far as the file has them, in its order. Rows of others are not
                checked.
            limit: Keep at most this many rows, the first ones. What follows is not looked at.
            encoding_errors: What to do with words that are not UTF-8: "strict" makes the row bad, "replace"
                and "ignore" read it.
            bad_rows: "error", or "skip" to pass over bad rows and count them in a warning.
            format: A format, whatever the suffix; see `save`. "glove" says that the first line is no header.

        Returns:
            The vectors.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If something is wrong with the file (the message names line or byte) or with an
                argument.
        """
        options = ReadOptions(
            words=wanted_words(words), limit=limit, encoding_errors=encoding_errors, bad_rows=bad_rows
        )
        table = read_vectors(path, options, format)
        try:
            return cls(table.words, table.matrix, metadata=table.metadata)
        except ValueError as error:  # in files that are mapped, not read, words and numbers are checked here
            raise ValueError(f"{os.fspath(path)}: {error}") from error

    def _rows(self, words: Sequence[str]) -> list[int]:
        return [self.index(word) for word in words]

    def _neighbors(
        self, directions: Vector, k: int, left_out: Sequence[Sequence[int]], restrict: int | None
    ) -> list[Neighbors]:
        check_counts(k=k, restrict=restrict)
        unit = self.unit[:restrict]
        inside = [[row for row in rows if row < len(unit)] for rows in left_out]
        return [
            [(self._words[row], cosine) for row, cosine in zip(rows, cosines, strict=True)]
            for rows, cosines in nearest(unit, directions, k, inside)
        ]
