"""Optimizers by name. Weight decay applies to matrices and not to biases."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import nn


class OptimizerSettings(Protocol):
    """The settings of an optimizer, which are part of the training settings."""

    @property
    def optimizer(self) -> str:
        """One of "adamw", "sgd" and "muon"."""

    @property
    def learning_rate(self) -> float:
        """Maximum learning rate."""

    @property
    def weight_decay(self) -> float:
        """Weight decay coefficient of the matrices."""


def parameter_groups(weights: Iterable[nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """Divide weights into matrices, to which weight decay applies, and biases, to which it does not."""
    weights = list(weights)
    return [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]


def optimizer_for(
    weights: Iterable[nn.Parameter], settings: OptimizerSettings, hidden: Iterable[nn.Parameter] = ()
) -> torch.optim.Optimizer:
    """Create the optimizer chosen in the settings.

    Weight decay applies to matrices, including embeddings (as in Merity et al. 2018), and not to biases.

    The fused implementations of torch are used: on a CPU they are two to three times as fast as the others, and give
    the same bytes for any number of threads.

    Args:
        weights: The trained weights.
        settings: Optimizer, learning rate and weight decay.
        hidden: Those of the weights whose matrices "muon" updates: all but embeddings and output layer.

    Raises:
        ValueError: If this version of torch lacks the optimizer.
    """
    if settings.optimizer == "muon":
        check_muon()
        matrices = [weight for weight in hidden if weight.ndim == 2]
        chosen = set(map(id, matrices))
        others = [weight for weight in weights if id(weight) not in chosen]
        return MuonAndAdamW(matrices, others, settings)
    groups = parameter_groups(weights, settings.weight_decay)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, fused=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def check_muon() -> None:
    """Check that torch has Muon.

    Raises:
        ValueError: If it does not.
    """
    if not hasattr(torch.optim, "Muon"):
        raise ValueError(
            f"optimizer must be 'adamw' or 'sgd' with torch {torch.__version__}, got 'muon'; upgrade torch "
            "to 2.9 or later"
        )


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for matrices: orthogonalized momentum; AdamW for all other weights.

    The updates of a matrix are scaled to the size of those of AdamW (Liu et al. 2025, "Muon is Scalable for LLM
    Training", section 2.2), so that the same learning rate and weight decay suit both.

    Args:
        matrices: The weights for Muon, of two dimensions.
        others: All other weights.
        settings: Learning rate and weight decay.
    """

    def __init__(
        self, matrices: Sequence[nn.Parameter], others: Sequence[nn.Parameter], settings: OptimizerSettings
    ) -> None:
        rate, decay = settings.learning_rate, settings.weight_decay
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            muon = torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
            self._parts.append(muon)
        self._parts.append(torch.optim.AdamW(parameter_groups(others, decay), lr=rate, fused=True))
        super().__init__([group for part in self._parts for group in part.param_groups], {})
        self._share()

    def _share(self) -> None:
        """Let the two optimizers work with the groups and the state of this one."""
        start = 0
        for part in self._parts:
            end = start + len(part.param_groups)
            part.param_groups, part.state = self.param_groups[start:end], self.state
            start = end

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update all weights.

        Args:
            closure: Not supported.
        """
        for part in self._parts:
            part.step()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state that `state_dict` returned."""
        super().load_state_dict(state_dict)
        self._share()
