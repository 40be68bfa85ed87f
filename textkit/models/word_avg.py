"""A linear classifier on the mean of word and hashed n-gram vectors: fast, and hard to beat on long texts."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from textkit.checks import set_count, set_switch
from textkit.models.classifier import OTHER_NAMES, UNKNOWN, Classifier, ClassifierConfig
from textkit.models.compact_table import CompactTable, nonzero_rows
from textkit.models.pooling import masked_sum
from textkit.models.quantized_rows import QuantizedRows, kept_rows
from textkit.other_names import class_with_other_names
from textkit.text.ngrams import MOST_BUCKETS, MULTIPLIER

_MOST_NGRAMS = 32  # the time for a text grows with it, also in a model of unknown origin


@class_with_other_names(OTHER_NAMES)
@dataclass(frozen=True, kw_only=True)
class WordAvgConfig(ClassifierConfig):
    """Architecture and regularization of a `WordAvg`.

    Attributes:
        dim: Dimension of the word and n-gram embeddings.
        ngrams: Maximum n-gram length, in words, at most 32; 1 for words only.
        buckets: Number of hash buckets, each with one vector, that all n-grams share; a power of two, at most 2**24.
        binary: Whether a word or n-gram counts once per text, however often it occurs.
        dropout: Dropout of the mean vector, from 0 to below 1.
        word_dropout: Fraction of the words replaced by ``<unk>`` in training, from 0 to below 1.
        skip_unknown: Whether unknown words are left out of the mean, as in fastText, instead of having a vector; they
            remain parts of n-grams.
    """

    dim: int = 16
    ngrams: int = 2
    buckets: int = 1 << 21
    binary: bool = True
    dropout: float = 0.3
    word_dropout: float = 0.0
    skip_unknown: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("ngrams", "buckets"):
            set_count(self, name, 1)
        for name in ("binary", "skip_unknown"):
            set_switch(self, name)
        if self.ngrams > _MOST_NGRAMS:
            raise ValueError(f"ngrams must be at most {_MOST_NGRAMS}, got {self.ngrams}; 2 or 3 is usual")
        if self.buckets > MOST_BUCKETS or self.buckets & (self.buckets - 1):
            raise ValueError(f"buckets must be a power of two up to 2**24, got {self.buckets}; try {1 << 20}")


def ngram_ids(ids: torch.Tensor, n: int, buckets: int) -> torch.Tensor:
    """Return the hash bucket of the n-gram that starts at each token.

    The hash of the tokens i, j, k is ((i * m + j) * m + k) modulo ``buckets``, where m is the `MULTIPLIER`.

    Args:
        ids: (batch, time) int64 token ids, from 0.
        n: Length of the n-grams, in tokens.
        buckets: Number of buckets.

    Returns:
        (batch, time) int64; an n-gram that extends beyond the last step is padded with zeros.

    >>> ngram_ids(torch.tensor([[5, 7, 2]]), 2, 1000)  # 5 * 116049371 + 7 ends in 862, and so on
    tensor([[862, 599, 742]])
    """
    time = ids.shape[1]
    ids = F.pad(ids, (0, n - 1))
    hashed = ids[:, :time] % buckets
    for offset in range(1, n):
        hashed = (hashed * MULTIPLIER + ids[:, offset : offset + time]) % buckets
    return hashed


def distinct(rows: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sort the numbers of each text, and mask all but the first occurrence of each.

    Args:
        rows: (batch, time) int64, at least 0.
        mask: (batch, time) bool, True for the numbers that count.

    Returns:
        The sorted numbers and the new mask, both (batch, time); where the mask is False, a number is 0 or a repetition.

    >>> distinct(torch.tensor([[7, 3, 7, 5]]), torch.tensor([[True, True, True, False]]))
    (tensor([[3, 7, 7, 0]]), tensor([[ True,  True, False, False]]))
    """
    # Masked numbers become the largest integer, so that sorting puts them last.
    masked = torch.iinfo(rows.dtype).max
    rows = rows.masked_fill(~mask, masked).sort(dim=1).values
    real, first = rows != masked, rows != F.pad(rows, (1, 0), value=-1)[:, :-1]
    return rows.masked_fill(~real, 0), real & first


class WordAvg(Classifier):
    """Classifies a text by the mean of its word and n-gram vectors (Joulin et al. 2016, "Bag of Tricks").

    The logits are ``output_weight @ mean + output_bias``; the mean of an empty text is 0. With ``binary`` the mean is
    over the distinct words and n-grams, in analogy to the binary features of Wang and Manning (2012, "Baselines and
    Bigrams", section 2). Word vectors are initialized uniformly within +-1 / dim, n-gram vectors with 0, and the
    output layer from a normal distribution with standard deviation 1 / sqrt(dim).

    Args:
        config: Architecture and regularization.
        vocab: Size of the vocabulary; its first two tokens are ``<pad>`` and ``<unk>``.
        classes: Number of classes.
        generator: Random generator of the initial weights; torch's global one if None.

    Attributes:
        ngram_embedding: (buckets, dim); None if the model uses words only. Pickled as its rows that are not zero.
        ngram_lookup: Stands for ``ngram_embedding`` in a model that is quantized, or to export; None otherwise.
        quantized: The vectors of a quantized model, which cannot be trained further; None for any other.
    """

    config: WordAvgConfig

    def __init__(
        self, config: WordAvgConfig, vocab: int, classes: int, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(config, vocab, classes, width=config.dim, bound=1 / config.dim, generator=generator)
        self.ngram_embedding = None
        self.ngram_lookup: Any = None
        self.quantized: QuantizedRows | None = None
        if config.ngrams > 1:
            self.ngram_embedding = nn.Parameter(torch.zeros(config.buckets, config.dim))
        with torch.no_grad():
            self.output_weight.normal_(0, config.dim**-0.5, generator=generator)

    def features(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the mean of the vectors (batch, dim); see `Classifier.features`."""
        known = mask & (ids != UNKNOWN) if self.config.skip_unknown else mask
        words, word_mask = distinct(ids, known) if self.config.binary else (ids, known)
        total, count = masked_sum(self.embed(words), word_mask)
        if self.config.ngrams > 1:
            ngrams, ngram_mask = self._ngrams(ids, mask)
            if self.config.binary:
                ngrams, ngram_mask = distinct(ngrams, ngram_mask)
            ngram_total, ngram_count = masked_sum(self.ngram_vectors(ngrams), ngram_mask)
            total, count = total + ngram_total, count + ngram_count
        return total / count.clamp(min=1)

    def compact(self) -> None:
        """Replace the table of n-grams by its rows that are not zero; the model can no longer be trained or saved."""
        if self.ngram_embedding is not None:
            rows = nonzero_rows(self.ngram_embedding)
            self.ngram_lookup = CompactTable(rows, self.ngram_embedding.detach()[rows], self.config.buckets)
            self.ngram_embedding = None
        elif self.quantized is not None and self.ngram_lookup is not None:
            rows = torch.from_numpy(self.quantized.ngrams)
            self.ngram_lookup = CompactTable(rows, self.ngram_lookup.vectors[:-1].cpu(), self.config.buckets)

    def quantize(self, *, cutoff: int | None, dsub: int, qnorm: bool, seed: int) -> "WordAvg":
        """Return a quantized model (Joulin et al. 2016b, "FastText.zip"); this one is not changed.

        Args:
            cutoff: Number of word and n-gram vectors to keep, those with the largest norms; the others become 0. None
                for a third of those that are not 0.
            dsub: Number of dimensions that one byte encodes.
            qnorm: Whether the norms of the vectors are quantized separately, with one more byte for each.
            seed: Seed of the quantization.
        """
        tables = [table.detach().cpu().numpy() for table in (self.embedding, self.ngram_embedding) if table is not None]
        rows = kept_rows(tables, cutoff=cutoff, dsub=dsub, qnorm=qnorm, seed=seed)
        with torch.device("meta"):
            model = WordAvg(self.config, self.vocab, self.classes)
        for name in ("output_weight", "output_bias"):
            setattr(model, name, nn.Parameter(getattr(self, name).detach().cpu().clone(), requires_grad=False))
        model.set_quantized(rows)
        return model.eval()

    def set_quantized(self, rows: QuantizedRows) -> None:
        """Replace the vectors by those of a quantized model."""
        self.quantized = rows
        self.embedding = nn.Parameter(rows.word_table(self.vocab), requires_grad=False)
        if self.config.ngrams > 1:
            self.ngram_embedding, self.ngram_lookup = None, rows.ngram_table(self.config.buckets)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle only the rows of the n-gram embedding that are not zero."""
        state = self.__dict__.copy()
        table = self.ngram_embedding
        if table is not None:
            rows = nonzero_rows(table)
            parameters = {name: each for name, each in self._parameters.items() if name != "ngram_embedding"}
            state |= {"_parameters": parameters, "_ngram_rows": (rows, table.detach()[rows], table.requires_grad)}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        stored = state.pop("_ngram_rows", None)
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        if stored is not None:
            rows, vectors, trained = stored
            table = vectors.new_zeros(self.config.buckets, self.config.dim)
            table[rows] = vectors
            self.ngram_embedding = nn.Parameter(table, requires_grad=trained)

    def ngram_vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Look up the vectors (..., dim) of buckets (...)."""
        if self.ngram_embedding is not None:
            return F.embedding(rows, self.ngram_embedding)
        vectors: torch.Tensor = self.ngram_lookup(rows)
        return vectors

    def _ngrams(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the buckets of all n-grams and a mask of those within the text; both (batch, time * (ngrams - 1))."""
        lengths = range(2, self.config.ngrams + 1)
        buckets = torch.cat([ngram_ids(ids, n, self.config.buckets) for n in lengths], dim=1)
        # Real tokens come first, so an n-gram is whole if its last token is real.
        return buckets, torch.cat([F.pad(mask, (0, n - 1))[:, n - 1 :] for n in lengths], dim=1)
