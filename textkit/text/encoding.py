"""Encode a corpus in one pass as a memory-mapped array of ids with document offsets."""

import json
import os
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import with_size
from textkit.files.atomic_folder import atomic_folder
from textkit.text.encoded_corpus import VERSION, EncodedCorpus, EncodedSize, map_folder
from textkit.text.first_pass import FirstPass, Share
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Unknown, Vocabulary


def encode_corpus(
    source: object,
    *,
    tokenizer: str | Tokenizer = "whitespace",
    vocabulary: Vocabulary | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Sequence[str] = (),
    keep_words: Collection[str] = (),
    unknown: Unknown = "drop",
    line_end: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> EncodedCorpus:
    """Read a corpus once, count its tokens, and write their ids to disk in bounded memory.

    Args:
        source: Anything ``textkit.corpus`` accepts, except that a str is a path, never a catalog name.
        tokenizer: Tokenizer name or callable, see ``textkit.tokenizer``.
        vocabulary: Vocabulary to encode with, without ``min_count``, ``max_size``, ``specials`` and ``keep_words``.
            None builds one from the corpus.
        min_count: Tokens with a lower count are left out of the vocabulary.
        max_size: Maximum size of the vocabulary, including specials; None for no limit.
        specials: Special tokens of a new vocabulary, from "<pad>", "<unk>", "<bos>" and "<eos>".
        keep_words: Words that are in the vocabulary if they occur, however rarely.
        unknown: Treatment of tokens outside the vocabulary: "drop" removes them, "keep" maps them to ``<unk>`` and
            includes them in its count.
        line_end: Token to add after each document, as a language model needs: "<eos>" for words, with "<eos>" among the
            specials, and a line feed for characters. None adds none.
        folder: Folder for the result, created if missing; an encoded corpus in it is replaced. None for unnamed
            temporary files, which need as much disk but disappear with the result, however the process ends.
        progress: Whether to show progress on stderr.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".

    Returns:
        The encoded corpus.

    Raises:
        ValueError: If the corpus has no tokens, none reaches ``min_count``, all are unknown, bytes cannot be decoded,
            a column is missing, a setting is out of range, or ``folder`` holds anything but an encoded corpus.
        TypeError: If ``source`` is not a corpus, a document is not a text, or a token is not a str.
        OSError: If a file cannot be read, or the disk is full; an earlier result in ``folder`` is then preserved.

    >>> corpus = encode_corpus(["to be or", "not to be"])
    >>> corpus.vocabulary.tokens, [ids.tolist() for ids in corpus.documents()]
    (('be', 'to', 'not', 'or'), [[1, 0, 3], [2, 1, 0]])
    """
    return _encode(
        open_corpus(source, column=column, encoding=encoding, errors=errors),
        tokenizer,
        vocabulary,
        min_count=min_count,
        max_size=max_size,
        specials=specials,
        keep_words=keep_words,
        unknown=unknown,
        line_end=line_end,
        folder=folder,
        progress=progress,
    )


def encode_share(
    source: object,
    share: Share,
    *,
    tokenizer: str | Tokenizer = "whitespace",
    vocabulary: Vocabulary | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    keep_words: Collection[str] = (),
    progress: bool = False,
    column: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> EncodedCorpus:
    """Encode one share of a corpus like `encode_corpus`; every process must do so for its own share.

    Returns:
        The share, which may have no tokens, with the vocabulary of the whole corpus.

    Raises:
        ValueError: If the whole corpus has no tokens, or for another reason of `encode_corpus`.
        TypeError: As `encode_corpus`.
        OSError: As `encode_corpus`.
    """
    documents = open_corpus(source, column=column, encoding=encoding, errors=errors)
    return _encode(
        documents.share(share.number, share.shares),
        tokenizer,
        vocabulary,
        min_count=min_count,
        max_size=max_size,
        keep_words=keep_words,
        progress=progress,
        share=share,
    )


def _encode(
    corpus: Corpus,
    tokenizer: str | Tokenizer,
    vocabulary: Vocabulary | None = None,
    *,
    min_count: int,
    max_size: int | None,
    specials: Sequence[str] = (),
    keep_words: Collection[str] = (),
    unknown: Unknown = "drop",
    line_end: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool,
    share: Share | None = None,
) -> EncodedCorpus:
    documents, size = with_size(corpus)
    _check_settings(vocabulary, min_count, max_size, specials, keep_words, unknown)
    split = get_tokenizer(tokenizer)
    with ExitStack() as files:
        target = None
        if folder is not None:
            folder = Path(folder)
            folder.absolute().parent.mkdir(parents=True, exist_ok=True)
            target = files.enter_context(atomic_folder(folder, replaceable=_is_corpus))
        with IdWriter(None if target is None else target / "ids.bin") as writer:
            first_pass = FirstPass.read(
                documents, split, writer, line_end=line_end, allow_empty=share is not None, progress=progress
            )
            if vocabulary is None:
                whole, numbers = first_pass.of_all(share)
                vocabulary, final = whole.vocabulary(
                    min_count=min_count,
                    max_size=max_size,
                    specials=specials,
                    keep_words=keep_words,
                    unknown=unknown,
                )
                final = final[numbers]
            else:
                unknown_id = vocabulary.unknown_id if unknown == "keep" else None
                final = vocabulary.lookup(first_pass.types.to_pylist(), other=-1 if unknown_id is None else unknown_id)
            unknown_tokens = int(first_pass.counts[first_pass.unknown(final, vocabulary)].sum())
            kept = writer.renumber(final)
            if not kept and share is None:
                raise ValueError(
                    f"vocabulary must contain at least one token of the corpus, got 0 of {writer.tokens} tokens; "
                    "use the tokenizer that the vocabulary was built with"
                )
            encoded_size = EncodedSize(
                characters=size.characters, bytes=size.utf8_bytes, unknown=unknown_tokens, words=size.words
            )
            if folder is None or target is None:
                arrays = writer.ids(), writer.offsets()
                return EncodedCorpus(None, vocabulary, writer.tokens, *arrays, encoded_size)
            writer.save_offsets(target / "offsets.npy")
            vocabulary.save(target / "vocabulary.txt")
            sizes = {"tokens": kept, "documents": writer.documents, "vocabulary": len(vocabulary)}
            config = {"version": VERSION, **sizes, "tokens_read": writer.tokens, "size": asdict(encoded_size)}
            (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return map_folder(folder, vocabulary, writer.tokens, encoded_size)


def _is_corpus(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and "tokens_read" in config and "format" not in config


def _check_settings(
    vocabulary: Vocabulary | None,
    min_count: int,
    max_size: int | None,
    specials: Sequence[str],
    keep_words: Collection[str],
    unknown: Unknown,
) -> None:
    if unknown not in ("drop", "keep"):
        raise ValueError(f"unknown must be 'drop' or 'keep', got {unknown!r}")
    if vocabulary is not None and (min_count, max_size, tuple(specials)) != (1, None, ()):
        raise ValueError(
            f"min_count, max_size and specials must not be set together with vocabulary, got {min_count}, {max_size} "
            f"and {tuple(specials)}; prune the vocabulary instead"
        )
    if vocabulary is not None and keep_words:
        raise ValueError(
            f"keep_words must not be set together with vocabulary, got {len(keep_words)} words; append them to the "
            "vocabulary instead: vocabulary.append(words)"
        )
    if unknown == "keep" and "<unk>" not in (specials if vocabulary is None else vocabulary.specials):
        raise ValueError("unknown must be 'drop' without the special '<unk>', got 'keep'; pass specials=['<unk>']")
