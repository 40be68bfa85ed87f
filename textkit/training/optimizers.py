"""Optimizers by name. Weight decay applies to matrices and not to biases."""

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import nn


class OptimizerSettings(Protocol):
    """The settings of an optimizer, which are part of the training settings."""

    @property
    def optimizer(self) -> str:
        """Either "adamw" or "sgd"."""

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


def optimizer_for(weights: Iterable[nn.Parameter], settings: OptimizerSettings) -> torch.optim.Optimizer:
    """Create the optimizer chosen in the settings.

    Weight decay applies to matrices, including embeddings (as in Merity et al. 2018), and not to biases.

    The fused implementations of torch are used: on a CPU they are two to three times as fast as the others, and give
    the same bytes for any number of threads.

    Args:
        weights: The trained weights.
        settings: Optimizer, learning rate and weight decay.
    """
    groups = parameter_groups(weights, settings.weight_decay)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, fused=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
