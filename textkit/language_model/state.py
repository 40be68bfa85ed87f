"""All that changes while a language model is trained, as arrays for a checkpoint and back."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from textkit.batches.records import BpttBatch
from textkit.language_model.averaging import TriggeredAverage
from textkit.models.loss import Loss
from textkit.models.rnn_language_model import RnnLanguageModel, State, detached

Arrays = dict[str, NDArray[Any]]


class CarriedState:
    """A language model with what it remembers from one window to the next: what the loop trains.

    Args:
        model: The model.
        reset: Chance that what is remembered of a stream is forgotten before a window.

    Attributes:
        model: The model.
        state: What is remembered, without gradients; None before the first window.
    """

    def __init__(self, model: RnnLanguageModel, reset: float = 0.0) -> None:
        self.model, self.reset = model, reset
        self.state: State | None = None

    def loss(self, batch: BpttBatch) -> Loss:
        """The loss of a window that goes on where the one before ended, unless its streams begin."""
        before = None if batch.first else self.state
        if before is not None and self.reset > 0:
            before = _forgetful(before, self.reset, self.model.dropout_generator)
        loss, state = self.model.window_loss(batch, before)
        self.state = detached(state)
        return loss

    def parameters(self) -> Iterator[nn.Parameter]:
        """All weights."""
        return self.model.parameters()

    def train(self, mode: bool = True) -> None:
        """Switch training on or off."""
        self.model.train(mode)


def _forgetful(state: State, chance: float, generator: torch.Generator) -> State:
    """Clear the state of some streams, each with the same chance."""
    streams = len(state[0][0])
    kept = torch.empty(streams, 1, device=generator.device).bernoulli_(1 - chance, generator=generator)
    return tuple(tuple(part * kept.to(part) for part in layer) for layer in state)


class LanguageModelState:
    """Weights, optimizer, averages, best weights, carried state and the generator of dropout.

    Args:
        model: The model.
        optimizer: That of its weights.
        average: The average of its weights; None without one.
        reset: Chance that what is remembered of a stream is forgotten before a window.

    Attributes:
        carried: The model with its state from window to window.
        best: The weights with the lowest held-out loss, by name; empty before the first.
    """

    def __init__(
        self,
        model: RnnLanguageModel,
        optimizer: torch.optim.Optimizer,
        average: TriggeredAverage | None,
        *,
        reset: float = 0.0,
    ) -> None:
        self.model, self.optimizer, self.average = model, optimizer, average
        self.carried = CarriedState(model, reset)
        self.best: dict[str, torch.Tensor] = {}

    def keep_as_best(self) -> None:
        """Copy the weights of now."""
        self.best = {name: weight.detach().clone() for name, weight in self.model.state_dict().items()}

    def arrays(self) -> Arrays:
        """Everything by name; the arrays may share memory with the weights."""
        tensors = {f"weights.{name}": weight for name, weight in self.model.state_dict().items()}
        tensors |= {f"best.{name}": weight for name, weight in self.best.items()}
        for number, values in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": value for name, value in values.items() if value is not None}
        for layer, parts in enumerate(self.carried.state or ()):
            # NumPy knows no bfloat16; float32 holds each of its numbers exactly
            tensors |= {f"carried.{layer}.{part}": value.float() for part, value in enumerate(parts)}
        tensors["dropout"] = self.model.dropout_generator.get_state()
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
        if self.average is not None:
            arrays |= {f"mean.{number}": mean.cpu().numpy() for number, mean in enumerate(self.average.means)}
            arrays["mean_count"] = np.array(self.average.count)
            arrays["mean_losses"] = np.array(self.average.losses, np.float64)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave in another process, for a model, an optimizer and an average of the same kind.

        Raises:
            KeyError: If something is missing.
            RuntimeError: If a shape is another.
        """
        found = {name: torch.from_numpy(array) for name, array in arrays.items()}
        device = next(self.model.parameters()).device
        self.model.load_state_dict(_below("weights", found))
        self.best = {name: weight.to(device) for name, weight in _below("best", found).items()}
        described = self.optimizer.state_dict()
        described["state"] = {int(number): values for number, values in _nested("optimizer", found).items()}
        self.optimizer.load_state_dict(described)
        layers = _nested("carried", found)
        self.carried.state = (
            tuple(
                tuple(layers[str(layer)][str(part)].to(device) for part in range(len(layers[str(layer)])))
                for layer in range(len(layers))
            )
            or None
        )
        self.model.dropout_generator.set_state(found["dropout"])
        if self.average is not None:
            means = _below("mean", found)
            self.average.means = [means[str(number)].to(device) for number in range(len(means))]
            self.average.count = int(found["mean_count"])
            self.average.losses = found["mean_losses"].tolist()


def _below(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those whose names begin with ``prefix`` and a dot, by the rest of their names."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}


def _nested(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """The same, by the next part of their names and then by the last."""
    nested: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in _below(prefix, tensors).items():
        first, last = name.split(".")
        nested.setdefault(first, {})[last] = tensor
    return nested
