"""The keys and values of the tokens that a transformer has read, so that each token is read once."""

import torch


class AttentionCache:
    """Keys and values of all layers, and the tokens themselves; it grows as tokens are read."""

    def __init__(self) -> None:
        self._length = 0
        self._tokens = torch.empty(0, 0, dtype=torch.int64)  # (batch, room)
        self._keys: list[torch.Tensor] = []  # of each layer, (batch, heads, room, dim of a head)
        self._values: list[torch.Tensor] = []

    def __len__(self) -> int:
        """Return the number of tokens."""
        return self._length

    def contents(self) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        """Return the tokens (batch, tokens), and keys and values (batch, heads, tokens, head dim) per layer."""
        end = self._length
        keys, values = ([part[:, :, :end] for part in stored] for stored in (self._keys, self._values))
        return self._tokens[:, :end], keys, values

    def copy(self) -> "AttentionCache":
        """Return an independent copy."""
        found = AttentionCache()
        found._length, found._tokens = self._length, self._tokens.clone()
        found._keys = [keys.clone() for keys in self._keys]
        found._values = [values.clone() for values in self._values]
        return found

    def restarted(self, tokens: int) -> torch.Tensor:
        """Forget everything; return the last tokens (batch, tokens), to be read again."""
        last = self._tokens[:, self._length - tokens : self._length].clone()
        self._length = 0
        return last

    def begin(self, inputs: torch.Tensor, most: int) -> None:
        """Make room for further tokens.

        Args:
            inputs: (batch, time) int64, the tokens.
            most: Maximum number of tokens that there will ever be.
        """
        needed, room = self._length + inputs.shape[1], self._tokens.shape[1]
        if needed <= room:
            return
        # Doubling the room keeps the time for copies linear.
        further = min(max(2 * room, needed), most) - room
        self._tokens = _extended(self._tokens if room else inputs[:, :0], further, dim=1)
        self._keys = [_extended(keys, further, dim=2) for keys in self._keys]
        self._values = [_extended(values, further, dim=2) for values in self._values]

    def extended(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of the tokens of `begin`.

        Args:
            layer: Number of the layer.
            keys: (batch, heads, time, dim of a head).
            values: As ``keys``.

        Returns:
            Those of all tokens so far; gradients flow through the new ones.
        """
        if layer == len(self._keys):
            room = self._tokens.shape[1]
            for stored, new in ((self._keys, keys), (self._values, values)):
                batch, heads, _, dim = new.shape
                stored.append(new.new_empty(batch, heads, room, dim))
        start, end = self._length, self._length + keys.shape[2]
        self._keys[layer][:, :, start:end] = keys.detach()
        self._values[layer][:, :, start:end] = values.detach()
        if start == 0:
            return keys, values
        if keys.requires_grad:
            earlier = self._keys[layer][:, :, :start], self._values[layer][:, :, :start]
            return torch.cat([earlier[0], keys], dim=2), torch.cat([earlier[1], values], dim=2)
        return self._keys[layer][:, :, :end], self._values[layer][:, :, :end]

    def end(self, inputs: torch.Tensor) -> None:
        """Count the tokens of `begin`, once all layers have been extended."""
        end = self._length + inputs.shape[1]
        self._tokens[:, self._length : end] = inputs
        self._length = end


def _extended(stored: torch.Tensor, further: int, *, dim: int) -> torch.Tensor:
    shape = list(stored.shape)
    shape[dim] = further
    return torch.cat([stored, stored.new_empty(shape)], dim)
