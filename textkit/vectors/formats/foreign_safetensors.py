"""Safetensors files of other programs: a matrix, and the words in a list or in the vocabulary of a tokenizer.json.

A model of model2vec has ``embeddings``, ``weights`` by which the vectors are multiplied and, if its vocabulary is
quantized, a ``mapping`` from tokens to rows; one of sentence-transformers has ``embedding.weight``.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.matrix_blocks import collected, gathered
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.word_list import distinct, saved_words
from textkit.vectors.vector_table import VectorTable

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I8": "i1", "I64": "<i8", "I32": "<i4"}
_NUMBERS = ("F64", "F32", "F16", "BF16", "I8")
_USUAL = ("embeddings", "embedding.weight")
_TOKENIZER = "tokenizer.json"


def read_foreign(path: Path, header: Mapping[str, Any], start: int, size: int, options: ReadOptions) -> VectorTable:
    """Read the vectors of a safetensors file of another program.

    Args:
        path: File to read.
        header: Its header, without the metadata.
        start: Offset of the data in the file, in bytes.
        size: Size of the file in bytes.
        options: Rows to keep, the name of the matrix and the words.

    Returns:
        The words and vectors.

    Raises:
        ValueError: If the matrix or the words are missing or cannot be guessed, do not belong together, or the file is
            damaged.
    """
    name = options.matrix or _guessed(path, header)
    matrix = _tensor(path, header, name, start, size)
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise ValueError(f"matrix must name a matrix of {path}, got {name!r} of shape {matrix.shape}; name another one")
    rows = np.arange(len(matrix))
    weights = None
    if name == "embeddings":
        rows = _tensor(path, header, "mapping", start, size) if "mapping" in header else rows
        weights = _tensor(path, header, "weights", start, size) if "weights" in header else None
    words, numbers = _words(path, options.word_list, len(rows))
    chosen = [
        (word, number)
        for word, number in zip(words, numbers, strict=True)
        if options.words is None or word in options.words
    ][: options.limit]
    kept = np.array([number for _, number in chosen], np.int64)
    if rows.dtype.kind not in "iu" or rows.ndim != 1 or (len(rows) and not 0 <= rows.min() <= rows.max() < len(matrix)):
        raise ValueError(f"{path}: mapping must have rows of the matrix, got others; the file is damaged")
    if weights is not None and weights.shape != (len(rows),):
        raise ValueError(
            f"{path}: weights must be one for each of {len(rows)} words, got {weights.shape}; save it again"
        )

    def blocks() -> Iterator[NDArray[np.float32]]:
        start = 0
        for block in gathered(matrix, rows[kept]):
            vectors = _numbers(block, header[name])
            if weights is not None:
                vectors *= _numbers(weights[kept[start : start + len(block)]], header["weights"])[:, None]
            start += len(block)
            yield vectors

    vectors = collected(blocks(), (len(kept), matrix.shape[1]), options.spool)
    return VectorTable([word for word, _ in chosen], vectors)


def _guessed(path: Path, header: Mapping[str, Any]) -> str:
    """Return the name of the matrix: a usual one, or the only one."""
    found = [
        name
        for name, entry in header.items()
        if isinstance(entry, dict) and entry.get("dtype") in _NUMBERS and np.size(entry.get("shape", ())) == 2
    ]
    usual = [name for name in _USUAL if name in found] or found
    if len(usual) != 1:
        listed = ", ".join(map(repr, found[:10])) or "none"
        raise ValueError(f"matrix must name one of the matrices in {path}: {listed}, got None; pass matrix='NAME'")
    return usual[0]


def _tensor(path: Path, header: Mapping[str, Any], name: str, start: int, size: int) -> NDArray[Any]:
    """Map a tensor; bfloat16 as its bits."""
    entry = header.get(name)
    if entry is None:
        raise ValueError(f"matrix must name a tensor of {path}, got {name!r}; it has {', '.join(list(header)[:10])}")
    try:
        shape, (begin, end) = tuple(map(index, entry["shape"])), map(index, entry["data_offsets"])
        code = entry["dtype"]
        dtype = np.dtype(_TYPES[code])
        count = 1
        for length in shape:
            count *= length
        if min(shape, default=0) < 0 or begin < 0 or end - begin != count * dtype.itemsize or start + end > size:
            raise ValueError(f"bytes {begin} to {end} for shape {shape}")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}, byte 8: the tensor {name!r} must have a known type, a shape and its place in the file, got "
            f"{str(entry)[:80]} ({error}); the file is truncated or damaged"
        ) from error
    if not count:
        return np.empty(shape, np.float32)
    return np.memmap(path, dtype=dtype, mode="r", offset=start + begin, shape=shape)


def _numbers(array: NDArray[Any], entry: Mapping[str, Any]) -> NDArray[np.float32]:
    """Copy numbers of a tensor as float32."""
    if entry["dtype"] == "BF16":  # the upper half of float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def _words(path: Path, given: Path | Sequence[str] | None, rows: int) -> tuple[list[str], list[int]]:
    """Return the words, and the number of each, by which its row is found."""
    if given is not None and not isinstance(given, Path):
        numbered = distinct(list(given), "word_list")
        place, count = "word_list", len(given)
    else:
        source = path.with_name(_TOKENIZER) if given is None else given
        if not source.is_file():
            raise ValueError(
                f"word_list must be given for {path}, which has no {_TOKENIZER} beside it, got {given}; pass a list "
                "of words, or a file with one on each line"
            )
        numbered = saved_words(source)
        place, count = str(source), len(numbered)
        if source.suffix.lower() == ".json":  # of which rows may be left over, to make the matrix a round size
            count = rows if not numbered or 0 <= min(numbered.values()) <= max(numbered.values()) < rows else -1
    if count != rows:
        raise ValueError(
            f"{place} must have a word for each of the {rows} vectors in {path}, got {len(numbered)}; pass the words "
            "that belong to it"
        )
    ordered = sorted(numbered, key=numbered.__getitem__)
    return ordered, [numbered[word] for word in ordered]
