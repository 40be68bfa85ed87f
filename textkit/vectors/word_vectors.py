"""WordVectors: words with their vectors, nearest-neighbor search, analogies, and reading and writing files."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textkit.checks import check_path
from textkit.display.html import bar, block, table
from textkit.files.archives import in_archive
from textkit.hub.card import Card
from textkit.hub.layouts import WORD_VECTORS
from textkit.hub.sharing import Shared
from textkit.other_names import other_names
from textkit.text.tokenizers import Tokenizer
from textkit.vectors.card import vectors_card
from textkit.vectors.comparison import Anchors, neighbor_overlaps, rotated
from textkit.vectors.embedding_layer import HasTokens, embedding_layer
from textkit.vectors.formats.by_suffix import read_vectors, write_vectors
from textkit.vectors.formats.read_options import BadRowPolicy, EncodingErrors, ReadOptions, wanted_words
from textkit.vectors.spacy_vectors import set_spacy_vectors
from textkit.vectors.text_vectors import Frequencies, Weighting, embed_texts
from textkit.vectors.vector_table import (
    VectorTable,
    check_finite,
    float_matrix,
    frozen_counts,
    frozen_metadata,
    index_words,
)
from textkit.vectors.word_search import Neighbors, WordSearch
from textkit.vectors.word_similarity import Vector

if TYPE_CHECKING:
    import torch
    from spacy.language import Language

_SHOWN = 10  # words in a notebook
__all__ = ["Neighbors", "Vector", "WordVectors"]


class WordVectors(WordSearch, Shared):
    """Words with their vectors. Immutable: to change the words, take a `subset` or create a new object.

    Args:
        words: Distinct words; most files list them by descending frequency.
        matrix: Vector of each word; shape (vocab, dim), dim at least 1. A float32 array is not copied.
        metadata: Metadata of the vectors; only .safetensors files can store it.
        counts: Number of occurrences of each word in the training corpus; shape (vocab,). None if unknown.

    Raises:
        TypeError: If a word, or a key or value of ``metadata``, is not a str, or a count is not an integer.
        ValueError: If the number of rows or counts differs from the number of words, a word occurs twice, a number is
            not finite, or a count is negative.

    >>> v = WordVectors(["king", "queen", "dog"], [[1, 0.1], [1, 0.2], [0, 1]])
    >>> v
    WordVectors(3 words, dim 2)
    >>> [word for word, cosine in v.most_similar("king")]
    ['queen', 'dog']
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: ArrayLike,
        *,
        metadata: Mapping[str, str] | None = None,
        counts: ArrayLike | None = None,
    ) -> None:
        if isinstance(words, str):
            raise TypeError(f"words must be a sequence of words, got the str {words[:40]!r}; pass [{words[:40]!r}]")
        self._words = tuple(words)
        self._index = index_words(self._words)
        self._matrix = float_matrix(matrix, len(self._words))
        check_finite(VectorTable(self._words, self._matrix))
        self._metadata = frozen_metadata(metadata or {})
        self._counts = frozen_counts(counts, len(self._words))

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in row order."""
        return self._words

    @property
    def matrix(self) -> Vector:
        """The vectors; shape (vocab, dim), float32, read-only, memory-mapped if read from a .safetensors file."""
        return self._matrix

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the vectors; read-only."""
        return self._metadata

    @property
    def counts(self) -> NDArray[np.int64] | None:
        """How often each word occurs in the training corpus; shape (vocab,), read-only. None if unknown."""
        return self._counts

    def __deepcopy__(self, memo: dict[int, Any]) -> "WordVectors":
        # The object is immutable, and a search over parameters would copy gigabytes for every fold.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        restore = partial(WordVectors, metadata=dict(self._metadata), counts=self._counts)
        return restore, (self._words, self._matrix)

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self._index

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, dim {self.dim})"

    def _repr_html_(self) -> str:
        words = self._words[:_SHOWN]
        if self._counts is None:
            return block(repr(self), table(["word"], [(word,) for word in words]))
        most = int(self._counts.max()) or 1
        rows = [(word, int(count), bar(count / most)) for word, count in zip(words, self._counts, strict=False)]
        return block(repr(self), table(["word", "count", ""], rows))

    def get(self, word: str, default: Vector | None = None) -> Vector | None:
        """Return the vector of a word, shape (dim,), or ``default`` if it has no vector."""
        row = self._index.get(word)
        return default if row is None else self._matrix[row]

    def subset(self, words: Iterable[str], *, missing: Literal["error", "skip"] = "error") -> "WordVectors":
        """Select words, in the given order.

        Args:
            words: Words to keep; duplicates are kept once.
            missing: "error", or "skip" to ignore words without a vector.

        Returns:
            New vectors in memory, with the same metadata, and with the counts of these words.

        Raises:
            KeyError: If a word has no vector and ``missing`` is "error".
            ValueError: If ``missing`` is unknown, or ``words`` is a str.
        """
        if missing not in ("error", "skip"):
            raise ValueError(
                f"missing must be 'error' or 'skip', got {missing!r}; use 'skip' to ignore words without a vector"
            )
        if isinstance(words, str):
            raise ValueError(f"words must be an iterable of words, got the str {words[:40]!r}; pass a list")
        kept = [word for word in dict.fromkeys(words) if missing == "error" or word in self]
        counts = None if self._counts is None else self._counts[self._rows(kept)]
        return WordVectors(kept, self[kept], metadata=self._metadata, counts=counts)

    def embed_texts(
        self,
        texts: Iterable[object],
        *,
        weighting: Weighting = "mean",
        a: float = 1e-3,
        frequencies: Frequencies | None = None,
        remove_component: bool = True,
        tokenizer: str | Tokenizer | None = None,
    ) -> Vector:
        """Compute a vector for each text, from the vectors of its known words.

        Args:
            texts: Texts, each a str or a list of words. They are read once, a thousand at a time.
            weighting: "mean" for the mean of the vectors. "sif" weights each word by a / (a + p), where p is its
                relative frequency, and removes the first principal component of the texts (Arora, Liang and Ma 2017).
            a: The constant of "sif".
            frequencies: Counts or relative frequencies for "sif", as a mapping from words or of shape (vocab,); None
                for `counts`.
            remove_component: Whether "sif" removes the first principal component. It is that of these texts:
                `textkit.TextFeatures` learns it from training texts for later ones.
            tokenizer: Name of a tokenizer, or a callable that splits a text; None for the one that `train_word2vec`
                noted in the metadata.

        Returns:
            Shape (texts, dim), float32; zeros for a text without a known word.

        Raises:
            TypeError: If ``texts`` is a single str, or a text is neither a str nor a list of str.
            ValueError: If the weighting is unknown, the frequencies or the tokenizer are unknown, or a text is missing.

        >>> v = WordVectors(["good", "film"], [[2, 0], [0, 4]])
        >>> v.embed_texts(["good film", "unseen"], tokenizer="whitespace").tolist()
        [[1.0, 2.0], [0.0, 0.0]]
        """
        return embed_texts(
            self,
            texts,
            weighting=weighting,
            a=a,
            frequencies=frequencies,
            remove_component=remove_component,
            tokenizer=tokenizer,
        )

    def align_to(self, other: "WordVectors", *, anchors: Anchors = None) -> "WordVectors":
        """Rotate the vectors into the space of others, such as those of another period or language.

        The rotation brings the unit vectors of the anchors as close as possible to those of ``other``: the solution of
        the orthogonal Procrustes problem (Hamilton, Leskovec and Jurafsky 2016, Diachronic Word Embeddings Reveal
        Statistical Laws of Semantic Change). Cosines among the rotated vectors stay the same, and cosines with
        ``other[word]`` get a meaning.

        Args:
            other: Vectors of the same dimension; they are only read.
            anchors: Words with the same meaning in both; a mapping from words to those of ``other``, such as a
                dictionary of another language; or a number, for the first N words that both have. None for all words
                that both have.

        Returns:
            New vectors in memory, with the same words, counts and metadata.

        Raises:
            KeyError: If an anchor has no vector.
            ValueError: If the dimensions differ, or there are no anchors.

        >>> old = WordVectors(["tea", "sea", "web"], [[1, 0], [0, 1], [1, 1]])
        >>> new = WordVectors(["tea", "sea", "web"], [[0, 1], [-1, 0], [0, 1]])
        >>> old.align_to(new, anchors=["tea", "sea"])["tea"].round(4).tolist()
        [0.0, 1.0]
        """
        return WordVectors(self.words, rotated(self, other, anchors), metadata=self.metadata, counts=self.counts)

    def neighbor_overlap(
        self, other: "WordVectors", words: Sequence[str] | None = None, *, k: int = 1000, restrict: int | None = None
    ) -> list[tuple[str, float]]:
        """Find words that are used differently in another corpus: those that have few neighbors in common.

        No alignment is needed (Gonen, Jawahar, Seddah and Goldberg 2020, Simple, Interpretable and Stable Method for
        Detecting Words with Usage Change across Corpora). Vectors of rare words are noise: the authors search words
        with a count above 100, and consider those above 200.

        Args:
            other: Vectors trained on the other corpus; their dimension may differ.
            words: Words to compare; None for all that are in both.
            k: Number of nearest neighbors.
            restrict: Search only the first N words that are in both; None searches all of them.

        Returns:
            Words with the fraction of neighbors that they have in both, from 0 to 1; the smallest first.

        Raises:
            KeyError: If one of the words is not in both.
            ValueError: If ``k`` or ``restrict`` is too small, or fewer than two words are in both.
        """
        return neighbor_overlaps(self, other, words, k, restrict)

    def to_embedding(self, vocabulary: HasTokens, *, freeze: bool = True, seed: int = 0) -> "torch.nn.Embedding":
        """Create an embedding layer with a row for each token of a vocabulary.

        Args:
            vocabulary: Any object with ``tokens`` in id order, such as a `Vocabulary`.
            freeze: Whether to exclude the layer from training.
            seed: Seed for the tokens without a vector, which get normally distributed random vectors with the standard
                deviation of the matrix. ``<pad>`` gets zeros, and its id becomes the layer's ``padding_idx``.

        Returns:
            A layer with weights of shape (vocabulary, dim).
        """
        table = VectorTable(self._words, self._matrix)
        return embedding_layer(table, self._index, vocabulary, freeze=freeze, seed=seed)

    def to_spacy(self, nlp: "Language") -> "Language":
        """Replace the vectors of a spaCy pipeline by these.

        Args:
            nlp: Pipeline, changed in place.

        Returns:
            The same pipeline.
        """
        set_spacy_vectors(VectorTable(self._words, self._matrix), nlp)
        return nlp

    _layout = WORD_VECTORS

    def _card(self) -> Card:
        return vectors_card(self.words, self.dim, self.counts, self.metadata)

    def save(self, path: str | os.PathLike[str], *, format: str | None = None) -> None:
        """Write the vectors to a file, atomically.

        The suffix determines the format: .safetensors (any words, with counts and metadata, memory-mapped when read),
        .txt (word2vec text), .bin (word2vec binary), .vec (fastText), .tsv (the TensorBoard projector: NAME.tsv, and
        NAME_metadata.tsv with words and counts beside it), .csv (a word and its numbers). The other formats drop the
        counts. All but .safetensors may be compressed: append .gz, .xz, .bz2 or .zst.

        Args:
            path: File to write. Its folder must exist.
            format: Format to use regardless of the suffix: "safetensors", "word2vec", "word2vec-binary", "fasttext",
                "projector", "csv", or "glove" (text without a header, also with the suffix .txt).

        Raises:
            OSError: If the file cannot be written; an existing file is then unchanged.
            ValueError: If the format is unknown or cannot store one of the words, such as a word with a space, or
                NAME_metadata.tsv is a file of something else.
        """
        write_vectors(path, VectorTable(self._words, self._matrix, self._metadata, self._counts), format)

    @classmethod
    @other_names(
        {
            "binary": "format",
            "no_header": "format",
            "fname": "path",
            "unicode_errors": "encoding_errors",
            "mmap": "path: safetensors are memory-mapped",
        }
    )
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        words: Iterable[str] | None = None,
        limit: int | None = None,
        encoding_errors: EncodingErrors = "strict",
        bad_rows: BadRowPolicy = "error",
        format: str | None = None,
        member: str | None = None,
        matrix: str | None = None,
        word_list: str | os.PathLike[str] | Sequence[str] | None = None,
    ) -> "WordVectors":
        """Read vectors from a file in any format that `save` writes, or one of another program.

        A model of fastText, .bin or .ftz, gives `SubwordVectors`, which have vectors of unknown words too; with
        ``words`` or ``limit`` the vectors of known words only. So does a .floret table of floret, which has vectors of
        all words and knows none: those to search are given as ``word_list``. A folder of spaCy's, of a pipeline, its
        vocabulary or its vectors, is one or the other. A .safetensors file may be of another program.

        A .csv or .tsv file has a word in the first column of each row, and may have a header.
        In text files, the header may be missing, the separator is a space or a tab, and a word may contain spaces. A
        row is bad if it has too few numbers or one that is not finite, or if its word is empty, not UTF-8 or a
        duplicate. A header with a wrong number of rows is an error too.

        Args:
            path: File to read; or a .zip archive with such a file, or the path of the file in it, ``archive.zip/file``;
                or a folder of spaCy's.
            words: Keep only these words, in the order of the file; words that are not in it are ignored. The rows of
                other words are not checked.
            limit: Keep only the first N rows. The rest of the file is not read.
            encoding_errors: Treatment of words that are not UTF-8: with "strict" the row is bad, "replace" reads the
                bytes as U+FFFD, "ignore" drops them.
            bad_rows: "error", or "skip" to skip bad rows and report their number in a warning.
            format: Format to use regardless of the suffix; see `save`. "glove" means that the first line is not a
                header. "floret" is only read.
            member: Name of the file in a .zip archive with several files.
            matrix: Name of the tensor with the vectors, for a .safetensors file of another program, such as model2vec;
                None for "embeddings", "embedding.weight" or the only matrix.
            word_list: Word of each of these vectors, or a file of them, one on each line or JSON; None for the
                vocabulary in the ``tokenizer.json`` beside the file. For a folder of spaCy's, words that may have
                vectors; None for those in ``strings.json``.

        Returns:
            The vectors.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If the file is malformed (the message names the line or byte) or an argument is invalid.
        """
        if isinstance(word_list, str | os.PathLike):
            word_list = Path(word_list)
        options = ReadOptions(
            words=wanted_words(words),
            limit=limit,
            encoding_errors=encoding_errors,
            bad_rows=bad_rows,
            matrix=matrix,
            word_list=word_list if word_list is None or isinstance(word_list, Path) else tuple(word_list),
        )
        path = in_archive(check_path("path", path), member)
        from textkit.vectors.load_model import load_model  # its classes are built on this one

        if (model := load_model(path, options, format)) is not None:
            return model
        table = read_vectors(path, options, format)
        try:
            return cls(table.words, table.matrix, metadata=table.metadata, counts=table.counts)
        except ValueError as error:
            # Memory-mapped files are not checked while reading, so their errors still lack the path.
            raise ValueError(f"{os.fspath(path)}: {error}") from error
