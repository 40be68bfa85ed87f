"""LSTM layers in float16, with gradients that are scaled on their way through."""

import pytest
import torch
from torch.nn import functional as F

from textkit.models.float16_lstm import float16_lstm, has_fast_kernel
from textkit.models.layers import Cell, RecurrentLayer

BATCH, TIME, INPUTS, HIDDEN = 8, 6, 24, 16


def tensors(device: str = "cpu", *sizes: int) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
    batch, time, inputs, hidden = sizes or (BATCH, TIME, INPUTS, HIDDEN)
    random = torch.Generator().manual_seed(1)

    def normal(*shape: int, deviation: float = 1.0) -> torch.Tensor:
        return (deviation * torch.randn(shape, generator=random)).to(device).requires_grad_()

    rows, deviation = 4 * hidden, hidden**-0.5
    weights = [normal(rows, inputs, deviation=deviation), normal(rows, hidden, deviation=deviation)]
    weights += [normal(rows, deviation=0.1), normal(rows, deviation=0.1)]
    return normal(batch, time, inputs), [normal(batch, hidden, deviation=0.3) for _ in range(2)], weights


def slopes(run: object, size: float, device: str = "cpu", *sizes: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Outputs, and the gradient of a sum of outputs and states whose own gradients are about ``size``."""
    sequence, state, weights = tensors(device, *sizes)
    output, end = run(sequence, state, weights)  # type: ignore[operator]
    factors = torch.randn(output.shape, generator=torch.Generator().manual_seed(2)).to(device)
    loss = size * ((output.float() * factors).sum() + end[0].float().sum() - end[1].float().sum())
    inputs = [sequence, *state, *weights]
    return output, [gradient / size for gradient in torch.autograd.grad(loss, inputs)]


def in_float32(
    sequence: torch.Tensor, state: list[torch.Tensor], weights: list[torch.Tensor]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    start = (state[0][None], state[1][None])
    output, h, c = torch.lstm(sequence, start, weights, True, 1, 0.0, True, False, True)
    return output, [h[0], c[0]]


def in_float16(
    sequence: torch.Tensor, state: list[torch.Tensor], weights: list[torch.Tensor]
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    return float16_lstm(sequence, state, weights, training=True)


def assert_close(found: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    for own, exact in zip(found, expected, strict=True):
        assert own.dtype == torch.float32
        assert float((own - exact).norm() / exact.norm()) < 0.01


@pytest.mark.parametrize("size", [1e-12, 1e-7, 1.0, 1e6])
def test_gradients_are_those_of_float32_whatever_their_size(size: float) -> None:
    # float16 ends at 6e-8 and at 65504.
    output, found = slopes(in_float16, size)
    exact, expected = slopes(in_float32, 1.0)
    assert output.dtype == torch.bfloat16
    assert F.mse_loss(output.float(), exact) < 1e-5
    assert_close(found, expected)


def test_gradients_of_zero_stay_zero() -> None:
    sequence, state, weights = tensors()
    output, _ = in_float16(sequence, state, weights)
    gradients = torch.autograd.grad((0.0 * output).sum(), [sequence, *weights])
    assert all(float(gradient.abs().sum()) == 0 for gradient in gradients)


def test_gradient_that_is_not_finite_is_not_hidden() -> None:
    sequence, state, weights = tensors()
    output, _ = in_float16(sequence, state, weights)
    (gradient,) = torch.autograd.grad((float("inf") * output).sum(), [weights[0]])
    assert not gradient.isfinite().all()


def test_on_a_cpu_it_is_not_used() -> None:
    sequence = torch.zeros(8, 4, 128)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not has_fast_kernel("lstm", sequence, 128)


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:RNN module weights")  # of the reference
def test_gradients_on_a_gpu() -> None:
    sizes = (64, 70, 256, 384)
    output, found = slopes(in_float16, 1e-6, "cuda", *sizes)
    exact, expected = slopes(in_float32, 1.0, "cuda", *sizes)
    assert F.mse_loss(output.float(), exact) < 1e-5
    assert_close(found, expected)


@pytest.mark.gpu
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(
    ("cell", "batch", "hidden", "used"),
    [("lstm", 64, 256, True), ("lstm", 60, 256, False), ("lstm", 64, 200, False), ("gru", 64, 256, False)],
)
def test_layers_on_a_gpu_keep_small_gradients(cell: Cell, batch: int, hidden: int, used: bool, padded: bool) -> None:
    # Under autocast to bfloat16, torch runs recurrent layers in float16, without loss scaling.
    layer = RecurrentLayer(cell, 128, hidden, generator=torch.Generator().manual_seed(1)).cuda()
    sequence = torch.randn(batch, 50, 128, device="cuda")
    lengths = torch.full((batch,), 50) if padded else None

    def gradient(size: float) -> torch.Tensor:
        output, _ = layer(sequence, lengths=lengths)
        (found,) = torch.autograd.grad((size * output.float()).sum(), [layer.weight_hh])
        return found / size

    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert has_fast_kernel(cell, sequence, hidden) == used
        output, state = layer(sequence, lengths=lengths)
        found = gradient(1e-10)
    assert output.dtype == state[0].dtype == torch.bfloat16
    expected = gradient(1.0)
    assert float((found - expected).norm() / expected.norm()) < 0.05
