"""The output layer and its loss in one: on a CPU the scores of all tokens are never in memory at the same time."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from textkit.batches.records import IGNORED

_SCORES = 1 << 20  # that are in memory at a time: few enough for a cache
_ROWS = 128  # at least: the weights of a large vocabulary are read anew for each group of rows


def linear_cross_entropy(
    features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, targets: torch.Tensor
) -> torch.Tensor:
    """The summed cross entropy of scores ``features @ weight.T + bias``.

    Loss and gradient are those of torch's two functions. On a CPU these move whole (rows, vocab) matrices
    between memory and processor, again and again; here the rows are gone through in groups, and only the
    gradient of the scores is kept.

    Args:
        features: (rows, width).
        weight: (vocab, width).
        bias: (vocab,), or None.
        targets: (rows,) int64, `IGNORED` where nothing is predicted.

    Returns:
        ().
    """
    if features.device.type != "cpu":
        return F.cross_entropy(F.linear(features, weight, bias), targets, ignore_index=IGNORED, reduction="sum")
    total: torch.Tensor = _LinearCrossEntropy.apply(features, weight, bias, targets, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return total


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        features: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        with_gradient: bool,
    ) -> torch.Tensor:
        short = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        exact = torch.promote_types(short, torch.float32)
        inputs, matrix = features.to(short), weight.to(short)
        offsets = None if bias is None else bias.to(short)
        rows, vocab = len(features), len(weight)
        slope = torch.empty(rows if with_gradient else 0, vocab, dtype=short)  # of the loss, by the scores
        total = torch.zeros((), dtype=exact)
        size = max(_ROWS, _SCORES // vocab)
        for first in range(0, rows, size):
            some = slice(first, first + size)
            logarithms = F.linear(inputs[some], matrix, offsets).log_softmax(-1, dtype=exact)  # (size, vocab)
            total += F.nll_loss(logarithms, targets[some], ignore_index=IGNORED, reduction="sum")
            if with_gradient:
                chances, right = logarithms.exp_(), targets[some, None].clamp(min=0)
                chances.scatter_add_(1, right, chances.new_full(right.shape, -1.0))
                slope[some] = chances
        if with_gradient:
            slope.index_fill_(0, (targets == IGNORED).nonzero().flatten(), 0.0)
            ctx.save_for_backward(inputs, matrix, slope)
            ctx.kinds = features.dtype, weight.dtype, None if bias is None else bias.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, matrix, slope = ctx.saved_tensors
        of_features, of_weight, of_bias = ctx.kinds
        by_features = (slope @ matrix).to(of_features).mul_(gradient)
        by_weight = (slope.T @ inputs).to(of_weight).mul_(gradient)
        by_bias = None if of_bias is None else slope.sum(0).to(of_bias).mul_(gradient)
        return by_features, by_weight, by_bias, None, None
