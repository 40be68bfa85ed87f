"""A recurrent layer written as one loop that stays a loop when it is exported, for any number of steps."""

from typing import Literal

import torch
from torch._higher_order_ops.scan import scan  # the one loop over a tensor that torch.export keeps
from torch.nn import functional as F

from textkit.models.layers import RecurrentLayer

GatedCell = Literal["lstm", "gru"]


def scanned(layer: RecurrentLayer, sequence: torch.Tensor) -> torch.Tensor:
    """Run a layer step by step from a state of zeros; slow, and the same as the layer itself.

    Args:
        layer: One with the cell "lstm" or "gru".
        sequence: (batch, time, inputs).

    Returns:
        The outputs (batch, time, hidden).

    Raises:
        ValueError: If it has another cell.
    """
    zeros = sequence.new_zeros(sequence.shape[0], layer.hidden)
    recurrent, bias = layer.weight_hh, layer.bias_hh

    def lstm_step(
        state: tuple[torch.Tensor, torch.Tensor], given: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        i, f, g, o = (given + F.linear(state[0], recurrent, bias)).chunk(4, dim=1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return (h, c), h.clone()  # two results must not be one tensor

    def gru_step(state: torch.Tensor, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        reset, update, new = given.chunk(3, dim=1)
        reset_h, update_h, new_h = F.linear(state, recurrent, bias).chunk(3, dim=1)
        update = (update + update_h).sigmoid()
        new = (new + (reset + reset_h).sigmoid() * new_h).tanh()
        h = (1 - update) * new + update * state
        return h, h.clone()

    given = F.linear(sequence, layer.weight_ih, layer.bias_ih).transpose(0, 1)  # (time, batch, gates * hidden)
    if layer.cell == "lstm":
        _, outputs = scan(lstm_step, (zeros, zeros.clone()), given)
    elif layer.cell == "gru":
        _, outputs = scan(gru_step, zeros, given)
    else:
        raise ValueError(f"layer must have the cell lstm or gru, got {layer.cell!r}")
    result: torch.Tensor = outputs.transpose(0, 1)
    return result
