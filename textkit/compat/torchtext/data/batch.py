"""A batch: the tensors of the fields, as attributes."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example


class Batch:
    """The tensors of some examples, an attribute for each field.

    ``inputs, targets = batch`` unpacks the fields that are no targets and those that are: the tensor itself if there is
    one, a tuple of several, or None.

    Args:
        data: The examples; None for an empty batch.
        dataset: Data set of the examples, which has the fields.
        device: Device of the tensors; None for the CPU.

    Attributes:
        batch_size: Number of examples.
        dataset: The data set.
        fields: Names of the fields.
        input_fields: Names of the fields that are no targets.
        target_fields: Names of the fields that are targets, such as `LabelField`.
    """

    batch_size: int
    dataset: Dataset
    fields: Any
    input_fields: list[str]
    target_fields: list[str]

    def __init__(
        self,
        data: Sequence[Example] | None = None,
        dataset: Dataset | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        if data is None or dataset is None:
            return
        self._describe(dataset, len(data))
        for name, field in dataset.fields.items():
            if field is not None:
                setattr(self, name, field.process([getattr(example, name) for example in data], device=device))

    def _describe(self, dataset: Dataset, batch_size: int) -> None:
        self.batch_size, self.dataset, self.fields = batch_size, dataset, dataset.fields.keys()
        used = {name: field for name, field in dataset.fields.items() if field is not None}
        self.input_fields = [name for name, field in used.items() if not field.is_target]
        self.target_fields = [name for name, field in used.items() if field.is_target]

    @classmethod
    def fromvars(cls, dataset: Dataset, batch_size: int, train: bool | None = None, **kwargs: Any) -> "Batch":
        """Make a batch from tensors.

        Args:
            dataset: Data set, which has the fields.
            batch_size: Number of examples.
            train: Has no effect.
            **kwargs: Tensor of each field.
        """
        batch = cls()
        batch._describe(dataset, batch_size)
        for name, tensor in kwargs.items():
            setattr(batch, name, tensor)
        return batch

    def __repr__(self) -> str:
        if "dataset" not in vars(self):
            return "[Batch without examples]"
        lines = [f"\n[{type(self).__name__} of size {self.batch_size}]"]
        return "\n".join(lines + [f"\t[.{name}]:{_shown(getattr(self, name, None))}" for name in self.fields])

    def __len__(self) -> int:
        return self.batch_size

    def __iter__(self) -> Iterator[Any]:
        for names in (self.input_fields, self.target_fields):
            values = tuple(getattr(self, name) for name in names)
            yield None if not values else values[0] if len(values) == 1 else values


def _shown(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        size = "x".join(map(str, value.shape)) or "1"
        return f"[{value.type()} of size {size}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value)
