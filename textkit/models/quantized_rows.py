"""The vectors of a quantized `WordAvg`: those that were kept, as codes of a product quantizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from textkit.fasttext.matrices import CENTROIDS, QuantizedMatrix
from textkit.fasttext.product_quantizer import quantize_rows

_SHARE = 1 / 3  # of the vectors that are kept by default
_STEP = 255  # the largest step between two row numbers that fits into one byte


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedRows:
    """The vectors that were kept; all others are 0.

    Attributes:
        matrix: (words + n-grams, dim), the vectors.
        words: (words,) int64, the ids of the words that were kept, ascending.
        ngrams: (n-grams,) int64, the buckets that were kept, ascending.
    """

    matrix: QuantizedMatrix
    words: NDArray[np.int64]
    ngrams: NDArray[np.int64]

    def word_table(self, vocab: int) -> torch.Tensor:
        """Compute the vectors of all words; (vocab, dim)."""
        table = torch.zeros(vocab, self.matrix.dim)
        table[torch.from_numpy(self.words)] = torch.from_numpy(self.matrix.gather(np.arange(len(self.words))))
        return table

    def ngram_table(self, buckets: int) -> "IndexedTable":
        """Compute the vectors of the n-grams."""
        vectors = self.matrix.gather(np.arange(len(self.words), len(self.matrix.codes)))
        return IndexedTable(torch.from_numpy(self.ngrams), torch.from_numpy(vectors), buckets)

    def settings(self) -> dict[str, Any]:
        """Return how the vectors are quantized, by the names of `WordAvg.quantize`."""
        return {"cutoff": len(self.matrix.codes), "dsub": self.matrix.width, "qnorm": len(self.matrix.norms) > 0}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to save; `restored_rows` reads them."""
        return {
            "codes": self.matrix.codes,
            "centroids": self.matrix.centroids,
            "norm_codes": self.matrix.norm_codes,
            "norms": self.matrix.norms,
            "word_steps": _steps(self.words),
            "ngram_steps": _steps(self.ngrams),
        }


class IndexedTable(nn.Module):
    """Looks up the rows of a large table of which few are stored; the others are 0.

    Args:
        numbers: (rows,) int64, the numbers of the stored rows.
        vectors: (rows, dim), the rows.
        size: Number of rows of the whole table.

    Attributes:
        places: (size,) int32, the place of each row in ``vectors``.
        vectors: (rows + 1, dim); the last row, of zeros, stands for all others.
    """

    def __init__(self, numbers: torch.Tensor, vectors: torch.Tensor, size: int) -> None:
        super().__init__()
        places = torch.full((size,), len(vectors), dtype=torch.int32)
        places[numbers] = torch.arange(len(vectors), dtype=torch.int32)
        self.register_buffer("places", places)
        self.register_buffer("vectors", F.pad(vectors, (0, 0, 0, 1)))

    places: torch.Tensor
    vectors: torch.Tensor

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Look up the vectors (..., dim) of rows (...)."""
        return F.embedding(self.places[rows], self.vectors)


def kept_rows(
    tables: Sequence[NDArray[np.float32]], *, cutoff: int | None, dsub: int, qnorm: bool, seed: int
) -> QuantizedRows:
    """Keep the vectors with the largest norms, and quantize them.

    Args:
        tables: The vectors of the words (vocab, dim), and of the n-grams (buckets, dim) if there are any.
        cutoff: Number of vectors to keep; None for a fraction of those that are not zero.
        dsub: Number of dimensions that one byte encodes.
        qnorm: Whether the norms are quantized separately.
        seed: Seed of the quantization.
    """
    squares = np.concatenate([np.einsum("ij,ij->i", table, table) for table in tables])
    number = int(np.count_nonzero(squares))
    number = max(1, round(number * _SHARE) if cutoff is None else min(cutoff, number))
    kept = np.sort(np.argsort(-squares, kind="stable")[:number])
    words, ngrams = np.split(kept, [np.searchsorted(kept, len(tables[0]))])
    ngrams = ngrams - len(tables[0])
    rows = np.concatenate([table[numbers] for table, numbers in zip(tables, (words, ngrams), strict=False)])
    return QuantizedRows(matrix=quantize_rows(rows, dsub, norms=qnorm, seed=seed), words=words, ngrams=ngrams)


def restored_rows(
    arrays: Mapping[str, NDArray[Any]], *, dim: int, width: int, vocab: int, buckets: int
) -> QuantizedRows:
    """Read what `QuantizedRows.arrays` returned.

    Args:
        arrays: The arrays.
        dim: Dimension of the vectors.
        width: Number of dimensions that one byte encodes.
        vocab: Number of words.
        buckets: Number of buckets; 0 if there are no n-grams.

    Raises:
        KeyError: If an array is missing.
        ValueError: If an array has another type or shape, or a row is beyond the end of its table.
    """
    words, ngrams = _numbers(arrays["word_steps"]), _numbers(arrays["ngram_steps"])
    rows = len(words) + len(ngrams)
    norms = arrays["norms"]
    shapes: dict[str, tuple[type, tuple[int, ...]]] = {
        "codes": (np.uint8, (rows, -(-dim // width))),
        "centroids": (np.float32, (dim * CENTROIDS,)),
        "norm_codes": (np.uint8, (rows if len(norms) else 0,)),
        "norms": (np.float32, (CENTROIDS if len(norms) else 0,)),
    }
    for name, (dtype, shape) in shapes.items():
        if arrays[name].dtype != dtype or arrays[name].shape != shape:
            raise ValueError(f"{name} must be {dtype.__name__} {shape}, got {arrays[name].dtype} {arrays[name].shape}")
    for numbers, size, name in ((words, vocab, "word"), (ngrams, buckets, "n-gram")):
        if len(numbers) and numbers[-1] >= size:
            raise ValueError(f"the number of a {name} must be below {size}, got {numbers[-1]}")
    matrix = QuantizedMatrix(arrays["codes"], arrays["centroids"], dim, width, arrays["norm_codes"], norms)
    return QuantizedRows(matrix=matrix, words=words, ngrams=ngrams)


def _steps(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Encode ascending numbers as the steps between them, in bytes: 255 means that the step goes on.

    >>> _steps(np.array([3, 4, 600])).tolist()
    [3, 1, 255, 255, 86]
    """
    steps = np.diff(numbers, prepend=0)
    ends = np.cumsum(steps // _STEP + 1)
    encoded = np.full(ends[-1] if len(ends) else 0, _STEP, np.uint8)
    encoded[ends - 1] = steps % _STEP
    return encoded


def _numbers(steps: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Decode `_steps`.

    Raises:
        ValueError: If the bytes are none.

    >>> _numbers(np.array([3, 1, 255, 255, 86], np.uint8)).tolist()
    [3, 4, 600]
    """
    if steps.dtype != np.uint8 or steps.ndim != 1 or (len(steps) and steps[-1] == _STEP):
        raise ValueError(f"the steps between rows must be bytes, the last below {_STEP}, got {steps.dtype}")
    numbers: NDArray[np.int64] = np.cumsum(steps, dtype=np.int64)[steps != _STEP]
    if (np.diff(numbers) == 0).any():
        raise ValueError("the steps between rows must be at least 1, got 0")
    return numbers
