"""Vectors of texts: weighted means of word vectors, and smooth inverse frequency (SIF).

Sanjeev Arora, Yingyu Liang and Tengyu Ma (2017), A Simple but Tough-to-Beat Baseline for Sentence Embeddings, ICLR.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import is_finite
from textkit.data.tables import Document, check_document
from textkit.text.saved_tokenizer import is_built_in
from textkit.text.tokenizers import NamedTokenizer, Tokenizer, get_tokenizer

if TYPE_CHECKING:
    from textkit.vectors.word_vectors import WordVectors

Weighting: TypeAlias = Literal["mean", "sif"]
Frequencies: TypeAlias = Mapping[str, float] | ArrayLike

_TEXTS = 1 << 10  # texts embedded at a time
_ROWS = 1 << 13


class TextSums:
    """Counts the known words of texts, and adds up their vectors.

    Args:
        vectors: Word vectors.
        tokenizer: Tokenizer for the texts; None for that in the metadata of the vectors.
    """

    def __init__(self, vectors: "WordVectors", tokenizer: str | Tokenizer | None) -> None:
        self.vectors = vectors
        self._rows = vectors._index
        self._tokenizer = None if tokenizer is None else get_tokenizer(tokenizer)

    def batches(self, texts: Iterable[object]) -> Iterator[Any]:
        """Count the words of texts, a thousand of them at a time.

        Args:
            texts: Texts, each a str or a list of tokens.

        Yields:
            A sparse matrix of counts, (texts, vocab) float32, with sorted columns.

        Raises:
            TypeError: If ``texts`` is a single str or a set, or a text is neither a str nor a list of str.
            ValueError: If a text is missing, or there is no tokenizer.
        """
        from scipy.sparse import csr_matrix

        if isinstance(texts, str):
            raise TypeError("texts must be a list of texts, got a single str; pass [text]")
        if isinstance(texts, set | frozenset | Mapping) or hasattr(texts, "columns") or not isinstance(texts, Iterable):
            raise TypeError(f"texts must be a list of texts, got {type(texts).__name__}; pass a list or a column")
        documents = (check_document(text, f"row {number} of texts") for number, text in enumerate(texts, start=1))
        while batch := list(islice(documents, _TEXTS)):
            tokens = self._tokens(batch)
            lengths = np.fromiter(map(len, tokens), np.int64, len(batch))
            found = map(self._rows.get, chain.from_iterable(tokens), repeat(-1))
            rows = np.fromiter(found, np.int64, int(lengths.sum()))
            known = rows >= 0
            ends = np.concatenate([[0], np.cumsum(known)])[np.concatenate([[0], np.cumsum(lengths)])]
            ones = np.ones(int(ends[-1]), np.float32)
            counts = csr_matrix((ones, rows[known], ends), shape=(len(batch), len(self.vectors)))
            counts.sum_duplicates()
            yield counts

    def sums(self, weights: Any) -> NDArray[np.float32]:
        """Add up the vectors of words.

        Args:
            weights: Sparse matrix, (texts, vocab) float32.

        Returns:
            Shape (texts, dim).
        """
        from scipy.sparse import csr_matrix

        used, columns = np.unique(weights.indices, return_inverse=True)
        dense = csr_matrix((weights.data, columns, weights.indptr), shape=(weights.shape[0], len(used)))
        return np.asarray(dense @ np.ascontiguousarray(self.vectors.matrix[used]), np.float32)

    def _tokens(self, batch: list[Document]) -> list[list[str]]:
        texts = [text for text in batch if isinstance(text, str)]
        if not texts:
            return [list(text) for text in batch]
        if self._tokenizer is None:
            self._tokenizer = _saved_tokenizer(self.vectors)
        split = self._tokenizer.pipe(texts)
        return [next(split) if isinstance(text, str) else text for text in batch]


def weighted_means(
    texts: Iterable[object], sums: TextSums, weights: NDArray[np.float32] | None = None, *, normalize: bool = False
) -> NDArray[np.float32]:
    """Compute the mean of the weighted vectors of the known words of each text.

    Args:
        texts: Texts, each a str or a list of tokens; they are read once, a batch at a time.
        sums: Word vectors and tokenizer.
        weights: Weight of each word; shape (vocab,). None for 1.
        normalize: Whether to divide by the sum of the weights, rather than by the number of words.

    Returns:
        Shape (texts, dim); a text without a known word has zeros.
    """
    blocks = []
    for counts in sums.batches(texts):
        weighted = counts if weights is None else counts.copy()
        if weights is not None:
            weighted.data *= weights[counts.indices]
        total = np.asarray((weighted if normalize else counts).sum(axis=1), np.float32)  # (texts, 1)
        blocks.append(sums.sums(weighted) / np.where(total > 0, total, 1))
    return np.concatenate([np.empty((0, sums.vectors.dim), np.float32), *blocks])


def sif_weights(vectors: "WordVectors", a: float, frequencies: Frequencies | None) -> NDArray[np.float32]:
    """Compute the weight a / (a + p) of each word, where p is its relative frequency.

    Args:
        vectors: Word vectors.
        a: The constant, above 0.
        frequencies: Counts or relative frequencies of the words; None for the counts of the vectors. A word that is
            not in a mapping has the frequency 0.

    Returns:
        Shape (vocab,).

    Raises:
        ValueError: If ``a`` is no finite number above 0, the frequencies are unknown, of a wrong shape, negative, not
            finite or all 0.
    """
    if not is_finite(a) or a <= 0:
        raise ValueError(f"a must be a finite number above 0, got {a!r}; 0.001 is usual")
    if frequencies is None:
        if vectors.counts is None:
            raise ValueError(
                "weighting='sif' must know how often each word occurs, got vectors without counts; pass "
                "frequencies={word: count, ...}, or use weighting='mean'"
            )
        values = vectors.counts.astype(np.float64)
    elif isinstance(frequencies, Mapping):
        values = np.array([frequencies.get(word, 0) for word in vectors.words], np.float64)
    else:
        values = np.asarray(frequencies, np.float64)
    if values.shape != (len(vectors),):
        raise ValueError(
            f"frequencies must have a number for each of the {len(vectors)} words, got shape {values.shape}; pass a "
            "dict of words"
        )
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        raise ValueError("frequencies must be finite, at least 0 and not all 0, got others; count the words again")
    return np.asarray(a / (a + values / values.sum()), np.float32)


def main_direction(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the first principal component of rows, without centering them, as the paper does.

    Args:
        matrix: Shape (texts, dim).

    Returns:
        A vector of length 1, shape (dim,).
    """
    gram = np.zeros((matrix.shape[1], matrix.shape[1]))
    for start in range(0, len(matrix), _ROWS):
        block = matrix[start : start + _ROWS].astype(np.float64)
        gram += block.T @ block
    direction: NDArray[np.float64] = np.linalg.eigh(gram)[1][:, -1]
    return direction


def remove_direction(matrix: NDArray[np.float32], direction: NDArray[np.float64]) -> None:
    """Subtract from each row its projection on a vector of length 1, in place."""
    for start in range(0, len(matrix), _ROWS):
        block = matrix[start : start + _ROWS].astype(np.float64)
        matrix[start : start + _ROWS] = block - (block @ direction)[:, None] * direction


def embed_texts(
    vectors: "WordVectors",
    texts: Iterable[object],
    *,
    weighting: Weighting,
    a: float,
    frequencies: Frequencies | None,
    remove_component: bool,
    tokenizer: str | Tokenizer | None,
) -> NDArray[np.float32]:
    """Compute a vector for each text; see `WordVectors.embed_texts`.

    Raises:
        ValueError: If the weighting is unknown, its arguments are unusable, or SIF is given a single text.
    """
    if weighting not in get_args(Weighting):
        raise ValueError(f"weighting must be 'mean' or 'sif', got {weighting!r}; choose one of them")
    if weighting == "mean":
        if frequencies is not None:
            raise ValueError("frequencies must be None with weighting='mean', got others; pass weighting='sif'")
        return weighted_means(texts, TextSums(vectors, tokenizer))
    weights = sif_weights(vectors, a, frequencies)
    means = weighted_means(texts, TextSums(vectors, tokenizer), weights)
    if remove_component and len(means) == 1:
        raise ValueError(
            "texts must be at least two to remove what they have in common, got 1; pass remove_component=False, or use "
            "textkit.TextFeatures, which learns it from other texts"
        )
    if remove_component:
        remove_direction(means, main_direction(means))
    return means


def _saved_tokenizer(vectors: "WordVectors") -> NamedTokenizer:
    """Return the tokenizer that the metadata name.

    Raises:
        ValueError: If they name none, or one that the name alone does not give back, such as a function, which is code.
    """
    name = vectors.metadata.get("tokenizer", "")
    if not name or not is_built_in(name):
        got = f"{name!r} in the metadata of the vectors" if name else "vectors whose metadata name none"
        raise ValueError(
            f"tokenizer must be given to split texts, got {got}; pass the one that the vectors were trained with, such "
            "as tokenizer='word-lower', or lists of words"
        )
    return get_tokenizer(name)
