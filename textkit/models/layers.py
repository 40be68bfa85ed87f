"""Building blocks of the models: dropout with one mask per window, and a recurrent layer.

Every mask is drawn from a generator passed as an argument, so that training can resume exactly from a saved state.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from textkit.models.float16_lstm import float16_lstm, has_fast_kernel

Cell = Literal["rnn_tanh", "rnn_relu", "lstm", "gru"]
CELLS: tuple[Cell, ...] = get_args(Cell)
LayerState: TypeAlias = tuple[torch.Tensor, ...]
"""(h,), or (h, c) of an LSTM; each (batch, hidden)."""

MOST_LAYERS = 64
"""Maximum number of recurrent layers; a config of unknown origin must not keep a process busy for ever."""
NO_DROPOUT = "0 disables dropout"
"""The remedy in errors about a dropout rate."""

_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}
_KERNELS: dict[str, Callable[..., Any]] = {
    "rnn_tanh": torch.rnn_tanh,
    "rnn_relu": torch.rnn_relu,
    "lstm": torch.lstm,
    "gru": torch.gru,
}


def mixed_precision(device: str) -> torch.dtype | None:
    """Return the dtype of autocast on a type of device; None where it is off."""
    if device == "meta" or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)


def dropout_mask(
    shape: tuple[int, ...], rate: float, *, like: torch.Tensor, generator: torch.Generator | None
) -> torch.Tensor:
    """Draw a mask: 0 with probability ``rate``, else 1 / (1 - rate), so that its mean is 1.

    Args:
        shape: Shape of the mask.
        rate: Probability of a zero, from 0 to below 1.
        like: A tensor with the device and dtype of the mask.
        generator: Random generator of the mask, which is drawn on the generator's device; torch's global one if None.

    Returns:
        A tensor of the shape ``shape``.
    """
    device = like.device if generator is None else generator.device
    mask = torch.empty(shape, device=device).bernoulli_(1 - rate, generator=generator)
    return mask.div_(1 - rate).to(like)


def locked_dropout(sequence: torch.Tensor, rate: float, generator: torch.Generator | None = None) -> torch.Tensor:
    """Drop the same units at every time step of a sequence (Gal and Ghahramani 2016, section 4.1).

    Args:
        sequence: (batch, time, dim).
        rate: Probability of dropping a unit, from 0 to below 1; each sequence of the batch has its own mask.
        generator: See `dropout_mask`.

    Returns:
        (batch, time, dim); ``sequence`` itself if the rate is 0.
    """
    if rate == 0:
        return sequence
    batch, _, dim = sequence.shape
    return sequence * dropout_mask((batch, 1, dim), rate, like=sequence, generator=generator)


def drop_words(
    ids: torch.Tensor, rate: float, replacement: int, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Replace random tokens, so that no prediction depends on a single word.

    Word dropout is from Iyyer et al. 2015, section 4.1. There the words are removed; here they are replaced, usually
    by ``<unk>``, and the positions stay the same.

    Args:
        ids: (batch, time) int64 token ids.
        rate: Probability of replacing a token, from 0 to below 1.
        replacement: Id of the replacement.
        generator: See `dropout_mask`.

    Returns:
        (batch, time).
    """
    device = ids.device if generator is None else generator.device
    dropped = torch.empty(ids.shape, device=device).bernoulli_(rate, generator=generator)
    return ids.masked_fill(dropped.to(ids.device, torch.bool), replacement)


def drop_tokens(
    vectors: torch.Tensor, ids: torch.Tensor, vocab: int, rate: float, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Apply embedding dropout: a dropped token is 0 at every position (Gal and Ghahramani 2016, section 4.2).

    Args:
        vectors: (batch, time, dim), the embeddings of the tokens.
        ids: (batch, time) int64.
        vocab: Size of the vocabulary.
        rate: Probability of dropping a token of the vocabulary, from 0 to below 1.
        generator: See `dropout_mask`.

    Returns:
        (batch, time, dim); ``vectors`` itself if the rate is 0.
    """
    if rate == 0:
        return vectors
    # One factor per token in the batch is cheaper than a masked copy of the whole matrix.
    return vectors * dropout_mask((vocab, 1), rate, like=vectors, generator=generator)[ids]


class RecurrentLayer(nn.Module):
    """One recurrent layer, run by torch's kernel over a whole window, with optional dropout of its recurrent weights.

    Weight dropout is that of Merity et al. 2018, section 2 (DropConnect): a dropped weight is 0 at every step of the
    window.

    Args:
        cell: "rnn_tanh", "rnn_relu", "lstm" or "gru", with torch's equations and order of gates.
        inputs: Dimension of the inputs.
        hidden: Number of units.
        forget_bias: Initial bias of an LSTM's forget gates; 1 makes the cell retain its state at first (Jozefowicz et
            al. 2015, section 2.2).
        generator: Random generator of the initial weights; torch's global one if None.
    """

    def __init__(
        self,
        cell: Cell,
        inputs: int,
        hidden: int,
        *,
        forget_bias: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden = hidden
        rows = _GATES[cell] * hidden
        self.weight_ih = nn.Parameter(torch.empty(rows, inputs))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden))
        self.bias_ih = nn.Parameter(torch.zeros(rows))
        self.bias_hh = nn.Parameter(torch.zeros(rows))
        with torch.no_grad():
            for weight in (self.weight_ih, self.weight_hh):
                weight.uniform_(-(hidden**-0.5), hidden**-0.5, generator=generator)
            if cell == "lstm":
                self.bias_ih[hidden : 2 * hidden] = forget_bias

    def forward(
        self,
        sequence: torch.Tensor,
        state: LayerState | None = None,
        *,
        lengths: torch.Tensor | None = None,
        weight_dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> tuple[torch.Tensor, LayerState]:
        """Run over a window.

        Args:
            sequence: (batch, time, inputs).
            state: State before the first step; None for zeros.
            lengths: (batch,) int64 on the CPU, number of real steps of each sequence; None if all steps are real.
            weight_dropout: Probability of dropping a recurrent weight, from 0 to below 1.
            generator: See `dropout_mask`.

        Returns:
            The outputs (batch, time, hidden), 0 where a sequence has ended, and the state after the last real step.
        """
        W_hh: torch.Tensor = self.weight_hh
        if weight_dropout > 0:
            shape = (len(W_hh), self.hidden)
            W_hh = W_hh * dropout_mask(shape, weight_dropout, like=W_hh, generator=generator)
        weights: list[torch.Tensor] = [self.weight_ih, W_hh, self.bias_ih, self.bias_hh]
        if state is None:
            zeros = sequence.new_zeros(len(sequence), self.hidden)
            state = (zeros, zeros) if self.cell == "lstm" else (zeros,)
        if (dtype := self._forced_dtype(sequence.device.type)) is None:
            return self._run(sequence, state, weights, lengths)
        if dtype == torch.bfloat16 and lengths is None and has_fast_kernel(self.cell, sequence, self.hidden):
            return float16_lstm(sequence, state, weights, training=self.training)
        with torch.autocast(sequence.device.type, enabled=False):
            state, weights = tuple(part.to(dtype) for part in state), [weight.to(dtype) for weight in weights]
            return self._run(sequence.to(dtype), state, weights, lengths)

    def _forced_dtype(self, device: str) -> torch.dtype | None:
        """Return the dtype to compute in where that of mixed precision would not do; None where it does."""
        if mixed_precision(device) != torch.bfloat16:
            return None
        if device == "cuda":  # where autocast takes float16 for recurrent layers, whose gradients it would lose
            return torch.bfloat16
        return torch.float32 if device == "cpu" and self.cell == "lstm" and not bfloat16_lstm_on_cpu() else None

    def _run(
        self,
        sequence: torch.Tensor,
        state: LayerState,
        weights: list[torch.Tensor],
        lengths: torch.Tensor | None,
    ) -> tuple[torch.Tensor, LayerState]:
        if sequence.is_cuda:
            weights = _flatten_weights(weights)
        if lengths is None:
            return self._run_padded(sequence, state, weights)
        return self._run_packed(sequence, state, weights, lengths)

    def _run_padded(
        self, sequence: torch.Tensor, state: LayerState, weights: list[torch.Tensor]
    ) -> tuple[torch.Tensor, LayerState]:
        start = tuple(part.unsqueeze(0) for part in state)
        # has_biases, num_layers, dropout, train, bidirectional, batch_first
        output, *end = _KERNELS[self.cell](
            sequence, start if self.cell == "lstm" else start[0], weights, True, 1, 0.0, self.training, False, True
        )
        return output, tuple(part.squeeze(0) for part in end)

    def _run_packed(
        self, sequence: torch.Tensor, state: LayerState, weights: list[torch.Tensor], lengths: torch.Tensor
    ) -> tuple[torch.Tensor, LayerState]:
        packed = pack_padded_sequence(sequence, lengths, batch_first=True, enforce_sorted=False)
        # Packing sorts the sequences by length; the states must follow, and be put back in order afterwards.
        sorted_indices, unsorted_indices = packed.sorted_indices, packed.unsorted_indices
        start = tuple(part[sorted_indices].unsqueeze(0) for part in state)
        output, *end = _KERNELS[self.cell](
            packed.data,
            packed.batch_sizes,
            start if self.cell == "lstm" else start[0],
            weights,
            True,
            1,
            0.0,
            self.training,
            False,
        )
        result = PackedSequence(output, packed.batch_sizes, sorted_indices, unsorted_indices)
        padded, _ = pad_packed_sequence(result, batch_first=True, total_length=sequence.shape[1])
        return padded, tuple(part.squeeze(0)[unsorted_indices] for part in end)


@cache
def bfloat16_lstm_on_cpu() -> bool:
    """Return whether this processor can train an LSTM in bfloat16.

    Under autocast, torch passes the layer to oneDNN, which needs AVX-512 to train in bfloat16 and raises an error on
    any other processor. torch has no fallback, so LSTM layers stay in float32 there.
    """
    ones = torch.ones(1, 1, 1)
    weights = [torch.ones(shape, requires_grad=True) for shape in ((4, 1), (4, 1), (4,), (4,))]
    try:
        with torch.enable_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            torch.lstm(ones, (ones, ones), weights, True, 1, 0.0, True, False, True)
    except RuntimeError:
        return False
    return True


def _flatten_weights(weights: list[torch.Tensor]) -> list[torch.Tensor]:
    """Copy weights into one contiguous block, as cuDNN requires; otherwise it warns and copies them itself."""
    block = torch.cat([weight.reshape(-1) for weight in weights])
    parts = torch.split(block, [weight.numel() for weight in weights])
    return [part.view(weight.shape) for part, weight in zip(parts, weights, strict=True)]
