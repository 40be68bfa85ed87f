"""Encode a corpus in one pass as a memory-mapped array of ids with document offsets."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from textkit.data.corpus import open_corpus
from textkit.files.atomic import atomic_path
from textkit.text.first_pass import FirstPass
from textkit.text.id_writer import IdWriter
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Unknown, Vocabulary

_VERSION = 1
_CHUNK = 1 << 20  # ids hashed at a time


class EncodedCorpus:
    """A corpus as token ids. Created by ``encode_corpus`` or ``EncodedCorpus.load``.

    Attributes:
        ids: int32, shape (tokens,), memory-mapped: the concatenated documents.
        offsets: int64, shape (documents + 1,), memory-mapped: document i is ``ids[offsets[i]:offsets[i + 1]]``.
        vocabulary: Vocabulary of the ids.
        tokens_read: Number of tokens in the corpus before any were dropped.
        folder: Folder with the files; None if they are unnamed temporary files, which end with the arrays.
    """

    def __init__(
        self,
        folder: Path | None,
        vocabulary: Vocabulary,
        tokens_read: int,
        ids: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
    ) -> None:
        self.folder, self.vocabulary, self.tokens_read = folder, vocabulary, tokens_read
        self.ids, self.offsets = ids, offsets

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "EncodedCorpus":
        """Open a corpus that ``encode_corpus(..., folder=...)`` wrote.

        Args:
            folder: Folder of the encoded corpus.

        Raises:
            ValueError: If the folder holds no encoded corpus, one of a newer version, or files that do not
                belong together.
            OSError: If a file is missing or cannot be read.
        """
        folder = Path(folder)
        config_path = folder / "config.json"
        try:
            config = json.loads(config_path.read_text(encoding="utf-8"))
            version, sizes = config["version"], (config["tokens"], config["documents"], config["vocabulary"])
            tokens_read = int(config["tokens_read"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{config_path} must describe an encoded corpus, got {error!r}; encode it again"
            ) from error
        if version != _VERSION:
            raise ValueError(f"{config_path} must have version {_VERSION}, got {version!r}; install a newer textkit")
        corpus = _in_folder(folder, Vocabulary.load(folder / "vocabulary.txt"), tokens_read)
        actual_sizes = (len(corpus.ids), len(corpus), len(corpus.vocabulary))
        if actual_sizes != sizes or corpus.offsets[-1] != len(corpus.ids):
            raise ValueError(
                f"{folder} must hold (tokens, documents, vocabulary) {sizes}, got {actual_sizes}; "
                "encode the corpus again"
            )
        return corpus

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.offsets) - 1

    def documents(self) -> Iterator[npt.NDArray[np.int32]]:
        """Yield the ids of each document; shape (tokens of the document,)."""
        for start, end in pairwise(self.offsets):
            yield self.ids[start:end]

    def fingerprint(self) -> str:
        """Return a hexadecimal digest of the vocabulary, ids and offsets, which identifies the corpus."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for tokens in (self.vocabulary.specials, self.vocabulary.tokens):
            digest.update(json.dumps(tokens).encode())
        for array in (self.vocabulary.counts, self.ids, self.offsets):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for start in range(0, len(array), _CHUNK):
                digest.update(array[start : start + _CHUNK].tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"EncodedCorpus({len(self.ids)} tokens, {len(self)} documents, {len(self.vocabulary)} types)"

    def __reduce__(self) -> tuple[Callable[..., "EncodedCorpus"], tuple[Any, ...]]:
        """Pickle only the path of the folder, whose files another process maps too; without a folder, copy the ids."""
        if self.folder is not None:
            return _in_folder, (self.folder, self.vocabulary, self.tokens_read)
        arrays = np.array(self.ids), np.array(self.offsets)
        return EncodedCorpus, (None, self.vocabulary, self.tokens_read, *arrays)


def encode_corpus(
    source: object,
    *,
    tokenizer: str | Tokenizer = "whitespace",
    vocabulary: Vocabulary | None = None,
    min_count: int = 1,
    max_size: int | None = None,
    specials: Sequence[str] = (),
    unknown: Unknown = "drop",
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
        folder: Folder for the result, created if missing; None for unnamed temporary files, which need as much disk
            but disappear with the result, however the process ends.
        progress: Whether to show progress on stderr.
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
    documents = open_corpus(source, column=column, encoding=encoding, errors=errors)
    _check_settings(vocabulary, min_count, max_size, specials, unknown)
    split = get_tokenizer(tokenizer)
    with ExitStack() as files:
        config_path = vocabulary_path = ids_path = offsets_path = None
        if folder is not None:
            folder = Path(folder)
            folder.mkdir(parents=True, exist_ok=True)
            # An ExitStack unwinds in reverse: config.json, opened first, is renamed last, when the files that it
            # describes are in place.
            config_path, vocabulary_path, ids_path, offsets_path = (
                files.enter_context(atomic_path(folder / name))
                for name in ("config.json", "vocabulary.txt", "ids.bin", "offsets.npy")
            )
        with IdWriter(ids_path) as writer:
            first_pass = FirstPass.read(documents, split, writer, progress=progress)
            if vocabulary is None:
                vocabulary, final = first_pass.vocabulary(
                    min_count=min_count, max_size=max_size, specials=specials, unknown=unknown
                )
            else:
                unknown_id = vocabulary.unknown_id if unknown == "keep" else None
                final = vocabulary.lookup(first_pass.types.to_pylist(), other=-1 if unknown_id is None else unknown_id)
            kept = writer.renumber(final)
            if not kept:
                raise ValueError(
                    f"vocabulary must contain at least one token of the corpus, got 0 of {writer.tokens} tokens; "
                    "use the tokenizer that the vocabulary was built with"
                )
            if folder is None:
                return EncodedCorpus(None, vocabulary, writer.tokens, writer.ids(), writer.offsets())
            if offsets_path is not None:
                writer.save_offsets(offsets_path)
        if config_path is not None and vocabulary_path is not None:
            vocabulary.save(vocabulary_path)
            sizes = {"tokens": kept, "documents": writer.documents, "vocabulary": len(vocabulary)}
            config = {"version": _VERSION, **sizes, "tokens_read": writer.tokens}
            config_path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return _in_folder(folder, vocabulary, writer.tokens)


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


def _in_folder(folder: Path, vocabulary: Vocabulary, tokens_read: int) -> EncodedCorpus:
    """Map the files of an encoded corpus."""
    arrays = _mapped(folder / "ids.bin"), _mapped_offsets(folder / "offsets.npy")
    return EncodedCorpus(folder, vocabulary, tokens_read, *arrays)


def _mapped(path: Path) -> npt.NDArray[np.int32]:
    # An empty file cannot be memory-mapped.
    if not path.stat().st_size:
        return np.empty(0, dtype=np.int32)
    return np.memmap(path, dtype=np.int32, mode="r")


def _mapped_offsets(path: Path) -> npt.NDArray[np.int64]:
    try:
        offsets: npt.NDArray[np.int64] = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} must hold document offsets, got {error}; encode the corpus again") from error
    if offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
        raise ValueError(
            f"{path} must hold int64 offsets, got {offsets.dtype} of shape {offsets.shape}; encode the corpus again"
        )
    return offsets
