"""A table of vectors of which few rows are not zero, stored as these rows alone; in an exported program too."""

import torch
from torch import nn
from torch.nn import functional as F


def nonzero_rows(table: torch.Tensor) -> torch.Tensor:
    """Return the numbers of the rows of ``table`` (rows, dim) that are not zero, int64, ascending."""
    return table.detach().any(dim=1).nonzero()[:, 0]


class CompactTable(nn.Module):
    """Looks up the rows of a large table by binary search among those that are not zero.

    torch's own search has no counterpart in ONNX.

    Args:
        rows: (rows,) int64, the numbers of the rows that are not zero, ascending.
        vectors: (rows, dim), these rows.
        size: Number of rows of the whole table.

    Attributes:
        numbers: (2**n,) int64, the sorted numbers of the rows that are not zero, then the number of rows of the table.
        vectors: (2**n + 1, dim); the last row, of zeros, stands for all others.
    """

    def __init__(self, rows: torch.Tensor, vectors: torch.Tensor, size: int) -> None:
        super().__init__()
        slots = 1 << max(len(rows) - 1, 0).bit_length()
        self.register_buffer("numbers", F.pad(rows, (0, slots - len(rows)), value=size))
        self.register_buffer("vectors", F.pad(vectors, (0, 0, 0, slots + 1 - len(rows))))

    numbers: torch.Tensor
    vectors: torch.Tensor

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Look up the vectors (..., dim) of rows (...) of the whole table."""
        size = len(self.numbers)
        place = torch.zeros_like(rows)
        step = size // 2
        while step:
            place = torch.where(self.numbers[place + step] <= rows, place + step, place)
            step //= 2
        return F.embedding(torch.where(self.numbers[place] == rows, place, size), self.vectors)
