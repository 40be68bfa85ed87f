"""Batch records: frozen dataclasses of tensors with documented shapes."""

from dataclasses import dataclass, replace

import torch


@dataclass(frozen=True, kw_only=True)
class SkipGramBatch:
    """Center words, each with one context and several negative samples.

    Attributes:
        centers: (batch,) int64 word ids.
        contexts: (batch,) int64 word ids.
        negatives: (batch, negatives) int64 word ids, drawn from the noise distribution.
    """

    centers: torch.Tensor
    contexts: torch.Tensor
    negatives: torch.Tensor

    def __len__(self) -> int:
        return len(self.centers)

    def to(self, device: torch.device | str) -> "SkipGramBatch":
        """Move the batch to another device."""
        return SkipGramBatch(
            centers=_moved(self.centers, device),
            contexts=_moved(self.contexts, device),
            negatives=_moved(self.negatives, device),
        )


@dataclass(frozen=True, kw_only=True)
class CbowBatch:
    """Center words, each with all its contexts and several negative samples.

    Attributes:
        centers: (batch,) int64 word ids.
        contexts: (contexts,) int64 word ids, those of all centers one after the other; each center has at least one.
        offsets: (batch,) int64, the start of each center's contexts.
        negatives: (batch, negatives) int64 word ids, drawn from the noise distribution.
        positions: (contexts,) int64, the place of each context in the window, from 0 on the left; None if no model
            needs it.
    """

    centers: torch.Tensor
    contexts: torch.Tensor
    offsets: torch.Tensor
    negatives: torch.Tensor
    positions: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.centers)

    def to(self, device: torch.device | str) -> "CbowBatch":
        """Move the batch to another device."""
        return CbowBatch(
            centers=_moved(self.centers, device),
            contexts=_moved(self.contexts, device),
            offsets=_moved(self.offsets, device),
            negatives=_moved(self.negatives, device),
            positions=None if self.positions is None else _moved(self.positions, device),
        )


IGNORED = -100
"""The target at positions without a prediction; it is the default ``ignore_index`` of torch's cross entropy."""


@dataclass(frozen=True, kw_only=True)
class BpttBatch:
    """A window of parallel streams; row b continues row b of the previous batch.

    Attributes:
        inputs: (batch, time) int64 token ids.
        targets: (batch, time) int64, the token after each input; `IGNORED` after the end of a stream.
        first: Whether the streams start in this window, so that the state must be reset.
        rate: Factor of the learning rate for this step.
        count: Number of predictions; None to count them in ``targets``.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    first: bool
    rate: float = 1.0
    count: int | None = None

    def __len__(self) -> int:
        return _predictions(self.targets) if self.count is None else self.count

    def to(self, device: torch.device | str) -> "BpttBatch":
        """Move the batch to another device."""
        return replace(self, inputs=_moved(self.inputs, device), targets=_moved(self.targets, device), count=len(self))


@dataclass(frozen=True, kw_only=True)
class TwoWayBatch:
    """A window of each direction in which a text is read: from its beginning, and from its end.

    Attributes:
        forward: Windows of the text's streams.
        backward: Windows of the streams of the reversed text, of the same shape and with as many predictions.
    """

    forward: BpttBatch
    backward: BpttBatch

    @property
    def first(self) -> bool:
        """Whether the streams start in this window."""
        return self.forward.first

    @property
    def rate(self) -> float:
        """Factor of the learning rate for this step."""
        return self.forward.rate

    def __len__(self) -> int:
        return len(self.forward)

    def to(self, device: torch.device | str) -> "TwoWayBatch":
        """Move the batch to another device."""
        return TwoWayBatch(forward=self.forward.to(device), backward=self.backward.to(device))


@dataclass(frozen=True, kw_only=True)
class SequenceBatch:
    """Independent documents, padded to the same length.

    Attributes:
        inputs: (batch, time) int64 token ids, 0 at padding.
        targets: (batch, time) int64, the token after each input; `IGNORED` at padding.
        lengths: (batch,) int64, number of inputs of each document; always on the CPU, as torch's packing requires.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    lengths: torch.Tensor

    def __len__(self) -> int:
        return int(self.lengths.sum())

    def to(self, device: torch.device | str) -> "SequenceBatch":
        """Move the batch to another device; the lengths stay on the CPU."""
        return replace(self, inputs=_moved(self.inputs, device), targets=_moved(self.targets, device))


@dataclass(frozen=True, kw_only=True)
class TextBatch:
    """Texts to classify, padded to the same length.

    Attributes:
        ids: (batch, time) int64 token ids, 0 at padding; at least one step.
        lengths: (batch,) int64, number of tokens of each text, possibly 0. Always on the CPU, as torch's packing
            requires.
        rows: (batch,) int64, index of each text in the data set; always on the CPU.
        labels: (batch,) int64 class indices, or (batch, classes) float32 of zeros and ones where a text may have
            several labels; None if the labels are unknown.
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
        positions = torch.arange(self.ids.shape[1], device=self.ids.device)
        return positions < self.lengths.to(self.ids.device)[:, None]

    def to(self, device: torch.device | str) -> "TextBatch":
        """Move the batch to another device; lengths and rows stay on the CPU."""
        labels = None if self.labels is None else _moved(self.labels, device)
        return replace(self, ids=_moved(self.ids, device), labels=labels)


def _predictions(targets: torch.Tensor) -> int:
    return int((targets != IGNORED).sum())


def _moved(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Move a tensor. From pinned memory a GPU fetches it while the host goes on."""
    if torch.device(device).type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
