"""Skip-gram pairs for a torch DataLoader: subsampling, dynamic windows and negative samples, written for readability.

`textkit.train_word2vec` does the same in a compiled kernel, about a hundred times faster. This module is the reference
that the kernel is tested against, and a starting point for experiments.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from textkit.batches.frequencies import keep_probabilities, noise_distribution
from textkit.batches.records import SkipGramBatch

Pairs = NDArray[np.int64]


class SkipGramPairs(Dataset[Pairs]):
    """Data set of (center, context) pairs; item i holds the pairs of document i.

    The pairs of a document depend only on the seed, the epoch and the number of the document, so the result is the same
    for any number of loader workers. Call `set_epoch` before each epoch to draw new ones.

    Args:
        documents: Word ids of each document, (tokens,) integers.
        counts: (vocab,) count of each word in the corpus.
        window: Maximum distance between a center and a context, in tokens after subsampling. The distance for each
            center is drawn uniformly from 1 to ``window``, so that closer words weigh more.
        subsample: Threshold of `keep_probabilities`; 0 disables subsampling.
        seed: Seed of all random choices.

    >>> pairs = SkipGramPairs([np.array([4, 7, 9])], np.ones(10, int), window=1, subsample=0, seed=0)
    >>> pairs[0].tolist()
    [[4, 7], [7, 4], [7, 9], [9, 7]]
    """

    def __init__(
        self,
        documents: Sequence[NDArray[np.integer]],
        counts: NDArray[np.int64],
        *,
        window: int = 5,
        subsample: float = 1e-4,
        seed: int = 0,
    ) -> None:
        if window < 1:
            raise ValueError(f"window must be at least 1 token, got {window}")
        self.documents = documents
        self.keep = keep_probabilities(counts, subsample)
        self.window = window
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, on which the random choices depend."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, index: int) -> Pairs:
        """Return the pairs of document ``index``: (pairs, 2) int64 ids of center and context.

        Raises:
            IndexError: If there is no such document.
        """
        if not 0 <= index < len(self.documents):
            raise IndexError(f"index must be from 0 to {len(self.documents) - 1}, got {index}")
        random = np.random.default_rng([self.seed, self.epoch, index])
        words = np.asarray(self.documents[index], dtype=np.int64)
        words = words[random.random(len(words)) < self.keep[words]]
        reach = random.integers(1, self.window + 1, len(words))
        distance = np.abs(np.arange(len(words))[:, None] - np.arange(len(words)))
        center, context = np.nonzero((distance > 0) & (distance <= reach[:, None]))
        return np.stack([words[center], words[context]], axis=1)


class SkipGramCollator:
    """Collates pairs to a `SkipGramBatch` and draws their negative samples: the ``collate_fn`` of a DataLoader.

    The negative samples depend on the seed and the pairs themselves, not on the worker that collates them.

    Args:
        counts: (vocab,) count of each word in the corpus; negatives are drawn from its `noise_distribution`.
        negatives: Number of negative samples per pair.
        seed: Seed of the draws.
    """

    def __init__(self, counts: NDArray[np.int64], *, negatives: int = 5, seed: int = 0) -> None:
        if negatives < 1:
            raise ValueError(f"negatives must be at least 1 per pair, got {negatives}")
        self.cumulative = np.cumsum(noise_distribution(counts))
        self.negatives = negatives
        self.seed = seed

    def __call__(self, items: Sequence[Pairs]) -> SkipGramBatch:
        """Collate items of `SkipGramPairs`, each (pairs, 2), to one batch of all their pairs."""
        pairs = np.concatenate(items)
        random = np.random.default_rng([self.seed, *np.frombuffer(pairs.tobytes()[:4096], np.uint32)])
        negatives = np.searchsorted(self.cumulative, random.random((len(pairs), self.negatives)), side="right")
        # The last cumulative probability may be below 1 after rounding.
        negatives = np.minimum(negatives, len(self.cumulative) - 1)
        centers, contexts = torch.from_numpy(pairs).unbind(1)
        return SkipGramBatch(centers=centers, contexts=contexts, negatives=torch.from_numpy(negatives))
