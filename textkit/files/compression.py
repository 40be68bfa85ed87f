"""Read and write compressed files by their last suffix, also in a .zip archive; tell damaged data from I/O errors."""

import bz2
import gzip
import io
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from textkit.files.archives import DAMAGE, split_archive
from textkit.progress import is_reported, report_position

COMPRESSED = (".gz", ".xz", ".bz2", ".zst")

_BUFFER = 1 << 16


def compression(path: Path) -> str:
    """Return the suffix of a file's compression, or "" for an uncompressed file.

    >>> compression(Path("news.txt.GZ")), compression(Path("news.txt"))
    ('.gz', '')
    """
    suffix = path.suffix.lower()
    return suffix if suffix in COMPRESSED else ""


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, or in an archive, so that only its start can be read directly."""
    return bool(compression(path)) or split_archive(path) is not None


def inner_suffix(path: Path) -> str:
    """Return the suffix of a file's content: the last one, or the one before the suffix of a compression.

    >>> inner_suffix(Path("news.CSV.gz")), inner_suffix(Path("news.csv")), inner_suffix(Path("news"))
    ('.csv', '.csv', '')
    """
    return Path(path.stem if compression(path) else path).suffix.lower()


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading bytes; .gz, .xz, .bz2 and .zst files are decompressed.

    Args:
        path: An existing file, or one in a .zip archive.

    Returns:
        A binary file, to be closed by the caller.

    Raises:
        OSError: If the file cannot be opened.
    """
    path = Path(path)
    if (found := split_archive(path)) is not None:
        return _open_member(*found)
    match compression(path):
        case ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        case ".bz2":
            return cast(BinaryIO, bz2.open(path, "rb"))
        case ".zst":
            return _ZstdReader(path)
    return path.open("rb")


@contextmanager
def open_writer(path: Path, suffix: str) -> Iterator[IO[bytes]]:
    """Open a file for writing bytes, with compression.

    Args:
        path: File to write.
        suffix: Compression: one of `COMPRESSED`, or "" for no compression.

    Yields:
        A binary stream. The same content always gives the same file: gzip's time stamp and file name are left empty.
    """
    with open(path, "wb") as plain:
        match suffix:
            case ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as gzipped:
                    yield cast(IO[bytes], gzipped)
            case ".xz":
                # A higher preset takes many times longer and hardly compresses digits better.
                with lzma.open(plain, "wb", preset=1) as stream:
                    yield cast(IO[bytes], stream)
            case ".bz2":
                with bz2.open(plain, "wb") as archive:
                    yield cast(IO[bytes], archive)
            case ".zst":
                import pyarrow as pa

                with pa.CompressedOutputStream(plain, "zstd") as arrow:
                    yield cast(IO[bytes], arrow)
            case _:
                yield plain


def read_chunk(file: BinaryIO, size: int) -> bytes:
    """Read up to ``size`` bytes of a file that `open_bytes` opened; b"" at its end. The progress is reported.

    Raises:
        DamagedFileError: If the compressed data is truncated or damaged.
        OSError: If the disk cannot be read.
    """
    try:
        chunk = file.read(size)
        if is_reported():
            _report(file)
        return chunk
    except (EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile) as error:
        raise DamagedFileError(str(error)) from error
    except OSError as error:
        # Damaged gzip and zstd data also raises an OSError, but only an error of the system has an errno.
        if error.errno is None:
            raise DamagedFileError(str(error)) from error
        raise


def size_on_disk(path: str | os.PathLike[str]) -> int | None:
    """Return the size of a file, or of the archive that it is in, in bytes; None for a pipe, a device or no file."""
    try:
        found = split_archive(Path(path))
        status = (Path(path) if found is None else found[0]).stat()
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _report(file: BinaryIO) -> None:
    number = file.fileno()  # that of the compressed file
    status = os.fstat(number)
    if stat.S_ISREG(status.st_mode):
        report_position(file, os.lseek(number, 0, os.SEEK_CUR), status.st_size)


class _ZstdReader(io.BufferedReader):
    """A decompressed file that has, like those of the other kinds, the file number of the compressed one."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self._plain = path.open("rb")
        super().__init__(cast(io.RawIOBase, pa.CompressedInputStream(self._plain, "zstd")), _BUFFER)

    def fileno(self) -> int:
        return self._plain.fileno()

    def close(self) -> None:
        super().close()
        self._plain.close()


class _Member(io.BufferedReader):
    """A file in an archive, with the file number of the archive."""

    def __init__(self, plain: BinaryIO, content: IO[bytes]) -> None:
        super().__init__(cast(io.RawIOBase, content), _BUFFER)
        self._plain = plain

    def fileno(self) -> int:
        return self._plain.fileno()

    def close(self) -> None:
        super().close()
        self._plain.close()


def _open_member(archive: Path, name: str) -> _Member:
    if compression(Path(name)):
        raise ValueError(f"a file in {archive} must not be compressed twice, got {name!r}; unpack the archive")
    plain = archive.open("rb")
    try:
        return _Member(plain, zipfile.ZipFile(plain).open(name))
    except (*DAMAGE, KeyError, RuntimeError) as error:
        plain.close()
        raise ValueError(f"{archive} must be a ZIP archive that can be read, got {error}; unpack it") from error


class DamagedFileError(ValueError):
    """Compressed data cannot be decompressed; the caller adds the name of the file and the position."""
