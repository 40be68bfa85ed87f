"""A corpus, or a text in memory, as the one stream of ids that a language model reads."""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import with_size
from textkit.text.arrow_arrays import to_arrow, to_numpy
from textkit.text.first_pass import FirstPass
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import CharacterTokenizer, NamedTokenizer, Tokenizer, get_tokenizer
from textkit.text.vocabulary import Ids, Vocabulary

Unit = Literal["char", "word"]
UNITS: tuple[Unit, ...] = get_args(Unit)
LINE_ENDS: dict[Unit, str] = {"char": "\n", "word": "<eos>"}
"""The token that stands for a line end."""

_SPECIALS: dict[Unit, tuple[str, ...]] = {"char": ("<pad>", "<unk>"), "word": ("<pad>", "<unk>", "<eos>")}
_CHUNK = 1 << 20  # ids counted at a time


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
    corpus, size = with_size(open_corpus(source, column=column, encoding=encoding, errors=errors))
    with IdWriter() as writer:
        text = _read_lines(corpus, unit, tokenizer, writer, progress=progress)
        if vocabulary is None:
            vocabulary, final = _vocabulary(text, unit, min_count, max_size)
        else:
            final = vocabulary.lookup(text.types.to_pylist(), other=vocabulary["<unk>"])
        missing = _is_unknown(text, final, vocabulary)
        if unknown == "error" and missing.any():
            names = ", ".join(map(repr, text.types.take(to_arrow(np.flatnonzero(missing)[:5])).to_pylist()))
            raise ValueError(
                f"source must hold known tokens only, got {np.count_nonzero(missing)} others, such as {names}; "
                "leave them out, or pass unknown='keep'"
            )
        writer.renumber(final)
        ids = writer.ids()
    stream = IdStream(
        ids=ids, characters=size.characters, bytes=size.utf8_bytes, unknown=int(text.counts[missing].sum())
    )
    return stream, vocabulary


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
    corpus, size = with_size(open_corpus(source, column=column, encoding=encoding, errors=errors))
    with IdWriter() as writer:
        text = _read_lines(corpus, unit, tokenizer, writer, progress=progress)
        cut = writer.tokens - math.ceil(writer.tokens * share)
        if not 0 < cut < writer.tokens:
            raise ValueError(f"share must leave both parts a token of {writer.tokens}, got {share}; take more text")
        # Both parts are counted, though only the last one is read again: the first is what is left of the whole.
        last = FirstPass(types=text.types, counts=_count(writer.ids()[cut:], len(text.types)))
        first = FirstPass(types=text.types, counts=text.counts - last.counts)
        vocabulary, final = _vocabulary(first, unit, min_count, max_size)
        writer.renumber(final)
        ids = writer.ids()
    missing = _is_unknown(text, final, vocabulary)
    streams = [
        IdStream(
            ids=part_ids,
            characters=_part_of(size.characters, part, text, unit, pc.utf8_length(text.types)),
            bytes=_part_of(size.utf8_bytes, part, text, unit, pc.binary_length(text.types)),
            unknown=int(part.counts[missing].sum()),
        )
        for part, part_ids in ((first, ids[:cut]), (last, ids[cut:]))
    ]
    return streams[0], streams[1], vocabulary


def encode_text(text: str, *, unit: Unit, vocabulary: Vocabulary, tokenizer: str | Tokenizer | None = None) -> IdStream:
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
    >>> encode_text("to be\nor", unit="word", vocabulary=vocabulary).ids.tolist()
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


def _read_lines(
    corpus: Corpus, unit: Unit, tokenizer: str | Tokenizer | None, writer: IdWriter, *, progress: bool
) -> FirstPass:
    """Do the first pass, with a line end after each document."""
    text = FirstPass.read(corpus, _splitter(unit, tokenizer), writer, line_end=LINE_ENDS[unit], progress=progress)
    if unit == "char":
        words = text.types.filter(pc.greater(pc.utf8_length(text.types), 1)).to_pylist()
        if words := [word for word in words if word not in _SPECIALS[unit]]:
            raise ValueError(
                f"source must hold texts for unit 'char', got tokens such as {words[0]!r}; "
                "join them to texts, or take unit='word'"
            )
    return text


def _vocabulary(text: FirstPass, unit: Unit, min_count: int, max_size: int | None) -> tuple[Vocabulary, Ids]:
    """Make the vocabulary of a text, and the id of each type in it."""
    # Text begins after a line end, so that a line end must be in the vocabulary however rare it is.
    line_end = text.types.index(LINE_ENDS[unit]).as_py()
    counts = text.counts.copy()
    counts[line_end] = max(counts[line_end], min_count)
    limits: dict[str, Any] = {"min_count": min_count, "max_size": max_size, "specials": _SPECIALS[unit]}
    vocabulary, final = FirstPass(types=text.types, counts=counts).vocabulary(**limits)
    if LINE_ENDS[unit] not in vocabulary:
        counts[line_end] = counts.max()
        vocabulary, final = FirstPass(types=text.types, counts=counts).vocabulary(**limits)
    return vocabulary.with_counts(text.totals(final, len(vocabulary))), final


def _is_unknown(text: FirstPass, final: Ids, vocabulary: Vocabulary) -> npt.NDArray[np.bool_]:
    """Which types became ``<unk>``, other than ``<unk>`` itself; shape (types,)."""
    missing: npt.NDArray[np.bool_] = (final == vocabulary["<unk>"]) & (text.counts > 0)
    if (typed := text.types.index("<unk>").as_py()) >= 0:
        missing[typed] = False
    return missing


def _count(ids: Ids, types: int) -> npt.NDArray[np.int64]:
    counts = np.zeros(types, dtype=np.int64)
    for start in range(0, len(ids), _CHUNK):
        counts += np.bincount(ids[start : start + _CHUNK], minlength=types)
    return counts


def _part_of(whole: int, part: FirstPass, text: FirstPass, unit: Unit, lengths: pa.Int32Array) -> int:
    """Return a part's share of the size ``whole`` of a text; exact for characters, and for the whole text."""
    weights = to_numpy(lengths).astype(np.int64) + (unit == "word")  # a space after each word
    weights[text.types.index(LINE_ENDS[unit]).as_py()] = 1
    return round(whole * int(part.counts @ weights) / int(text.counts @ weights))


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
        return get_tokenizer("whitespace" if tokenizer is None else tokenizer)
    if tokenizer is not None:
        raise ValueError(f"tokenizer must be None for unit 'char', got {tokenizer!r}; leave it out")
    return CharacterTokenizer()
