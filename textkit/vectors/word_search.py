"""Search among word vectors: nearest neighbors, analogies, and the odd one out."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.other_names import other_names
from textkit.text.unknown_words import UnknownWordError
from textkit.vectors.neighbors import nearest, three_cos_mul, unit_rows
from textkit.vectors.query_vectors import are_words, check_counts, unit_queries

Vector = NDArray[np.float32]
Neighbors = list[tuple[str, float]]


class WordSearch:
    """The part of `WordVectors` that looks words up and compares their vectors."""

    _words: tuple[str, ...]
    _index: dict[str, int]
    _matrix: Vector

    @cached_property
    def unit(self) -> Vector:
        """The vectors normalized to length 1; shape (vocab, dim), read-only. Zero vectors are unchanged."""
        unit = unit_rows(self._matrix)
        unit.flags.writeable = False
        return unit

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

    @other_names({"topn": "k", "positive": "query", "restrict_vocab": "restrict", "clip_end": "restrict"})
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
            direction = unit_queries(cast(ArrayLike, [query]), self._matrix.shape[1])
        if negative_rows or len(positive_rows) > 1:
            direction = unit_rows(direction - self.unit[negative_rows].sum(axis=0))
        return self._neighbors(direction, k, [positive_rows + negative_rows], restrict)[0]

    @other_names({"topn": "k", "restrict_vocab": "restrict"})
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
        directions = unit_queries(queries, self._matrix.shape[1])
        return self._neighbors(directions, k, [[]] * len(directions), restrict)

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine similarity of two words, from -1 to 1; 0 if one of the vectors is zero.

        Raises:
            KeyError: If a word has no vector.
        """
        unit_a, unit_b = unit_rows(self._matrix[self._rows([a, b])]).astype(np.float64)
        return float(np.clip(unit_a @ unit_b, -1, 1))

    @other_names({"topn": "k", "restrict_vocab": "restrict"})
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

        >>> import textkit
        >>> v = textkit.WordVectors(["man", "king", "woman", "queen"], [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1]])
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

        >>> import textkit
        >>> v = textkit.WordVectors(["cat", "dog", "car"], [[1, 0.1], [1, 0.2], [0, 1]])
        >>> v.doesnt_match(["cat", "car", "dog"])
        'car'
        """
        if isinstance(words, str) or len(words) < 2:
            raise ValueError(f"words must be two or more words, got {words!r}; pass a list of words to compare")
        unit = self.unit[self._rows(words)].astype(np.float64)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

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
