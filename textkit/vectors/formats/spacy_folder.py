"""Vectors of spaCy: the folder that ``nlp.to_disk``, ``nlp.vocab.to_disk`` or ``nlp.vocab.vectors.to_disk`` writes.

``vectors`` is a matrix as NumPy saves it, ``key2row`` maps the hash of each word to its row as MessagePack,
``strings.json`` lists the words, among other strings, and ``vectors.cfg`` has the mode and the settings of floret.
"""

import json
import struct
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.vectors.formats.bad_rows import BadRows
from textkit.vectors.formats.floret_file import FloretSettings, FloretTable
from textkit.vectors.formats.matrix_blocks import collected, gathered
from textkit.vectors.formats.read_options import ReadOptions
from textkit.vectors.formats.word_list import listed_words
from textkit.vectors.vector_table import VectorTable

_FLORET = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow")
_INTEGERS = {0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
_NEEDED = ("vectors", "key2row")


def find_spacy_folder(path: Path) -> Path | None:
    """Return the folder of the vectors, which is the given one or its ``vocab``; None if it is not spaCy's."""
    for folder in (path, path / "vocab"):
        if (folder / "vectors").is_file() and ((folder / "key2row").is_file() or (folder / "vectors.cfg").is_file()):
            return folder
    return None


def read_spacy(folder: Path, options: ReadOptions) -> VectorTable | FloretTable:
    """Read the vectors of a folder.

    Args:
        folder: The folder with the file ``vectors``.
        options: Words to keep. Their order is that of ``key2row``. A key without a word is a bad row.

    Returns:
        The words and vectors, memory-mapped where each row has one word; or a table of n-grams.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If a file is damaged, or a key has no word; the message names the file.
    """
    matrix = _matrix(folder / "vectors")
    settings = _settings(folder / "vectors.cfg")
    if isinstance(settings, FloretSettings):
        if not len(matrix):
            raise ValueError(f"{folder / 'vectors'}: a table of floret must have rows, got none; save it again")
        return FloretTable(settings, np.asarray(matrix, np.float32))
    if options.matrix is not None:
        raise ValueError(f"matrix must be None for {folder}, got {options.matrix!r}; it is for .safetensors files")
    rows_of_keys = _read_keys(folder / "key2row")
    words_of_keys = _words_of_keys(folder, options)
    bad = BadRows(folder / "key2row", options.bad_rows, "entry")
    words: list[str] = []
    rows: list[int] = []
    for entry, (key, row) in enumerate(rows_of_keys.items()):
        if len(words) == options.limit:
            break
        word = words_of_keys.get(key)
        if not 0 <= row < len(matrix):
            raise ValueError(
                f"{folder / 'key2row'}, entry {entry}: a row must be from 0 to {len(matrix) - 1}, got {row}; the file "
                "is damaged, save it again"
            )
        if word is None:
            bad.report(entry, f"the key {key} must have a word in strings.json or word_list, got none")
        elif options.words is None or word in options.words:
            words.append(word)
            rows.append(row)
    bad.warn()
    places = np.array(rows, np.int64)
    if matrix.dtype != np.float32 or len(places) != len(matrix) or (places != np.arange(len(matrix))).any():
        matrix = collected(gathered(matrix, places), (len(places), matrix.shape[1]), options.spool)
    return VectorTable(words, matrix)


def _matrix(path: Path) -> NDArray[Any]:
    try:
        matrix: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, TypeError, SyntaxError, OverflowError, TokenError) as error:  # of a damaged header
        raise ValueError(f"{path} must be a matrix saved by NumPy, got {error}; save the vectors again") from error
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.dtype.kind != "f" or not matrix.shape[1]:
        got = getattr(matrix, "shape", type(matrix).__name__), getattr(matrix, "dtype", "")
        raise ValueError(f"{path} must be a matrix of numbers, got {got}; save the vectors again")
    return matrix


def _settings(path: Path) -> FloretSettings | None:
    """Return the settings of floret, or None for words with vectors, as also in folders before version 3.2."""
    if not path.exists():
        return None
    try:
        config = json.loads(path.read_bytes())
        mode = config.get("mode", "default")
        if mode == "default":
            return None
        if mode != "floret":
            raise ValueError(f"mode must be 'default' or 'floret', got {mode!r}")
        return FloretSettings(**{name: config[name] for name in _FLORET if name in config}, like_spacy=True)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} must have the settings of vectors, got {error}; save the vectors again") from error


def _words_of_keys(folder: Path, options: ReadOptions) -> dict[int, str]:
    """Return the word of each key that may occur."""
    from spacy.strings import StringStore
    from spacy.symbols import IDS  # the names that have small numbers instead of hashes, and are not listed

    if options.word_list is not None:
        words = listed_words(options.word_list)
    else:
        path = folder / "strings.json"
        if not path.is_file():
            raise ValueError(
                f"word_list must be given for {folder}, which has no strings.json, got None; pass a list of words, or "
                "a file of them such as the strings.json of the vocabulary"
            )
        words = listed_words(path)
    store = StringStore()
    return {number: name for name, number in IDS.items() if name} | {int(store.add(word)): word for word in words}


def _read_keys(path: Path) -> dict[int, int]:
    """Read a mapping of integers from MessagePack, which spaCy's own reader would let run code."""
    if not path.is_file():
        raise ValueError(f"{path.parent} must have the file key2row, got none; save the vectors again")
    data = path.read_bytes()
    try:
        count, place = _count(data)
        numbers = []
        for _ in range(2 * count):
            kind = data[place]
            layout = _INTEGERS.get(kind)
            if kind < 0x80 or layout is None:
                if 0x80 <= kind < 0xE0:
                    raise ValueError(f"a byte {kind:#x} at {place}")
                numbers.append(kind if kind < 0x80 else kind - 256)
                place += 1
            else:
                (number,) = struct.unpack_from(f">{layout}", data, place + 1)
                numbers.append(number)
                place += 1 + struct.calcsize(layout)
        if place != len(data):
            raise ValueError(f"{len(data) - place} more bytes")
    except (ValueError, IndexError, struct.error) as error:
        raise ValueError(
            f"{path} must map integers to integers as MessagePack, got {error}; save the vectors again"
        ) from error
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def _count(data: bytes) -> tuple[int, int]:
    """Return the number of pairs, and the place of the first."""
    kind = data[0]
    if kind & 0xF0 == 0x80:
        return kind & 0x0F, 1
    if kind == 0xDE:
        return struct.unpack_from(">H", data, 1)[0], 3
    if kind == 0xDF:
        return struct.unpack_from(">I", data, 1)[0], 5
    raise ValueError(f"a byte {kind:#x} at 0")
