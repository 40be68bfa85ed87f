"""A corpus as token ids: a folder with a memory-mapped array of ids, document offsets and a vocabulary."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from textkit.checks import check_path, remedy_for_version
from textkit.files.mapped import SPAN, release
from textkit.text.vocabulary import Vocabulary

VERSION = 1
"""Version of the folder's layout."""


@dataclass(frozen=True, kw_only=True)
class EncodedSize:
    """The size of a text that was encoded.

    Attributes:
        characters: Number of characters, including a line ending for each document.
        bytes: Number of bytes in UTF-8, including a line ending for each document.
        unknown: Number of tokens that became ``<unk>`` because the vocabulary lacks them.
        words: Number of words between white space, and of line ends; None if an earlier version did not count them.
    """

    characters: int
    bytes: int
    unknown: int
    words: int | None = None


class EncodedCorpus:
    """A corpus as token ids. Created by ``encode_corpus`` or ``EncodedCorpus.load``.

    Attributes:
        ids: int32, shape (tokens,), memory-mapped: the concatenated documents.
        offsets: int64, shape (documents + 1,), memory-mapped: document i is ``ids[offsets[i]:offsets[i + 1]]``.
        vocabulary: Vocabulary of the ids.
        tokens_read: Number of tokens in the corpus before any were dropped.
        size: Size of the text; None if an earlier version of textkit wrote the folder.
        folder: Folder with the files; None if they are unnamed temporary files, which end with the arrays.
    """

    def __init__(
        self,
        folder: Path | None,
        vocabulary: Vocabulary,
        tokens_read: int,
        ids: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        size: EncodedSize | None = None,
    ) -> None:
        self.folder = folder
        self.vocabulary = vocabulary
        self.tokens_read = tokens_read
        self.size = size
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
        folder = check_path("folder", folder)
        config_path = folder / "config.json"
        try:
            config = json.loads(config_path.read_text(encoding="utf-8"))
            version, sizes = config["version"], (config["tokens"], config["documents"], config["vocabulary"])
            tokens_read = int(config["tokens_read"])
            size = EncodedSize(**config["size"]) if "size" in config else None
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(
                f"{config_path} must describe an encoded corpus, got {error!r}; encode it again"
            ) from error
        if version != VERSION:
            raise ValueError(
                f"{config_path} must have version {VERSION}, got {version!r}; "
                f"{remedy_for_version(version, VERSION, 'encode the corpus again')}"
            )
        corpus = map_folder(folder, Vocabulary.load(folder / "vocabulary.txt"), tokens_read, size)
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

    def share(self, number: int, shares: int) -> "EncodedCorpus":
        """Return one of several shares of about the same number of tokens; a document may be divided among two.

        Args:
            number: Number of the share, from 0.
            shares: Number of shares.
        """
        begin, end = (each * len(self.ids) // shares for each in (number, number + 1))
        first, last = np.searchsorted(self.offsets, [begin, end], side="right")
        part = copy(self)
        part.ids = self.ids[begin:end]
        part.offsets = np.concatenate([[begin], self.offsets[first:last], [end]]) - begin
        part.__dict__.pop("_fingerprint", None)
        return part

    def check_encoding(self, min_count: int, max_size: int | None, reading: Mapping[str, Any]) -> None:
        """Check that the corpus could be the result of encoding a text with some settings.

        Args:
            min_count: Minimum count of a word.
            max_size: Maximum size of the vocabulary; None for no limit.
            reading: Options for reading text, which must have their defaults: None, "utf-8" or "strict".

        Raises:
            ValueError: If the vocabulary has rarer words or is larger, or an option for reading text is set.
        """
        for name, value in reading.items():
            if value not in (None, "utf-8", "strict"):
                raise ValueError(f"{name} must be left out for an EncodedCorpus, got {value!r}; it is for reading text")
        words = self.vocabulary.counts[len(self.vocabulary.specials) :]
        rarest = int(words[words > 0].min(initial=min_count))
        if rarest < min_count:
            raise ValueError(
                f"min_count must be at most {rarest}, the lowest count in the EncodedCorpus, got {min_count}; "
                f"pass min_count={rarest}, or encode the text with min_count={min_count}"
            )
        if max_size is not None and len(self.vocabulary) > max_size:
            raise ValueError(
                f"max_vocab must be at least {len(self.vocabulary)}, the size of the vocabulary of the EncodedCorpus, "
                f"got {max_size}; encode the text with max_size={max_size}"
            )

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
            for start in range(0, len(array), SPAN):
                digest.update(array[start : start + SPAN].tobytes())
                release(array)
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"EncodedCorpus({len(self.ids)} tokens, {len(self)} documents, {len(self.vocabulary)} types)"

    def __reduce__(self) -> tuple[Callable[..., "EncodedCorpus"], tuple[Any, ...]]:
        """Pickle only the path of the folder, whose files another process maps too; without a folder, copy the ids."""
        if self.folder is not None:
            return map_folder, (self.folder, self.vocabulary, self.tokens_read, self.size)
        arrays = np.array(self.ids), np.array(self.offsets)
        return EncodedCorpus, (None, self.vocabulary, self.tokens_read, *arrays, self.size)


def map_folder(folder: Path, vocabulary: Vocabulary, tokens_read: int, size: EncodedSize | None) -> EncodedCorpus:
    """Map the files of an encoded corpus."""
    arrays = _mapped(folder / "ids.bin"), _mapped_offsets(folder / "offsets.npy")
    return EncodedCorpus(folder, vocabulary, tokens_read, *arrays, size)


def _mapped(path: Path) -> npt.NDArray[np.int32]:
    # An empty file cannot be memory-mapped.
    size = path.stat().st_size
    if not size:
        return np.empty(0, dtype=np.int32)
    if size % 4:
        raise ValueError(f"{path} must hold int32 ids, got {size} bytes, no multiple of 4; encode the corpus again")
    return np.memmap(path, dtype=np.int32, mode="r")


def _mapped_offsets(path: Path) -> npt.NDArray[np.int64]:
    try:
        offsets: npt.NDArray[np.int64] = np.load(path, mmap_mode="r")
    # NumPy parses the header as Python.
    except (ValueError, EOFError, OverflowError, TypeError, SyntaxError, TokenError, MemoryError) as error:
        raise ValueError(f"{path} must hold document offsets, got {error}; encode the corpus again") from error
    if offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
        raise ValueError(
            f"{path} must hold int64 offsets, got {offsets.dtype} of shape {offsets.shape}; encode the corpus again"
        )
    return offsets
