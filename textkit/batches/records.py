"""What models are fed: frozen records of tensors, each with its shape."""

from dataclasses import dataclass, replace

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


IGNORED = -100
"""The target that stands where nothing is to be predicted; torch's cross entropy leaves it out."""


@dataclass(frozen=True, kw_only=True)
class BpttBatch:
    """A window of parallel streams; row b goes on where row b of the batch before ended.

    Attributes:
        inputs: (batch, time) int64 token ids.
        targets: (batch, time) int64, the token after each input; `IGNORED` after the end of a stream.
        first: Whether the streams begin here, so that the state must begin anew.
        rate: What the learning rate of this step is to be multiplied with.
        count: Number of predictions; counted if None.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    first: bool
    rate: float = 1.0
    count: int | None = None

    def __len__(self) -> int:
        return _predictions(self.targets) if self.count is None else self.count

    def to(self, device: torch.device | str) -> "BpttBatch":
        """The same batch on another device."""
        return replace(self, inputs=self.inputs.to(device), targets=self.targets.to(device), count=len(self))


@dataclass(frozen=True, kw_only=True)
class SequenceBatch:
    """Documents that have nothing to do with each other, padded to the same length.

    Attributes:
        inputs: (batch, time) int64 token ids, 0 after the end.
        targets: (batch, time) int64, the token after each input; `IGNORED` after the end.
        lengths: (batch,) int64, inputs of each document; always on the CPU, where packing wants them.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    lengths: torch.Tensor

    def __len__(self) -> int:
        return int(self.lengths.sum())

    def to(self, device: torch.device | str) -> "SequenceBatch":
        """The same batch on another device; the lengths stay on the CPU."""
        return replace(self, inputs=self.inputs.to(device), targets=self.targets.to(device))


@dataclass(frozen=True, kw_only=True)
class TextBatch:
    """Texts padded to the same length, to be classified.

    Attributes:
        ids: (batch, time) int64 token ids, 0 after the end; there is one step at least.
        lengths: (batch,) int64, tokens of each text; may be 0. Always on the CPU, where packing wants them.
        rows: (batch,) int64, the number of each text among all; always on the CPU.
        labels: (batch,) int64 numbers of the classes, or (batch, classes) float32 of zeros and ones where a text may
            have several; None if they are not known.
    """

    ids: torch.Tensor
    lengths: torch.Tensor
    rows: torch.Tensor
    labels: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def mask(self) -> torch.Tensor:
        """(batch, time) bool, True for a real token; on the device of the ids."""
        places = torch.arange(self.ids.shape[1], device=self.ids.device)
        return places < self.lengths.to(self.ids.device)[:, None]

    def to(self, device: torch.device | str) -> "TextBatch":
        """The same batch on another device; lengths and rows stay on the CPU."""
        return replace(self, ids=self.ids.to(device), labels=None if self.labels is None else self.labels.to(device))


def _predictions(targets: torch.Tensor) -> int:
    return int((targets != IGNORED).sum())
