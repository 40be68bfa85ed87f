"""A recurrent layer as a scan, which torch.export keeps as a loop for sequences of any length."""

from typing import Literal

import torch

# The only loop over a tensor that torch.export does not unroll.
from torch._higher_order_ops.scan import scan
from torch.nn import functional as F

from textkit.models.layers import RecurrentLayer

GatedCell = Literal["lstm", "gru"]


def scan_layer(layer: RecurrentLayer, sequence: torch.Tensor) -> torch.Tensor:
    """Run a layer step by step from a zero state: slower than the layer itself, with the same outputs.

    Args:
        layer: A layer with the cell "lstm" or "gru".
        sequence: (batch, time, inputs).

    Returns:
        The outputs (batch, time, hidden).

    Raises:
        ValueError: If the layer has another cell.
    """
    zeros = sequence.new_zeros(sequence.shape[0], layer.hidden)
    W_hh, b_hh = layer.weight_hh, layer.bias_hh

    # scan does not allow two results to be the same tensor, so each step returns a copy of h as its output.
    def lstm_step(
        state: tuple[torch.Tensor, torch.Tensor], projected: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        i, f, g, o = (projected + F.linear(state[0], W_hh, b_hh)).chunk(4, dim=1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (h, c), h.clone()

    def gru_step(state: torch.Tensor, projected: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        reset, update, new = projected.chunk(3, dim=1)
        reset_h, update_h, new_h = F.linear(state, W_hh, b_hh).chunk(3, dim=1)
        update = (update + update_h).sigmoid()
        new = (new + (reset + reset_h).sigmoid() * new_h).tanh()
        h = (1 - update) * new + update * state
        return h, h.clone()

    projected = F.linear(sequence, layer.weight_ih, layer.bias_ih).transpose(0, 1)  # (time, batch, gates * hidden)
    if layer.cell == "lstm":
        _, outputs = scan(lstm_step, (zeros, zeros.clone()), projected)
    elif layer.cell == "gru":
        _, outputs = scan(gru_step, zeros, projected)
    else:
        raise ValueError(f"layer must have the cell lstm or gru, got {layer.cell!r}")
    result: torch.Tensor = outputs.transpose(0, 1)
    return result
