"""The state of language model training, converted to arrays for a checkpoint and back."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.batches.records import BpttBatch, TwoWayBatch
from textkit.language_model.averaging import TriggeredAverage
from textkit.models.language_model import LanguageModelNetwork
from textkit.models.loss import Loss
from textkit.models.rnn_language_model import State, detached
from textkit.training.ranks import ALONE, Ranks

Arrays = dict[str, NDArray[Any]]


class CarriedState:
    """A language model with the recurrent state carried from window to window; this is what the loop trains.

    Args:
        model: The model.
        reset: Probability of resetting a stream's state before a window.

    Attributes:
        model: The model.
        state: The recurrent state after the last window, detached; None before the first window.
    """

    def __init__(self, model: LanguageModelNetwork, reset: float = 0.0) -> None:
        self.model, self.reset = model, reset
        self.state: State | None = None

    def loss(self, batch: BpttBatch | TwoWayBatch) -> Loss:
        """Compute the loss of a window, which continues from the previous one unless the streams start here."""
        state_before = None if batch.first else self.state
        if state_before is not None and self.reset > 0:
            state_before = _reset_streams(state_before, self.reset, self.model.dropout_generator)
        loss, state = self.model.window_loss(batch, state_before)
        self.state = detached(state)
        return loss

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over all weights."""
        return self.model.parameters()

    def train(self, mode: bool = True) -> None:
        """Switch training mode on or off."""
        self.model.train(mode)


def _reset_streams(state: State, probability: float, generator: torch.Generator) -> State:
    """Set the state of random streams to zero, each independently with the given probability."""
    streams = len(state[0][0])
    keep = torch.empty(streams, 1, device=generator.device).bernoulli_(1 - probability, generator=generator)
    return tuple(tuple(part * keep.to(part) for part in layer) for layer in state)


class LanguageModelState:
    """Everything that changes in training: weights, optimizer, averages, best weights, carried state, generator.

    Args:
        model: The model.
        optimizer: Optimizer of its weights.
        average: Running mean of its weights (NT-ASGD); None without averaging.
        reset: Probability of resetting a stream's state before a window.
        ranks: The processes that train together, each with its own streams.

    Attributes:
        carried: The model with the recurrent state carried from window to window.
        best: The weights with the lowest validation loss, by name; empty before the first validation.
    """

    def __init__(
        self,
        model: LanguageModelNetwork,
        optimizer: torch.optim.Optimizer,
        average: TriggeredAverage | None,
        *,
        reset: float = 0.0,
        ranks: Ranks = ALONE,
    ) -> None:
        self.model, self.optimizer, self.average, self.ranks = model, optimizer, average, ranks
        self.carried = CarriedState(model, reset)
        self.best: dict[str, torch.Tensor] = {}

    def tell_masks_apart(self) -> None:
        """Give the dropout of every process but the first masks of its own."""
        if not self.ranks.is_first:
            generator = self.model.dropout_generator
            seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
            generator.manual_seed(seed + self.ranks.rank)

    def _own(self, rows: torch.Tensor) -> torch.Tensor:
        return rows[self.ranks.part(len(rows))]

    def keep_as_best(self) -> None:
        """Copy the current weights to `best`."""
        self.best = {name: weight.detach().clone() for name, weight in self.model.state_dict().items()}

    def arrays(self) -> Arrays:
        """Return the whole state as arrays by name; they may share memory with the weights."""
        tensors = {f"weights.{name}": weight for name, weight in self.model.state_dict().items()}
        tensors |= {f"best.{name}": weight for name, weight in self.best.items()}
        for index, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items() if value is not None}
        for layer, parts in enumerate(self.carried.state or ()):
            # NumPy has no bfloat16; float32 represents all of its values exactly.
            tensors |= {f"carried.{layer}.{part}": self.ranks.joined(value.float()) for part, value in enumerate(parts)}
        tensors["dropout"] = self.model.dropout_generator.get_state()
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
        if self.average is not None:
            arrays |= {f"mean.{index}": mean.cpu().numpy() for index, mean in enumerate(self.average.means)}
            arrays["mean_count"] = np.array(self.average.count)
            arrays["mean_losses"] = np.array(self.average.losses, np.float64)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Restore a state returned by `arrays`, for a model, an optimizer and an average of the same kind.

        Raises:
            KeyError: If an array is missing.
            RuntimeError: If an array has another shape.
        """
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        device = next(self.model.parameters()).device
        self.model.load_state_dict(_with_prefix("weights", tensors))
        self.best = {name: weight.to(device) for name, weight in _with_prefix("best", tensors).items()}
        optimizer_state = self.optimizer.state_dict()
        optimizer_state["state"] = {int(index): values for index, values in _nested("optimizer", tensors).items()}
        self.optimizer.load_state_dict(optimizer_state)
        layers = _nested("carried", tensors)
        self.carried.state = (
            tuple(
                tuple(self._own(layers[str(layer)][str(part)]).to(device) for part in range(len(layers[str(layer)])))
                for layer in range(len(layers))
            )
            or None
        )
        self.model.dropout_generator.set_state(tensors["dropout"])
        self.tell_masks_apart()
        if self.average is not None:
            means = _with_prefix("mean", tensors)
            self.average.means = [means[str(index)].to(device) for index in range(len(means))]
            self.average.count = int(tensors["mean_count"])
            self.average.losses = tensors["mean_losses"].tolist()


def _with_prefix(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Select the tensors named ``prefix.rest``, keyed by ``rest``."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}


def _nested(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """Select the tensors named ``prefix.outer.inner``, keyed by ``outer`` and then ``inner``."""
    nested: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in _with_prefix(prefix, tensors).items():
        outer, inner = name.split(".")
        nested.setdefault(outer, {})[inner] = tensor
    return nested
