"""The one table of formats: which suffix means which, and who reads and writes it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textkit.files.compression import COMPRESSED, compression, inner_suffix
from textkit.vectors.formats.glove_text import read_text, write_text
from textkit.vectors.formats.projector import read_projector, write_projector
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.safetensors_file import read_safetensors, write_safetensors
from textkit.vectors.formats.word2vec_binary import read_binary, write_binary
from textkit.vectors.vector_table import VectorTable


@dataclass(frozen=True)
class Format:
    """How one kind of file is read and written.

    Attributes:
        suffix: The end of its files' names, before that of a compression.
        read: Path and options in, table out.
        write: Path and table in.
        compressible: Whether its files can be compressed.
    """

    suffix: str
    read: Callable[[Path, ReadOptions], VectorTable]
    write: Callable[[Path, VectorTable], None]
    compressible: bool = True


# The suffix of two formats means the first of them; the other is chosen by name.
FORMATS = {
    "word2vec": Format(".txt", read_text, partial(write_text, header=True, kind="word2vec")),
    "word2vec-binary": Format(".bin", read_binary, write_binary),
    "glove": Format(".txt", partial(read_text, may_have_header=False), partial(write_text, header=False, kind="glove")),
    "fasttext": Format(".vec", read_text, partial(write_text, header=True, kind="fasttext")),
    "safetensors": Format(".safetensors", read_safetensors, write_safetensors, compressible=False),
    "projector": Format(".tsv", read_projector, write_projector),
}


def find_format(path: Path, name: str | None = None) -> Format:
    """Choose the format of a file.

    Args:
        path: The file.
        name: A name in `FORMATS`; None to go by the suffix.

    Returns:
        The format.

    Raises:
        ValueError: If the name or the suffix is unknown, or the file is to be compressed and the format
            cannot be.

    >>> find_format(Path("news.bin.gz")).suffix
    '.bin'
    """
    if name is not None and name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {name!r}; None goes by the suffix")
    kind = compression(path)
    suffix = inner_suffix(path)
    by_suffix = (each for each in FORMATS.values() if each.suffix == suffix)
    found = FORMATS[name] if name is not None else next(by_suffix, None)
    if found is None:
        known = ", ".join(dict.fromkeys(each.suffix for each in FORMATS.values()))
        raise ValueError(
            f"path must end in one of {known} (and {', '.join(COMPRESSED)} after it), got {str(path)!r}; "
            f"or name the format: format={next(iter(FORMATS))!r}"
        )
    if kind and not found.compressible:
        raise ValueError(
            f"a {found.suffix} file must not be compressed, as it is mapped into memory, got {str(path)!r}; "
            f"leave {kind} out of the name"
        )
    return found


def read_vectors(path: str | os.PathLike[str], options: ReadOptions, name: str | None = None) -> VectorTable:
    """Read a file of vectors.

    Args:
        path: The file.
        options: What to keep.
        name: A name in `FORMATS`; None to go by the suffix.

    Returns:
        The table.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If the format is unknown, or the file is not what its format says.
    """
    path = Path(path)
    return find_format(path, name).read(path, options)


def write_vectors(path: str | os.PathLike[str], table: VectorTable, name: str | None = None) -> None:
    """Write a file of vectors: the whole of it, or nothing.

    Args:
        path: Where.
        table: The vectors.
        name: A name in `FORMATS`; None to go by the suffix.

    Raises:
        OSError: If the file cannot be written; an old file stays as it was.
        ValueError: If the format is unknown or cannot hold one of the words.
    """
    path = Path(path)
    find_format(path, name).write(path, table)
