"""The table of formats, with the suffix, the reader and the writer of each."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textkit.files.compression import COMPRESSED, compression, inner_suffix, is_packed
from textkit.vectors.formats.delimited_text import read_delimited, write_delimited
from textkit.vectors.formats.glove_text import read_text, write_text
from textkit.vectors.formats.projector import check_pair, read_projector, write_projector
from textkit.vectors.formats.read_options import ReadOptions, check_own
from textkit.vectors.formats.safetensors_file import read_safetensors, write_safetensors
from textkit.vectors.formats.word2vec_binary import read_binary, write_binary
from textkit.vectors.vector_table import VectorTable


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        suffix: Suffix of the file name, before that of a compression.
        read: Function that reads a file with the given options.
        write: Function that writes a table to a file.
        compressible: Whether files of this format can be compressed.
    """

    suffix: str
    read: Callable[[Path, ReadOptions], VectorTable]
    write: Callable[[Path, VectorTable], None]
    compressible: bool = True


# If two formats have the same suffix, it stands for the first one; the other is selected by name.
FORMATS = {
    "word2vec": Format(".txt", read_text, partial(write_text, header=True, kind="word2vec")),
    "word2vec-binary": Format(".bin", read_binary, write_binary),
    "glove": Format(".txt", partial(read_text, may_have_header=False), partial(write_text, header=False, kind="glove")),
    "fasttext": Format(".vec", read_text, partial(write_text, header=True, kind="fasttext")),
    "safetensors": Format(".safetensors", read_safetensors, write_safetensors, compressible=False),
    "csv": Format(".csv", read_delimited, write_delimited),
    "projector": Format(".tsv", read_projector, write_projector),
}


def find_format(path: Path, name: str | None = None) -> Format:
    """Determine the format of a file.

    Args:
        path: Path of the file.
        name: A name in `FORMATS`; None to use the suffix.

    Returns:
        The format.

    Raises:
        IsADirectoryError: If the path is a folder.
        ValueError: If the name or the suffix is unknown, or the suffix asks for a compression that the format does
            not support.

    >>> find_format(Path("news.bin.gz")).suffix
    '.bin'
    """
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file of word vectors, got the folder {str(path)!r}; pass a file in it")
    if name is not None and name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {name!r}; None uses the suffix")
    compression_suffix = compression(path)
    suffix = inner_suffix(path)
    by_suffix = (format for format in FORMATS.values() if format.suffix == suffix)
    file_format = FORMATS[name] if name is not None else next(by_suffix, None)
    if file_format is None:
        suffixes = ", ".join(dict.fromkeys(format.suffix for format in FORMATS.values()))
        raise ValueError(
            f"path must end in one of {suffixes} (optionally followed by {', '.join(COMPRESSED)}), got {str(path)!r}; "
            f"change the suffix, or pass the format, such as format={next(iter(FORMATS))!r}"
        )
    if is_packed(path) and not file_format.compressible:
        remedy = f"remove {compression_suffix} from the name" if compression_suffix else "unpack the archive"
        raise ValueError(
            f"a {file_format.suffix} file must not be compressed, because it is memory-mapped, got {str(path)!r}; "
            f"{remedy}"
        )
    return file_format


def read_vectors(path: str | os.PathLike[str], options: ReadOptions, name: str | None = None) -> VectorTable:
    """Read a file of vectors.

    Args:
        path: File to read.
        options: Rows to keep, and the treatment of errors.
        name: A name in `FORMATS`; None to use the suffix.

    Returns:
        The words and vectors.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If the format is unknown, or the file does not conform to it.
    """
    path = Path(path)
    file_format = find_format(path, name)
    if file_format is not FORMATS["safetensors"]:
        check_own(path, options)
    return file_format.read(path, options)


def check_writable_path(path: str | os.PathLike[str], name: str | None = None) -> None:
    """Check, before any work is done, that vectors can be written to a path.

    Args:
        path: File to write.
        name: A name in `FORMATS`; None to use the suffix.

    Raises:
        ValueError: If the format is unknown, or its second file would replace another one.
    """
    path = Path(path)
    if find_format(path, name) is FORMATS["projector"]:
        check_pair(path)


def write_vectors(path: str | os.PathLike[str], table: VectorTable, name: str | None = None) -> None:
    """Write a file of vectors, atomically.

    Args:
        path: File to write.
        table: Words and vectors.
        name: A name in `FORMATS`; None to use the suffix.

    Raises:
        OSError: If the file cannot be written; an existing file is then unchanged.
        ValueError: If the format is unknown or cannot store one of the words.
    """
    path = Path(path)
    find_format(path, name).write(path, table)
