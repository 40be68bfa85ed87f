"""Read and write the model files of fastText, .bin and .ftz."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from textkit.fasttext.dictionary import Dictionary, read_dictionary
from textkit.fasttext.fields import Fields
from textkit.fasttext.matrices import DenseMatrix, Matrix, read_flag, read_matrix
from textkit.fasttext.model_settings import ModelSettings, read_settings
from textkit.files.atomic import atomic_path
from textkit.files.mapped import release
from textkit.progress import report_position

SUFFIXES = (".bin", ".ftz")
_MAGIC = (793_712_314).to_bytes(4, "little")
_VERSIONS = (11, 12)
_BLOCK = 1 << 22  # numbers written at a time


@dataclass(frozen=True, eq=False)
class FastTextModel:
    """A model: what its file holds.

    Attributes:
        settings: Its settings.
        dictionary: Its words and labels.
        input: (words + buckets, dim), or fewer rows if the model is pruned: rows of words, then of n-grams.
        output: (labels, dim) of a supervised model, otherwise (words, dim).
    """

    settings: ModelSettings
    dictionary: Dictionary
    input: Matrix
    output: Matrix

    @property
    def is_supervised(self) -> bool:
        """Whether it is a classifier."""
        return self.settings.model == "supervised"


def is_model_file(path: Path) -> bool:
    """Return whether a file begins like a model file of fastText; False if there is no such file."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == _MAGIC


def read_model(path: Path) -> FastTextModel:
    """Open a model file; the matrices are memory-mapped.

    Args:
        path: File to read, of version 11 or 12.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is no model file, is truncated or damaged; the message names the file and the byte.
    """
    if not is_model_file(path):
        path.stat()  # FileNotFoundError
        raise ValueError(
            f"{path}, byte 0: the file must begin with the magic number of fastText (793712314), got none; it is not "
            "fastText's, or of a version before 2017, which fastText itself no longer reads"
        )
    fields = Fields(path)
    settings = _read_header(fields)
    dictionary = read_dictionary(fields)
    quantized = read_flag(fields, "the flag of a quantized input")
    if dictionary.kept is not None and not quantized:
        raise fields.error("a pruned model must be quantized, got a dense input")
    start = fields.position
    input_matrix = read_matrix(fields, "the input", settings.dim, quantized=quantized)
    rows = _needed_rows(settings, dictionary)
    if input_matrix.shape[0] < rows:
        raise fields.error(f"the input must have at least {rows:,} rows, got {input_matrix.shape[0]:,}", start)
    quantized_output = read_flag(fields, "the flag of a quantized output")
    start = fields.position
    output = read_matrix(fields, "the output", settings.dim, quantized=quantized and quantized_output)
    supervised = settings.model == "supervised"
    expected = dictionary.n_labels if supervised else dictionary.n_words
    if output.shape[0] != expected:
        kind = "label" if supervised else "word"
        raise fields.error(f"the output must have a row for each {kind} ({expected:,}), got {output.shape[0]:,}", start)
    if fields.remaining:
        raise fields.error(f"the file must end after the output, got {fields.remaining:,} more bytes")
    return FastTextModel(settings, dictionary, input_matrix, output)


def is_supervised(path: Path) -> bool:
    """Return whether a model file is that of a classifier.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If its beginning is damaged.
    """
    return _read_header(Fields(path)).model == "supervised"


def write_model(path: Path, model: FastTextModel) -> None:
    """Write a model that is not quantized, as version 12.

    Args:
        path: File to write, atomically.
        model: The model.

    Raises:
        ValueError: If the model is quantized, or a word or label contains U+0000, at which it would end in a file.
        OSError: If the file cannot be written; an existing file is then unchanged.
    """
    if not isinstance(model.input, DenseMatrix) or not isinstance(model.output, DenseMatrix):
        raise ValueError("model must not be quantized, got codes; copy its file instead")
    matrices = model.input, model.output
    words = model.dictionary
    wrong = words.with_zero()
    if wrong is not None:
        raise ValueError(f"a word in a model file must not contain U+0000, got {wrong!r}; save it in another format")
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(_MAGIC + struct.pack("<i12id", _VERSIONS[-1], *model.settings.values()))
        size = words.n_words + words.n_labels
        file.write(struct.pack("<3i2q", size, words.n_words, words.n_labels, words.n_tokens, -1))
        file.write(words.entries.tobytes())
        for matrix in matrices:
            rows, dim = matrix.shape
            file.write(b"\0" + struct.pack("<2q", rows, dim))
            step = max(1, _BLOCK // dim)
            for start in range(0, rows, step):
                end = min(start + step, rows)
                file.write(matrix.gather(np.arange(start, end)).astype("<f4").tobytes())
                release(matrix.numbers)
                report_position(matrix, 4 * dim * end, 4 * dim * rows)


def in_memory(model: FastTextModel) -> FastTextModel:
    """Copy what is memory-mapped, which cannot be pickled."""
    dictionary = replace(model.dictionary, entries=np.array(model.dictionary.entries))
    return replace(model, dictionary=dictionary, input=_copied(model.input), output=_copied(model.output))


def _copied(matrix: Matrix) -> Matrix:
    if isinstance(matrix, DenseMatrix):
        return DenseMatrix(np.array(matrix.numbers))
    return replace(matrix, codes=np.array(matrix.codes), norm_codes=np.array(matrix.norm_codes))


def _read_header(fields: Fields) -> ModelSettings:
    """Read version and settings."""
    _, version = fields.numbers("ii", "the version")
    if version not in _VERSIONS:
        raise fields.error(f"the version must be 11 or 12, got {version}", 4)
    settings = read_settings(fields)
    if version == 11 and settings.model == "supervised":
        settings = replace(settings, max_n=0)  # such models have no character n-grams, whatever their settings say
    return settings


def _needed_rows(settings: ModelSettings, dictionary: Dictionary) -> int:
    """Return the number of input rows that words and n-grams may refer to."""
    if dictionary.kept is not None:
        return dictionary.n_words + (int(dictionary.kept[:, 1].max()) + 1 if len(dictionary.kept) else 0)
    has_ngrams = settings.has_subwords or settings.word_ngrams > 1
    return dictionary.n_words + (settings.buckets if has_ngrams else 0)
