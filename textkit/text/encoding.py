"""A corpus as one memory-mapped stream of ids with document offsets, made in one pass."""

import hashlib
import json
import os
import shutil
import tempfile
import weakref
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
    """A corpus as ids. Made by ``encode_corpus`` or ``EncodedCorpus.load``.

    Attributes:
        ids: int32, shape (tokens,), mapped from the disk: the documents one after another.
        offsets: int64, shape (documents + 1,), mapped from the disk: document i is
            ``ids[offsets[i]:offsets[i + 1]]``.
        vocabulary: What the ids stand for.
        tokens_read: How many tokens the corpus had before any were dropped.
        folder: Where the files are.
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary, tokens_read: int) -> None:
        self.folder = folder
        self.vocabulary = vocabulary
        self.tokens_read = tokens_read
        self.ids: npt.NDArray[np.int32] = _mapped(folder / "ids.bin")
        self.offsets: npt.NDArray[np.int64] = _mapped_offsets(folder / "offsets.npy")

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "EncodedCorpus":
        """Open what ``encode_corpus(..., folder=...)`` wrote.

        Args:
            folder: The folder.

        Raises:
            ValueError: If the folder holds no encoded corpus, one of a newer version, or files that do not
                belong together.
            OSError: If a file is missing or cannot be read.
        """
        folder = Path(folder)
        place = folder / "config.json"
        try:
            config = json.loads(place.read_text(encoding="utf-8"))
            version, sizes = config["version"], (config["tokens"], config["documents"], config["vocabulary"])
            tokens_read = int(config["tokens_read"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{place} must describe an encoded corpus, got {error!r}; encode it again") from error
        if version != _VERSION:
            raise ValueError(f"{place} must have version {_VERSION}, got {version!r}; install a newer textkit")
        corpus = cls(folder, Vocabulary.load(folder / "vocabulary.txt"), tokens_read)
        found = (len(corpus.ids), len(corpus), len(corpus.vocabulary))
        if found != sizes or corpus.offsets[-1] != len(corpus.ids):
            raise ValueError(
                f"{folder} must hold (tokens, documents, vocabulary) {sizes}, got {found}; encode the corpus again"
            )
        return corpus

    def __len__(self) -> int:
        """Return how many documents there are."""
        return len(self.offsets) - 1

    def documents(self) -> Iterator[npt.NDArray[np.int32]]:
        """Yield the ids of each document; shape (tokens of the document,)."""
        for start, end in pairwise(self.offsets):
            yield self.ids[start:end]

    def fingerprint(self) -> str:
        """Return a hexadecimal digest of vocabulary, ids and offsets: the same for the same corpus only."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.vocabulary.specials, self.vocabulary.tokens):
            digest.update(json.dumps(part).encode())
        for array in (self.vocabulary.counts, self.ids, self.offsets):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for start in range(0, len(array), _CHUNK):
                digest.update(array[start : start + _CHUNK].tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"EncodedCorpus({len(self.ids)} tokens, {len(self)} documents, {len(self.vocabulary)} types)"

    def __reduce__(self) -> tuple[Callable[..., "EncodedCorpus"], tuple[Any, ...]]:
        """Pickle as the place of the files; another process maps them too, and does not delete them."""
        return EncodedCorpus, (self.folder, self.vocabulary, self.tokens_read)


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
    """Read a corpus once, count its tokens, and write their ids to the disk; memory stays bounded.

    Args:
        source: All that ``textkit.corpus`` takes, save that a str is a path and never a catalog name.
        tokenizer: How texts are split; a name or a callable, see ``textkit.tokenizer``.
        vocabulary: Encode with this one, and leave ``min_count``, ``max_size`` and ``specials`` alone. None
            makes one from the corpus.
        min_count: Tokens seen fewer times are left out of the vocabulary.
        max_size: The most tokens in the vocabulary, specials included; None for all.
        specials: Which of "<pad>", "<unk>", "<bos>", "<eos>" the vocabulary has.
        unknown: What becomes of tokens that are not in the vocabulary: "drop" leaves them out, "keep" makes
            them ``<unk>``, whose count then includes them.
        folder: Where to keep the result (made if missing); None for a temporary folder, deleted with the
            result.
        progress: Whether to show a bar on stderr.
        column: The column of a table.
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding: "strict", "replace" or "ignore".

    Returns:
        The ids, offsets and vocabulary.

    Raises:
        ValueError: If the corpus has no token, ``min_count`` leaves none, all are unknown, bytes are wrong, a
            column is missing or a setting is out of range.
        TypeError: If ``source`` is no corpus, a document no text, or a token no str.
        OSError: If a file cannot be read, or the disk is full; an earlier result in ``folder`` then stays.

    >>> corpus = encode_corpus(["to be or", "not to be"])
    >>> corpus.vocabulary.tokens, [ids.tolist() for ids in corpus.documents()]
    (('be', 'to', 'not', 'or'), [[1, 0, 3], [2, 1, 0]])
    """
    documents = open_corpus(source, column=column, encoding=encoding, errors=errors)
    _check_settings(vocabulary, min_count, max_size, specials, unknown)
    split = get_tokenizer(tokenizer)
    temporary = folder is None
    place = Path(tempfile.mkdtemp(prefix="textkit-") if folder is None else folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            # An ExitStack unwinds in reverse: config.json, opened first, is renamed last, when the files that it
            # describes are in place.
            config = None if temporary else files.enter_context(atomic_path(place / "config.json"))
            words = None if temporary else files.enter_context(atomic_path(place / "vocabulary.txt"))
            ids, offsets = (
                place / name if temporary else files.enter_context(atomic_path(place / name))
                for name in ("ids.bin", "offsets.npy")
            )
            with IdWriter(ids) as writer:
                read = FirstPass.read(documents, split, writer, progress=progress)
                if vocabulary is None:
                    vocabulary, final = read.vocabulary(
                        min_count=min_count, max_size=max_size, specials=specials, unknown=unknown
                    )
                else:
                    other = vocabulary.unknown_id if unknown == "keep" else None
                    final = vocabulary.lookup(read.types.to_pylist(), other=-1 if other is None else other)
                kept = writer.renumber(final, offsets)
            if not kept:
                raise ValueError(
                    f"vocabulary must know some token of the corpus, got none of {writer.tokens}; "
                    "take the tokenizer that it was made with"
                )
            if config and words:
                vocabulary.save(words)
                sizes = {"tokens": kept, "documents": writer.documents, "vocabulary": len(vocabulary)}
                described = {"version": _VERSION, **sizes, "tokens_read": writer.tokens}
                config.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        encoded = EncodedCorpus(place, vocabulary, writer.tokens)
    except BaseException:
        if temporary:
            shutil.rmtree(place, ignore_errors=True)
        raise
    if temporary:
        weakref.finalize(encoded, _delete, place, os.getpid())
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
            f"min_count, max_size and specials must be left alone with a vocabulary, got {min_count}, "
            f"{max_size}, "
            f"{tuple(specials)}; prune the vocabulary instead"
        )
    if unknown == "keep" and "<unk>" not in (specials if vocabulary is None else vocabulary.specials):
        raise ValueError("unknown must be 'drop' without the special '<unk>', got 'keep'; pass specials=['<unk>']")


def _mapped(path: Path) -> npt.NDArray[np.int32]:
    if not path.stat().st_size:
        return np.empty(0, dtype=np.int32)  # nothing cannot be mapped
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


def _delete(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker has the same object, and must leave the files to its parent
        shutil.rmtree(folder, ignore_errors=True)
