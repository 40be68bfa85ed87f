"""`SubwordVectors`: vectors of words and of their character n-grams, which give unknown words a vector too."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_path
from textkit.fasttext.dictionary import new_dictionary
from textkit.fasttext.matrices import DenseMatrix
from textkit.fasttext.model_file import FastTextModel, in_memory, read_model, write_model
from textkit.fasttext.model_settings import ModelSettings
from textkit.fasttext.word_index import WordIndex
from textkit.fasttext.word_rows import WordRows
from textkit.files.compression import compression, inner_suffix
from textkit.files.mapped import release
from textkit.hub.card import Card
from textkit.hub.layouts import SUBWORD_VECTORS
from textkit.text.unknown_words import UnknownWordError
from textkit.vectors.card import vectors_card
from textkit.vectors.formats.matrix_blocks import collected
from textkit.vectors.formats.read_options import EncodingErrors
from textkit.vectors.neighbors import unit_rows
from textkit.vectors.vector_table import float_matrix, frozen_counts, frozen_metadata, index_words
from textkit.vectors.word_vectors import Vector, WordVectors

if TYPE_CHECKING:
    import torch

    from textkit.vectors.embedding_layer import HasTokens

_WORDS_AT_A_LOOKUP = 128  # with 20 n-grams each about 160 MB, as the system maps 64 KiB around each row
_WORDS_AT_A_RELEASE = 1 << 14
_WORDS_AT_ONCE = 1 << 10  # with 20 n-grams of 300 dimensions each they take 25 MB
_SPACES = "[ \t\n\v\f\r]+"  # no-break and ideographic spaces are part of words


class SubwordVectors(WordVectors):
    """Vectors of words and of their character n-grams (Bojanowski et al. 2017), which fastText's files hold.

    The vector of a word is the mean of its own row and those of its n-grams; that of an unknown word is the mean of its
    n-grams. Unknown words may be asked for by ``[]``, `get`, `text_vector`, `subset`, `to_embedding`, and in all
    comparisons and searches of words; ``in``, `words` and `matrix` are about the known ones. The vectors of all known
    words are computed when they are first needed, for `matrix` or a search.

    Args:
        words: Distinct words, by descending frequency.
        rows: Rows of the words, then of the hash buckets of n-grams; shape (vocab + buckets, dim).
        subwords: Minimum and maximum length of the n-grams, in characters; the marks "<" and ">" around a word count.
        counts: (vocab,) count of each word, for fastText; None if they are unknown.
        output: (vocab, dim) output matrix of the training, for fastText; None for zeros.
        metadata: As for `WordVectors`; fastText's files cannot hold it.

    Raises:
        TypeError: If a word, or a key or value of ``metadata``, is not a str.
        ValueError: If there are fewer rows than words, ``subwords`` is no range, a word occurs twice, or a number is
            not finite.

    >>> v = SubwordVectors(["cat"], np.eye(9, 2), subwords=(3, 3))
    >>> v["cat"].shape, v["cats"].shape, "cats" in v
    ((2,), (2,), False)
    """

    def __init__(
        self,
        words: Sequence[str],
        rows: ArrayLike,
        *,
        subwords: tuple[int, int] = (3, 6),
        counts: ArrayLike | None = None,
        output: ArrayLike | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        least, most = subwords
        if not 1 <= least <= most:
            raise ValueError(f"subwords must be (minimum, maximum) with 1 <= minimum <= maximum, got {subwords!r}")
        index = index_words(words)
        numbers = float_matrix(rows, len(np.asarray(rows)))
        if len(numbers) <= len(words):
            raise ValueError(
                f"rows must be those of the {len(words):,} words and of at least one bucket, got {len(numbers):,}; "
                "pass WordVectors(words, rows) if there are no n-grams"
            )
        if not np.isfinite(numbers).all():
            row = int(np.isfinite(numbers).all(axis=1).argmin())
            raise ValueError(f"rows must be finite, got nan or inf in row {row}; train with a lower learning rate")
        known = frozen_counts(counts, len(words))
        stored = np.ones(len(words), np.int64) if known is None else known
        if output is None:
            output = np.broadcast_to(np.zeros(1, np.float32), (len(words), numbers.shape[1]))
        settings = ModelSettings(
            dim=numbers.shape[1], buckets=len(numbers) - len(words), min_n=least, max_n=most, word_ngrams=1
        )
        dictionary = new_dictionary([word.encode() for word in words], stored, n_tokens=int(stored.sum()))
        model = FastTextModel(settings, dictionary, DenseMatrix(numbers), DenseMatrix(float_matrix(output, len(words))))
        self._open(model, metadata or {}, "", known)
        self._words, self._index = tuple(words), index

    @classmethod
    def load(  # type: ignore[override]  # what only other formats have is left out
        cls, path: str | os.PathLike[str], *, encoding_errors: EncodingErrors = "strict"
    ) -> "SubwordVectors":
        """Open a model file of fastText, .bin or .ftz, by memory map.

        Args:
            path: The file. That of a classifier holds vectors of words, too.
            encoding_errors: Treatment of words that are not UTF-8: "strict" is an error, "replace" reads the bytes as
                U+FFFD, "ignore" drops them.

        Returns:
            The vectors.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If it is no model file of version 11 or 12, is damaged, or a word is not UTF-8; the message
                names the file.
        """
        path = check_path("path", path)
        if compression(path):
            raise ValueError(f"{path}: a model file must not be compressed, as it is memory-mapped; unpack it first")
        return cls._from_model(read_model(path), path, encoding_errors)

    @classmethod
    def _from_model(
        cls, model: FastTextModel, path: Path, encoding_errors: EncodingErrors = "strict"
    ) -> "SubwordVectors":
        """Make vectors of a model that was read from a file."""
        vectors = cls.__new__(cls)
        vectors._open(model, {}, f"{path}: ", model.dictionary.word_counts(), encoding_errors)
        try:
            model.dictionary.check_words(encoding_errors)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        return vectors

    def _open(
        self,
        model: FastTextModel,
        metadata: Mapping[str, str],
        place: str,
        counts: NDArray[np.int64] | None,
        encoding_errors: EncodingErrors = "strict",
    ) -> None:
        self._model = model
        self._rows_of = WordRows(model)
        self._place, self._encoding_errors = place, encoding_errors  # the file, for errors
        self._metadata = frozen_metadata(metadata)
        self._counts = frozen_counts(counts, len(self))

    # Millions of words take seconds and hundreds of MB as Python objects, so they are created when they are needed.
    @cached_property
    def _words(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(self._model.dictionary.decoded_words(self._encoding_errors))

    @cached_property
    def _index(self) -> Mapping[str, int]:  # type: ignore[override]
        try:
            dictionary = self._model.dictionary
            return WordIndex(dictionary) if dictionary.is_utf8 else index_words(self._words)
        except ValueError as error:
            raise ValueError(f"{self._place}{error}") from error

    def __len__(self) -> int:
        return self._model.dictionary.n_words

    @cached_property
    def _matrix(self) -> Vector:  # type: ignore[override]  # computed when it is needed
        matrix = collected(self._known_blocks(len(self)), (len(self), self.dim), None)
        matrix.flags.writeable = False
        return matrix

    def _known_blocks(self, count: int) -> Iterator[Vector]:
        """Compute the vectors of the first known words, a block at a time, in bounded memory."""
        for start in range(0, count, _WORDS_AT_ONCE):
            yield self._known(np.arange(start, min(start + _WORDS_AT_ONCE, count)))
            if start % _WORDS_AT_A_RELEASE == 0:
                self._release()

    def _release(self) -> None:
        if isinstance(self._model.input, DenseMatrix):
            release(self._model.input.numbers)

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self._model.settings.dim

    @property
    def subwords(self) -> tuple[int, int] | None:
        """Minimum and maximum length of the n-grams of words; None if there are none."""
        settings = self._model.settings
        return (settings.min_n, settings.max_n) if settings.has_subwords else None

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (in_memory(self._model), self._words, dict(self._metadata), self._place, self._counts)

    def __repr__(self) -> str:
        lengths = "no n-grams" if self.subwords is None else f"n-grams of {self.subwords[0]} to {self.subwords[1]}"
        return f"SubwordVectors({len(self):,} words, dim {self.dim}, {lengths})"

    def __getitem__(self, word: str | Sequence[str]) -> Vector:
        """Return the vector of a word, shape (dim,), or of several, shape (words, dim).

        Raises:
            UnknownWordError: A KeyError, if a word is unknown and has no n-grams.
        """
        if isinstance(word, str):
            vector: Vector = self._computed([word])[0]
            return vector
        return self._computed(word)

    def get(self, word: str, default: Vector | None = None) -> Vector | None:
        """Return the vector of a word, shape (dim,), or ``default`` if it is unknown and has no n-grams."""
        try:
            return self[word]
        except UnknownWordError:
            return default

    def subset(self, words: Iterable[str], *, missing: Literal["error", "skip"] = "error") -> WordVectors:
        """Select words, known or not, in the given order.

        Args:
            words: Words to keep; duplicates are kept once.
            missing: "error", or "skip" to ignore words that are unknown and have no n-grams.

        Returns:
            New vectors in memory, without n-grams; with counts if all of the words are known.
        """
        if isinstance(words, str) or missing not in ("error", "skip"):
            return super().subset(words, missing=missing)  # raises
        kept = list(dict.fromkeys(words))
        if missing == "skip":
            kept = [word for word, has in zip(kept, self._has_vector(kept), strict=True) if has]
        counts = None
        if self._counts is not None and all(word in self for word in kept):
            counts = self._counts[[self._index[word] for word in kept]]
        return WordVectors(kept, self[kept], metadata=self._metadata, counts=counts)

    def text_vector(self, text: str) -> Vector:
        """Compute the mean of the unit vectors of the words of a text, as fastText's ``get_sentence_vector`` does.

        Words are separated by ASCII whitespace. Words without a vector do not count. fastText itself does otherwise for
        a classifier: `FastTextClassifier.text_vectors`.

        Args:
            text: A text.

        Returns:
            Shape (dim,); zeros if no word has a vector.
        """
        found = [vector for word in re.split(_SPACES, text) if word and (vector := self.get(word)) is not None]
        units = unit_rows(np.array(found, np.float32).reshape(-1, self.dim))
        units = units[units.any(axis=1)]
        return units.mean(axis=0) if len(units) else np.zeros(self.dim, np.float32)

    def to_embedding(self, vocabulary: "HasTokens", *, freeze: bool = True, seed: int = 0) -> "torch.nn.Embedding":
        """Create an embedding layer with a row for each token of a vocabulary, known or not; see `WordVectors`.

        Args:
            vocabulary: Any object with ``tokens`` in id order, such as a `Vocabulary`.
            freeze: Whether to exclude the layer from training.
            seed: Seed for the tokens without a vector.

        Returns:
            A layer with weights of shape (vocabulary, dim).
        """
        tokens = getattr(vocabulary, "tokens", ())
        # Special tokens, such as <pad>, are no words, though they have n-grams.
        names = [token for token in tokens if token in self or not (token[:1] == "<" and token[-1:] == ">")]
        return self.subset(names, missing="skip").to_embedding(vocabulary, freeze=freeze, seed=seed)

    _layout = SUBWORD_VECTORS

    def _card(self) -> Card:
        return vectors_card(self.words, self.dim, self.counts, self.metadata, subwords=self.subwords)

    def save(self, path: str | os.PathLike[str], *, format: str | None = None) -> None:
        """Write the vectors to a file, atomically.

        The suffix .bin writes a model file that fastText reads, with the n-grams. All other formats, also
        ``format="word2vec-binary"``, hold the vectors of the known words only; see `WordVectors.save`.

        Args:
            path: File to write. Its folder must exist.
            format: Format to use regardless of the suffix; see `WordVectors.save`.

        Raises:
            OSError: If the file cannot be written; an existing file is then unchanged.
            ValueError: If the format is unknown or cannot store one of the words, or the model is quantized.
        """
        path = check_path("path", path)
        if self.keeps_ngrams(path, format):
            write_model(path, self._model)
        else:
            super().save(path, format=format)

    def keeps_ngrams(self, path: Path, format: str | None = None) -> bool:
        """Whether `save` writes the n-grams to this path."""
        return format is None and inner_suffix(path) == ".bin" and not compression(path)

    def _has_vector(self, words: Sequence[str]) -> NDArray[np.bool_]:
        _, counts = self._sums(words)
        return counts > 0

    def _computed(self, words: Sequence[str]) -> Vector:
        """Compute the vectors of words, known or not."""
        wrong = next((word for word in words if not isinstance(word, str)), None)
        if wrong is not None:
            self.index(cast(Any, wrong))  # raises
        sums, counts = self._sums(words)
        if len(words) and not counts.all():
            raise UnknownWordError(
                words[int(counts.argmin())],
                self._words,
                "words that have a vector",
                "" if self.subwords is None else "it has no n-gram either",
            )
        return self._finite(_quotient(sums, counts), words)

    def _sums(self, words: Sequence[str]) -> tuple[Vector, NDArray[np.int64]]:
        own = np.fromiter((self._index.get(word, -1) for word in words), np.int64, len(words))
        # The bytes of a known word are those of the file, which need not be UTF-8.
        texts = [self._bytes(row, word) for row, word in zip(own.tolist(), words, strict=True)]
        sums, counts = np.empty((len(words), self.dim), np.float32), np.empty(len(words), np.int64)
        for start in range(0, len(words), _WORDS_AT_A_LOOKUP):
            part = slice(start, start + _WORDS_AT_A_LOOKUP)
            sums[part], counts[part] = self._rows_of.sums(texts[part], own[part])
            self._release()
        return sums, counts

    def _known(self, rows: NDArray[np.int64]) -> Vector:
        """Compute the vectors of known words, given their rows."""
        sums, counts = self._rows_of.sums([self._bytes(row, "") for row in rows.tolist()], rows)
        return self._finite(_quotient(sums, counts), [self._words[row] for row in rows])

    def _bytes(self, row: int, word: str) -> bytes:
        if row < 0:
            return word.encode("utf-8", "surrogatepass")
        words = self._model.dictionary
        return words.entries[words.starts[row] : words.ends[row]].tobytes()

    def _finite(self, vectors: Vector, words: Sequence[str]) -> Vector:
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            word = words[int(finite.argmin())]
            raise ValueError(f"{self._place}the vector of {word!r} must be finite, got nan or inf; the file is damaged")
        return vectors


def _quotient(sums: Vector, counts: NDArray[np.int64]) -> Vector:
    return np.asarray(sums / counts[:, None], np.float32)


def _unpickled(
    model: FastTextModel,
    words: Sequence[str],
    metadata: Mapping[str, str],
    place: str,
    counts: NDArray[np.int64] | None,
) -> SubwordVectors:
    vectors = SubwordVectors.__new__(SubwordVectors)
    vectors._open(model, metadata, place, counts)
    vectors._words = tuple(words)
    return vectors
