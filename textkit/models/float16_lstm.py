"""Train an LSTM layer in float16 on a GPU: cuDNN then keeps its weights on the chip from step to step.

Such persistent kernels (Diamos et al. 2016, "Persistent RNNs") exist for float16 and not for bfloat16, and only for
some shapes. float16 has too few exponents for the gradients of a mean over thousands of predictions, so the gradients
are scaled by a power of 2 on their way through the layer (loss scaling; Micikevicius et al. 2018, section 3.2). It is
chosen anew for each window from the largest of them, without waiting for the GPU. Gradients that grow more than a
hundred-thousandfold within a window overflow, which stops the training like any other loss that is not finite.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

_LARGEST = 2.0**-3
"""Upper bound of the scaled gradients: far below 65504, as the gradients of the weights are sums of many."""

_MOST_SEQUENCES, _MOST_UNITS = 128, 1024  # for which torch chooses a persistent kernel


def has_fast_kernel(cell: str, sequence: torch.Tensor, hidden: int) -> bool:
    """Return whether cuDNN trains a layer in float16 by a persistent kernel.

    Args:
        cell: Type of the cell.
        sequence: (batch, time, inputs).
        hidden: Number of units.
    """
    batch, _, inputs = sequence.shape
    return (
        cell == "lstm"
        and sequence.is_cuda
        and torch.is_grad_enabled()
        and batch % 8 == 0
        and batch <= _MOST_SEQUENCES
        and inputs % 128 == 0
        and hidden % 128 == 0
        and hidden <= _MOST_UNITS
    )


def float16_lstm(
    sequence: torch.Tensor, state: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], *, training: bool
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """Run an LSTM over a window in float16.

    Args:
        sequence: (batch, time, inputs).
        state: h and c before the first step, (batch, hidden) each.
        weights: Those of torch's layer: (4 * hidden, inputs), (4 * hidden, hidden) and two biases (4 * hidden,).
        training: Whether a gradient may be asked for.

    Returns:
        The outputs (batch, time, hidden) and the state after the last step, in bfloat16.
    """
    scale = _Scale()
    block = torch.cat([weight.reshape(-1) for weight in weights])  # cuDNN reads the weights from one block
    sequence, block, h, c = _Enter.apply(scale, sequence, block, *state)  # type: ignore[no-untyped-call]
    parts = torch.split(block, [weight.numel() for weight in weights])
    flat = [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]
    with torch.autocast(sequence.device.type, enabled=False):
        # has_biases, num_layers, dropout, train, bidirectional, batch_first
        output, h, c = torch.lstm(sequence, (h[None], c[None]), flat, True, 1, 0.0, training, False, True)
    output, h, c = _Leave.apply(scale, output, h[0], c[0])  # type: ignore[no-untyped-call]
    return output, (h, c)


class _Scale:
    """The factor of the gradients between `_Leave`, which chooses it, and `_Enter`."""

    factor: torch.Tensor | None = None


class _Enter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scale: _Scale, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.scale, ctx.dtypes = scale, [tensor.dtype for tensor in tensors]
        return tuple(tensor.to(torch.float16, copy=True) for tensor in tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        pairs = zip(gradients, ctx.dtypes, strict=True)
        return None, *((gradient.float() / ctx.scale.factor).to(dtype) for gradient, dtype in pairs)


class _Leave(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scale: _Scale, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.scale = scale
        return tuple(tensor.to(torch.bfloat16) for tensor in tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        largest = torch.stack([gradient.abs().amax() for gradient in gradients]).amax().float()
        # An exact power of 2; 1 if all gradients are 0, or one is not finite, which the training loop notices.
        factor = torch.exp2(-torch.ceil(torch.log2(largest / _LARGEST)))
        ctx.scale.factor = torch.where((largest > 0) & factor.isfinite() & (factor > 0), factor, 1.0)
        return None, *((gradient.float() * ctx.scale.factor).to(torch.float16) for gradient in gradients)
