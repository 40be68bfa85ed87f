"""A text as a single stream of ids for a language model, and its units: characters, words or subwords."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from textkit.checks import check_choice
from textkit.data.text_size import count_words
from textkit.text.encoded_corpus import EncodedCorpus
from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary

Unit = Literal["char", "word", "subword"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LINE_ENDS: dict[Unit, str] = {"char": "\n", "word": "<eos>", "subword": "<eos>"}
"""Line-end token of each unit."""

SPECIALS_OF: dict[Unit, tuple[str, ...]] = {
    "char": ("<pad>", "<unk>"),
    "word": ("<pad>", "<unk>", "<eos>"),
    "subword": ("<pad>", "<unk>", "<eos>"),
}
"""Special tokens of each unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IdStream:
    """A text as token ids.

    Attributes:
        ids: (tokens,) int32; memory-mapped for a corpus.
        characters: Number of characters of the original text; a line ending counts as one.
        bytes: Number of bytes of the original text in UTF-8.
        unknown: Number of ids that are ``<unk>`` because the vocabulary lacks the token. A literal ``<unk>`` in the
            text, as in the Penn Treebank, is a word like any other and not counted.
        words: Number of line ends, and of words between white space; None if it is not known.
    """

    ids: npt.NDArray[np.int32]
    characters: int
    bytes: int
    unknown: int
    words: int | None = None

    def __len__(self) -> int:
        return len(self.ids)


def encode_text(text: str, *, unit: Unit, vocabulary: Vocabulary, tokenizer: str | Tokenizer | None = None) -> IdStream:
    r"""Encode a text in memory exactly as it is: no line-end token follows a last line without a line ending.

    A carriage return before a line feed is dropped, as it is in files.

    Args:
        text: Text to encode.
        unit: "char", "word" or "subword".
        vocabulary: Vocabulary of the ids.
        tokenizer: Word tokenizer, applied to each line; None splits on whitespace.

    Raises:
        TypeError: If ``text`` is not a str.
        ValueError: If it is not valid Unicode, the unit is unknown, the vocabulary lacks a special, or a tokenizer is
            given for characters.

    >>> vocabulary = Vocabulary.from_counts({"to": 2, "be": 1}, specials=["<pad>", "<unk>", "<eos>"])
    >>> encode_text("to be\nor", unit="word", vocabulary=vocabulary).ids.tolist()
    [3, 4, 2, 1]
    """
    check_stream(unit, vocabulary)
    tokens = text_tokens(text, unit=unit, tokenizer=tokenizer)
    text = text.replace("\r\n", "\n")
    ids = vocabulary.lookup(tokens, other=-1)
    is_unknown = ids < 0
    ids[is_unknown] = vocabulary["<unk>"]
    words = count_words(text.encode()) + text.count("\n")
    return IdStream(ids=ids, characters=len(text), bytes=len(text.encode()), unknown=int(is_unknown.sum()), words=words)


def text_tokens(text: str, *, unit: Unit, tokenizer: str | Tokenizer | None = None) -> list[str]:
    r"""Split a text in memory into characters, or into words with ``<eos>`` at each line end.

    Raises:
        TypeError: If ``text`` is not a str.
        ValueError: If it is not valid Unicode, or a tokenizer is given for characters.

    >>> text_tokens("to be\r\nor", unit="word")
    ['to', 'be', '<eos>', 'or']
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}; decode it, or use read_stream for a corpus")
    split = splitter(unit, tokenizer)
    text = text.replace("\r\n", "\n")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text must be valid Unicode, got half of a surrogate pair at character {error.start}; "
            "decode it with errors='replace'"
        ) from error
    if unit == "char":
        return list(text)
    first_line, *other_lines = split.pipe(text.split("\n"))
    tokens = list(first_line)
    for line in other_lines:
        tokens += ("<eos>", *line)
    return tokens


def encoded_stream(corpus: EncodedCorpus, *, unit: Unit, vocabulary: Vocabulary | None = None) -> IdStream:
    """View an encoded corpus as a stream.

    Args:
        corpus: A corpus that was encoded with the unit's line end and specials, and unknown tokens as ``<unk>``.
        unit: "char", "word" or "subword".
        vocabulary: Vocabulary that the corpus must have been encoded with; None accepts any.

    Raises:
        ValueError: If the corpus has another vocabulary, lacks a special, line ends or dropped tokens, or was encoded
            by a version of textkit that did not record the size of the text.
    """
    check_stream(unit, corpus.vocabulary)
    end = LINE_ENDS[unit]
    if vocabulary is not None and corpus.vocabulary.tokens != vocabulary.tokens:
        raise ValueError(
            f"{corpus!r} must have the {len(vocabulary)} tokens of the training vocabulary, got other ones; "
            "encode it with vocabulary=training.vocabulary"
        )
    ends = corpus.offsets[1:] - 1
    if end not in corpus.vocabulary or (ends < 0).any() or (corpus.ids[ends] != corpus.vocabulary[end]).any():
        raise ValueError(
            f"{corpus!r} must have the line end {end!r} after each document for unit {unit!r}, got documents without; "
            f"encode it with line_end={end!r}"
        )
    if corpus.tokens_read != len(corpus.ids):
        raise ValueError(
            f"{corpus!r} must have all tokens of its text, got {corpus.tokens_read - len(corpus.ids)} that were "
            "dropped; encode it with unknown='keep'"
        )
    if corpus.size is None:
        raise ValueError(f"{corpus.folder} must record the size of its text, got an earlier format; encode it again")
    size = corpus.size
    return IdStream(
        ids=corpus.ids, characters=size.characters, bytes=size.bytes, unknown=size.unknown, words=size.words
    )


def split_stream(stream: IdStream, fraction: float, *, unit: Unit, vocabulary: Vocabulary) -> tuple[IdStream, IdStream]:
    """Hold out the end of a stream that is already encoded.

    Args:
        stream: The stream.
        fraction: Fraction of the tokens to hold out, above 0 and below 1.
        unit: "char", "word" or "subword".
        vocabulary: Vocabulary of the ids; it is that of the whole stream.

    Returns:
        The first part and the held-out part. Their numbers of words are estimates, and so are those of characters,
        bytes and unknown tokens, but for characters of which none is unknown.

    Raises:
        ValueError: If ``fraction`` leaves a part empty.
    """
    cut = held_out_start(len(stream), fraction)
    space = unit == "word"
    lengths = np.array(
        [(len(token) + space, len(token.encode()) + space) for token in vocabulary.tokens], dtype=np.int64
    )
    lengths[vocabulary[LINE_ENDS[unit]]] = 1
    parts = [stream.ids[:cut], stream.ids[cut:]]
    counts = [np.bincount(ids, minlength=len(vocabulary)) for ids in parts]
    unknown_id = vocabulary["<unk>"]

    def share(whole: int, weights: npt.NDArray[np.int64], part: int) -> int:
        total = int((counts[0] + counts[1]) @ weights)
        return round(whole * int(counts[part] @ weights) / total) if total else 0

    is_unknown = (np.arange(len(vocabulary)) == unknown_id).astype(np.int64)
    # A word for each token, or for the white space after it.
    ends_word = np.array([unit != "char" or token.isspace() for token in vocabulary.tokens], dtype=np.int64)
    first, last = (
        IdStream(
            ids=ids,
            characters=share(stream.characters, lengths[:, 0], part),
            bytes=share(stream.bytes, lengths[:, 1], part),
            unknown=share(stream.unknown, is_unknown, part),
            words=None if stream.words is None else share(stream.words, ends_word, part),
        )
        for part, ids in enumerate(parts)
    )
    return first, last


def held_out_start(tokens: int, fraction: float) -> int:
    """Return the number of tokens before the held-out end of a text.

    Raises:
        ValueError: If a part is empty.

    >>> held_out_start(9, 1 / 3)
    6
    """
    cut = tokens - math.ceil(tokens * fraction)
    if not 0 < cut < tokens:
        raise ValueError(
            f"fraction must leave at least one of {tokens} tokens in each part, got {fraction}; use more text"
        )
    return cut


def check_stream(unit: Unit, vocabulary: Vocabulary | None, min_count: int = 1, max_size: int | None = None) -> None:
    """Check the unit of a stream, and that a given vocabulary fits it.

    Raises:
        ValueError: If the unit is unknown, the vocabulary lacks a special, or it is given with a limit of its size.
    """
    check_choice("unit", unit, UNITS)
    if vocabulary is None:
        return
    if (min_count, max_size) != (1, None):
        raise ValueError(
            f"min_count and max_size must not be set together with vocabulary, got {min_count} and {max_size}; "
            "prune the vocabulary instead"
        )
    check_specials(unit, vocabulary)


def check_specials(unit: Unit, vocabulary: Vocabulary) -> None:
    """Check that texts can be encoded with a vocabulary.

    Raises:
        ValueError: If it lacks a special token that streams of this unit have.
    """
    needed = SPECIALS_OF[unit]
    if missing := [special for special in needed if special not in vocabulary.specials]:
        raise ValueError(
            f"vocabulary must have the specials {', '.join(needed)} for unit {unit!r}, missing {', '.join(missing)}; "
            f"make it with Vocabulary.from_counts(counts, specials={list(needed)})"
        )


def splitter(unit: Unit, tokenizer: str | Tokenizer | None) -> NamedTokenizer:
    """Return the tokenizer of a unit.

    Raises:
        ValueError: If a tokenizer is given for characters, or one for subwords is missing.
    """
    if unit == "word":
        return get_tokenizer("whitespace" if tokenizer is None else tokenizer)
    if unit == "subword":
        return subword_tokenizer(tokenizer)
    if tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; omit it, or pass unit='word'")
    return CharacterTokenizer()


def subword_tokenizer(tokenizer: str | Tokenizer | None) -> SubwordTokenizer:
    """Return a tokenizer of subwords, whose tokens it can turn back into text.

    Raises:
        ValueError: If it is none of Hugging Face or sentencepiece, or cannot be saved.
    """
    found = None if tokenizer is None else get_tokenizer(tokenizer)
    if not isinstance(found, SubwordTokenizer):
        raise ValueError(
            "tokenizer must be one of Hugging Face or sentencepiece for unit 'subword', a tokenizers.Tokenizer, a "
            f"SentencePieceProcessor or their file, got {tokenizer!r}; pass unit='word' for other tokenizers"
        )
    return found
