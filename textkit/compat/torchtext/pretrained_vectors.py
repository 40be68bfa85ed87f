"""Pretrained vectors by name or from a file, with the interface of torchtext."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import numpy as np
import torch

from textkit.data.data_files import DataFile
from textkit.data.download import download
from textkit.files.compression import COMPRESSED, inner_suffix
from textkit.progress import say
from textkit.vectors.formats.by_suffix import FORMATS
from textkit.vectors.word_vectors import WordVectors

UnkInit = Callable[[torch.Tensor], torch.Tensor]
_ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
_GLOVE = "https://nlp.stanford.edu/data/glove.{}.zip"
_GLOVE_DIMS = {"42B": (300,), "840B": (300,), "twitter.27B": (25, 50, 100, 200), "6B": (50, 100, 200, 300)}
_FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.{}.vec"
_CHAR_NGRAM = "http://www.logos.t.u-tokyo.ac.jp/~hassy/publications/arxiv2016jmt/jmt_pre-trained_embeddings.tar.gz"


class Vectors:
    """Words with their vectors, read from a file that may have to be downloaded.

    A text file is read once; a copy beside it in ``cache``, as .safetensors, is read from then on. The files of other
    programs, which need no such copy, are read like `textkit.WordVectors.load` reads them.

    Args:
        name: Path of a file, or its name in ``cache``.
        cache: Folder of downloads and copies; None for ``.vector_cache``.
        url: Address of the file, or of an archive with it; used if there is no such file.
        unk_init: Fills the vector of an unknown word, given a tensor of its shape; None for zeros.
        max_vectors: Number of vectors to read, from the beginning of the file; None for all.

    Raises:
        FileNotFoundError: If there is no such file, and no address.
        ConnectionError: If the file cannot be downloaded.
        ValueError: If it is not a file of vectors.

    Attributes:
        itos: The words.
        stoi: Row of each word.
        vectors: Shape (words, dim).
        dim: Length of a vector.
    """

    def __init__(
        self,
        name: str | os.PathLike[str],
        cache: str | os.PathLike[str] | None = None,
        url: str | None = None,
        unk_init: UnkInit | None = None,
        max_vectors: int | None = None,
    ) -> None:
        folder = Path(".vector_cache" if cache is None else cache)
        loaded = _loaded(Path(name), folder, url, max_vectors)
        self.unk_init: UnkInit = torch.Tensor.zero_ if unk_init is None else unk_init
        self.itos = list(loaded.words)
        self.stoi = {word: row for row, word in enumerate(self.itos)}
        self.vectors = torch.from_numpy(np.array(loaded.matrix))  # a copy, as programs change it
        self.dim = loaded.dim

    def __len__(self) -> int:
        return len(self.vectors)

    def __contains__(self, token: object) -> bool:
        return token in self.stoi

    def __getitem__(self, token: str) -> torch.Tensor:
        if token in self.stoi:
            return self.vectors[self.stoi[token]]
        return self.unk_init(torch.zeros(self.dim))

    def get_vecs_by_tokens(self, tokens: str | Sequence[str], lower_case_backup: bool = False) -> torch.Tensor:
        """Look up the vectors of tokens.

        Args:
            tokens: A token, or several.
            lower_case_backup: Whether to look up an unknown token in lower case.

        Returns:
            Shape (dim,) for a token, (tokens, dim) for several.

        Raises:
            ValueError: If ``tokens`` is an empty list.
        """
        if isinstance(tokens, str):
            return self.get_vecs_by_tokens([tokens], lower_case_backup)[0]
        if not tokens:
            raise ValueError(f"tokens must have at least one token, got {tokens!r}; skip empty texts")
        found = (token if not lower_case_backup or token in self.stoi else token.lower() for token in tokens)
        return torch.stack([self[token] for token in found])


class GloVe(Vectors):
    """Vectors of GloVe (Pennington, Socher and Manning 2014).

    Args:
        name: "42B", "840B", "twitter.27B" or "6B".
        dim: 300 for the first two; 25, 50, 100 or 200; 50, 100, 200 or 300.
        cache: Folder of downloads and copies; None for ``.vector_cache``.
        url: Address to use instead of the authors' own.
        unk_init: Fills the vector of an unknown word; None for zeros.
        max_vectors: Number of vectors to read; None for all.

    Raises:
        ValueError: If there are no such vectors.
        ConnectionError: If the file cannot be downloaded.
    """

    def __init__(
        self,
        name: str = "840B",
        dim: int | str = 300,
        *,
        cache: str | os.PathLike[str] | None = None,
        url: str | None = None,
        unk_init: UnkInit | None = None,
        max_vectors: int | None = None,
    ) -> None:
        if name not in _GLOVE_DIMS:
            raise ValueError(f"name must be one of {', '.join(_GLOVE_DIMS)}, got {name!r}")
        if str(dim) not in map(str, _GLOVE_DIMS[name]):
            raise ValueError(f"dim must be one of {', '.join(map(str, _GLOVE_DIMS[name]))} for {name!r}, got {dim!r}")
        archive = name if name.endswith("27B") or name == "6B" else f"{name}.300d"
        super().__init__(f"glove.{name}.{dim}d.txt", cache, url or _GLOVE.format(archive), unk_init, max_vectors)


class FastText(Vectors):
    """Vectors that fastText has trained on a Wikipedia (Bojanowski, Grave, Joulin and Mikolov 2017).

    Args:
        language: Code of the language, such as "en" or "simple".
        cache: Folder of downloads and copies; None for ``.vector_cache``.
        url: Address to use instead of the authors' own.
        unk_init: Fills the vector of an unknown word; None for zeros.
        max_vectors: Number of vectors to read; None for all.

    Raises:
        ConnectionError: If the file cannot be downloaded.
    """

    def __init__(
        self,
        language: str = "en",
        *,
        cache: str | os.PathLike[str] | None = None,
        url: str | None = None,
        unk_init: UnkInit | None = None,
        max_vectors: int | None = None,
    ) -> None:
        super().__init__(f"wiki.{language}.vec", cache, url or _FASTTEXT.format(language), unk_init, max_vectors)


class CharNGram(Vectors):
    """Vectors of character n-grams (Hashimoto, Xiong, Tsuruoka and Socher 2017); that of a word is their mean.

    Args:
        cache: Folder of downloads and copies; None for ``.vector_cache``.
        url: Address to use instead of the authors' own.
        unk_init: Fills the vector of a word without a known n-gram; None for zeros.
        max_vectors: Number of n-grams to read; None for all.

    Raises:
        ConnectionError: If the file cannot be downloaded.
    """

    def __init__(
        self,
        *,
        cache: str | os.PathLike[str] | None = None,
        url: str | None = None,
        unk_init: UnkInit | None = None,
        max_vectors: int | None = None,
    ) -> None:
        super().__init__("charNgram.txt", cache, url or _CHAR_NGRAM, unk_init, max_vectors)

    def __getitem__(self, token: str) -> torch.Tensor:
        """Return the mean of the vectors of the n-grams of a word, of 2 to 4 characters; shape (1, dim)."""
        characters = ["#BEGIN#", *token, "#END#"]
        keys = (
            f"{n}gram-{''.join(characters[start : start + n])}"
            for n in (2, 3, 4)
            for start in range(len(characters) - n + 1)
        )
        rows = [] if token == "<unk>" else [self.stoi[key] for key in keys if key in self.stoi]
        if not rows:
            return self.unk_init(torch.zeros(1, self.dim))
        return self.vectors[rows].mean(0, keepdim=True)


pretrained_aliases: dict[str, Callable[..., Vectors]] = {
    "charngram.100d": CharNGram,
    "fasttext.en.300d": partial(FastText, language="en"),
    "fasttext.simple.300d": partial(FastText, language="simple"),
    **{
        f"glove.{name}.{dim}d": partial(GloVe, name=name, dim=str(dim))
        for name, dims in _GLOVE_DIMS.items()
        for dim in dims
    },
}
"""Vectors by the names that `Vocab.load_vectors` of torchtext takes."""


def _loaded(path: Path, cache: Path, url: str | None, limit: int | None) -> WordVectors:
    """Read a file, from its copy in ``cache`` if that is not older."""
    copy = cache / f"{path.name}.safetensors"
    source = path if path.is_file() else cache / path
    if copy.is_file() and (not source.is_file() or copy.stat().st_mtime_ns >= source.stat().st_mtime_ns):
        return WordVectors.load(copy, limit=limit)
    if not source.is_file():
        if url is None:
            raise FileNotFoundError(f"name must be a file, or one in {cache} (cache), got {str(path)!r}; pass its url")
        source = _fetched(path.name, url, cache)
    suffix = inner_suffix(source)
    # torchtext reads any text file, whatever its suffix.
    is_known = suffix in {format.suffix for format in FORMATS.values()} | {".ftz", ".floret"}
    vectors = WordVectors.load(source, limit=limit, bad_rows="skip", format=None if is_known else "word2vec")
    if limit is None and suffix in (".txt", ".vec", ""):
        cache.mkdir(parents=True, exist_ok=True)
        vectors.save(copy)
    return vectors


def _fetched(name: str, url: str, cache: Path) -> Path:
    """Download a file of vectors, or take it from the archive at an address.

    Args:
        name: Name of the file.
        url: Address of the file, which may be compressed, or of an archive with it.
        cache: Folder to download to. A .zip that torchtext has left there is used.

    Returns:
        The path of the file.
    """
    address = PurePosixPath(urlsplit(url).path)
    if address.suffix == ".zip" and (cache / address.name).is_file():
        return cache / address.name / name
    say(f"{name}: downloading {url} to {cache}")
    if address.name.endswith(_ARCHIVES):
        return download(DataFile(path=name, address=url, member=name), cache)
    packed = address.name if address.stem == name and address.suffix in COMPRESSED else name
    return download(DataFile(path=packed, address=url), cache)
