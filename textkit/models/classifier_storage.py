"""Convert the weights of a classifier to arrays and back.

Of the n-gram embedding only nonzero rows are stored; of a quantized model, codes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.models.classifier import Classifier
from textkit.models.quantized_rows import QuantizedRows, restored_rows
from textkit.models.word_avg import WordAvg

# N-gram vectors start at 0, and most buckets of a large table are never used.
_TABLE, _ROWS = "ngram_embedding", "ngram_rows"
_OUTPUT = ("output_weight", "output_bias")


def quantized_rows(model: Classifier) -> QuantizedRows | None:
    """Return the vectors of a quantized model; None for any other."""
    return model.quantized if isinstance(model, WordAvg) else None


def weight_arrays(model: Classifier) -> dict[str, NDArray[Any]]:
    """Return the weights by name; ``ngram_embedding`` holds the rows ``ngram_rows`` of the table, the others are 0.

    Of a quantized model the vectors are those of `QuantizedRows.arrays`.
    """
    if (quantized := quantized_rows(model)) is not None:
        return {name: getattr(model, name).detach().cpu().numpy() for name in _OUTPUT} | quantized.arrays()
    arrays = {name: weight.detach().cpu().numpy() for name, weight in model.state_dict().items()}
    if _TABLE in arrays:
        rows = np.flatnonzero(arrays[_TABLE].any(axis=1))
        arrays |= {_TABLE: arrays[_TABLE][rows], _ROWS: rows}
    return arrays


def load_weights(model: Classifier, arrays: Mapping[str, NDArray[Any]], dsub: int | None = None) -> None:
    """Load the weights returned by `weight_arrays`.

    Args:
        model: The model.
        arrays: The weights.
        dsub: Of a quantized model the number of dimensions that one byte encodes; None for any other.

    Raises:
        AttributeError: If there are n-gram vectors, but the model has no n-gram embedding.
        KeyError: If ``ngram_rows`` or an array of a quantized model is missing.
        IndexError: If a row is beyond the end of the table.
        RuntimeError: If a weight is missing or has another shape.
        ValueError: If an array of a quantized model has another type or shape, or the model cannot be quantized.
    """
    arrays = dict(arrays)
    if dsub is not None:
        if not isinstance(model, WordAvg):
            raise ValueError(f"only word_avg can be quantized, got {type(model.config).__name__}")
        buckets = model.buckets if model.config.ngrams > 1 else 0
        model.set_quantized(
            restored_rows(arrays, dim=model.output_weight.shape[1], width=dsub, vocab=model.vocab, buckets=buckets)
        )
        for name in _OUTPUT:
            weight, expected = torch.from_numpy(np.array(arrays[name])), getattr(model, name)
            if (weight.dtype, weight.shape) != (expected.dtype, expected.shape):
                raise ValueError(f"{name} must have the shape {tuple(expected.shape)}, got {tuple(weight.shape)}")
            setattr(model, name, nn.Parameter(weight, requires_grad=False))
        return
    if _TABLE in arrays:
        stored = arrays[_TABLE]
        arrays[_TABLE] = np.zeros(model.get_parameter(_TABLE).shape, stored.dtype)
        arrays[_TABLE][arrays.pop(_ROWS)] = stored
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)
