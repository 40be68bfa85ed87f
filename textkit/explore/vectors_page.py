"""What the page asks of word vectors; every answer can be written as JSON."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_choice, check_count
from textkit.data import catalog
from textkit.evaluation.pairs import ScoredPair, read_pairs
from textkit.evaluation.similarity import evaluate_similarity
from textkit.evaluation.word_lookup import RowLookup
from textkit.explore.analogy_text import parsed_analogy
from textkit.explore.maps import Maps
from textkit.explore.packing import finite, packed
from textkit.explore.projection import METHODS, Method
from textkit.vectors.comparison import neighbor_overlaps
from textkit.vectors.neighbors import unit_rows
from textkit.vectors.word_vectors import Neighbors, WordVectors

MAP_WORDS = 100_000
"""Maximum number of words on the map: the first ones, which are the most frequent."""

MOST_CLUSTERS = 8
"""As many as there are colors that color-blind people can tell apart."""

_MOST_ANSWERS = 100
_POLE_WORDS = 25  # words listed at each end of an axis
_NAMING_WORDS = 500  # the most frequent words of a cluster, among which its names are chosen
_COMPARED_WORDS = 5_000  # of both vectors, whose neighborhoods are compared


class VectorsPage:
    """Word vectors on the page.

    Args:
        vectors: The vectors.
        path: Their file, beside which maps are cached; None to cache none.
        limit: Number of words that were read at most; None if all were.
    """

    def __init__(self, vectors: WordVectors, path: Path | None = None, limit: int | None = None) -> None:
        self.vectors = vectors
        self._words = vectors.words[:MAP_WORDS]
        self._was_cut = limit is not None and len(vectors) >= limit
        self.maps = Maps(vectors.unit[:MAP_WORDS], path)
        self._map_index = {word: row for row, word in enumerate(self._words)}

    def about(self) -> dict[str, Any]:
        """Describe the vectors, and the words that are on the map."""
        cached = self.maps.cached()
        return {
            "count": len(self.vectors),
            "dim": self.vectors.dim,
            "cut": self._was_cut,
            "words": list(self._words),
            "methods": list(METHODS),
            "method": next((method for method in ("umap", "tsne") if method in cached), "pca"),
            "sets": [name for name in catalog.names("pairs") if catalog.find(name) is not None],
        }

    def map(self, method: Method, start: bool = False) -> dict[str, Any]:
        """Return a map, or how far its computation is.

        Args:
            method: "pca", "umap" or "tsne".
            start: Whether to compute it if it is not there.
        """
        points = self.maps.points(method)
        if points is not None:
            return {"points": packed(points)}
        if start:
            self.maps.start(method)
        return self.maps.progress(method)

    def neighbors(self, word: str, k: int = 20) -> dict[str, Any]:
        """Find the nearest neighbors of a word."""
        check_count("k", k, 1)
        known = self._known(word)
        return {"word": known, "neighbors": self._answers(self.vectors.most_similar(known, min(k, _MOST_ANSWERS)))}

    def analogy(self, query: str, k: int = 10) -> dict[str, Any]:
        """Answer an analogy as it is typed, by 3CosAdd (Mikolov, Yih and Zweig 2013); see `parsed_analogy`."""
        check_count("k", k, 1)
        added, subtracted = ([self._known(word) for word in words] for words in parsed_analogy(query))
        found = self.vectors.most_similar(added, min(k, _MOST_ANSWERS), negative=subtracted)
        return {"added": added, "subtracted": subtracted, "answers": self._answers(found)}

    def axis(self, start: str, end: str) -> dict[str, Any]:
        """Order the words of the map along the direction from one pole to another.

        The position of a word is the cosine of its vector with the difference of the poles' unit vectors.

        Args:
            start: A word, or several separated by commas, whose unit vectors are averaged.
            end: The other pole, likewise.

        Returns:
            ``x`` and ``y``, packed float32: positions along the axis and by frequency, frequent words on top; and the
            outermost words of both ends.

        Raises:
            ValueError: If a pole has no word, or both are equal.
        """
        poles = [self._pole(name, text) for name, text in (("start", start), ("end", end))]
        direction = unit_rows((poles[1] - poles[0])[None])[0]
        if not direction.any():
            raise ValueError(f"start and end must differ, got {start!r} for both; choose another word")
        unit = self.vectors.unit[:MAP_WORDS]
        positions = unit @ direction
        order = np.argsort(positions, kind="stable")
        ranks = np.log1p(np.arange(len(unit)))
        heights = 1 - 2 * ranks / max(float(ranks[-1]), 1e-9)
        extent = max(float(np.abs(positions).max()), 1e-9)

        def listed(rows: NDArray[np.int64]) -> Neighbors:
            return [(self._words[row], float(positions[row])) for row in rows]

        return {
            "x": packed((positions / extent).astype(np.float32)),
            "y": packed(0.95 * heights.astype(np.float32)),
            "extent": extent,
            "start": self._answers(listed(order[:_POLE_WORDS])),
            "end": self._answers(listed(order[::-1][:_POLE_WORDS])),
        }

    def clusters(self, count: int = 8) -> dict[str, Any]:
        """Group the words of the map by k-means on their unit vectors; a cluster is named by three of its words.

        Returns:
            The cluster of each word, packed uint8, and for each cluster its name and number of words.

        Raises:
            ValueError: If the count is below 2, above 8, or above the number of words.
        """
        check_count("count", count, 2)
        if count > min(MOST_CLUSTERS, len(self._words)):
            most = min(MOST_CLUSTERS, len(self._words))
            raise ValueError(f"count must be at most {most}, got {count}; more cannot be told apart by color")
        from sklearn.cluster import MiniBatchKMeans

        unit = self.vectors.unit[:MAP_WORDS]
        model = MiniBatchKMeans(count, n_init=3, batch_size=4096, random_state=0).fit(unit)
        closeness = unit @ unit_rows(model.cluster_centers_.astype(np.float32)).T  # (words, clusters)
        members = [np.flatnonzero(model.labels_ == number) for number in range(count)]
        # The largest cluster first, whatever the order of the centers.
        order = sorted(range(count), key=lambda number: -len(members[number]))
        numbers = np.empty(count, np.uint8)
        numbers[order] = np.arange(count)
        named = []
        for number in order:
            frequent = members[number][:_NAMING_WORDS]
            best = frequent[np.argsort(-closeness[frequent, number], kind="stable")[:3]]
            name = ", ".join(self._words[row] for row in best)
            named.append({"name": name, "words": len(members[number]), "row": int(best[0]) if len(best) else None})
        return {"clusters": packed(numbers[model.labels_]), "named": named}

    def similarity(self, name: str | None = None, text: str | None = None) -> dict[str, Any]:
        """Compare cosines with human scores of word pairs.

        Args:
            name: Name of a set in the catalog that is on this machine; it is never downloaded.
            text: The contents of a file of pairs; see `textkit.evaluation.pairs.read_pairs`. They are not kept.

        Raises:
            ValueError: If neither or both are given, the set is not there, or the text has no pairs.
        """
        if (name is None) == (text is None):
            raise ValueError("one of name and text must be given; choose a set or open a file")
        if name is not None:
            check_choice("name", name, tuple(catalog.names("pairs")))
            path = catalog.find(name)
            if path is None:
                raise ValueError(f"name must be a set that is on this machine, got {name}; see textkit data {name}")
            pairs = read_pairs(path)
        else:
            pairs = _pairs_in(text or "")
        look_up = RowLookup(self.vectors, "fold")
        rows = [(look_up(pair.word1), look_up(pair.word2)) for pair in pairs]
        words = self.vectors.words
        result = evaluate_similarity(self.vectors, {"pairs": pairs}).results[0]
        return {
            "spearman": finite(result.spearman),
            "interval": [finite(result.low), finite(result.high)],
            "usable": result.usable,
            "count": result.pairs,
            "pairs": [
                [pair.word1, pair.word2, pair.score, self.vectors.similarity(words[first], words[second])]
                for pair, (first, second) in zip(pairs, rows, strict=True)
                if first is not None and second is not None
            ],
        }

    def differences(self, other: "VectorsPage", k: int = 25) -> dict[str, Any]:
        """List the words whose neighborhoods in two vectors have least in common (Gonen et al. 2020).

        Args:
            other: The other vectors.
            k: Number of neighbors in a neighborhood.

        Returns:
            The number of words that were compared, and words with the share of neighbors that they have in both.

        Raises:
            ValueError: If fewer than two words are in both.
        """
        found = neighbor_overlaps(self.vectors, other.vectors, None, check_count("k", k, 1), _COMPARED_WORDS)
        return {"compared": len(found), "words": [[word, share] for word, share in found[:_MOST_ANSWERS]]}

    def _known(self, word: str) -> str:
        """Return a word as it is spelled in the vectors, also if only the case differs; KeyError if it is unknown."""
        if not isinstance(word, str):
            raise TypeError(f"word must be a str, got {type(word).__name__}")
        word = word.strip()
        if word in self.vectors:
            return word
        row = RowLookup(self.vectors, "fold")(word)
        return self.vectors.words[self.vectors.index(word) if row is None else row]

    def _pole(self, name: str, text: str) -> NDArray[np.float32]:
        if not isinstance(text, str) or not (words := [word for word in text.split(",") if word.strip()]):
            raise ValueError(f"{name} must be one or more words, got {text!r}")
        unit = unit_rows(self.vectors[[self._known(word) for word in words]])
        return np.asarray(unit_rows(unit.mean(axis=0, keepdims=True))[0])

    def _answers(self, found: Neighbors) -> list[list[Any]]:
        """Return words with their scores and their rows on the map, -1 for those beyond it."""
        return [[word, score, self._map_index.get(word, -1)] for word, score in found]


def _pairs_in(text: str) -> list[ScoredPair]:
    """Read pairs from the contents of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs"
        path.write_text(text, encoding="utf-8")
        try:
            return read_pairs(path)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "the file")) from error
