"""Find phrases in a corpus: pairs of words that occur together far more often than by chance."""

import math
from collections.abc import Collection, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_choice, check_count
from textkit.kernels.pair_counts import BREAK, CHAIN_BITS, CONNECTOR, ID_BITS, count_pairs
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.encoding import encode_corpus
from textkit.text.phrases import Phrase, Phrases, checked_delimiter
from textkit.text.tokenizers import Tokenizer

Scoring = Literal["default", "pmi", "npmi"]
THRESHOLDS = {"default": 100.0, "pmi": 8.0, "npmi": 0.5}
ENGLISH_CONNECTORS = frozenset(
    {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"}
)
"""Common words that may stand between the two words of an English phrase."""

_SLOTS = 1 << 22  # of the hash table: 64 MB


def find_phrases(
    corpus: object,
    *,
    scoring: Scoring = "default",
    min_count: int = 5,
    threshold: float | None = None,
    connectors: Collection[str] = (),
    delimiter: str = "_",
    tokenizer: str | Tokenizer = "whitespace",
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: bool = True,
) -> Phrases:
    """Find pairs of neighboring words that occur together far more often than by chance.

    With N tokens, c(a) occurrences of a word and c(a b) of a pair, a pair is a phrase if its score is above
    ``threshold``:

    - "default": (c(a b) - min_count) N / (c(a) c(b)), Mikolov et al. 2013, "Distributed Representations of Words and
      Phrases", equation 6, times N as in their program;
    - "pmi": pointwise mutual information in bits, log2(c(a b) N / (c(a) c(b))), Church and Hanks 1990;
    - "npmi": the same divided by -log2(c(a b) / N), from -1 to 1, Bouma 2009.

    For phrases of three and four words, find phrases again in the joined text: pass ``phrases.tokenizer(...)`` as the
    ``tokenizer``.

    Args:
        corpus: As for `train_word2vec`. It is read once; pairs are counted exactly, in bounded memory.
        scoring: How pairs are scored.
        min_count: Minimum count of a pair, and of each of its words.
        threshold: Minimum score, exclusive; None for 100 ("default"), 8 ("pmi") or 0.5 ("npmi").
        connectors: Words that may stand between the two words of a phrase, such as "of" in "bank of england"; they
            begin and end none. `ENGLISH_CONNECTORS` has some.
        delimiter: What stands between the words of a joined phrase.
        tokenizer: Name of a tokenizer, or a callable that splits a text; see `textkit.tokenizer`.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".
        progress: Whether to show progress on stderr.

    Returns:
        The phrases; there may be none.

    Raises:
        ValueError: If a setting is out of range, or the corpus is empty or has no word of ``min_count``.
        TypeError: If ``connectors`` is a str, or ``corpus`` no corpus.
        OSError: If a file cannot be read, or the disk is full.

    >>> texts = ["new york is a city", "he went to new york", "a new city", "the city is old"] * 5
    >>> phrases = find_phrases(texts, threshold=2, progress=False)
    >>> [(phrase.tokens, phrase.count) for phrase in phrases]
    [(('new', 'york'), 10)]
    """
    check_choice("scoring", scoring, THRESHOLDS)
    check_count("min_count", min_count, 1)
    checked_delimiter(delimiter)
    threshold = THRESHOLDS[scoring] if threshold is None else _checked(threshold)
    if isinstance(connectors, str):
        raise TypeError(f"connectors must be a collection of words, got the str {connectors!r}; write [{connectors!r}]")
    encoded = _encoded(corpus, min_count, tokenizer, column, encoding, errors, progress)
    tokens, counts, total = encoded.vocabulary.tokens, encoded.vocabulary.counts.astype(np.float64), len(encoded.ids)
    if len(tokens) > 1 << ID_BITS:
        raise ValueError(
            f"min_count must leave at most {1 << ID_BITS:,} words, got {len(tokens):,}; use one above {min_count}"
        )
    known = [word for word in dict.fromkeys(connectors) if word in encoded.vocabulary]
    roles = np.zeros(len(tokens), np.int64)
    roles[encoded.vocabulary["<unk>"]] = BREAK
    for number, word in enumerate(known):
        roles[encoded.vocabulary[word]] = CONNECTOR + 2 * number
    phrases = []
    for keys, pairs, chains in _pair_counts(encoded, roles, len(known)):
        first, chain, second = _words(keys[pairs >= min_count])
        pairs = pairs[pairs >= min_count]
        scores = _scores(scoring, pairs, counts[first], counts[second], total, min_count)
        for row in np.flatnonzero(scores > threshold):
            middle = [known[number] for number in _connectors(chain[row], chains)]
            words = (tokens[first[row]], *middle, tokens[second[row]])
            phrases.append(Phrase(words, int(pairs[row]), float(scores[row])))
    return Phrases(phrases, delimiter=delimiter)


def _encoded(
    corpus: object,
    min_count: int,
    tokenizer: str | Tokenizer,
    column: str | None,
    encoding: str,
    errors: str,
    progress: bool,
) -> EncodedCorpus:
    """Encode the corpus, with rare words as ``<unk>``, which is part of no phrase."""
    return encode_corpus(
        corpus,
        tokenizer=tokenizer,
        min_count=min_count,
        specials=("<unk>",),
        unknown="keep",
        column=column,
        encoding=encoding,
        errors=errors,
        progress=progress,
    )


def _pair_counts(
    encoded: EncodedCorpus, roles: NDArray[np.int64], connectors: int
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32]]]:
    """Yield the keys and counts of some pairs at a time, with the chains of connectors; see `count_pairs`.

    Where the pairs outgrow the table, only a half of them is counted at a time, and so on.
    """
    ids, offsets = np.asarray(encoded.ids), np.asarray(encoded.offsets)
    links = np.zeros((1 << CHAIN_BITS if connectors else 1, max(connectors, 1)), np.int32)
    chains = np.zeros((1 << CHAIN_BITS if connectors else 1, 2), np.int32)
    waiting = [(0, 1)]
    while waiting:
        part, parts = waiting.pop()
        keys, counts = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.int64)
        if count_pairs(ids, offsets, roles, part, parts, links, chains, keys, counts):
            used = np.flatnonzero(counts)
            yield keys[used], counts[used], chains
        else:
            waiting += [(part, 2 * parts), (part + parts, 2 * parts)]


def _words(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first word, the chain and the second word of each key."""
    keys = keys.astype(np.int64)
    first, chain = keys >> (ID_BITS + CHAIN_BITS), (keys >> ID_BITS) & ((1 << CHAIN_BITS) - 1)
    return first & ((1 << ID_BITS) - 1), chain, keys & ((1 << ID_BITS) - 1)


def _connectors(chain: int, chains: NDArray[np.int32]) -> list[int]:
    """Return the numbers of the connectors in a chain."""
    numbers: list[int] = []
    while chain:
        numbers.insert(0, int(chains[chain, 1]))
        chain = int(chains[chain, 0])
    return numbers


def _scores(
    scoring: Scoring, pairs: NDArray[Any], first: NDArray[Any], second: NDArray[Any], total: int, min_count: int
) -> NDArray[np.float64]:
    """Score pairs by their counts and those of their words; see `find_phrases`."""
    if scoring == "default":
        return np.asarray((pairs - min_count) * (total / (first * second)))
    information = np.log2(pairs * (total / (first * second)))
    if scoring == "pmi":
        return np.asarray(information)
    # A pair that is the whole text has no information to compare with: the limit is 1.
    whole = pairs == total
    return np.where(whole, 1.0, information / np.where(whole, 1.0, -np.log2(pairs / total)))


def _checked(threshold: float) -> float:
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not math.isfinite(threshold):
        raise ValueError(f"threshold must be a finite number, got {threshold!r}; None is the default of the scoring")
    return float(threshold)
