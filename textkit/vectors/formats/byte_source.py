"""Read files of vectors as decompressed bytes, and report the position of damage."""

import os
import stat
from pathlib import Path
from types import TracebackType

from textkit.files.compression import DamagedFileError, is_packed, open_bytes, read_chunk


class ByteSource:
    """A file opened for reading, with decompression.

    Attributes:
        path: Path of the file.
        size: Size of the file in bytes; None if it is not known in advance, as for a compressed file.
        offset: Number of (decompressed) bytes read so far.

    Args:
        path: File to read.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.size: int | None = None
        self._file = open_bytes(path)
        if not is_packed(path):
            status = os.fstat(self._file.fileno())
            self.size = status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, count: int) -> bytes:
        """Read up to ``count`` bytes; b"" at the end.

        Raises:
            ValueError: If the compressed data is truncated or damaged.
        """
        try:
            data = read_chunk(self._file, count)
        except DamagedFileError as error:
            raise ValueError(
                f"{self.path}: the compressed data must be complete, got an error after byte {self.offset} "
                f"of the decompressed data ({error}); download or compress the file again"
            ) from error
        self.offset += len(data)
        return data

    def __enter__(self) -> "ByteSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
