"""Files of vectors as streams of bytes, decompressed, with damage reported by its place."""

import os
import stat
from pathlib import Path
from types import TracebackType

from textkit.files.compression import DamagedFileError, compression, open_bytes, read_chunk


class ByteSource:
    """A file opened for reading, decompressed on the way.

    Attributes:
        path: The file.
        size: The number of bytes in all; None where it is not known beforehand, as with a compressed file.
        offset: The number of (decompressed) bytes read so far.

    Args:
        path: The file.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.size: int | None = None
        self._file = open_bytes(path)
        if not compression(path):
            status = os.fstat(self._file.fileno())
            self.size = status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, count: int) -> bytes:
        """Read up to ``count`` bytes; b"" means the end.

        Raises:
            ValueError: If the compressed data is cut off or damaged.
        """
        try:
            data = read_chunk(self._file, count)
        except DamagedFileError as error:
            raise ValueError(
                f"{self.path}: the compressed data must be whole, got an error after byte {self.offset} "
                f"of the decompressed data ({error}); fetch the file again"
            ) from error
        self.offset += len(data)
        return data

    def __enter__(self) -> "ByteSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
