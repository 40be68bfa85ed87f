"""WordVectors: words with their vectors, nearest-neighbor search, analogies, and reading and writing files."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_path
from textkit.fasttext.model_file import is_model_file
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
    """Words with their vectors. Immutable: to change the words, take a `subset` or create a new object.

    Args:
        words: Distinct words; most files list them by descending frequency.
        matrix: Vector of each word; shape (vocab, dim), dim at least 1. A float32 array is not copied.
        metadata: Metadata of the vectors; only .safetensors files can store it.

    Raises:
        TypeError: If a word, or a key or value of ``metadata``, is not a str.
        ValueError: If the number of rows differs from the number of words, a word occurs twice, or a number is not
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
        """The words, in row order."""
        return self._words

    @property
    def matrix(self) -> Vector:
        """The vectors; shape (vocab, dim), float32, read-only, memory-mapped if read from a .safetensors file."""
        return self._matrix

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self._matrix.shape[1])

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the vectors; read-only."""
        return self._metadata

    @cached_property
    def unit(self) -> Vector:
        """The vectors normalized to length 1; shape (vocab, dim), read-only. Zero vectors are unchanged."""
        unit = unit_rows(self._matrix)
        unit.flags.writeable = False
        return unit

    def __deepcopy__(self, memo: dict[int, Any]) -> "WordVectors":
        # The object is immutable, and a search over parameters would copy gigabytes for every fold.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(WordVectors, metadata=dict(self._metadata)), (self._words, self._matrix)

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self._index

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, dim {self.dim})"

    def __getitem__(self, word: str | Sequence[str]) -> Vector:
        """Return the vector of a word, shape (dim,), or of several, shape (words, dim); KeyError if it is unknown."""
        if isinstance(word, str):
            vector: Vector = self._matrix[self.index(word)]
            return vector
        return np.asarray(self._matrix[self._rows(word)])

    def index(self, word: str) -> int:
        """Return the row of a word.

        Raises:
            UnknownWordError: A KeyError, if the word has no vector; the message suggests similar words.
            TypeError: If it is no word, but a list or an array.
        """
        try:
            return self._index[word]
        except KeyError:
            raise UnknownWordError(word, self._words, "words that have a vector") from None
        except TypeError:  # unhashable, such as a vector
            raise TypeError(f"a word must be a str, got {type(word).__name__}; vectors must be a query alone") from None

    def get(self, word: str, default: Vector | None = None) -> Vector | None:
        """Return the vector of a word, shape (dim,), or ``default`` if it has no vector."""
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
        """Find the words whose vectors have the highest cosine similarity to a query.

        Args:
            query: A word, a vector of shape (dim,), or several words, whose unit vectors are added.
            k: Number of words to return.
            negative: Words whose unit vectors are subtracted.
            restrict: Search only the first N words; None searches all.

        Returns:
            Up to ``k`` words with their cosines, in descending order; ties are in the order of `words`. The words of
            the query are excluded. A zero query has the cosine 0 with every word.

        Raises:
            KeyError: If a word of the query has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or a vector has the wrong shape or is not finite.
        """
        negative_rows = self._rows([negative] if isinstance(negative, str) else negative)
        query = [query] if isinstance(query, str) else query
        if are_words(query):
            positive_rows = self._rows(query)
            if not positive_rows and not negative_rows:
                raise ValueError(
                    "query must be a word, words or a vector, got an empty sequence; pass at least one word"
                )
            direction = self.unit[positive_rows].sum(axis=0)[None]
        else:
            positive_rows = []
            direction = unit_queries(cast(ArrayLike, [query]), self.dim)
        if negative_rows or len(positive_rows) > 1:
            direction = unit_rows(direction - self.unit[negative_rows].sum(axis=0))
        return self._neighbors(direction, k, [positive_rows + negative_rows], restrict)[0]

    def most_similar_batch(
        self, queries: Sequence[str] | ArrayLike, k: int = 10, *, restrict: int | None = None
    ) -> list[Neighbors]:
        """Answer many queries like `most_similar`, with one matrix product and in bounded memory.

        Args:
            queries: Words, or vectors of shape (queries, dim).
            k: Number of words to return for each query.
            restrict: Search only the first N words; None searches all.

        Returns:
            For each query, the result of `most_similar`.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or the vectors have the wrong shape or are not finite.
        """
        if isinstance(queries, str):
            raise ValueError(f"queries must be several words or vectors, got the str {queries!r}; use most_similar")
        queries = list(queries) if isinstance(queries, Iterator) else queries
        if are_words(queries):
            rows = self._rows(queries)
            return self._neighbors(self.unit[rows], k, [[row] for row in rows], restrict)
        directions = unit_queries(queries, self.dim)
        return self._neighbors(directions, k, [[]] * len(directions), restrict)

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine similarity of two words, from -1 to 1; 0 if one of the vectors is zero.

        Raises:
            KeyError: If a word has no vector.
        """
        unit_a, unit_b = unit_rows(self[[a, b]]).astype(np.float64)
        return float(np.clip(unit_a @ unit_b, -1, 1))

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

        3CosAdd maximizes the cosine with b - a + c (Mikolov, Yih and Zweig 2013); 3CosMul maximizes
        cos(x, b) cos(x, c) / (cos(x, a) + 0.001), with cosines shifted to the range from 0 to 1 (Levy and Goldberg
        2014).

        Args:
            a: First word of the known pair.
            b: Second word of the known pair.
            c: First word of the pair to complete.
            k: Number of answers to return.
            method: "3cosadd" or "3cosmul".
            restrict: Search only the first N words; None searches all.

        Returns:
            Up to ``k`` words with their scores, the best first; ``a``, ``b`` and ``c`` are excluded.

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
            raise ValueError(f"method must be '3cosadd' or '3cosmul', got {method!r}; '3cosadd' is the default")
        check_counts(k=k, restrict=restrict)
        rows, scores = three_cos_mul(self.unit, self.index(a), self.index(b), self.index(c), k, restrict)
        return [(self._words[row], score) for row, score in zip(rows, scores, strict=True)]

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Find the word that fits the others least: the one farthest from the mean of the unit vectors.

        Args:
            words: Two or more words.

        Returns:
            One of the words; the first one in case of a tie.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If there are fewer than two words.

        >>> v = WordVectors(["cat", "dog", "car"], [[1, 0.1], [1, 0.2], [0, 1]])
        >>> v.doesnt_match(["cat", "car", "dog"])
        'car'
        """
        if isinstance(words, str) or len(words) < 2:
            raise ValueError(f"words must be two or more words, got {words!r}; pass a list of words to compare")
        unit = self.unit[self._rows(words)].astype(np.float64)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    def subset(self, words: Iterable[str], *, missing: Literal["error", "skip"] = "error") -> "WordVectors":
        """Select words, in the given order.

        Args:
            words: Words to keep; duplicates are kept once.
            missing: "error", or "skip" to ignore words without a vector.

        Returns:
            New vectors in memory, with the same metadata.

        Raises:
            KeyError: If a word has no vector and ``missing`` is "error".
            ValueError: If ``missing`` is unknown, or ``words`` is a str.
        """
        if missing not in ("error", "skip"):
            raise ValueError(
                f"missing must be 'error' or 'skip', got {missing!r}; use 'skip' to ignore words without a vector"
            )
        if isinstance(words, str):
            raise ValueError(f"words must be an iterable of words, got the str {words[:40]!r}; pass a list")
        kept = [word for word in dict.fromkeys(words) if missing == "error" or word in self]
        return WordVectors(kept, self[kept], metadata=self._metadata)

    def to_embedding(self, vocabulary: HasTokens, *, freeze: bool = True, seed: int = 0) -> "torch.nn.Embedding":
        """Create an embedding layer with a row for each token of a vocabulary.

        Args:
            vocabulary: Any object with ``tokens`` in id order, such as a `Vocabulary`.
            freeze: Whether to exclude the layer from training.
            seed: Seed for the tokens without a vector, which get normally distributed random vectors with the standard
                deviation of the matrix. ``<pad>`` gets zeros, and its id becomes the layer's ``padding_idx``.

        Returns:
            A layer with weights of shape (vocabulary, dim).
        """
        table = VectorTable(self._words, self._matrix)
        return embedding_layer(table, self._index, vocabulary, freeze=freeze, seed=seed)

    def to_spacy(self, nlp: "Language") -> "Language":
        """Replace the vectors of a spaCy pipeline by these.

        Args:
            nlp: Pipeline, changed in place.

        Returns:
            The same pipeline.
        """
        set_spacy_vectors(VectorTable(self._words, self._matrix), nlp)
        return nlp

    def save(self, path: str | os.PathLike[str], *, format: str | None = None) -> None:
        """Write the vectors to a file, atomically.

        The suffix determines the format: .safetensors (any words, with metadata, memory-mapped when read), .txt
        (word2vec text), .bin (word2vec binary), .vec (fastText), .tsv (the TensorBoard projector: NAME.tsv,
        and NAME_metadata.tsv beside it). All but .safetensors may be compressed: append .gz, .xz, .bz2 or .zst.

        Args:
            path: File to write. Its folder must exist.
            format: Format to use regardless of the suffix: "safetensors", "word2vec", "word2vec-binary", "fasttext",
                "projector", or "glove" (text without a header, also with the suffix .txt).

        Raises:
            OSError: If the file cannot be written; an existing file is then unchanged.
            ValueError: If the format is unknown or cannot store one of the words, such as a word with a space, or
                NAME_metadata.tsv is a file of something else.
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
        """Read vectors from a file in any format that `save` writes, or from a model of fastText, .bin or .ftz.

        A model of fastText gives `SubwordVectors`, which have vectors of unknown words too; with ``words`` or ``limit``
        the vectors of known words only.

        In text files, the header may be missing, the separator is a space or a tab, and a word may contain spaces. A
        row is bad if it has too few numbers or one that is not finite, or if its word is empty, not UTF-8 or a
        duplicate. A header with a wrong number of rows is an error too.

        Args:
            path: File to read.
            words: Keep only these words, in the order of the file; words that are not in it are ignored. The rows of
                other words are not checked.
            limit: Keep only the first N rows. The rest of the file is not read.
            encoding_errors: Treatment of words that are not UTF-8: with "strict" the row is bad, "replace" reads the
                bytes as U+FFFD, "ignore" drops them.
            bad_rows: "error", or "skip" to skip bad rows and report their number in a warning.
            format: Format to use regardless of the suffix; see `save`. "glove" means that the first line is not a
                header.

        Returns:
            The vectors.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If the file is malformed (the message names the line or byte) or an argument is invalid.
        """
        options = ReadOptions(
            words=wanted_words(words), limit=limit, encoding_errors=encoding_errors, bad_rows=bad_rows
        )
        path = check_path("path", path)
        if format is None and (is_model_file(path) or path.suffix == ".ftz"):
            from textkit.vectors.subword_vectors import load_model  # its class is built on this one

            return load_model(path, options)
        table = read_vectors(path, options, format)
        try:
            return cls(table.words, table.matrix, metadata=table.metadata)
        except ValueError as error:
            # Memory-mapped files are not checked while reading, so their errors still lack the path.
            raise ValueError(f"{os.fspath(path)}: {error}") from error

    def _rows(self, words: Sequence[str]) -> list[int]:
        if not isinstance(words, Iterable):
            raise TypeError(
                f"a word must be a str, got {words!r}; vectors by row number are in .matrix, words in .words"
            )
        return [self.index(word) for word in words]

    def _neighbors(
        self, directions: Vector, k: int, excluded: Sequence[Sequence[int]], restrict: int | None
    ) -> list[Neighbors]:
        check_counts(k=k, restrict=restrict)
        unit = self.unit[:restrict]
        excluded = [[row for row in rows if row < len(unit)] for rows in excluded]
        return [
            [(self._words[row], cosine) for row, cosine in zip(rows, cosines, strict=True)]
            for rows, cosines in nearest(unit, directions, k, excluded)
        ]
