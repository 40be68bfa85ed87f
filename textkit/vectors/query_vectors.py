"""Check the queries of a search, which are words or vectors."""

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_count
from textkit.vectors.neighbors import unit_rows

Item: TypeAlias = str | ArrayLike
"""A word or a vector."""


def are_words(query: Any) -> TypeGuard[Sequence[str]]:
    """Return whether a query consists of words rather than numbers. An empty sequence counts as words.

    >>> are_words(["a", "b"]), are_words([1.5, 2.0])
    (True, False)
    """
    if isinstance(query, np.ndarray) or hasattr(query, "to_numpy"):  # or a column of pandas
        array = np.asarray(query)
        return array.dtype.kind == "U" or (array.dtype.kind == "O" and all(isinstance(word, str) for word in query))
    return isinstance(query, Sequence) and all(isinstance(word, str) for word in query)


def query_items(query: Any) -> list[Item]:
    """Split a query into the words and vectors that are added up.

    Args:
        query: A word, a vector, several words, or words mixed with vectors.

    Returns:
        The words and vectors.

    >>> query_items("a"), query_items(["a", "b"]), query_items([1.5, 2.0]), query_items(["a", [1.5, 2.0]])
    (['a'], ['a', 'b'], [[1.5, 2.0]], ['a', [1.5, 2.0]])
    """
    if isinstance(query, str):
        return [query]
    if are_words(query) or (isinstance(query, Sequence) and any(isinstance(item, str) for item in query)):
        return list(query)
    return [cast(Item, query)]


def negative_items(negative: Any) -> list[Item]:
    """Split what is subtracted into words and vectors; unlike a query, it may be a set, or a list of vectors only.

    >>> negative_items([[1.5, 2.0]]), negative_items([1.5, 2.0])
    ([[1.5, 2.0]], [[1.5, 2.0]])
    """
    if isinstance(negative, Set | Iterator):
        return list(negative)
    if isinstance(negative, Sequence | np.ndarray) and len(negative) and np.ndim(negative[0]):
        return list(negative)
    return query_items(negative)


def unit_queries(queries: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Check query vectors and normalize them to length 1.

    Args:
        queries: Shape (queries, dim).
        dim: Required dimension.

    Returns:
        Shape (queries, dim); zero vectors are unchanged.

    Raises:
        ValueError: If the shape is wrong, or a number is not finite.
    """
    try:
        queries = np.asarray(queries)
    except ValueError:  # words among vectors, or vectors of different lengths
        raise ValueError(
            f"a query must be a known word or a vector of {dim} numbers, or several of one kind, got a mixture; look "
            "the words up first, and add their vectors"
        ) from None
    if queries.ndim != 2 or queries.shape[1] != dim or queries.dtype.kind not in "fiu":
        raise ValueError(
            f"a query must be a known word or a vector of {dim} numbers, got {queries.dtype} of shape "
            f"{queries.shape[1:]}; use most_similar_batch for several queries"
        )
    wide = queries.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("a query must be a vector of finite numbers, got nan or inf; check how it was computed")
    # Divide by the largest number first, so that every finite float64 vector fits into float32.
    largest = np.abs(wide).max(axis=1, keepdims=True)
    return unit_rows((wide / np.where(largest > 0, largest, 1)).astype(np.float32))


def check_counts(*, k: int, restrict: object) -> None:
    """Check the number of results and the words to search.

    Raises:
        ValueError: If ``k`` is no integer or below 1, or ``restrict`` is neither words nor an integer of at least 1.
    """
    check_count("k", k, 1, remedy="ask for one word or more")
    if restrict is not None and (isinstance(restrict, str) or not isinstance(restrict, Iterable)):
        check_count("restrict", restrict, 1, remedy="pass a number of words, a list of words, or None to search all")
