"""What a training of word vectors starts from: the vocabulary, the validation corpus and the initial vectors."""

from collections.abc import Collection
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textkit.fasttext.subwords import subword_buckets
from textkit.files.mapped import SPAN
from textkit.kernels.skip_gram_arrays import Model, aligned_zeros, round_up
from textkit.kernels.vector_width import WIDTH
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.floret_vectors import FloretVectors
from textkit.vectors.subword_vectors import SubwordVectors
from textkit.vectors.word_vectors import WordVectors
from textkit.word2vec.settings import Word2VecSettings

if TYPE_CHECKING:
    from textkit.training.ranks import Ranks


def encode_validation(valid: object, corpus: EncodedCorpus, reading: dict[str, Any]) -> EncodedCorpus:
    """Encode the validation corpus with the vocabulary of the training.

    Args:
        valid: The validation corpus, encoded or not.
        corpus: The training corpus.
        reading: Tokenizer, column and encoding of the training corpus.

    Raises:
        TypeError: If it is a number.
        ValueError: If it has other words, or none of the vocabulary.
    """
    if isinstance(valid, Real):
        raise TypeError(
            f"valid must be a corpus, got {valid!r}; hold out a part of the texts yourself, such as texts[:1000]"
        )
    if isinstance(valid, EncodedCorpus):
        if valid.vocabulary.tokens != corpus.vocabulary.tokens:
            raise ValueError(
                f"valid must have the {len(corpus.vocabulary)} words of the training vocabulary, got {valid!r} with "
                "other ones; encode it with vocabulary=training.vocabulary"
            )
        return valid
    from textkit.data.corpus import validation_reading
    from textkit.text.encoding import encode_corpus

    reading = validation_reading(valid, reading)
    try:
        return encode_corpus(valid, vocabulary=corpus.vocabulary, **reading)
    except ValueError as error:
        raise ValueError(f"valid must be a corpus with words of the training vocabulary: {error}") from error


def initial_model(words: list[str], settings: Word2VecSettings, init: WordVectors | None) -> Model:
    """Initialize input vectors uniformly in +-0.5 / dim, or from ``init``, and output vectors with zeros.

    With subwords, the rows are uniform in +-1 / dim, as in fastText: a mean of them is shorter.
    """
    width = round_up(settings.dim, WIDTH)
    rows = len(words) + (settings.buckets if settings.subwords else 0)
    inputs = aligned_zeros(rows, width)
    outputs = aligned_zeros(len(words) + settings.positions, width)  # a tree has a node less than words
    outputs[len(words) :, : settings.dim] = 1  # the weights of the places in the window
    random = np.random.default_rng(settings.seed)
    for begin in range(0, rows, 65536):
        uniform: NDArray[np.float32] = random.random((min(65536, rows - begin), settings.dim), np.float32)
        inputs[begin : begin + len(uniform), : settings.dim] = (uniform - 0.5) / settings.dim
    if settings.subwords:
        inputs *= 2
    if init is not None:
        row_pairs = [(row, init.index(word)) for row, word in enumerate(words) if word in init]
        if row_pairs:
            model_rows, init_rows = np.array(row_pairs).T
            if isinstance(init, SubwordVectors) and settings.subwords:
                _copy_rows(init, inputs, model_rows, init_rows, settings.dim)
            else:
                inputs[model_rows, : settings.dim] = init.matrix[init_rows]
    return Model(inputs, outputs)


def _copy_rows(
    init: SubwordVectors, inputs: NDArray[np.float32], rows: NDArray[np.int64], known: NDArray[np.int64], dim: int
) -> None:
    """Copy the rows ``known`` of the words, and those of all n-grams; a part at a time, as there are many."""
    matrix = init._model.input
    buckets = init._model.settings.buckets
    sources = np.concatenate([known, len(init) + np.arange(buckets)])
    targets = np.concatenate([rows, len(inputs) - buckets + np.arange(buckets)])
    for begin in range(0, len(sources), 65536):
        part = slice(begin, begin + 65536)
        inputs[targets[part], :dim] = matrix.gather(sources[part])


def check_init(init: WordVectors, settings: Word2VecSettings) -> None:
    """Check that a training with subwords continues from vectors with the same ones.

    Raises:
        ValueError: If the pretrained vectors have other n-grams or buckets, or none.
    """
    if settings.subwords is None:
        return
    if not isinstance(init, SubwordVectors) or isinstance(init, FloretVectors) or init.subwords != settings.subwords:
        raise ValueError(
            f"init must be SubwordVectors with n-grams of {settings.subwords[0]} to {settings.subwords[1]} characters, "
            f"got {init!r}; train with the subwords of init, or without any"
        )
    if init._model.dictionary.kept is not None:
        raise ValueError(f"init must have the rows of all n-grams, got {init!r}, which is pruned; pass another model")
    if (found := init._model.settings.buckets) != settings.buckets:
        raise ValueError(f"buckets must be those of init, {found:,}, got {settings.buckets:,}; pass buckets={found}")


def subword_rows(words: list[str], settings: Word2VecSettings) -> tuple[NDArray[np.int64], NDArray[np.int32]] | None:
    """Find the rows of each word in the input embedding: its own and those of its n-grams; None without subwords.

    Returns:
        starts (words + 1,) and the rows of word w, ``rows[starts[w] : starts[w + 1]]``.
    """
    if settings.subwords is None:
        return None
    owners, buckets = subword_buckets([word.encode() for word in words], *settings.subwords, settings.buckets)
    starts = np.zeros(len(words) + 1, np.int64)
    np.cumsum(1 + np.bincount(owners, minlength=len(words)), out=starts[1:])
    rows = np.empty(starts[-1], np.int32)
    own = np.arange(len(words))
    rows[starts[:-1]] = own
    rows[np.arange(len(owners)) + owners + 1] = len(words) + buckets
    return starts, rows


def trained_vectors(
    words: list[str], model: Model, settings: Word2VecSettings, counts: NDArray[np.int64], metadata: dict[str, str]
) -> WordVectors:
    """Return the result of a training. The model cannot be trained further: its memory becomes that of the vectors."""
    if settings.subwords is None:
        matrix = np.ascontiguousarray(model.centers[:, : settings.dim])
        return WordVectors(words, matrix, metadata=metadata, counts=counts)
    rows = _narrowed(model.centers, settings.dim)
    output = _narrowed(model.contexts[: len(words)], settings.dim) if settings.loss == "negative" else None
    return SubwordVectors(words, rows, subwords=settings.subwords, counts=counts, output=output, metadata=metadata)


def _narrowed(matrix: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Return the first columns as a contiguous matrix in the same memory, as it may be too large for a copy."""
    flat, rows = matrix.reshape(-1), len(matrix)
    if columns == matrix.shape[1]:
        return matrix
    for begin in range(0, rows, 65536):
        end = min(begin + 65536, rows)
        flat[begin * columns : end * columns] = matrix[begin:end, :columns].ravel()
    return flat[: rows * columns].reshape(rows, columns)


def check_vocabulary(vocabulary: Any, min_count: int, max_vocab: int | None, keep_words: Collection[str]) -> None:
    """Check the type of the vocabulary, and that no other argument selects the words."""
    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(
            f"vocabulary must be a Vocabulary, got {type(vocabulary).__name__}; for a list of words pass "
            "Vocabulary(words, counts)"
        )
    others = {
        "min_count": None if min_count == Word2VecSettings.min_count else min_count,
        "max_vocab": max_vocab,
        "keep_words": list(keep_words) or None,
    }
    for name, value in others.items():
        if value is not None:
            raise ValueError(f"{name} must be left out with vocabulary, got {str(value)[:60]}; prune or append to it")


def recounted(corpus: EncodedCorpus, ranks: "Ranks | None") -> Vocabulary:
    """Return the vocabulary with the counts of the corpus, that is of the shares of all processes."""
    counts = np.zeros(len(corpus.vocabulary), np.int64)
    for start in range(0, len(corpus.ids), SPAN):
        counts += np.bincount(corpus.ids[start : start + SPAN], minlength=len(counts))
    if ranks is not None:
        counts = np.sum(ranks.gather(counts), axis=0)
    if not counts.any():
        raise ValueError(
            "vocabulary must contain at least one token of the corpus, got 0; use the tokenizer that the vocabulary "
            "was built with"
        )
    return corpus.vocabulary.with_counts(counts)


def known_counts(init: WordVectors, words: list[str]) -> NDArray[np.int64]:
    """Return how often each word occurred in the corpus of ``init``; 0 if that is unknown."""
    known = np.zeros(len(words), np.int64)
    if init.counts is not None:
        rows = {word: row for row, word in enumerate(words)}
        known[[rows[word] for word in init.words]] = init.counts
    return known
