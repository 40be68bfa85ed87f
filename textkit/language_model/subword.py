"""The texts and the tokenizer of a language model of subwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from textkit.checks import SUITED
from textkit.data.corpus import Corpus, open_corpus, validation_reading
from textkit.data.sources import Documents
from textkit.language_model.settings import LanguageModelSettings
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.id_stream import subword_tokenizer
from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.subwords import BYTES, train_byte_pairs
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import SPECIALS

DEFAULT_SIZE = 8000  # tokens of a vocabulary, specials included


@dataclass(frozen=True, kw_only=True)
class SubwordTexts:
    """What a model of subwords is trained on.

    Attributes:
        tokenizer: The tokenizer.
        corpus: The training corpus.
        valid: The validation corpus, or the fraction to hold out.
        reading: Options for reading files that have not been opened yet.
    """

    tokenizer: SubwordTokenizer
    corpus: object
    valid: object
    reading: dict[str, Any]


def check_subword_options(
    settings: LanguageModelSettings, keep: frozenset[str], *, vocabulary: object, tokenizer: object
) -> None:
    """Check, before any text is read, that there are no options that other units have.

    Raises:
        ValueError: If a token could be dropped or kept, a vocabulary is given without its tokenizer, or the tokenizer
            is a kind that is not trained here.
    """
    if settings.min_count not in (SUITED, 1):
        raise ValueError(
            f"min_count must be 1 for unit 'subword', got {settings.min_count}; max_vocab sets the number of subwords"
        )
    if keep:
        raise ValueError(f"keep_words must be left out for unit 'subword', got {sorted(keep)}; no word is dropped")
    if vocabulary is not None and tokenizer is None:
        raise ValueError("tokenizer must be given with vocabulary for unit 'subword', got None; pass the one it is of")
    if tokenizer == "unigram":
        raise ValueError(
            "tokenizer must be a trained one for unit 'subword', got 'unigram', which textkit does not train: the "
            "library trains another vocabulary in each process; leave it out for byte pairs, or pass a "
            "tokenizers.Tokenizer or a sentencepiece.SentencePieceProcessor"
        )


def subword_texts(
    corpus: object,
    valid: object,
    tokenizer: str | Tokenizer | None,
    *,
    max_vocab: int | None,
    documents: bool,
    seed: int,
    reading: Mapping[str, Any],
) -> SubwordTexts:
    """Take the given tokenizer as it is, or train one on the training texts alone, which are held in memory meanwhile.

    Args:
        corpus: The training corpus.
        valid: The validation corpus, or a fraction of the training corpus to hold out.
        tokenizer: A tokenizer of Hugging Face or sentencepiece; None to train one.
        max_vocab: Maximum size of the vocabulary, specials included; None for `DEFAULT_SIZE`.
        documents: Whether documents are sequences of their own, of which random ones are held out; otherwise the last
            ones are.
        seed: Seed of the choice of documents.
        reading: Options for reading files, and ``progress``.

    Raises:
        ValueError: If the tokenizer is none of theirs, ``max_vocab`` is given with one or has no room for all
            bytes, or the fraction leaves a part without documents.
        TypeError: If the corpus is encoded, or has lists of words.
    """
    if tokenizer is not None:
        found = subword_tokenizer(tokenizer)
        if max_vocab is not None:
            raise ValueError(
                f"max_vocab must be left out with a tokenizer for unit 'subword', got {max_vocab}; it has its own size"
            )
        return SubwordTexts(tokenizer=found, corpus=corpus, valid=valid, reading=dict(reading))
    size = (DEFAULT_SIZE if max_vocab is None else max_vocab) - len(SPECIALS)
    if size < BYTES:
        raise ValueError(
            f"max_vocab must be at least {BYTES + len(SPECIALS)} for unit 'subword', one token for each byte and the "
            f"specials, got {max_vocab}; raise it"
        )
    options = {name: value for name, value in reading.items() if name != "progress"}
    training = _texts(corpus, options)
    if isinstance(valid, float):
        training, held_out = _split(training, valid, seed if documents else None)
        valid = _corpus(held_out, "the held-out texts")
    elif valid is not None and not isinstance(valid, EncodedCorpus):
        valid = open_corpus(valid, **validation_reading(valid, options))
    return SubwordTexts(
        tokenizer=train_byte_pairs(training, size),
        corpus=_corpus(training, "the corpus"),
        valid=valid,
        reading={**dict.fromkeys(options), "encoding": "utf-8", "errors": "strict", "progress": reading["progress"]},
    )


def _texts(corpus: object, options: Mapping[str, Any]) -> list[str]:
    if isinstance(corpus, EncodedCorpus):
        raise TypeError("corpus must be texts for unit 'subword' without a tokenizer, got an EncodedCorpus; pass texts")
    texts = []
    for document in open_corpus(corpus, **options):
        if not isinstance(document, str):
            raise TypeError("corpus must be texts for unit 'subword', got a list of tokens; join them into texts")
        texts.append(document)
    return texts


def _split(texts: list[str], fraction: float, seed: int | None) -> tuple[list[str], list[str]]:
    """Hold out the last documents with this fraction of the characters, or random documents; keep their order."""
    order = np.arange(len(texts))
    if seed is None:
        ends = np.fromiter(accumulate(len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
        cut = int(np.searchsorted(ends, ends[-1] * (1 - fraction), side="right")) if len(texts) else 0
    else:
        order = np.random.default_rng([seed, *b"held out"]).permutation(len(texts))
        # The first ones of this order are held out, as with other units.
        order, cut = np.roll(order, -round(len(texts) * fraction)), len(texts) - round(len(texts) * fraction)
    if not 0 < cut < len(texts):
        raise ValueError(
            f"valid must leave at least one of {len(texts)} documents in each part, got {fraction}; use more text, or "
            "pass a corpus as valid"
        )
    first, last = ([texts[row] for row in np.sort(rows)] for rows in (order[:cut], order[cut:]))
    return first, last


def _corpus(texts: list[str], name: str) -> Corpus:
    return Corpus([Documents(lambda: iter(texts))], name)
