"""Encode a text with an earlier vocabulary, and add the new tokens of the text to it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from textkit.text.vocabulary import Ids, Vocabulary

if TYPE_CHECKING:
    from textkit.text.first_pass import FirstPass


@dataclass(frozen=True, kw_only=True, eq=False)
class BaseVocabulary:
    """The vocabulary that a text is encoded with.

    Attributes:
        vocabulary: The vocabulary; it has ``<unk>``. The counts of the text are added to its counts.
        extend: Whether to add the new tokens of the text.
        cutoffs: First id of each cluster of rarer tokens but the first. A new token becomes the last of the cluster
            that fits its share of the text; the order of the earlier tokens is kept.
        keep: New tokens to add however rare they are.
    """

    vocabulary: Vocabulary
    extend: bool = False
    cutoffs: tuple[int, ...] = ()
    keep: frozenset[str] = frozenset()

    def of(self, text: "FirstPass", *, min_count: int = 1, max_size: int | None = None) -> tuple[Vocabulary, Ids]:
        """Return the vocabulary of a text, and the final id of each of its types.

        Args:
            text: The first pass over the text.
            min_count: New tokens with a lower count become ``<unk>``.
            max_size: Maximum size of the vocabulary, including specials; None for no limit.

        Raises:
            ValueError: If the vocabulary is larger than ``max_size``.
        """
        # Imported here, because training on ids does not need pyarrow.
        from textkit.text.type_counts import ArrowTypes

        vocabulary, types = self.vocabulary, text.types.to_pylist()
        unknown = vocabulary["<unk>"]
        if self.extend:
            if max_size is not None and max_size < len(vocabulary):
                raise ValueError(
                    f"the maximum size of a vocabulary must be at least {len(vocabulary)}, that of the model to go on "
                    f"from, got {max_size}; None keeps all tokens"
                )
            kept = np.fromiter((token in self.keep for token in types), dtype=bool, count=len(types))
            wanted = (text.counts >= min_count) | (kept & (text.counts > 0))
            new = np.flatnonzero((vocabulary.lookup(types, other=-1) < 0) & wanted)
            new = ArrowTypes(text.types).sort(new)
            new = new[np.argsort(-text.counts[new], kind="stable")]
            if max_size is not None:
                first = new[np.argsort(~kept[new], kind="stable")][: max_size - len(vocabulary)]
                new = new[np.isin(new, first)]
            vocabulary = self._extended([types[row] for row in new.tolist()], text.counts[new] / text.counts.sum())
        final = vocabulary.lookup(types, other=unknown)
        return vocabulary.with_counts(vocabulary.counts + text.totals(final, len(vocabulary))), final

    def _extended(self, tokens: list[str], shares: npt.NDArray[np.float64]) -> Vocabulary:
        """Return the vocabulary with new tokens of the given shares of a text, most frequent first."""
        base = self.vocabulary
        clusters = np.full(len(tokens), len(self.cutoffs))
        if total := base.counts.sum():
            clusters = (shares[:, None] < base.counts[list(self.cutoffs)] / total).sum(axis=1)
        extended: list[str] = []
        counts: list[int] = []
        for number, (start, end) in enumerate(pairwise((0, *self.cutoffs, len(base)))):
            added = [tokens[row] for row in np.flatnonzero(clusters == number)]
            extended += [*base.tokens[start:end], *added]
            counts += [*base.counts[start:end].tolist(), *[0] * len(added)]
        return Vocabulary(extended, counts, base.specials)
