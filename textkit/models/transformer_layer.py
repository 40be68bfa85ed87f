"""One layer of a transformer: attention and a feed-forward network."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn
from torch.nn import functional as F

Angles: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines of the rotations, (time, dim of a head / 2) each."""


class TransformerLayer(nn.Module):
    """One layer: attention and a feed-forward network, each of which adds to a sequence what it makes of it.

    Args:
        dim: Dimension of the sequence.
        hidden: Number of units of the feed-forward network.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.projection, self.attended = _linear(dim, 3 * dim), _linear(dim, dim)
        self.up, self.down = _linear(dim, hidden), _linear(hidden, dim)

    def forward(
        self,
        sequence: torch.Tensor,
        heads: int,
        angles: Angles | None = None,
        kept: tuple[torch.Tensor, torch.Tensor] | None = None,
        *,
        extend: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None,
        causal: bool = True,
        seen: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Run over a sequence.

        Args:
            sequence: (batch, time, dim).
            heads: Number of attention heads.
            angles: Cosines and sines of the rotations of queries and keys, (time, dim of a head / 2) each; None for no
                rotations.
            kept: Dropout masks (batch, time, dim) of what attention and feed-forward network add; None for no dropout.
            extend: Called with the keys and values (batch, heads, time, dim of a head); returns them after those of
                the tokens before. None if there are none before.
            causal: Whether a token attends to itself and those before it only.
            seen: Booleans that broadcast to (batch, heads, time, time): the tokens that each attends to, if not causal;
                None for all.

        Returns:
            (batch, time, dim).
        """
        batch, time, dim = sequence.shape
        together = self.projection(self.attention_norm(sequence)).view(batch, time, 3, heads, dim // heads)
        queries, keys, values = together.permute(2, 0, 3, 1, 4)  # (batch, heads, time, dim of a head)
        if angles is not None:
            queries, keys = rotated(queries, *angles), rotated(keys, *angles)
        if extend is not None:
            keys, values = extend(keys, values)
        if causal and 1 < time < keys.shape[2]:  # the queries are those of the last tokens
            seen = torch.ones(time, keys.shape[2], dtype=torch.bool, device=keys.device).tril(keys.shape[2] - time)
        is_causal = causal and 1 < time == keys.shape[2]
        attention = F.scaled_dot_product_attention(queries, keys, values, seen, is_causal=is_causal)
        added = self.attended(attention.transpose(1, 2).flatten(2))
        sequence = sequence + (added if kept is None else added * kept[0])
        added = self.down(F.gelu(self.up(self.feed_forward_norm(sequence))))
        outputs: torch.Tensor = sequence + (added if kept is None else added * kept[1])
        return outputs


def rotated(vectors: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotate the two halves of vectors (..., time, dim) against each other, by angles (time, dim / 2).

    Source: Su et al. 2021, "RoFormer", equation 34, with the pairs taken from the two halves.
    """
    first, second = vectors.chunk(2, dim=-1)
    cosines, sines = cosines.to(vectors.dtype), sines.to(vectors.dtype)
    return torch.cat([first * cosines - second * sines, second * cosines + first * sines], dim=-1)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    # skip_init, because torch would draw the initial weights from its global generator.
    device = torch.get_default_device()
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs, device=device)  # type: ignore[no-untyped-call]
    return layer
