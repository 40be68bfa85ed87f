"""Ids on their way to the disk: provisional first, then, once all text is read, in their final numbering."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

_STRETCH = 1 << 18  # ids renumbered at a time


class TokenStream:
    """Two files that grow: the ids, and how many of them come before the end of each document.

    Args:
        ids: Where the ids go: int32, nothing else.
        offsets: Where the document offsets go in the end: int64, a .npy file of shape (documents + 1,).

    Raises:
        OSError: If the files cannot be written; all methods raise it too, with the file.
    """

    def __init__(self, ids: Path, offsets: Path) -> None:
        self.paths = (ids, offsets)
        self.tokens = 0
        self.documents = 0
        with ExitStack() as files:  # closes the first if the second cannot be opened
            self._ids = files.enter_context(open(ids, "w+b", buffering=0))
            self._ends = files.enter_context(open(_provisional(offsets), "w+b", buffering=0))
            self._files = files.pop_all()

    def __enter__(self) -> "TokenStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        _provisional(self.paths[1]).unlink(missing_ok=True)

    def append(self, ids: npt.NDArray[np.int32], ends: Iterable[int] | npt.NDArray[np.int64]) -> None:
        """Append ids.

        Args:
            ids: Provisional ids.
            ends: How many of these ids come before each document that ends among or right after them.
        """
        positions = np.asarray(ends, dtype=np.int64) + self.tokens
        _write(self._ids, np.ascontiguousarray(ids, dtype=np.int32), self.paths[0])
        _write(self._ends, positions, self.paths[1])
        self.tokens += len(ids)
        self.documents += len(positions)

    def renumber(self, final: npt.NDArray[np.int32]) -> int:
        """Give every id its final number, in place, and write the offsets.

        Args:
            final: The final id of each provisional one; negative where it is to be left out.

        Returns:
            How many ids are left.
        """
        drops = bool(len(final)) and int(final.min()) < 0
        kept = 0
        with open(self.paths[1], "wb", buffering=0) as offsets:
            header = {"descr": "<i8", "fortran_order": False, "shape": (self.documents + 1,)}
            np.lib.format.write_array_header_1_0(offsets, header)
            _write(offsets, np.zeros(1, dtype="<i8"), self.paths[1])
            ends = _Ends(self._ends, self.documents)
            for start in range(0, self.tokens, _STRETCH):
                self._ids.seek(4 * start)
                old = np.frombuffer(_read(self._ids, 4 * min(_STRETCH, self.tokens - start)), dtype=np.int32)
                new = final[old]
                # how many are kept before each position of this stretch
                before = None
                if drops:
                    keep = new >= 0
                    before = np.concatenate([[0], np.cumsum(keep)])
                    new = new[keep]
                last = start + len(old) == self.tokens
                while len(due := ends.until(start + len(old), last)):
                    due -= start
                    _write(offsets, (due if before is None else before[due]) + kept, self.paths[1])
                self._ids.seek(4 * kept)
                _write(self._ids, new, self.paths[0])
                kept += len(new)
            self._ids.truncate(4 * kept)
        return kept


class _Ends:
    """The document ends on file, handed out in order."""

    def __init__(self, file: FileIO, count: int) -> None:
        self._file = file
        self._left = count
        self._held = np.empty(0, dtype=np.int64)
        file.seek(0)

    def until(self, position: int, last: bool) -> npt.NDArray[np.int64]:
        """Return the next ends before ``position`` (or at it, if it is the last), some at once; then none."""
        if not len(self._held) and self._left:
            count = min(self._left, _STRETCH)
            self._held = np.frombuffer(_read(self._file, 8 * count), dtype=np.int64)
            self._left -= count
        due = int(np.searchsorted(self._held, position, side="right" if last else "left"))
        found: npt.NDArray[np.int64] = self._held[:due].copy()
        self._held = self._held[due:]
        return found


def _provisional(offsets: Path) -> Path:
    return offsets.with_name(offsets.name + ".part")


def _read(file: FileIO, count: int) -> bytearray:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        read = file.readinto(view)
        if not read:
            raise OSError(f"{file.name} must stay as it was written, got a shorter file; leave it alone")
        view = view[read:]
    return buffer


def _write(file: FileIO, array: npt.NDArray[Any], place: Path) -> None:
    view = array.view(np.uint8).data
    try:
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        reason = f"{error.strerror or error} while writing the corpus; make room there, or set TMPDIR"
        raise OSError(error.errno, reason, os.fspath(place)) from error
