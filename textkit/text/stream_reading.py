"""Read a corpus as a single stream of ids for a language model."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import with_size
from textkit.files.mapped import SPAN, release
from textkit.text.arrow_arrays import to_arrow, to_numpy
from textkit.text.base_vocabulary import BaseVocabulary
from textkit.text.first_pass import FirstPass, Share
from textkit.text.id_stream import LINE_ENDS, SPECIALS_OF, IdStream, Unit, check_stream, held_out_start, splitter
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Ids, Vocabulary


def read_stream(
    source: object,
    *,
    unit: Unit,
    vocabulary: Vocabulary | None = None,
    base: BaseVocabulary | None = None,
    keep: frozenset[str] = frozenset(),
    tokenizer: str | Tokenizer | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    unknown: Literal["keep", "error"] = "keep",
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    share: Share | None = None,
) -> tuple[IdStream, Vocabulary]:
    r"""Read a corpus as one stream: the concatenated documents, each followed by a line-end token.

    Args:
        source: Anything ``textkit.corpus`` accepts, except that a str is a path, never a catalog name.
        unit: "char": every character is a token, and the line end is "\n". "word": words are tokens, and the line end
            is ``<eos>``, on blank lines too, as is usual for the Penn Treebank and WikiText. A literal ``<eos>`` or
            ``<unk>`` in the text is the same token.
        vocabulary: Vocabulary of the training text; None builds one from this text. It must have ``<pad>`` and
            ``<unk>``, and ``<eos>`` for words.
        base: Vocabulary that this text is counted with, in place of a new one.
        keep: Words of a new vocabulary however rare they are.
        tokenizer: Word tokenizer, see ``textkit.tokenizer``; None splits on whitespace.
        min_count: Tokens with a lower count become ``<unk>``.
        max_size: Maximum size of the vocabulary, including specials; None for no limit.
        unknown: Treatment of tokens outside ``vocabulary``: "keep" maps them to ``<unk>``, "error" raises a
            ValueError.
        progress: Whether to show progress on stderr.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".
        share: The share of the corpus to read; a new vocabulary is that of the whole. None reads everything.

    Returns:
        The stream and its vocabulary.

    Raises:
        ValueError: If the corpus has no tokens, none reaches ``min_count``, a token is unknown and ``unknown`` is
            "error", documents are lists of words but the unit is "char", or a setting is out of range.
        TypeError: If ``source`` is not a corpus.
        OSError: If a file cannot be read, or the disk is full.

    >>> stream, vocabulary = read_stream(["to be", "or", "not to be"], unit="word")
    >>> vocabulary.decode(stream.ids.tolist())
    ['to', 'be', '<eos>', 'or', '<eos>', 'not', 'to', 'be', '<eos>']
    >>> read_stream(["or not"], unit="word", vocabulary=vocabulary)[0].ids.tolist(), stream.characters
    ([6, 5, 2], 19)
    """
    check_stream(unit, vocabulary, min_count, max_size)
    if unknown not in ("keep", "error"):
        raise ValueError(f"unknown must be 'keep' or 'error', got {unknown!r}")
    whole_corpus = open_corpus(source, column=column, encoding=encoding, errors=errors)
    own_corpus = whole_corpus if share is None else whole_corpus.share(share.number, share.shares)
    corpus, size = with_size(own_corpus)
    with IdWriter() as writer:
        text = _read_lines(corpus, unit, tokenizer, writer, progress=progress)
        if vocabulary is None:
            whole, numbers = text.of_all(share)
            vocabulary, final = _vocabulary(whole, unit, min_count, max_size, base, keep)
            final = final[numbers]
        else:
            final = vocabulary.lookup(text.types.to_pylist(), other=vocabulary["<unk>"])
        is_unknown = text.unknown(final, vocabulary)
        if unknown == "error" and is_unknown.any():
            names = ", ".join(map(repr, text.types.take(to_arrow(np.flatnonzero(is_unknown)[:5])).to_pylist()))
            raise ValueError(
                f"source must have known tokens only, got {np.count_nonzero(is_unknown)} unknown ones, "
                f"such as {names}; remove them, or pass unknown='keep'"
            )
        writer.renumber(final)
        ids = writer.ids()
    stream = IdStream(
        ids=ids,
        characters=size.characters,
        bytes=size.utf8_bytes,
        unknown=int(text.counts[is_unknown].sum()),
        words=size.words,
    )
    return stream, vocabulary


def read_split(
    source: object,
    fraction: float,
    *,
    unit: Unit,
    base: BaseVocabulary | None = None,
    keep: frozenset[str] = frozenset(),
    tokenizer: str | Tokenizer | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> tuple[IdStream, IdStream, Vocabulary]:
    r"""Read a corpus like `read_stream` and hold out its end.

    Args:
        source: As for `read_stream`.
        fraction: Fraction of the tokens to hold out, above 0 and below 1.
        unit: "char" or "word".
        base: Vocabulary that the first part is counted with, in place of a new one.
        keep: Words of a new vocabulary however rare they are.
        tokenizer: Word tokenizer; None splits on whitespace.
        min_count: Tokens with a lower count become ``<unk>``.
        max_size: Maximum size of the vocabulary, including specials; None for no limit.
        progress: Whether to show progress on stderr.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".

    Returns:
        The first part, the held-out part, and the vocabulary, which is built from the first part only. The numbers of
        words of each part are estimates. For words, so are those of characters and bytes, because the whitespace
        between words is not kept.

    Raises:
        ValueError: As `read_stream`, or if ``fraction`` leaves a part empty.
        TypeError: If ``source`` is not a corpus.
        OSError: If a file cannot be read, or the disk is full.

    >>> first, last, vocabulary = read_split(["ab", "ba", "ac"], 1 / 3, unit="char")
    >>> len(first), vocabulary.decode(last.ids.tolist())
    (6, ['a', '<unk>', '\n'])
    """
    check_stream(unit, None)
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be above 0 and below 1, got {fraction}; 0.1 holds out the last tenth")
    corpus, size = with_size(open_corpus(source, column=column, encoding=encoding, errors=errors))
    with IdWriter() as writer:
        text = _read_lines(corpus, unit, tokenizer, writer, progress=progress)
        cut = held_out_start(writer.tokens, fraction)
        # Only the last part is counted again; the counts of the first are the difference to the whole text.
        last = FirstPass(types=text.types, counts=_count(writer.ids()[cut:], len(text.types)))
        first = FirstPass(types=text.types, counts=text.counts - last.counts)
        vocabulary, final = _vocabulary(first, unit, min_count, max_size, base, keep)
        writer.renumber(final)
        ids = writer.ids()
    is_unknown = text.unknown(final, vocabulary)
    streams = [
        IdStream(
            ids=part_ids,
            characters=_part_size(size.characters, part, text, unit, pc.utf8_length(text.types)),
            bytes=_part_size(size.utf8_bytes, part, text, unit, pc.binary_length(text.types)),
            unknown=int(part.counts[is_unknown].sum()),
            words=_part_words(size.words, part, text, unit),
        )
        for part, part_ids in ((first, ids[:cut]), (last, ids[cut:]))
    ]
    return streams[0], streams[1], vocabulary


def _read_lines(
    corpus: Corpus, unit: Unit, tokenizer: str | Tokenizer | None, writer: IdWriter, *, progress: bool
) -> FirstPass:
    """Run the first pass, with a line-end token after each document."""
    text = FirstPass.read(corpus, splitter(unit, tokenizer), writer, line_end=LINE_ENDS[unit], progress=progress)
    if unit == "char":
        words = text.types.filter(pc.greater(pc.utf8_length(text.types), 1)).to_pylist()
        if words := [word for word in words if word not in SPECIALS_OF[unit]]:
            raise ValueError(
                f"source must consist of texts for unit 'char', got tokens such as {words[0]!r}; "
                "join them into texts, or pass unit='word'"
            )
    return text


def _vocabulary(
    text: FirstPass,
    unit: Unit,
    min_count: int,
    max_size: int | None,
    base: BaseVocabulary | None,
    keep: frozenset[str],
) -> tuple[Vocabulary, Ids]:
    """Build the vocabulary of a text; return it and the final id of each type."""
    if base is not None:
        return base.of(text, min_count=min_count, max_size=max_size)
    # Generation starts after a line end, so the vocabulary must have that token however rare it is.
    line_end = text.types.index(LINE_ENDS[unit]).as_py()
    counts = text.counts.copy()
    counts[line_end] = max(counts[line_end], min_count)
    limits: dict[str, Any] = {
        "min_count": min_count,
        "max_size": max_size,
        "specials": SPECIALS_OF[unit],
        "keep_words": keep,
    }
    vocabulary, final = FirstPass(types=text.types, counts=counts).vocabulary(**limits)
    if LINE_ENDS[unit] not in vocabulary:
        counts[line_end] = counts.max()
        vocabulary, final = FirstPass(types=text.types, counts=counts).vocabulary(**limits)
    return vocabulary.with_counts(text.totals(final, len(vocabulary))), final


def _count(ids: Ids, types: int) -> npt.NDArray[np.int64]:
    counts = np.zeros(types, dtype=np.int64)
    for start in range(0, len(ids), SPAN):
        counts += np.bincount(ids[start : start + SPAN], minlength=types)
        release(ids)
    return counts


def _part_size(whole: int, part: FirstPass, text: FirstPass, unit: Unit, lengths: pa.Int32Array) -> int:
    """Return the size of a part of a text of size ``whole``; exact for characters, and for the whole text."""
    # Assume a space after each word.
    weights = to_numpy(lengths).astype(np.int64) + (unit == "word")
    weights[text.types.index(LINE_ENDS[unit]).as_py()] = 1
    return round(whole * int(part.counts @ weights) / int(text.counts @ weights))


def _part_words(whole: int | None, part: FirstPass, text: FirstPass, unit: Unit) -> int | None:
    """Estimate the number of words of a part by its tokens, or by the white space among its characters."""
    weights = np.ones(len(text.types), dtype=np.int64)
    if unit == "char":
        weights = np.array([character.isspace() for character in text.types.to_pylist()], dtype=np.int64)
    return None if whole is None else round(whole * int(part.counts @ weights) / int(text.counts @ weights))
