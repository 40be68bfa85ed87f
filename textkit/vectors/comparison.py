"""Compare two sets of word vectors, of two periods or languages: by rotation, and by the neighbors of words."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.vectors.neighbors import nearest, unit_rows

if TYPE_CHECKING:
    from textkit.vectors.word_vectors import WordVectors

Anchors: TypeAlias = int | Iterable[str] | Mapping[str, str] | None
_WORDS_AT_ONCE = 1 << 13


def rotated(vectors: "WordVectors", other: "WordVectors", anchors: Anchors) -> NDArray[np.float32]:
    """Rotate vectors such that the anchors are as close to their counterparts as possible; see `WordVectors.align_to`.

    Returns:
        Shape (vocab, dim).

    Raises:
        KeyError: If an anchor has no vector.
        ValueError: If the dimensions differ, or there are no anchors.
    """
    if vectors.dim != other.dim:
        raise ValueError(f"other must have vectors of dim {vectors.dim}, got {other.dim}; train both with the same dim")
    pairs = _anchor_rows(vectors, other, anchors)
    # Anchors of length 1, so that the cosines count, as in the authors' program.
    source, target = (
        unit_rows(side.matrix[rows], np.float64) for side, rows in zip((vectors, other), pairs, strict=True)
    )
    if len(source) < vectors.dim:
        warnings.warn(
            f"anchors should be at least as many as the {vectors.dim} dimensions, got {len(source)}; the rotation is "
            "not determined by them",
            stacklevel=3,
        )
    # Peter Schoenemann (1966), A generalized solution of the orthogonal Procrustes problem, Psychometrika 31.
    left, _, right = np.linalg.svd(source.T @ target)
    rotation = left @ right
    matrix = np.empty(vectors.matrix.shape, np.float32)
    for start in range(0, len(matrix), _WORDS_AT_ONCE):
        part = slice(start, start + _WORDS_AT_ONCE)
        matrix[part] = vectors.matrix[part].astype(np.float64) @ rotation
    return matrix


def neighbor_overlaps(
    vectors: "WordVectors", other: "WordVectors", words: Sequence[str] | None, k: int, restrict: int | None
) -> list[tuple[str, float]]:
    """Compute the share of nearest neighbors that words have in both; see `WordVectors.neighbor_overlap`.

    Raises:
        KeyError: If one of the words is not in both.
        ValueError: If ``k`` or ``restrict`` is below 1, ``words`` is a str, or fewer than two words are in both.
    """
    check_count("k", k, 1, remedy="the paper takes 1000")
    if restrict is not None:
        check_count("restrict", restrict, 2, remedy="pass a number of words, or None for all that are in both")
    if isinstance(words, str):
        raise ValueError(f"words must be several words, got the str {words[:40]!r}; pass [{words[:40]!r}]")
    shared = [word for word in vectors.words if word in other][:restrict]
    asked = shared if words is None else list(words)
    if len(shared) < 2:
        raise ValueError(f"other must have at least two words in common, got {len(shared)}; check its language")
    place = {word: position for position, word in enumerate(shared)}
    left_out = [[place[word]] if word in place else [] for word in asked]
    found = [nearest(unit_rows(side[shared]), unit_rows(side[asked]), k, left_out) for side in (vectors, other)]
    overlaps = [
        len(set(ours).intersection(theirs)) / max(1, len(ours)) for (ours, _), (theirs, _) in zip(*found, strict=True)
    ]
    return sorted(zip(asked, overlaps, strict=True), key=lambda pair: pair[1])


def _anchor_rows(vectors: "WordVectors", other: "WordVectors", anchors: Anchors) -> tuple[list[int], list[int]]:
    if isinstance(anchors, str):
        raise ValueError(f"anchors must be several words, got the str {anchors[:40]!r}; pass a list of words")
    if anchors is None or not isinstance(anchors, Iterable):
        if anchors is not None:
            check_count("anchors", anchors, 1, remedy="pass a number of words, a list of words, or None for all")
        words = [word for word in vectors.words if word in other][:anchors]
        pairs = [(word, word) for word in words]
    elif isinstance(anchors, Mapping):
        pairs = list(anchors.items())
    else:
        pairs = [(word, word) for word in anchors]
    if not pairs:
        raise ValueError("anchors must be words that both have, got none; pass a dict from words to those of other")
    return [vectors.index(ours) for ours, _ in pairs], [other.index(theirs) for _, theirs in pairs]
