"""Pad lists of tokens to a common length, with tokens before and after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Padding:
    """How the rows of a batch get the same length.

    Attributes:
        init: Item to put before each row; None for none.
        eos: Item to put after each row; None for none.
        pad: Item for padding.
        fix_length: Length of all rows, with ``init`` and ``eos``; None for that of the longest.
        pad_first: Whether to pad before the rows, rather than after them.
        truncate_first: Whether to truncate rows at their beginning, rather than at their end.
    """

    init: Any = None
    eos: Any = None
    pad: Any = None
    fix_length: int | None = None
    pad_first: bool = False
    truncate_first: bool = False

    @property
    def specials(self) -> int:
        """How many items are added to each row."""
        return (self.init is not None) + (self.eos is not None)

    def room(self, rows: Sequence[Sequence[Any]]) -> int:
        """Return the number of items of the longest row of a batch, without ``init`` and ``eos``.

        Raises:
            ValueError: If there are no rows, or ``fix_length`` leaves no room.
        """
        if self.fix_length is None:
            if not rows:
                raise ValueError("batch must have at least one example, got none; skip empty batches")
            return max(map(len, rows))
        room = self.fix_length - self.specials
        if room < 0 or (room == 0 and self.truncate_first):
            raise ValueError(
                f"fix_length must be more than {self.specials}, the number of init_token and eos_token, "
                f"got {self.fix_length}; they count together"
            )
        return room

    def truncate(self, rows: Sequence[Sequence[Any]], room: int) -> list[Sequence[Any]]:
        """Truncate rows to at most ``room`` items."""
        if self.fix_length is None or all(len(row) <= room for row in rows):
            return list(rows)
        return [row[-room:] if self.truncate_first else row[:room] for row in rows]

    def pad_rows(self, rows: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], list[int]]:
        """Truncate and pad rows.

        Args:
            rows: Items of each row.

        Returns:
            The rows, all of the same length, and the number of items of each that are no padding.

        Raises:
            ValueError: If there are no rows, or ``fix_length`` leaves no room.

        >>> Padding(init="<s>", eos="</s>", pad="_", fix_length=5).pad_rows(["abcd", "e"])
        ([['<s>', 'a', 'b', 'c', '</s>'], ['<s>', 'e', '</s>', '_', '_']], [5, 3])
        """
        room = self.room(rows)
        before = [] if self.init is None else [self.init]
        after = [] if self.eos is None else [self.eos]
        padded, lengths = [], []
        for row in self.truncate(rows, room):
            padding = [self.pad] * (room - len(row))
            content = [*before, *row, *after]
            padded.append(padding + content if self.pad_first else content + padding)
            lengths.append(len(content))
        return padded, lengths
