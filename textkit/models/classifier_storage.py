"""The weights of a classifier as arrays; of a table of n-grams only the rows that were learned."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.models.classifier import Classifier

_TABLE, _ROWS = "ngram_embedding", "ngram_rows"


def weight_arrays(model: Classifier) -> dict[str, NDArray[Any]]:
    """Give the weights by name; ``ngram_embedding`` has the rows ``ngram_rows`` of the table, all others are 0."""
    arrays = {name: weight.detach().cpu().numpy() for name, weight in model.state_dict().items()}
    if _TABLE in arrays:
        rows = np.flatnonzero(arrays[_TABLE].any(axis=1))
        arrays |= {_TABLE: arrays[_TABLE][rows], _ROWS: rows}
    return arrays


def load_weights(model: Classifier, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Take over what `weight_arrays` gave.

    Raises:
        AttributeError: If the model has no table.
        KeyError: If the rows of the table are missing.
        IndexError: If there is no such row.
        RuntimeError: If a weight is missing or of another shape.
    """
    arrays = dict(arrays)
    if _TABLE in arrays:
        learned = arrays[_TABLE]
        arrays[_TABLE] = np.zeros(model.get_parameter(_TABLE).shape, learned.dtype)
        arrays[_TABLE][arrays.pop(_ROWS)] = learned
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)
