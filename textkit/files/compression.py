"""Read and write compressed files by their last suffix, and tell damaged data from I/O errors."""

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

COMPRESSED = (".gz", ".xz", ".bz2", ".zst")

_BUFFER = 1 << 16


def compression(path: Path) -> str:
    """Return the suffix of a file's compression, or "" for an uncompressed file.

    >>> compression(Path("news.txt.GZ")), compression(Path("news.txt"))
    ('.gz', '')
    """
    suffix = path.suffix.lower()
    return suffix if suffix in COMPRESSED else ""


def inner_suffix(path: Path) -> str:
    """Return the suffix of a file's content: the last one, or the one before the suffix of a compression.

    >>> inner_suffix(Path("news.CSV.gz")), inner_suffix(Path("news.csv")), inner_suffix(Path("news"))
    ('.csv', '.csv', '')
    """
    return Path(path.stem if compression(path) else path).suffix.lower()


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading bytes; .gz, .xz, .bz2 and .zst files are decompressed.

    Args:
        path: An existing file.

    Returns:
        A binary file, to be closed by the caller.

    Raises:
        OSError: If the file cannot be opened.
    """
    path = Path(path)
    match compression(path):
        case ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        case ".bz2":
            return cast(BinaryIO, bz2.open(path, "rb"))
        case ".zst":
            import pyarrow as pa

            return cast(BinaryIO, io.BufferedReader(pa.input_stream(str(path), compression="zstd"), _BUFFER))
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
    """Read up to ``size`` bytes of a file that `open_bytes` opened; b"" at its end.

    Raises:
        DamagedFileError: If the compressed data is truncated or damaged.
        OSError: If the disk cannot be read.
    """
    try:
        return file.read(size)
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise DamagedFileError(str(error)) from error
    except OSError as error:
        # Damaged gzip and zstd data also raises an OSError, but only an error of the system has an errno.
        if error.errno is None:
            raise DamagedFileError(str(error)) from error
        raise


class DamagedFileError(ValueError):
    """Compressed data cannot be decompressed; the caller adds the name of the file and the position."""
