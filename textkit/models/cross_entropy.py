"""Output layer and cross entropy in one function, which on a CPU processes the logits in cache-sized chunks."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from textkit.batches.records import IGNORED

_CHUNK_LOGITS = 1 << 20  # per chunk: few enough to fit into a cache
_MIN_CHUNK_ROWS = 128  # because every chunk reads all weights again, which is slow for a large vocabulary


def linear_cross_entropy(
    features: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    targets: torch.Tensor,
    min_chunk_rows: int = _MIN_CHUNK_ROWS,
) -> torch.Tensor:
    """Compute the summed cross entropy of the logits ``features @ weight.T + bias``.

    Loss and gradients are those of ``F.linear`` and ``F.cross_entropy``. On a CPU these two move whole (rows, vocab)
    matrices between memory and processor several times. Here the rows are processed in chunks, and only the gradient of
    the logits is kept.

    Args:
        features: (rows, width).
        weight: (vocab, width).
        bias: (vocab,), or None.
        targets: (rows,) int64, `IGNORED` where nothing is predicted.
        min_chunk_rows: Minimum number of rows to process at a time on a CPU. A few are enough for a narrow ``weight``,
            and take less memory.

    Returns:
        (), in nats.
    """
    if features.device.type != "cpu":
        return F.cross_entropy(F.linear(features, weight, bias), targets, ignore_index=IGNORED, reduction="sum")
    options = torch.is_grad_enabled(), min_chunk_rows
    total: torch.Tensor = _LinearCrossEntropy.apply(features, weight, bias, targets, *options)  # type: ignore[no-untyped-call]
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
        min_chunk_rows: int,
    ) -> torch.Tensor:
        compute_dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        loss_dtype = torch.promote_types(compute_dtype, torch.float32)
        inputs, matrix = features.to(compute_dtype), weight.to(compute_dtype)
        offsets = None if bias is None else bias.to(compute_dtype)
        rows, vocab = len(features), len(weight)
        grad_logits = torch.empty(rows if with_gradient else 0, vocab, dtype=compute_dtype)
        total = torch.zeros((), dtype=loss_dtype)
        chunk_rows = max(min_chunk_rows, _CHUNK_LOGITS // vocab)
        for start in range(0, rows, chunk_rows):
            chunk = slice(start, start + chunk_rows)
            log_probs = F.linear(inputs[chunk], matrix, offsets).log_softmax(-1, dtype=loss_dtype)  # (chunk, vocab)
            total += F.nll_loss(log_probs, targets[chunk], ignore_index=IGNORED, reduction="sum")
            # The gradient of the cross entropy with respect to the logits is softmax(logits) - one_hot(target). An
            # ignored target is clamped to a valid index here, and its row is set to 0 after the loop.
            if with_gradient:
                probs, target = log_probs.exp_(), targets[chunk, None].clamp(min=0)
                probs.scatter_add_(1, target, probs.new_full(target.shape, -1.0))
                grad_logits[chunk] = probs
        if with_gradient:
            grad_logits.index_fill_(0, (targets == IGNORED).nonzero().flatten(), 0.0)
            ctx.save_for_backward(inputs, matrix, grad_logits)
            ctx.dtypes = features.dtype, weight.dtype, None if bias is None else bias.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, matrix, grad_logits = ctx.saved_tensors
        features_dtype, weight_dtype, bias_dtype = ctx.dtypes
        grad_features = (grad_logits @ matrix).to(features_dtype).mul_(gradient)
        grad_weight = (grad_logits.T @ inputs).to(weight_dtype).mul_(gradient)
        grad_bias = None if bias_dtype is None else grad_logits.sum(0).to(bias_dtype).mul_(gradient)
        return grad_features, grad_weight, grad_bias, None, None, None
