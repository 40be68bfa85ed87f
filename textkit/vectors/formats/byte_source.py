"""Files of vectors as streams of bytes, packed or not, with garbled packing reported by its place."""

import gzip
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, cast

PACKINGS = (".gz", ".xz")


def packing(path: Path) -> str:
    """Give the packing of a file by its last suffix.

    >>> packing(Path("news.txt.gz")), packing(Path("news.txt"))
    ('.gz', '')
    """
    suffix = path.suffix.lower()
    return suffix if suffix in PACKINGS else ""


class ByteSource:
    """A file opened for reading, unpacked on the way.

    Attributes:
        path: The file.
        size: How many bytes there are in all; None where that is not known beforehand, as of a
            packed file.
        offset: How many (unpacked) bytes were read so far.

    Args:
        path: The file.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self.size: int | None = None
        kind = packing(path)
        self._stream: IO[bytes]
        if kind == ".gz":
            self._stream = cast(IO[bytes], gzip.open(path, "rb"))  # noqa: SIM115 - closed by __exit__
        elif kind == ".xz":
            self._stream = lzma.open(path, "rb", format=lzma.FORMAT_XZ)  # noqa: SIM115
        else:
            self._stream = open(path, "rb", buffering=0)  # noqa: SIM115
            status = os.fstat(self._stream.fileno())
            self.size = status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, count: int) -> bytes:
        """Read up to ``count`` bytes; nothing means the end.

        Raises:
            ValueError: If the packed data is truncated or garbled.
        """
        try:
            data = self._stream.read(count)
        except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
            raise ValueError(
                f"{self.path}: the packed data must be whole, got an error after byte {self.offset} "
                f"of the unpacked data ({error}); fetch the file again"
            ) from error
        self.offset += len(data)
        return data

    def __enter__(self) -> "ByteSource":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


@contextmanager
def packed_writer(path: Path, kind: str) -> Iterator[IO[bytes]]:
    """Open a file for writing, packed on the way.

    Args:
        path: The file.
        kind: ".gz", ".xz" or "" for no packing.

    Yields:
        A binary stream. The same bytes written give the same file: gzip's time stamp and file name are left
        empty.
    """
    with open(path, "wb") as plain:
        if kind == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        elif kind == ".xz":
            # Digits hardly pack better with a higher preset, which takes many times longer.
            with lzma.open(plain, "wb", preset=1) as stream:
                yield cast(IO[bytes], stream)
        else:
            yield plain
