"""Initial weights of an output layer, plain or adaptive, from a generator."""

from collections.abc import Sequence

import torch
from torch import nn

from textkit.models.tied_adaptive import TAIL_DIVISOR


def adaptive_softmax(
    width: int, vocab: int, cutoffs: Sequence[int], generator: torch.Generator | None
) -> nn.AdaptiveLogSoftmaxWithLoss:
    """Create an adaptive softmax (Grave et al. 2017).

    Args:
        width: Number of units of the features.
        vocab: Size of the vocabulary.
        cutoffs: Ids at which the clusters of rarer tokens start.
        generator: Random generator of the initial weights; torch's global one if None.
    """
    # skip_init, because torch would draw the initial weights from its global generator.
    adaptive: nn.AdaptiveLogSoftmaxWithLoss = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        nn.AdaptiveLogSoftmaxWithLoss, width, vocab, list(cutoffs), div_value=float(TAIL_DIVISOR)
    )
    for weight in adaptive.parameters():
        init_uniform(weight, generator)
    return adaptive


def init_uniform(weight: torch.Tensor, generator: torch.Generator | None) -> None:
    """Initialize a weight matrix (fan_out, fan_in) uniformly within +-1 / sqrt(fan_in)."""
    with torch.no_grad():
        weight.uniform_(-(weight.shape[1] ** -0.5), weight.shape[1] ** -0.5, generator=generator)
