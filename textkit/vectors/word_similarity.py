"""Look up words, and compare words, sets of words and texts by their vectors."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.other_names import other_names
from textkit.text.tokenizers import Tokenizer
from textkit.text.unknown_words import UnknownWordError
from textkit.vectors.gensim_attributes import gensim_attribute
from textkit.vectors.neighbors import exact_cosines, unit_rows
from textkit.vectors.query_vectors import Item, are_words, unit_queries
from textkit.vectors.word_mover import word_movers_distance

if TYPE_CHECKING:
    from textkit.vectors.word_vectors import WordVectors

Vector = NDArray[np.float32]


class WordSimilarity:
    """The part of `WordVectors` that looks words up and compares them with each other."""

    _words: tuple[str, ...]
    _index: Mapping[str, int]
    _matrix: Vector

    if not TYPE_CHECKING:  # which would take every attribute for one of gensim
        __getattr__ = gensim_attribute

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self._matrix.shape[1])

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
            raise TypeError(
                f"a word must be a str, got {type(word).__name__}; vectors can only be part of a query"
            ) from None

    def __getitem__(self, word: str | Sequence[str]) -> Vector:
        """Return the vector of a word, shape (dim,), or of several, shape (words, dim); KeyError if it is unknown."""
        if isinstance(word, str):
            vector: Vector = self._matrix[self.index(word)]
            return vector
        return np.asarray(self._matrix[self._rows(word)])

    def similarity(self, a: str | ArrayLike, b: str | ArrayLike) -> float:
        """Return the cosine similarity of two words or vectors, from -1 to 1; 0 if one of the vectors is zero.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If a vector has the wrong shape or is not finite.
        """
        unit_a, unit_b = self._units([self._item(a), self._item(b)]).astype(np.float64)
        return float(np.clip(unit_a @ unit_b, -1, 1))

    def similarities(self, query: str | ArrayLike, words: Sequence[str] | None = None) -> NDArray[np.float64]:
        """Compute the cosine similarity of a word or vector with many words.

        Args:
            query: A word, or a vector of shape (dim,).
            words: Words to compare it with; None for all, in the order of `words`.

        Returns:
            Shape (words,), from -1 to 1; 0 where one of the vectors is zero.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If a vector has the wrong shape or is not finite, or ``words`` is a str.

        >>> import textkit
        >>> v = textkit.WordVectors(["cat", "dog", "car"], [[3, 0], [4, 3], [0, 2]])
        >>> v.similarities("cat", ["dog", "car"]).round(2).tolist()
        [0.8, 0.0]
        """
        if isinstance(words, str):
            raise ValueError(f"words must be several words, got the str {words[:40]!r}; use similarity")
        (direction,) = self._units([self._item(query)])
        unit = self.unit if words is None else unit_rows(self[words])
        return exact_cosines(unit, direction)

    def n_similarity(self, a: Sequence[str], b: Sequence[str]) -> float:
        """Return the cosine similarity of two sets of words: of the means of their vectors.

        Args:
            a: Words, one or more; a repeated word counts again.
            b: Words, one or more.

        Returns:
            A number from -1 to 1; 0 if one of the means is zero.

        Raises:
            KeyError: If a word has no vector.
            ValueError: If there are no words, or a str is given instead of words.

        >>> import textkit
        >>> v = textkit.WordVectors(["cat", "dog", "car"], [[3, 0], [0, 3], [2, 2]])
        >>> round(v.n_similarity(["cat", "dog"], ["car"]), 4)
        1.0
        """
        return self.similarity(self._mean("a", a), self._mean("b", b))

    @other_names({"norm": "normalize"})
    def wmd(self, a: object, b: object, *, normalize: bool = True, tokenizer: str | Tokenizer | None = None) -> float:
        """Compute the word mover's distance of two texts: how far the words of one must travel to become the other's.

        It is exact (Kusner et al. 2015, From Word Embeddings To Document Distances). Unknown words are left out; the
        authors leave out stop words too. The time grows with the cube of the number of different words.

        Args:
            a: A text: a str or a list of words.
            b: A text.
            normalize: Whether vectors are scaled to length 1 first, as gensim does; the paper takes them as they are.
            tokenizer: As for `embed_texts`.

        Returns:
            The mean Euclidean distance that a word travels; inf if a text has no known word.

        Raises:
            TypeError: If a text is neither a str nor a list of str.
            ValueError: If a text is missing, or must be split and the tokenizer is unknown.

        >>> import textkit
        >>> v = textkit.WordVectors(["tea", "coffee", "sea"], [[0, 1], [1, 0], [0, -1]])
        >>> v.wmd(["tea", "sea"], ["tea", "tea"])
        1.0
        """
        return word_movers_distance(cast("WordVectors", self), a, b, normalize=normalize, tokenizer=tokenizer)

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
        unit = unit_rows(self[words]).astype(np.float64)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    def _rows(self, words: Iterable[str]) -> list[int]:
        if not isinstance(words, Iterable):
            raise TypeError(
                f"a word must be a str, got {words!r}; vectors by row number are in .matrix, words in .words"
            )
        return [self.index(word) for word in words]

    def _item(self, query: Any) -> Item:
        """Return a word or vector as it is; a number or None counts as an unknown word."""
        if not hasattr(query, "__len__"):
            self.index(query)
        return cast(Item, query)

    def _units(self, items: Sequence[Item]) -> Vector:
        """Return the unit vectors of words and vectors, shape (items, dim)."""
        units = np.empty((len(items), self.dim), np.float32)
        for is_word in (True, False):
            places = [place for place, item in enumerate(items) if isinstance(item, str) == is_word]
            if places:
                chosen: Any = [items[place] for place in places]
                units[places] = unit_rows(self[chosen]) if is_word else unit_queries(chosen, self.dim)
        return units

    def _mean(self, name: str, words: Sequence[str]) -> NDArray[np.float64]:
        if isinstance(words, str) or not are_words(words) or not len(words):
            raise ValueError(f"{name} must be one or more words, got {words!r}; pass a list of words")
        return cast(NDArray[np.float64], self[words].astype(np.float64).mean(axis=0))
