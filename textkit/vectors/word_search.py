"""Search among word vectors: nearest neighbors, analogies, and the words in between."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from textkit.other_names import other_names
from textkit.vectors.approximate_search import ApproximateSearch
from textkit.vectors.neighbors import nearest, three_cos_mul, unit_rows
from textkit.vectors.query_vectors import Item, are_words, check_counts, negative_items, query_items, unit_queries
from textkit.vectors.word_similarity import Vector, WordSimilarity

Neighbors = list[tuple[str, float]]
Restriction: TypeAlias = int | Iterable[str] | None
"""The words to search: the first N, a list of words, or None for all."""


class WordSearch(WordSimilarity):
    """The part of `WordVectors` that searches for words."""

    @other_names(
        {
            "topn": "k",
            "positive": "query",
            "restrict_vocab": "restrict",
            "clip_start": "restrict",
            "clip_end": "restrict",
            "indexer": "vectors.approximate() and its most_similar_batch",
        }
    )
    def most_similar(
        self,
        query: str | Sequence[Item] | ArrayLike,
        k: int = 10,
        *,
        negative: str | Sequence[Item] | ArrayLike = (),
        restrict: Restriction = None,
    ) -> Neighbors:
        """Find the words whose vectors have the highest cosine similarity to a query.

        Args:
            query: A word, a vector of shape (dim,), or several words, among which vectors may be; their unit vectors
                are added.
            k: Number of words to return.
            negative: Words and vectors whose unit vectors are subtracted.
            restrict: Search only the first N words, or these words; None searches all.

        Returns:
            Up to ``k`` words with their cosines, in descending order; ties are in the order of `words`. The words of
            the query are excluded. A zero query has the cosine 0 with every word.

        Raises:
            KeyError: If a word of the query or of ``restrict`` has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or a vector has the wrong shape or is not finite.

        >>> import textkit
        >>> v = textkit.WordVectors(["tea", "coffee", "cup", "sea"], [[3, 1], [3, 2], [1, 1], [0, 1]])
        >>> [word for word, _ in v.most_similar("tea", k=1, restrict=["cup", "sea"])]
        ['cup']
        """
        added, subtracted = query_items(query), negative_items(negative)
        if not added and not subtracted:
            raise ValueError("query must be a word, words or a vector, got an empty sequence; pass at least one word")
        direction = self._units(added).sum(axis=0)[None]
        if len(added) + len(subtracted) > 1 or subtracted:
            direction = unit_rows(direction - self._units(subtracted).sum(axis=0))
        words = [item for item in (*added, *subtracted) if isinstance(item, str)]
        return self._neighbors(direction, k, [self._present(words)], restrict)[0]

    @other_names({"topn": "k", "restrict_vocab": "restrict"})
    def most_similar_batch(
        self, queries: Sequence[str] | ArrayLike, k: int = 10, *, restrict: Restriction = None
    ) -> list[Neighbors]:
        """Answer many queries like `most_similar`, with one matrix product and in bounded memory.

        Args:
            queries: Words, or vectors of shape (queries, dim).
            k: Number of words to return for each query.
            restrict: Search only the first N words, or these words; None searches all.

        Returns:
            For each query, the result of `most_similar`.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If ``k`` or ``restrict`` is below 1, or the vectors have the wrong shape or are not finite.
        """
        directions, excluded = self._queries(queries)
        return self._neighbors(directions, k, excluded, restrict)

    def approximate(self, *, cells: int | None = None, seed: int = 0) -> ApproximateSearch:
        """Prepare searches that are many times faster in a vocabulary of millions, and may miss a few neighbors.

        Args:
            cells: Number of groups of words; None for twice the square root of the number of words.
            seed: Seed of the grouping.

        Returns:
            A search with its own ``most_similar_batch``; it copies the vectors.

        Raises:
            ValueError: If ``cells`` is below 1.

        >>> import textkit
        >>> v = textkit.WordVectors(["tea", "coffee", "cup", "sea"], [[3, 1], [3, 2], [1, 1], [0, 1]])
        >>> v.approximate().most_similar_batch(["tea"], k=1)[0][0][0]
        'coffee'
        """
        return ApproximateSearch(self, cells=cells, seed=seed)

    @other_names({"topn": "k", "restrict_vocab": "restrict"})
    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        k: int = 10,
        *,
        method: Literal["3cosadd", "3cosmul"] = "3cosadd",
        restrict: Restriction = None,
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
            restrict: Search only the first N words, or these words; None searches all.

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
        unit, searched = self._searched(restrict)
        rows, scores = three_cos_mul(unit, self._units([a, b, c]), k, _places(self._present([a, b, c]), searched))
        return [(self._words[searched[row]], score) for row, score in zip(rows, scores, strict=True)]

    def closer_than(self, a: str, b: str) -> list[str]:
        """Find the words that are closer to ``a`` than ``b`` is.

        Args:
            a: A word.
            b: A word.

        Returns:
            The words with a higher cosine similarity to ``a``, the closest first; without ``a`` itself.

        Raises:
            KeyError: If a word has no vector.

        >>> import textkit
        >>> v = textkit.WordVectors(["tea", "coffee", "cup", "sea"], [[3, 1], [3, 2], [1, 1], [0, 1]])
        >>> v.closer_than("tea", "sea")
        ['coffee', 'cup']
        """
        return [self._words[row] for row in self._closer_rows(a, b)]

    def rank(self, a: str, b: str) -> int:
        """Return the rank of ``b`` among the words closest to ``a``: 1 if no word is closer.

        Raises:
            KeyError: If a word has no vector.
        """
        return len(self._closer_rows(a, b)) + 1

    @other_names({"topn": "k"})
    def relative_cosine(self, a: str, b: str, k: int = 10) -> float:
        """Return the cosine similarity of two words, relative to the sum of those of the nearest neighbors of ``a``.

        Above 1 / k, the words are closer than the neighbors are on average, which is a sign of synonyms (Leeuwenberg et
        al. 2016, A Minimally Supervised Approach for Synonym Extraction with Word Embeddings, equation 1).

        Args:
            a: A word.
            b: A word.
            k: Number of nearest neighbors.

        Returns:
            The quotient.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If ``k`` is below 1, or the cosines of the neighbors sum to 0.
        """
        total = sum(cosine for _, cosine in self.most_similar(a, k))
        if not total:
            raise ValueError(f"a must have neighbors whose cosines do not sum to 0, got {a!r}; compare another word")
        return self.similarity(a, b) / total

    def _closer_rows(self, a: str, b: str) -> list[int]:
        cosines = self.similarities(a)
        (limit,) = self.similarities(a, [b])
        cosines[self._present([a, b])] = -np.inf
        closer = np.flatnonzero(cosines > limit)
        found: list[int] = closer[np.argsort(-cosines[closer], kind="stable")].tolist()
        return found

    def _present(self, words: Sequence[str]) -> list[int]:
        """Return the rows of the words that have one."""
        return [self._index[word] for word in words if word in self._index]

    def _queries(self, queries: Sequence[str] | ArrayLike) -> tuple[Vector, list[list[int]]]:
        """Return the directions of many queries, shape (queries, dim), and the rows that are no answer to each."""
        if isinstance(queries, str):
            raise ValueError(f"queries must be several words or vectors, got the str {queries!r}; use most_similar")
        queries = list(queries) if isinstance(queries, Iterator) else queries
        if are_words(queries):
            return unit_rows(self[queries]), [self._present([word]) for word in queries]
        directions = unit_queries(queries, self.dim)
        return directions, [[] for _ in directions]

    def _searched(self, restrict: Restriction) -> tuple[Vector, Sequence[int]]:
        """Return the unit vectors to search, and the row of each, ascending."""
        if isinstance(restrict, Iterable):
            rows = sorted(set(self._rows(restrict)))
            return self.unit[rows], rows
        unit = self.unit[:restrict]
        return unit, range(len(unit))

    def _neighbors(
        self, directions: Vector, k: int, excluded: Sequence[Sequence[int]], restrict: Restriction
    ) -> list[Neighbors]:
        check_counts(k=k, restrict=restrict)
        unit, searched = self._searched(restrict)
        return [
            [(self._words[searched[row]], cosine) for row, cosine in zip(rows, cosines, strict=True)]
            for rows, cosines in nearest(unit, directions, k, [_places(rows, searched) for rows in excluded])
        ]


def _places(rows: Sequence[int], searched: Sequence[int]) -> list[int]:
    """Return where rows stand among those that are searched, which ascend; others are left out."""
    places = [(bisect_left(searched, row), row) for row in rows]
    return [place for place, row in places if place < len(searched) and searched[place] == row]
