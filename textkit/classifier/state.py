"""The state of classifier training, converted to arrays for a checkpoint and back."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.models.classifier import Classifier
from textkit.training.ranks import ALONE, Ranks

Arrays = dict[str, NDArray[Any]]

_ROWS = ":rows"  # after the name of an array of which only some rows are stored


class ClassifierState:
    """Everything that changes in training: weights, best weights, optimizer, generators.

    Args:
        model: The model.
        optimizer: Optimizer of its weights.
        squares: Further state of the optimizer by name, changed in place; see `BagObjective`.
        ranks: The processes that train together, each with its own dropout.

    Attributes:
        best: The best weights so far, by name; empty before the first validation.
    """

    def __init__(
        self,
        model: Classifier,
        optimizer: torch.optim.Optimizer,
        squares: Mapping[str, NDArray[np.float32]],
        *,
        ranks: Ranks = ALONE,
    ) -> None:
        self.model, self.optimizer, self.squares, self.ranks = model, optimizer, squares, ranks
        self.best: dict[str, torch.Tensor] = {}

    def keep_as_best(self) -> None:
        """Copy the current weights to `best`, into the tensors that are there, so that there is only one copy."""
        for name, weight in self.model.state_dict().items():
            if name in self.best:
                self.best[name].copy_(weight)
            else:
                self.best[name] = weight.detach().clone()

    def take_best(self) -> None:
        """Load the best weights so far into the model and free their memory; the last ones stay without validation."""
        if self.best:
            self.model.load_state_dict(self.best)
            self.best = {}

    def arrays(self) -> Arrays:
        """Return the whole state as arrays by name; every process must call this."""
        tensors = {f"weights.{name}": weight for name, weight in self.model.state_dict().items()}
        tensors |= {f"best.{name}": weight for name, weight in self.best.items()}
        for index, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items() if value is not None}
        for rank, generator in enumerate(self.ranks.gather(self.model.dropout_generator.get_state())):
            tensors[f"dropout.{rank}"] = generator
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
        arrays |= {f"squares.{name}": array for name, array in self.squares.items()}
        return dict(_packed(arrays))

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state returned by `arrays`, for a model and an optimizer of the same kind.

        With more processes than before, the additional ones keep their generators.

        Raises:
            KeyError: If an array is missing.
            ValueError: If an array has another shape.
            RuntimeError: If a weight has another shape.
        """
        weights = self.model.state_dict()
        self.model.load_state_dict(
            {name: _unpacked(arrays, f"weights.{name}", like.shape) for name, like in weights.items()}
        )
        self.best = {}
        if any(name.startswith("best.") for name in arrays):
            self.best = {
                name: _unpacked(arrays, f"best.{name}", like.shape).to(like.device) for name, like in weights.items()
            }
        optimizer_state = self.optimizer.state_dict()
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in arrays.items():
            if name.startswith("optimizer."):
                _, index, moment = name.split(".")
                moments.setdefault(int(index), {})[moment] = torch.from_numpy(array)
        optimizer_state["state"] = moments
        self.optimizer.load_state_dict(optimizer_state)
        for name, square in self.squares.items():
            square[:] = _unpacked(arrays, f"squares.{name}", square.shape).numpy()
        if (generator := f"dropout.{self.ranks.rank}") in arrays:
            self.model.dropout_generator.set_state(torch.from_numpy(arrays[generator]))


def _packed(arrays: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    """Store only the rows of n-grams that are not 0: most buckets of a large table are never used."""
    for name, array in arrays.items():
        if "ngram" in name and array.ndim and not name.startswith("optimizer."):
            rows = np.flatnonzero(array.reshape(len(array), -1).any(axis=1))
            yield name, array[rows]
            yield name + _ROWS, rows
        else:
            yield name, array


def _unpacked(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name + _ROWS not in arrays:
        return torch.from_numpy(arrays[name])
    whole = np.zeros(shape, arrays[name].dtype)
    whole[arrays[name + _ROWS]] = arrays[name]
    return torch.from_numpy(whole)
