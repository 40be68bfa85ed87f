"""Encode a corpus in one pass as a memory-mapped array of ids with document offsets."""

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from textkit.data.corpus import Corpus, open_corpus
from textkit.data.text_size import with_size
from textkit.files.atomic import atomic_path
from textkit.text.encoded_corpus import VERSION, EncodedCorpus, EncodedSize
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
        vocabulary: Vocabulary to encode with, without ``min_count``, ``max_size`` and ``specials``. None builds one
            from the corpus.
        min_count: Tokens with a lower count are left out of the vocabulary.
        max_size: Maximum size of the vocabulary, including specials; None for no limit.
        specials: Special tokens of a new vocabulary, from "<pad>", "<unk>", "<bos>" and "<eos>".
        unknown: Treatment of tokens outside the vocabulary: "drop" removes them, "keep" maps them to ``<unk>`` and
            includes them in its count.
        line_end: Token to add after each document, as a language model needs: "<eos>" for words, with "<eos>" among the
            specials, and a line feed for characters. None adds none.
        folder: Folder for the result, created if missing; None for a temporary folder that is deleted with the
            result.
        progress: Whether to show a progress bar on stderr.
        column: Text column of a table.
        encoding: Encoding of the files.
        errors: Treatment of bytes that cannot be decoded: "strict", "replace" or "ignore".

    Returns:
        The encoded corpus.

    Raises:
        ValueError: If the corpus has no tokens, none reaches ``min_count``, all are unknown, bytes cannot be decoded,
            a column is missing or a setting is out of range.
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
    min_count: int = 1,
    max_size: int | None = None,
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
        min_count=min_count,
        max_size=max_size,
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
    unknown: Unknown = "drop",
    line_end: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool,
    share: Share | None = None,
) -> EncodedCorpus:
    documents, size = with_size(corpus)
    _check_settings(vocabulary, min_count, max_size, specials, unknown)
    split = get_tokenizer(tokenizer)
    temporary = folder is None
    path = Path(tempfile.mkdtemp(prefix="textkit-") if folder is None else folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            # An ExitStack unwinds in reverse: config.json, opened first, is renamed last, when the files that it
            # describes are in place.
            config_path = None if temporary else files.enter_context(atomic_path(path / "config.json"))
            vocabulary_path = None if temporary else files.enter_context(atomic_path(path / "vocabulary.txt"))
            ids_path, offsets_path = (
                path / name if temporary else files.enter_context(atomic_path(path / name))
                for name in ("ids.bin", "offsets.npy")
            )
            with IdWriter(ids_path) as writer:
                first_pass = FirstPass.read(
                    documents, split, writer, line_end=line_end, allow_empty=share is not None, progress=progress
                )
                if vocabulary is None:
                    whole, numbers = first_pass.of_all(share)
                    vocabulary, final = whole.vocabulary(
                        min_count=min_count, max_size=max_size, specials=specials, unknown=unknown
                    )
                    final = final[numbers]
                else:
                    unknown_id = vocabulary.unknown_id if unknown == "keep" else None
                    final = vocabulary.lookup(
                        first_pass.types.to_pylist(), other=-1 if unknown_id is None else unknown_id
                    )
                unknown_tokens = int(first_pass.counts[first_pass.unknown(final, vocabulary)].sum())
                kept = writer.renumber(final, offsets_path)
            if not kept and share is None:
                raise ValueError(
                    f"vocabulary must contain at least one token of the corpus, got 0 of {writer.tokens} tokens; "
                    "use the tokenizer that the vocabulary was built with"
                )
            encoded_size = EncodedSize(characters=size.characters, bytes=size.utf8_bytes, unknown=unknown_tokens)
            if config_path and vocabulary_path:
                vocabulary.save(vocabulary_path)
                sizes = {"tokens": kept, "documents": writer.documents, "vocabulary": len(vocabulary)}
                config = {"version": VERSION, **sizes, "tokens_read": writer.tokens, "size": asdict(encoded_size)}
                config_path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        encoded = EncodedCorpus(path, vocabulary, writer.tokens, encoded_size)
    except BaseException:
        if temporary:
            shutil.rmtree(path, ignore_errors=True)
        raise
    if temporary:
        weakref.finalize(encoded, _delete, path, os.getpid())
    return encoded


def _check_settings(
    vocabulary: Vocabulary | None,
    min_count: int,
    max_size: int | None,
    specials: Sequence[str],
    unknown: Unknown,
) -> None:
    if unknown not in ("drop", "keep"):
        raise ValueError(f"unknown must be 'drop' or 'keep', got {unknown!r}")
    if vocabulary is not None and (min_count, max_size, tuple(specials)) != (1, None, ()):
        raise ValueError(
            f"min_count, max_size and specials must not be set together with vocabulary, got {min_count}, {max_size} "
            f"and {tuple(specials)}; prune the vocabulary instead"
        )
    if unknown == "keep" and "<unk>" not in (specials if vocabulary is None else vocabulary.specials):
        raise ValueError("unknown must be 'drop' without the special '<unk>', got 'keep'; pass specials=['<unk>']")


def _delete(folder: Path, owner: int) -> None:
    # A forked worker holds a copy of the object, but the files belong to its parent.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
