"""Convert the weights of a classifier to arrays and back; of the n-gram embedding only nonzero rows are stored."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.models.classifier import Classifier

# N-gram vectors start at 0, and most buckets of a large table are never used.
_TABLE, _ROWS = "ngram_embedding", "ngram_rows"


def weight_arrays(model: Classifier) -> dict[str, NDArray[Any]]:
    """Return the weights by name; ``ngram_embedding`` holds the rows ``ngram_rows`` of the table, the others are 0."""
    arrays = {name: weight.detach().cpu().numpy() for name, weight in model.state_dict().items()}
    if _TABLE in arrays:
        rows = np.flatnonzero(arrays[_TABLE].any(axis=1))
        arrays |= {_TABLE: arrays[_TABLE][rows], _ROWS: rows}
    return arrays


def load_weights(model: Classifier, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load the weights returned by `weight_arrays`.

    Raises:
        AttributeError: If there are n-gram vectors, but the model has no n-gram embedding.
        KeyError: If ``ngram_rows`` is missing.
        IndexError: If a row is beyond the end of the table.
        RuntimeError: If a weight is missing or has another shape.
    """
    arrays = dict(arrays)
    if _TABLE in arrays:
        stored = arrays[_TABLE]
        arrays[_TABLE] = np.zeros(model.get_parameter(_TABLE).shape, stored.dtype)
        arrays[_TABLE][arrays.pop(_ROWS)] = stored
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)
