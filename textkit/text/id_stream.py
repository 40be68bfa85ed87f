"""A corpus, or a text in memory, as the one stream of ids that a language model reads."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import measured
from textkit.text.encoding import encode_corpus
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, Tokenizer
from textkit.text.tokenizers import tokenizer as named_tokenizer
from textkit.text.vocabulary import Ids, Vocabulary

Unit = Literal["char", "word"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LINE_ENDS: dict[Unit, str] = {"char": "\n", "word": "<eos>"}
"""The token that stands for a line end."""

_SPECIALS: dict[Unit, tuple[str, ...]] = {"char": ("<pad>", "<unk>"), "word": ("<pad>", "<unk>", "<eos>")}
_STRETCH = 1 << 20  # ids worked on at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class IdStream:
    """A text as ids.

    Attributes:
        ids: (tokens,) int32; that of a large corpus is mapped from the disk.
        characters: Characters of the text itself, one for each line end.
        bytes: The same in UTF-8.
        unknown: How many ids are ``<unk>`` because the vocabulary does not know the token. A ``<unk>`` that stands
            in the text, as in the Penn Treebank, is a word like any other and not counted.
    """

    ids: npt.NDArray[np.int32]
    characters: int
    bytes: int
    unknown: int

    def __len__(self) -> int:
        return len(self.ids)


def read_stream(
    source: object,
    *,
    unit: Unit,
    vocabulary: Vocabulary | None = None,
    tokenizer: str | Tokenizer | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    unknown: Literal["keep", "error"] = "keep",
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> tuple[IdStream, Vocabulary]:
    r"""Read a corpus as one stream: its documents one after another, each with a line end.

    Args:
        source: All that ``textkit.corpus`` takes, save that a str is a path and never a catalog name.
        unit: "char": every character is a token, and a line end is "\n". "word": words are tokens, and a line end
            is ``<eos>``, on blank lines too, as is usual for the Penn Treebank and WikiText. An ``<eos>`` or
            ``<unk>`` that already stands in the text is taken for the same token.
        vocabulary: That of the training text, when another is read; None makes one from this text. It has
            ``<pad>`` and ``<unk>``, and ``<eos>`` for words.
        tokenizer: How texts are split into words, see ``textkit.tokenizer``; None for white space.
        min_count: Tokens seen fewer times become ``<unk>``.
        max_size: The most tokens in the vocabulary, specials included; None for all.
        unknown: What becomes of tokens that ``vocabulary`` does not know: "keep" makes them ``<unk>``, "error" is
            an error.
        progress: Whether to show a bar on stderr.
        column: The column of a table.
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding: "strict", "replace" or "ignore".

    Returns:
        The stream, and the vocabulary it was made with.

    Raises:
        ValueError: If the corpus has no token, ``min_count`` leaves none, a token is unknown that must not be,
            documents are lists of words where characters are wanted, or a setting is out of range.
        TypeError: If ``source`` is no corpus.
        OSError: If a file cannot be read, or the disk is full.

    >>> stream, vocabulary = read_stream(["to be", "or", "not to be"], unit="word")
    >>> vocabulary.decode(stream.ids.tolist())
    ['to', 'be', '<eos>', 'or', '<eos>', 'not', 'to', 'be', '<eos>']
    >>> read_stream(["or not"], unit="word", vocabulary=vocabulary)[0].ids.tolist(), stream.characters
    ([6, 5, 2], 19)
    """
    _check(unit, vocabulary, min_count, max_size)
    if unknown not in ("keep", "error"):
        raise ValueError(f"unknown must be 'keep' or 'error', got {unknown!r}")
    corpus = open_corpus(source, column=column, encoding=encoding, errors=errors)
    text = _Read(corpus, unit, tokenizer, progress=progress)
    if vocabulary is None:
        vocabulary = text.vocabulary(0, len(text), min_count, max_size)
    return text.stream(0, len(text), vocabulary, unknown), vocabulary


def read_split(
    source: object,
    share: float,
    *,
    unit: Unit,
    tokenizer: str | Tokenizer | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> tuple[IdStream, IdStream, Vocabulary]:
    r"""Read a corpus as `read_stream` does, but hold its last part out.

    Args:
        source: As for `read_stream`, and so are the others.
        share: The share of the tokens that is held out, above 0 and below 1.
        unit: "char" or "word".
        tokenizer: How texts are split into words; None for white space.
        min_count: Tokens seen fewer times become ``<unk>``.
        max_size: The most tokens in the vocabulary, specials included; None for all.
        progress: Whether to show a bar on stderr.
        column: The column of a table.
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding.

    Returns:
        The first part, the held-out part, and the vocabulary, which is made from the first part alone. The
        characters and bytes of the parts are estimated for words: what stands between two words is not known.

    Raises:
        ValueError: As `read_stream` does; or if ``share`` leaves a part empty.
        TypeError: If ``source`` is no corpus.
        OSError: If a file cannot be read, or the disk is full.

    >>> first, last, vocabulary = read_split(["ab", "ba", "ac"], 1 / 3, unit="char")
    >>> len(first), vocabulary.decode(last.ids.tolist())
    (6, ['a', '<unk>', '\n'])
    """
    _check(unit, None)
    if not 0 < share < 1:
        raise ValueError(f"share must be above 0 and below 1, got {share}; 0.1 holds the last tenth out")
    corpus = open_corpus(source, column=column, encoding=encoding, errors=errors)
    text = _Read(corpus, unit, tokenizer, progress=progress)
    cut = len(text) - math.ceil(len(text) * share)
    if not 0 < cut < len(text):
        raise ValueError(f"share must leave both parts a token of {len(text)}, got {share}; take more text")
    vocabulary = text.vocabulary(0, cut, min_count, max_size)
    return text.stream(0, cut, vocabulary), text.stream(cut, len(text), vocabulary), vocabulary


def text_stream(text: str, *, unit: Unit, vocabulary: Vocabulary, tokenizer: str | Tokenizer | None = None) -> IdStream:
    r"""Turn a text in memory into ids, as it stands: nothing comes after a last line that has no end.

    A carriage return before a line feed is left out, as it is in files.

    Args:
        text: The text.
        unit: "char" or "word".
        vocabulary: What the ids stand for.
        tokenizer: How lines are split into words; None for white space.

    Raises:
        TypeError: If ``text`` is no str.
        ValueError: If it is not valid Unicode, the unit is unknown, the vocabulary lacks a special, or a tokenizer is
            given for characters.

    >>> vocabulary = Vocabulary.from_counts({"to": 2, "be": 1}, specials=["<pad>", "<unk>", "<eos>"])
    >>> text_stream("to be\nor", unit="word", vocabulary=vocabulary).ids.tolist()
    [3, 4, 2, 1]
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}; decode it, or use read_stream for a corpus")
    _check(unit, vocabulary)
    split = _splitter(unit, tokenizer)
    text = text.replace("\r\n", "\n")
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text must be valid Unicode, got half of a surrogate pair at character {error.start}; "
            "decode it with errors='replace'"
        ) from error
    tokens: list[str] = []
    if unit == "char":
        tokens = list(text)
    else:
        first, *others = split.pipe(text.split("\n"))
        tokens += first
        for line in others:
            tokens += ("<eos>", *line)
    ids = vocabulary.lookup(tokens, other=-1)
    missing = ids < 0
    ids[missing] = vocabulary["<unk>"]
    return IdStream(ids=ids, characters=len(text), bytes=length, unknown=int(missing.sum()))


class _Read:
    """A corpus that has been read once, in a numbering of its own for all types; line ends are put in on the way."""

    def __init__(self, corpus: Corpus, unit: Unit, tokenizer: str | Tokenizer | None, *, progress: bool) -> None:
        self.unit = unit
        corpus, self.size = measured(corpus)
        self.encoded = encode_corpus(
            corpus, tokenizer=_splitter(unit, tokenizer), specials=_SPECIALS[unit], progress=progress
        )
        self.types = self.encoded.vocabulary.tokens
        if unit == "char" and (words := [token for token in self.types[len(_SPECIALS[unit]) :] if len(token) > 1]):
            raise ValueError(
                f"source must hold texts for unit 'char', got tokens such as {words[0]!r}; "
                "join them to texts, or take unit='word'"
            )
        if LINE_ENDS[unit] not in self.types:
            self.types = (*self.types, LINE_ENDS[unit])
        self.line_end = self.types.index(LINE_ENDS[unit])
        # where line ends stand in the stream: each after its document and the line ends of the documents before
        self.line_ends = self.encoded.offsets[1:] + np.arange(len(self.encoded))
        self.counts = self.counts_of(0, len(self))

    def __len__(self) -> int:
        return len(self.encoded.ids) + len(self.encoded)

    def stretches(self, start: int, stop: int) -> Iterator[Ids]:
        """Yield the stream from ``start`` to ``stop``, some of it at a time."""
        for low in range(start, stop, _STRETCH):
            high = min(low + _STRETCH, stop)
            first, last = np.searchsorted(self.line_ends, (low, high))
            is_token = np.ones(high - low, dtype=bool)
            is_token[self.line_ends[first:last] - low] = False
            ids = np.full(high - low, self.line_end, dtype=np.int32)
            ids[is_token] = self.encoded.ids[low - first : high - last]
            yield ids

    def counts_of(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Count the types from ``start`` to ``stop``."""
        counts = np.zeros(len(self.types), dtype=np.int64)
        for ids in self.stretches(start, stop):
            counts += np.bincount(ids, minlength=len(counts))
        return counts

    def vocabulary(self, start: int, stop: int, min_count: int, max_size: int | None) -> Vocabulary:
        """Make a vocabulary from what stands between ``start`` and ``stop``."""
        counts = self.counts_of(start, stop)
        seen = {token: count for token, count in zip(self.types, counts.tolist(), strict=True) if count}
        limits: dict[str, Any] = {"min_count": min_count, "max_size": max_size, "specials": _SPECIALS[self.unit]}
        # text begins after a line end, so that one must be known however seldom it is
        ends = LINE_ENDS[self.unit]
        seen[ends] = max(int(counts[self.line_end]), min_count)
        found = Vocabulary.from_counts(seen, **limits)
        if ends not in found:
            found = Vocabulary.from_counts({**seen, ends: max(seen.values())}, **limits)
        totals = found.counts.copy()
        totals[found[ends]] = counts[self.line_end]
        totals[found["<unk>"]] += max(int(counts.sum() - totals.sum()), 0)  # what was left out
        return Vocabulary(found.tokens, totals, found.specials)

    def stream(
        self, start: int, stop: int, vocabulary: Vocabulary, unknown: Literal["keep", "error"] = "keep"
    ) -> IdStream:
        """Number what stands between ``start`` and ``stop`` as the vocabulary does.

        Raises:
            ValueError: If ``unknown`` is "error" and there are tokens that the vocabulary does not have.
        """
        counts = self.counts_of(start, stop)
        final = vocabulary.lookup(self.types, other=-1)
        missing = np.flatnonzero((final < 0) & (counts > 0))
        if unknown == "error" and len(missing):
            names = ", ".join(repr(self.types[number]) for number in missing[:5])
            raise ValueError(
                f"source must hold known tokens only, got {len(missing)} others, such as {names}; "
                "leave them out, or pass unknown='keep'"
            )
        final[final < 0] = vocabulary["<unk>"]
        with tempfile.TemporaryFile(prefix="textkit-") as file:  # the mapping lives on without the file's name
            for stretch in self.stretches(start, stop):
                file.write(final[stretch].data)
            file.flush()
            ids = np.memmap(file, dtype=np.int32, mode="r")
        return IdStream(
            ids=np.asarray(ids),
            characters=self._part_of(self.size.characters, counts, [len(token) for token in self.types]),
            bytes=self._part_of(self.size.utf8_bytes, counts, [len(token.encode()) for token in self.types]),
            unknown=int(counts[missing].sum()),
        )

    def _part_of(self, whole: int, counts: npt.NDArray[np.int64], lengths: list[int]) -> int:
        """The share of ``whole`` that falls to the counted tokens; exact for characters and for the whole text."""
        weights = np.array(lengths) + (self.unit == "word")  # a space after each word
        weights[self.line_end] = 1
        return round(whole * int(counts @ weights) / int(self.counts @ weights))


def _check(unit: Unit, vocabulary: Vocabulary | None, min_count: int = 1, max_size: int | None = None) -> None:
    if unit not in UNITS:
        raise ValueError(f"unit must be 'char' or 'word', got {unit!r}")
    if vocabulary is None:
        return
    if (min_count, max_size) != (1, None):
        raise ValueError(
            f"min_count and max_size must be left alone with a vocabulary, got {min_count} and {max_size}; "
            "prune the vocabulary instead"
        )
    if missing := [special for special in _SPECIALS[unit] if special not in vocabulary.specials]:
        raise ValueError(
            f"vocabulary must have the specials {', '.join(_SPECIALS[unit])} for unit {unit!r}, got none of "
            f"{', '.join(missing)}; take the vocabulary that read_stream made from the training text"
        )


def _splitter(unit: Unit, tokenizer: str | Tokenizer | None) -> NamedTokenizer:
    if unit == "word":
        return named_tokenizer("whitespace" if tokenizer is None else tokenizer)
    if tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; leave it out")
    return CharacterTokenizer()
