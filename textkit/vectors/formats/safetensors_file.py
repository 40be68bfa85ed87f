"""Vectors as a safetensors file, which is memory-mapped and involves no unpickling.

Layout: ``word_offsets`` int64 (vocab + 1,), ``vectors`` float32 (vocab, dim) and ``word_bytes`` uint8, the
concatenated UTF-8 of all words: word i is ``word_bytes[word_offsets[i]:word_offsets[i + 1]]``. ``word_counts`` int64
(vocab,) is there if the counts are known. The header is written and read here rather than by the library, whose NumPy
functions copy every tensor; its format is described at https://huggingface.co/docs/safetensors.
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
from textkit.vectors.formats.foreign_safetensors import read_foreign
from textkit.vectors.formats.matrix_blocks import row_blocks
from textkit.vectors.formats.read_options import EncodingErrors, ReadOptions, check_own
from textkit.vectors.formats.word_bytes import check_writable
from textkit.vectors.vector_table import VectorTable

FORMAT_VERSION = "1"

_FORMAT = "textkit.word_vectors"
_RESERVED = ("format", "format_version")
_MAX_HEADER_BYTES = 100_000_000  # as in the safetensors library
_BLOCK_WORDS = 1 << 14
_WRITE_NUMBERS = 1 << 22
_TYPES = {
    "word_offsets": ("I64", "<i8"),
    "word_counts": ("I64", "<i8"),
    "vectors": ("F32", "<f4"),
    "word_bytes": ("U8", "u1"),
}


def read_safetensors(path: Path, options: ReadOptions) -> VectorTable:
    """Open a safetensors file of vectors.

    Args:
        path: File to read.
        options: Rows to keep. The matrix is memory-mapped, unless ``words`` selects rows. ``bad_rows`` is ignored: any
            defect of such a file is an error.

    Returns:
        The words and vectors, with the saved metadata.

    Raises:
        ValueError: If the file is truncated, damaged or does not contain word vectors.
    """
    size = path.stat().st_size
    header, start = _read_header(path, size)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise ValueError(f"{path}, byte 8: the metadata must be a JSON object, got {metadata!r}; the file is damaged")
    if metadata.get("format") != _FORMAT:
        return read_foreign(path, header, start, size, options)
    check_own(path, options)
    if metadata.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path}, byte 8: the format version must be {FORMAT_VERSION}, got "
            f"{metadata.get('format_version')!r}; read it with the version of textkit that wrote it"
        )
    offsets = _tensor(path, header, "word_offsets", 1, start, size)
    matrix = _tensor(path, header, "vectors", 2, start, size)
    blob = _tensor(path, header, "word_bytes", 1, start, size)
    if len(offsets) != len(matrix) + 1 or matrix.shape[1] < 1:
        raise ValueError(
            f"{path}, byte 8: word_offsets must have one number more than vectors has rows, got shapes "
            f"{offsets.shape} and {matrix.shape}; the file is damaged, save it again"
        )
    counts = _tensor(path, header, "word_counts", 1, start, size) if "word_counts" in header else None
    if counts is not None and len(counts) != len(matrix):
        raise ValueError(
            f"{path}, byte 8: word_counts must have a number for each of the {len(matrix)} words, got {len(counts)}; "
            "the file is damaged, save it again"
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
        counts = None if counts is None else counts[:count]
    else:
        rows = rows[: options.limit]
        words, matrix = words[: options.limit], np.asarray(matrix[rows])
        counts = None if counts is None else np.asarray(counts[rows])
    user_metadata = {str(key): str(value) for key, value in metadata.items() if key not in _RESERVED}
    return VectorTable(words, matrix, user_metadata, counts)


def write_safetensors(path: Path, table: VectorTable) -> None:
    """Write a safetensors file of vectors. It can store any words, even with spaces or newlines.

    Args:
        path: File to write.
        table: Words, vectors and metadata.

    Raises:
        ValueError: If a word cannot be encoded as UTF-8, or the metadata has a key that the format itself uses.
        OSError: If the file cannot be written; an existing file is then unchanged.
    """
    check_writable(table.words, None, "safetensors")
    reserved = [key for key in _RESERVED if key in table.metadata]
    if reserved:
        raise ValueError(f"metadata must not have the key {reserved[0]!r}, which the format uses; rename it")
    count, dim = table.matrix.shape
    offsets = np.zeros(count + 1, dtype="<i8")
    np.cumsum([len(word.encode()) for word in table.words], out=offsets[1:])
    header: dict[str, Any] = {"__metadata__": {**table.metadata, "format": _FORMAT, "format_version": FORMAT_VERSION}}
    end = 0
    shapes = {"word_offsets": [count + 1], "vectors": [count, dim], "word_bytes": [int(offsets[-1])]}
    if table.counts is not None:
        shapes = {"word_counts": [count], **shapes}
    for name, shape in shapes.items():
        code, dtype = _TYPES[name]
        begin, end = end, end + math.prod(shape) * np.dtype(dtype).itemsize
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [begin, end]}
    encoded = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    # Align the tensors to 8 bytes, as int64 requires.
    encoded += b" " * (-len(encoded) % 8)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(len(encoded).to_bytes(8, "little") + encoded)
        if table.counts is not None:
            stream.write(table.counts.astype("<i8").tobytes())
        stream.write(offsets.tobytes())
        for block in row_blocks(table.matrix, _WRITE_NUMBERS):
            stream.write(np.ascontiguousarray(block, dtype="<f4").tobytes())
        for row in range(0, count, _BLOCK_WORDS):
            stream.write("".join(table.words[row : row + _BLOCK_WORDS]).encode())


def _read_header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    """Read the header; return it and the offset of the data."""
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
            raise ValueError(
                f"{path}, byte 0: the file must begin with the length of a header that fits into it, got "
                f"{length} in a file of {size} bytes; it is truncated or not a safetensors file"
            )
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}, byte 8: the header must be JSON, got {error}; the file is damaged") from error
    if not isinstance(header, dict):
        raise ValueError(
            f"{path}, byte 8: the header must be a JSON object, got {type(header).__name__}; the file is damaged"
        )
    return header, 8 + length


def _tensor(path: Path, header: dict[str, Any], name: str, axes: int, start: int, size: int) -> NDArray[Any]:
    """Memory-map a tensor of the file, after checking its type, shape and position."""
    code, dtype = _TYPES[name]
    entry = header.get(name)
    entry = entry if isinstance(entry, dict) else {}
    shape, data_offsets = entry.get("shape"), entry.get("data_offsets")
    if entry.get("dtype") != code or not _are_sizes(shape, axes) or not _are_sizes(data_offsets, 2):
        raise ValueError(
            f"{path}, byte 8: the header must have a tensor {name!r} of type {code} with {axes} axes, "
            f"got {str(entry)[:80]}; the file is damaged or contains other data"
        )
    begin, end = data_offsets
    if end - begin != math.prod(shape) * np.dtype(dtype).itemsize or start + end > size:
        raise ValueError(
            f"{path}, byte {start + begin}: the tensor {name!r} of shape {shape} must be within the file "
            f"of {size} bytes, got bytes {start + begin} to {start + end}; the file is truncated or damaged"
        )
    # An empty tensor cannot be memory-mapped.
    if math.prod(shape) == 0:
        if max(shape) > size:
            raise ValueError(
                f"{path}, byte 8: the tensor {name!r} must have a plausible shape, got {shape}; the file is damaged"
            )
        return np.empty(tuple(shape), dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=start + begin, shape=tuple(shape))


def _are_sizes(value: object, count: int) -> TypeGuard[list[int]]:
    """Return whether a value of the header is a list of ``count`` sizes."""
    return isinstance(value, list) and len(value) == count and all(type(n) is int and n >= 0 for n in value)


def _words(
    path: Path, blob: NDArray[np.uint8], offsets: NDArray[np.int64], start: int, errors: EncodingErrors
) -> Iterator[str]:
    """Yield the words, decoded from the bytes of all words."""
    if offsets.min() < 0 or offsets.max() > len(blob) or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(
            f"{path}, byte {start}: the word offsets must increase from 0 to {len(blob)}; the file is damaged"
        )
    for first in range(0, len(offsets) - 1, _BLOCK_WORDS):
        block_offsets = offsets[first : first + _BLOCK_WORDS + 1].tolist()
        text = blob[block_offsets[0] : block_offsets[-1]].tobytes()
        block_start = block_offsets[0]
        try:
            for begin, end in itertools.pairwise(block_offsets):
                yield text[begin - block_start : end - block_start].decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: the words must be UTF-8, got the byte 0x{error.object[error.start]:02x} in a "
                f"word between rows {first} and {first + len(block_offsets) - 1}; pass encoding_errors='replace' "
                "to read it anyway"
            ) from error
