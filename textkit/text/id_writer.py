"""The writer of ids: in order of first appearance while the text is read, then, in place, with their final numbers."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 18  # ids renumbered at a time


class IdWriter:
    """Two growing files: the ids, and the number of ids before the end of each document.

    Args:
        path: Where the ids go: int32 and nothing else. None for a temporary file without a name, which the system
            deletes once neither the writer nor a mapping of it is left, however the process ends.

    Raises:
        OSError: If the files cannot be written. All methods raise it too and name the file or its folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._folder = Path(tempfile.gettempdir()) if path is None else path.parent
        self.tokens = 0
        self.documents = 0
        with ExitStack() as files:  # closes the first if the second cannot be opened
            self._ids = files.enter_context(_opened(path, self._folder))
            self._ends = files.enter_context(_opened(None, self._folder))
            self._files = files.pop_all()

    def __enter__(self) -> "IdWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def append(self, ids: npt.NDArray[np.int32], ends: Iterable[int] | npt.NDArray[np.int64]) -> None:
        """Append ids.

        Args:
            ids: Provisional ids; shape (n,).
            ends: The number of these ids before the end of each document that ends among or right after them.
        """
        positions = np.asarray(ends, dtype=np.int64) + self.tokens
        _write(self._ids, np.ascontiguousarray(ids, dtype=np.int32), self._folder)
        _write(self._ends, positions, self._folder)
        self.tokens += len(ids)
        self.documents += len(positions)

    def ids(self) -> npt.NDArray[np.int32]:
        """Map the ids read-only; shape (tokens,). The mapping outlives the writer."""
        return np.asarray(np.memmap(self._ids, dtype=np.int32, mode="r"))

    def offsets(self) -> npt.NDArray[np.int64]:
        """Read where documents begin in `ids`, and where the last one ends; shape (documents + 1,)."""
        self._ends.seek(0)
        ends = np.frombuffer(_read(self._ends, 8 * self.documents), dtype=np.int64)
        return np.concatenate([np.zeros(1, dtype=np.int64), ends])

    def renumber(self, final: npt.NDArray[np.int32], offsets: Path | None = None) -> int:
        """Give every id its final number, in place.

        Args:
            final: The final id of each provisional one, negative for those that are left out; shape (types,).
            offsets: Where to write the offsets of the documents: int64, a .npy file of shape (documents + 1,).

        Returns:
            The number of ids that are left.
        """
        drops = bool(len(final)) and int(final.min()) < 0
        kept = 0
        with ExitStack() as files:
            file = None
            if offsets is not None:
                file = files.enter_context(open(offsets, "wb", buffering=0))
                header = {"descr": "<i8", "fortran_order": False, "shape": (self.documents + 1,)}
                np.lib.format.write_array_header_1_0(file, header)
                _write(file, np.zeros(1, dtype="<i8"), self._folder)
            ends = _Ends(self._ends, self.documents)
            for start in range(0, self.tokens, _CHUNK):
                self._ids.seek(4 * start)
                old = np.frombuffer(_read(self._ids, 4 * min(_CHUNK, self.tokens - start)), dtype=np.int32)
                new = final[old]
                before = None  # the number of ids kept before each position of this chunk
                if drops:
                    keep = new >= 0
                    before = np.concatenate([[0], np.cumsum(keep)])
                    new = new[keep]
                last = start + len(old) == self.tokens
                while file is not None and len(due := ends.until(start + len(old), last)):
                    due -= start
                    _write(file, (due if before is None else before[due]) + kept, self._folder)
                self._ids.seek(4 * kept)
                _write(self._ids, new, self._folder)
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
        """Return some of the next ends before ``position`` (with ``last``, also at it); empty at the end."""
        if not len(self._held) and self._left:
            count = min(self._left, _CHUNK)
            self._held = np.frombuffer(_read(self._file, 8 * count), dtype=np.int64)
            self._left -= count
        due = int(np.searchsorted(self._held, position, side="right" if last else "left"))
        ends: npt.NDArray[np.int64] = self._held[:due].copy()
        self._held = self._held[due:]
        return ends


def _opened(path: Path | None, folder: Path) -> FileIO:
    try:
        if path is None:
            return tempfile.TemporaryFile(prefix="textkit-", dir=folder, buffering=0)
        return path.open("w+b", buffering=0)
    except OSError as error:
        raise _out_of_room(error, folder) from error


def _read(file: FileIO, count: int) -> bytearray:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        read = file.readinto(view)
        if not read:
            raise OSError(f"{file.name} must stay as it was written, got a shorter file; leave it alone")
        view = view[read:]
    return buffer


def _write(file: FileIO, array: npt.NDArray[Any], folder: Path) -> None:
    view = array.view(np.uint8).data
    try:
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        raise _out_of_room(error, file.name if isinstance(file.name, str) else folder) from error


def _out_of_room(error: OSError, place: str | Path) -> OSError:
    reason = f"{error.strerror or error} while writing the corpus; make room there, or set TMPDIR"
    return OSError(error.errno, reason, os.fspath(place))
