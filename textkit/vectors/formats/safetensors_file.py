"""Vectors as a safetensors file: the numbers are mapped into memory, not read, and nothing is ever unpickled.

Layout: ``word_offsets`` int64 (vocab + 1,), ``vectors`` float32 (vocab, dim) and ``word_bytes`` uint8, the
UTF-8 of all words on end: word i is ``word_bytes[word_offsets[i]:word_offsets[i + 1]]``. The header is
written and read here, not by the library, whose NumPy functions copy every tensor; its format is described at
https://huggingface.co/docs/safetensors.
"""

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from textkit.files.atomic import atomic_path
from textkit.vectors.formats.read_options import EncodingErrors, ReadOptions
from textkit.vectors.formats.word_bytes import check_writable
from textkit.vectors.vector_table import VectorTable

FORMAT_VERSION = "1"

_FORMAT = "textkit.word_vectors"
_RESERVED = ("format", "format_version")
_MAX_HEADER_BYTES = 100_000_000  # as in the safetensors library
_WORDS_AT_ONCE = 1 << 14
_WRITE_BYTES = 1 << 24
_TYPES = {"word_offsets": ("I64", "<i8"), "vectors": ("F32", "<f4"), "word_bytes": ("U8", "u1")}


def read_safetensors(path: Path, options: ReadOptions) -> VectorTable:
    """Open a safetensors file of vectors.

    Args:
        path: The file.
        options: What to keep. The matrix is mapped into memory, unless ``words`` picks rows. ``bad_rows``
            does not matter: whatever is wrong with such a file is an error.

    Returns:
        The table, with the metadata that was saved.

    Raises:
        ValueError: If the file is truncated, garbled or holds something other than word vectors.
    """
    size = path.stat().st_size
    header, start = _read_header(path, size)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise ValueError(
            f"{path}, byte 8: the metadata must name the format {_FORMAT!r}, got another or none; "
            "such a file is written by WordVectors.save"
        )
    if metadata.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path}, byte 8: the format version must be {FORMAT_VERSION}, got "
            f"{metadata.get('format_version')!r}; read it with the textkit that wrote it"
        )
    offsets = _tensor(path, header, "word_offsets", 1, start, size)
    matrix = _tensor(path, header, "vectors", 2, start, size)
    blob = _tensor(path, header, "word_bytes", 1, start, size)
    if len(offsets) != len(matrix) + 1 or matrix.shape[1] < 1:
        raise ValueError(
            f"{path}, byte 8: word_offsets must have one number more than vectors has rows, got shapes "
            f"{offsets.shape} and {matrix.shape}; the file is garbled"
        )
    count = len(matrix) if options.limit is None or options.words is not None else min(options.limit, len(matrix))
    words: list[str] = []
    rows: list[int] = []
    for row, word in enumerate(_words(path, blob, offsets[: count + 1], start, options.encoding_errors)):
        if options.words is None:
            words.append(word)
        elif word in options.words:
            words.append(word)
            rows.append(row)
    if options.words is None:
        matrix = matrix[:count]
    else:
        words, matrix = words[: options.limit], np.asarray(matrix[rows[: options.limit]])
    extra = {str(key): str(value) for key, value in metadata.items() if key not in _RESERVED}
    return VectorTable(words, matrix, extra)


def write_safetensors(path: Path, table: VectorTable) -> None:
    """Write a safetensors file of vectors. Any words can be held, with spaces or newlines too.

    Args:
        path: Where.
        table: The vectors and metadata.

    Raises:
        ValueError: If a word has no UTF-8 form, or a key of the metadata is one that the format itself uses.
        OSError: If the file cannot be written; an old file stays as it was.
    """
    check_writable(table.words, None, "safetensors")
    taken = [key for key in _RESERVED if key in table.metadata]
    if taken:
        raise ValueError(f"metadata must not have the key {taken[0]!r}, which the format uses; give it another name")
    count, dim = table.matrix.shape
    offsets = np.zeros(count + 1, dtype="<i8")
    np.cumsum([len(word.encode()) for word in table.words], out=offsets[1:])
    header: dict[str, Any] = {"__metadata__": {**table.metadata, "format": _FORMAT, "format_version": FORMAT_VERSION}}
    end = 0
    for name, shape in (
        ("word_offsets", [count + 1]),
        ("vectors", [count, dim]),
        ("word_bytes", [int(offsets[-1])]),
    ):
        code, dtype = _TYPES[name]
        begin, end = end, end + math.prod(shape) * np.dtype(dtype).itemsize
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [begin, end]}
    encoded = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the numbers lie where float32 and int64 should
    step = max(1, _WRITE_BYTES // (4 * dim))
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(len(encoded).to_bytes(8, "little") + encoded)
        stream.write(offsets.tobytes())
        for row in range(0, count, step):
            stream.write(np.ascontiguousarray(table.matrix[row : row + step], dtype="<f4").tobytes())
        for row in range(0, count, _WORDS_AT_ONCE):
            stream.write("".join(table.words[row : row + _WORDS_AT_ONCE]).encode())


def _read_header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """Read the header. Returns it with the offset at which the data begins."""
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
            raise ValueError(
                f"{path}, byte 0: the file must begin with the length of a header that fits into it, got "
                f"{length} in a file of {size} bytes; it is truncated or no safetensors file"
            )
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}, byte 8: the header must be JSON, got {error}; the file is garbled") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path}, byte 8: the header must be a JSON object, got another value; the file is garbled")
    return header, 8 + length


def _tensor(path: Path, header: dict[str, Any], name: str, axes: int, start: int, size: int) -> NDArray[Any]:
    """Map one tensor of the file into memory, after checking that it is what it must be."""
    code, dtype = _TYPES[name]
    entry = header.get(name)
    entry = entry if isinstance(entry, dict) else {}
    shape, place = entry.get("shape"), entry.get("data_offsets")
    if entry.get("dtype") != code or not _are_sizes(shape, axes) or not _are_sizes(place, 2):
        raise ValueError(
            f"{path}, byte 8: the header must have a tensor {name!r} of type {code} with {axes} axes, "
            f"got {str(entry)[:80] or 'none'}; the file is garbled or holds something else"
        )
    begin, end = place
    if end - begin != math.prod(shape) * np.dtype(dtype).itemsize or start + end > size:
        raise ValueError(
            f"{path}, byte {start + begin}: the tensor {name!r} of shape {shape} must lie within the file "
            f"of {size} bytes, got bytes {start + begin} to {start + end}; the file is truncated or garbled"
        )
    if math.prod(shape) == 0:  # nothing cannot be mapped
        if max(shape) > size:
            raise ValueError(f"{path}, byte 8: the tensor {name!r} must have a shape that is usual, got {shape}")
        return np.empty(tuple(shape), dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=start + begin, shape=tuple(shape))


def _are_sizes(value: object, count: int) -> TypeGuard[list[int]]:
    """Tell whether a value of the header is a list of so many sizes."""
    return isinstance(value, list) and len(value) == count and all(type(n) is int and n >= 0 for n in value)


def _words(
    path: Path, blob: NDArray[np.uint8], offsets: NDArray[np.int64], start: int, errors: EncodingErrors
) -> Iterator[str]:
    """Cut the bytes of all words into words."""
    if offsets.min() < 0 or offsets.max() > len(blob) or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f"{path}, byte {start}: the word offsets must rise from 0 to {len(blob)}; the file is garbled")
    for first in range(0, len(offsets) - 1, _WORDS_AT_ONCE):
        edges = offsets[first : first + _WORDS_AT_ONCE + 1].tolist()
        text = blob[edges[0] : edges[-1]].tobytes()
        begin = edges[0]
        try:
            for a, b in itertools.pairwise(edges):
                yield text[a - begin : b - begin].decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: the words must be UTF-8, got the byte 0x{error.object[error.start]:02x} in a "
                f"word between rows {first} and {first + len(edges) - 1}; pass encoding_errors='replace' "
                "to read it all the same"
            ) from error
