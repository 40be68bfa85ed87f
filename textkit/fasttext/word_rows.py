"""The rows of words and of their n-grams in the input of a model."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.model_file import FastTextModel
from textkit.fasttext.subwords import subword_buckets


class WordRows:
    """Sums the rows of words and of their n-grams.

    Args:
        model: The model.
    """

    def __init__(self, model: FastTextModel) -> None:
        self._model = model

    def sums(self, words: Sequence[bytes], own: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Sum the rows of words.

        Args:
            words: The words.
            own: (words,) the row of each word, -1 for an unknown one, which has n-grams only.

        Returns:
            The sums, (words, dim), and how many rows each consists of.
        """
        settings, dictionary = self._model.settings, self._model.dictionary
        owners = np.flatnonzero(own >= 0)
        rows = own[owners]
        if settings.has_subwords:
            ngram_owners, buckets = subword_buckets(words, settings.min_n, settings.max_n, settings.buckets)
            if dictionary.kept is not None:
                places = np.array([self._row_of_bucket.get(bucket, -1) for bucket in buckets.tolist()], np.int64)
                ngram_owners, buckets = ngram_owners[places >= 0], places[places >= 0]
            owners, rows = np.concatenate([owners, ngram_owners]), np.concatenate([rows, buckets + dictionary.n_words])
            order = np.argsort(owners, kind="stable")
            owners, rows = owners[order], rows[order]
        counts = np.bincount(owners, minlength=len(words))
        sums = np.zeros((len(words), settings.dim), np.float32)
        if len(rows):
            some = np.flatnonzero(counts)
            starts = np.cumsum(counts[some]) - counts[some]
            sums[some] = np.add.reduceat(self._model.input.gather(rows), starts, axis=0)
        return sums, counts

    @cached_property
    def _row_of_bucket(self) -> dict[int, int]:
        """The row of each n-gram that a pruned model has kept."""
        kept = self._model.dictionary.kept
        return {} if kept is None else dict(kept.tolist())
