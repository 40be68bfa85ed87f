"""What models are fed: frozen records of tensors, each with its shape."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class SkipGramBatch:
    """Center words with one context and several noise words each.

    Attributes:
        centers: (batch,) int64 word ids.
        contexts: (batch,) int64 word ids.
        negatives: (batch, negatives) int64 word ids drawn from the noise distribution.
    """

    centers: torch.Tensor
    contexts: torch.Tensor
    negatives: torch.Tensor

    def __len__(self) -> int:
        return len(self.centers)

    def to(self, device: torch.device | str) -> "SkipGramBatch":
        """The same batch on another device."""
        return SkipGramBatch(
            centers=self.centers.to(device),
            contexts=self.contexts.to(device),
            negatives=self.negatives.to(device),
        )
