"""Pad and truncate texts of different lengths."""

from collections.abc import Sequence
from multiprocessing import Value
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.batches.records import TextBatch
from textkit.checks import check_count, check_integers

Example: TypeAlias = NDArray[Any] | tuple[NDArray[Any], Any] | tuple[NDArray[Any], Any, int]
"""The token ids of a text (tokens,): alone, with its label, or with its label and its index in the data set."""


def pad(
    documents: Sequence[NDArray[Any]],
    rows: Sequence[int] | NDArray[Any] | None = None,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    *,
    max_length: int | None = None,
) -> TextBatch:
    """Pad texts with zeros to the length of the longest.

    Args:
        documents: Token ids of each text, (tokens,).
        rows: Index of each text in the data set; None for 0, 1, 2 and so on.
        labels: Class index of each text, a float for regression, or (classes,) zeros and ones; None if the labels are
            unknown.
        max_length: Maximum number of tokens of a text; longer texts are truncated at the end. None disables truncation.

    Raises:
        ValueError: If there is no text, the numbers of texts, rows and labels differ, or ``max_length`` is below 1.
        TypeError: If token ids or labels are not numbers of the right kind.

    >>> batch = pad([np.array([5, 6, 7]), np.array([8])], labels=[1, 0])
    >>> batch.ids.tolist(), batch.lengths.tolist(), batch.labels.tolist()
    ([[5, 6, 7], [8, 0, 0]], [3, 1], [1, 0])
    >>> batch.mask.tolist()
    [[True, True, True], [True, False, False]]
    """
    _check_max_length(max_length)
    if not len(documents):
        raise ValueError("documents must hold at least one text, got none; skip empty batches")
    for name, values in (("rows", rows), ("labels", labels)):
        if values is not None and len(values) != len(documents):
            raise ValueError(f"{name} must be as many as the {len(documents)} documents, got {len(values)}")
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    if max_length is not None:
        lengths = np.minimum(lengths, max_length)
    ids = np.zeros((len(documents), max(int(lengths.max()), 1)), dtype=np.int64)
    for number, (row, document, length) in enumerate(zip(ids, documents, lengths.tolist(), strict=True)):
        row[:length] = check_integers(f"documents[{number}]", document, "encode the texts first")[:length]
    return TextBatch(
        ids=torch.from_numpy(ids),
        lengths=torch.from_numpy(lengths),
        rows=torch.from_numpy(np.arange(len(documents)) if rows is None else np.array(rows, dtype=np.int64)),
        labels=None if labels is None else _label_tensor(labels),
    )


class PaddingCollator:
    """Collates examples to a `TextBatch`: the ``collate_fn`` of a torch ``DataLoader``.

    Truncated texts and dropped tokens are counted over all batches, including those of worker processes.

    Args:
        max_length: Maximum number of tokens of a text; longer texts are truncated at the end. None disables truncation.

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
        self._truncated, self._dropped = Value("q"), Value("q")  # in memory shared with worker processes

    @property
    def truncated(self) -> int:
        """Number of truncated texts."""
        return int(self._truncated.value)

    @property
    def dropped(self) -> int:
        """Number of dropped tokens."""
        return int(self._dropped.value)

    def __call__(self, examples: Sequence[Example]) -> TextBatch:
        """Collate examples, which must all be of the same form: with or without label and index.

        Raises:
            ValueError: If there is no example, or they are of different forms.
            TypeError: If token ids or labels are not numbers of the right kind.
        """
        if not len(examples):
            raise ValueError("examples must be at least one, got none; skip empty batches")
        tuples = [example if isinstance(example, tuple) else (example,) for example in examples]
        if len({len(example) for example in tuples}) > 1:
            raise ValueError(
                "examples must all have a label, or none of them, got both; leave out the labels or add them"
            )
        documents, *optional = (list(column) for column in zip(*tuples, strict=True))
        if self.max_length is not None:
            excess = [len(document) - self.max_length for document in documents if len(document) > self.max_length]
            self._count(len(excess), sum(excess))
        labels, rows = (optional[index] if index < len(optional) else None for index in range(2))
        return pad(documents, rows, labels, max_length=self.max_length)

    def _count(self, texts: int, tokens: int) -> None:
        for counter, increment in ((self._truncated, texts), (self._dropped, tokens)):
            with counter.get_lock():
                counter.value += increment


def _label_tensor(labels: Sequence[Any] | NDArray[Any]) -> torch.Tensor:
    array = np.asarray(labels)
    if array.dtype.kind not in "iubf":
        raise TypeError(f"labels must be class ids or floats, got {type(labels[0]).__name__}; number the classes first")
    integers = array.ndim == 1 and array.dtype.kind != "f"
    return torch.from_numpy(np.array(array, dtype=np.int64 if integers else np.float32))


def _check_max_length(max_length: int | None) -> None:
    if max_length is not None:
        check_count("max_length", max_length, 1, "token", "None keeps whole texts")
