"""What a training of word vectors starts from: the vocabulary, the validation corpus and the initial vectors."""

from collections.abc import Collection
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textkit.files.mapped import SPAN
from textkit.kernels.skip_gram_arrays import Model, aligned_zeros, round_up
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.vocabulary import Vocabulary
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
    """Initialize center vectors uniformly in +-0.5 / dim, or from ``init``, and context vectors with zeros."""
    shape = (len(words), round_up(settings.dim, 8))
    centers, contexts = aligned_zeros(*shape), aligned_zeros(*shape)
    random = np.random.default_rng(settings.seed)
    for begin in range(0, len(words), 65536):
        uniform: NDArray[np.float32] = random.random((min(65536, len(words) - begin), settings.dim), np.float32)
        centers[begin : begin + len(uniform), : settings.dim] = (uniform - 0.5) / settings.dim
    if init is not None:
        row_pairs = [(row, init.index(word)) for row, word in enumerate(words) if word in init]
        if row_pairs:
            model_rows, init_rows = np.array(row_pairs).T
            centers[model_rows, : settings.dim] = init.matrix[init_rows]
    return Model(centers, contexts)


def check_vocabulary(vocabulary: Any, min_count: int, max_vocab: int | None, keep_words: Collection[str]) -> None:
    """Check that a vocabulary is one, and that nothing else is to choose the words."""
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
