"""Initial weights of an output layer, plain or adaptive, from a generator."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

# Each rarer cluster has vectors a quarter as long: Grave et al. 2017, section 4.3.
TAIL_DIVISOR = 4


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


def unigram_log_probs(counts: NDArray[np.integer]) -> torch.Tensor:
    """Return the log-probabilities (vocab,) of tokens by their counts, with one added to each count.

    As the bias of an output layer, they spare a new model the steps in which it would learn little but how frequent
    each token is: AdamW moves a bias by about the learning rate in each step, and those of rare tokens are far from 0.

    >>> unigram_log_probs(np.array([3, 0])).exp()
    tensor([0.8000, 0.2000])
    """
    shares = (counts + 1) / (counts.sum() + len(counts))
    return torch.from_numpy(np.log(shares)).float()
