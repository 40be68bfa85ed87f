"""Write provisional ids to disk while a text is read, and replace them in place by the final ids."""

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
    """Writer of two growing files: the ids, and the offsets: 0, and for each document the number of ids before its end.

    Args:
        path: File for the ids, as raw int32. None for an unnamed temporary file, which the system deletes once the
            writer and all memory maps of it are gone, however the process ends.

    Raises:
        OSError: If the files cannot be written. All methods raise it as well, naming the file or its folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._folder = Path(tempfile.gettempdir()) if path is None else path.parent
        self.tokens = 0
        self.documents = 0
        # The stack closes the first file if the second cannot be opened.
        with ExitStack() as files:
            self._ids = files.enter_context(_open(path, self._folder))
            self._offsets = files.enter_context(_open(None, self._folder))
            _write(self._offsets, np.zeros(1, dtype=np.int64), self._folder)
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
            ends: For each document that ends within or right after these ids, the number of these ids before its end.
        """
        positions = np.asarray(ends, dtype=np.int64) + self.tokens
        _write(self._ids, np.ascontiguousarray(ids, dtype=np.int32), self._folder)
        _write(self._offsets, positions, self._folder)
        self.tokens += len(ids)
        self.documents += len(positions)

    def ids(self) -> npt.NDArray[np.int32]:
        """Memory-map the ids, read-only; shape (tokens,). The map outlives the writer."""
        if not os.fstat(self._ids.fileno()).st_size:  # an empty file cannot be memory-mapped
            return np.empty(0, dtype=np.int32)
        return np.asarray(np.memmap(self._ids, dtype=np.int32, mode="r"))

    def offsets(self) -> npt.NDArray[np.int64]:
        """Memory-map the start of each document in `ids`, and the end of the last; read-only, (documents + 1,)."""
        return np.asarray(np.memmap(self._offsets, dtype=np.int64, mode="r"))

    def renumber(self, final: npt.NDArray[np.int32]) -> int:
        """Replace every provisional id by its final id, in place; the offsets follow.

        Args:
            final: Final id of each provisional id, negative for ids to drop; shape (types,).

        Returns:
            The number of ids kept.
        """
        drops = bool(len(final)) and int(final.min()) < 0
        kept = 0
        ends = _Ends(self._offsets, self.documents)
        for start in range(0, self.tokens, _CHUNK):
            self._ids.seek(4 * start)
            old = np.frombuffer(_read(self._ids, 4 * min(_CHUNK, self.tokens - start)), dtype=np.int32)
            new = final[old]
            if drops:
                keep = new >= 0
                new = new[keep]
                kept_before = np.concatenate([[0], np.cumsum(keep)])  # number of ids before each position of this chunk
                is_last = start + len(old) == self.tokens
                while len(chunk_ends := ends.until(start + len(old), is_last)):
                    ends.replace(kept + kept_before[chunk_ends - start], self._folder)
            self._ids.seek(4 * kept)
            _write(self._ids, new, self._folder)
            kept += len(new)
        self._ids.truncate(4 * kept)
        return kept

    def save_offsets(self, path: Path) -> None:
        """Copy the offsets to a .npy file: int64, shape (documents + 1,)."""
        with open(path, "wb", buffering=0) as file:
            header = {"descr": "<i8", "fortran_order": False, "shape": (self.documents + 1,)}
            np.lib.format.write_array_header_1_0(file, header)
            offsets = self.offsets()
            for start in range(0, len(offsets), _CHUNK):
                _write(file, offsets[start : start + _CHUNK], self._folder)


class _Ends:
    """Reads the document ends from the file of the offsets, in order, and replaces them by others in the same order."""

    def __init__(self, file: FileIO, count: int) -> None:
        self._file = file
        self._read, self._replaced, self._count = 0, 0, count
        self._buffer = np.empty(0, dtype=np.int64)

    def until(self, position: int, last: bool) -> npt.NDArray[np.int64]:
        """Return the next ends before ``position``, and those at it if ``last``; empty when there are no more.

        One call returns at most the ends in the buffer, so call it until it returns an empty array.
        """
        if not len(self._buffer) and self._read < self._count:
            count = min(self._count - self._read, _CHUNK)
            self._file.seek(8 * (self._read + 1))
            self._buffer = np.frombuffer(_read(self._file, 8 * count), dtype=np.int64)
            self._read += count
        count = int(np.searchsorted(self._buffer, position, side="right" if last else "left"))
        ends, self._buffer = self._buffer[:count], self._buffer[count:]
        return ends

    def replace(self, ends: npt.NDArray[np.int64], folder: Path) -> None:
        """Write the next ends over those that were read."""
        self._file.seek(8 * (self._replaced + 1))
        _write(self._file, ends, folder)
        self._replaced += len(ends)


def _open(path: Path | None, folder: Path) -> FileIO:
    try:
        if path is None:
            return tempfile.TemporaryFile(prefix="textkit-", dir=folder, buffering=0)
        return path.open("w+b", buffering=0)
    except OSError as error:
        raise _write_error(error, folder) from error


def _read(file: FileIO, count: int) -> bytearray:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        read = file.readinto(view)
        if not read:
            raise OSError(
                f"{file.name} must not change while it is read, but it was truncated; encode the corpus again"
            )
        view = view[read:]
    return buffer


def _write(file: FileIO, array: npt.NDArray[Any], folder: Path) -> None:
    view = array.view(np.uint8).data
    try:
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        raise _write_error(error, file.name if isinstance(file.name, str) else folder) from error


def _write_error(error: OSError, path: str | Path) -> OSError:
    reason = f"{error.strerror or error} while writing the corpus; free disk space there, or set TMPDIR"
    return OSError(error.errno, reason, os.fspath(path))
