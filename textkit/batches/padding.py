"""Texts of different length in one rectangle: padded with a mask, cut where they are too long, or packed."""

from collections.abc import Sequence
from multiprocessing import Value
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from textkit.batches.records import TextBatch

Example: TypeAlias = NDArray[Any] | tuple[NDArray[Any], Any] | tuple[NDArray[Any], Any, int]
"""The token ids of a text (tokens,), alone, with its label, or with its label and its number among all texts."""


def pad(
    documents: Sequence[NDArray[Any]],
    rows: Sequence[int] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    *,
    max_length: int | None = None,
) -> TextBatch:
    """Put texts side by side, with zeros after the end of the shorter ones.

    Args:
        documents: The token ids of each text (tokens,).
        rows: The number of each text among all; None for 0, 1, 2 and so on.
        labels: For each text the number of its class, or (classes,) zeros and ones; None if they are not known.
        max_length: Tokens kept of each text, from its begin; None for all.

    Raises:
        ValueError: If there is no text, rows or labels are not as many, or ``max_length`` is below 1.

    >>> batch = pad([np.array([5, 6, 7]), np.array([8])], labels=[1, 0])
    >>> batch.ids.tolist(), batch.lengths.tolist(), batch.labels.tolist()
    ([[5, 6, 7], [8, 0, 0]], [3, 1], [1, 0])
    >>> batch.mask.tolist()
    [[True, True, True], [True, False, False]]
    """
    _check_max_length(max_length)
    if not len(documents):
        raise ValueError("documents must hold at least one text, got none")
    for name, given in (("rows", rows), ("labels", labels)):
        if given is not None and len(given) != len(documents):
            raise ValueError(f"{name} must be as many as the {len(documents)} documents, got {len(given)}")
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    if max_length is not None:
        lengths = np.minimum(lengths, max_length)
    ids = np.zeros((len(documents), max(int(lengths.max()), 1)), dtype=np.int64)
    for row, document, length in zip(ids, documents, lengths.tolist(), strict=True):
        row[:length] = document[:length]
    return TextBatch(
        ids=torch.from_numpy(ids),
        lengths=torch.from_numpy(lengths),
        rows=torch.from_numpy(np.arange(len(documents)) if rows is None else np.array(rows, dtype=np.int64)),
        labels=None if labels is None else _label_tensor(labels),
    )


class PaddingCollator:
    """Makes a `TextBatch` of examples, for the ``collate_fn`` of torch's ``DataLoader``.

    What is cut off is counted over all batches, those that worker processes make too.

    Args:
        max_length: Tokens kept of each text, from its begin; None for all.

    Raises:
        ValueError: If ``max_length`` is below 1.

    >>> collate = PaddingCollator(max_length=2)
    >>> collate([(np.array([5, 6, 7, 8]), 1), (np.array([9]), 0)]).ids.tolist()
    [[5, 6], [9, 0]]
    >>> collate.truncated, collate.dropped
    (1, 2)
    """

    def __init__(self, max_length: int | None = None) -> None:
        _check_max_length(max_length)
        self.max_length = max_length
        self._truncated, self._dropped = Value("q"), Value("q")  # workers count into the same memory

    @property
    def truncated(self) -> int:
        """How many texts were cut."""
        return int(self._truncated.value)

    @property
    def dropped(self) -> int:
        """How many tokens were cut off."""
        return int(self._dropped.value)

    def __call__(self, examples: Sequence[Example]) -> TextBatch:
        """Pad the texts, all of which come with the same of ids, label and number among all texts."""
        parts = [example if isinstance(example, tuple) else (example,) for example in examples]
        documents, *others = (list(column) for column in zip(*parts, strict=True))
        if self.max_length is not None:
            over = [len(document) - self.max_length for document in documents if len(document) > self.max_length]
            self._count(len(over), sum(over))
        labels, rows = (others[place] if place < len(others) else None for place in range(2))
        return pad(documents, rows, labels, max_length=self.max_length)

    def _count(self, texts: int, tokens: int) -> None:
        for counter, more in ((self._truncated, texts), (self._dropped, tokens)):
            with counter.get_lock():
                counter.value += more


def pack(sequence: torch.Tensor, lengths: torch.Tensor) -> PackedSequence:
    """Pack padded sequences, in any order, for a recurrent network of torch.

    Args:
        sequence: (batch, time, dim); there is one step at least.
        lengths: (batch,) int64 on the CPU, real steps of each; may be 0.

    Returns:
        The sequences; one without a step is packed as one step of padding, which `unpack` clears.
    """
    return pack_padded_sequence(sequence, lengths.clamp(min=1), batch_first=True, enforce_sorted=False)


def unpack(packed: PackedSequence, lengths: torch.Tensor, *, time: int | None = None) -> torch.Tensor:
    """Undo `pack`, in the order that the sequences had.

    Args:
        packed: Sequences, such as the outputs of a recurrent network for packed ones.
        lengths: What `pack` was given.
        time: Steps of the result; None for those of the longest.

    Returns:
        (batch, time, dim), 0 after the end of each sequence.
    """
    padded, _ = pad_packed_sequence(packed, batch_first=True, total_length=time)
    return padded.masked_fill((lengths == 0).to(padded.device)[:, None, None], 0.0)


def _label_tensor(labels: Sequence[Any] | NDArray[Any]) -> torch.Tensor:
    array = np.asarray(labels)
    return torch.from_numpy(np.array(array, dtype=np.int64 if array.ndim == 1 else np.float32))


def _check_max_length(max_length: int | None) -> None:
    if max_length is not None and max_length < 1:
        raise ValueError(f"max_length must be at least 1 token, got {max_length}; None keeps whole texts")
