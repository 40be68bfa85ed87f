"""torchtext's data sets as iterables: the functions of version 0.9 to 0.18, such as ``IMDB(root, split="train")``.

A data set is read from ``root``, with the files and folders that torchtext has left there. Where there are none, those
of textkit's catalog are read, or downloaded into its cache; `textkit data` lists them.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from torch.utils.data import IterableDataset, get_worker_info

from textkit.compat.torchtext.datasets import rows
from textkit.data import catalog

Root: TypeAlias = str | os.PathLike[str]
Split: TypeAlias = str | tuple[str, ...]
Reader: TypeAlias = Callable[[Sequence[Path]], Iterator[Any]]


class TextDataset(IterableDataset[Any]):
    """Items of a data set, read anew for each pass; the worker processes of a DataLoader share them.

    Args:
        open: Returns an iterator over the items.
        name: Name of the data set and the split.
    """

    def __init__(self, open: Callable[[], Iterator[Any]], name: str) -> None:
        self._open = open
        self._name = name
        self._items: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        if worker is None:
            return self._open()
        return islice(self._open(), worker.id, None, worker.num_workers)

    def __next__(self) -> Any:
        """Return the next item, as programs for 0.9 to 0.11 do without calling `iter`."""
        if self._items is None:
            self._items = iter(self)
        return next(self._items)

    def __repr__(self) -> str:
        return f"TextDataset({self._name})"


@dataclass(frozen=True)
class _Source:
    """Where the files of a data set are, and how they are read.

    Attributes:
        files: Paths of each split's files in the folder of the data set.
        read: Reads the files of a split.
        catalog: Splits in textkit's catalog, as (name, split); empty if they are not there.
        read_catalog: Reads a split of the catalog; None for as the file itself.
        home: Where the files can be got.
    """

    files: Mapping[str, Sequence[str]]
    read: Reader
    home: str = ""
    catalog: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    read_catalog: Callable[[str, str], Iterator[Any]] | None = None


def _opened(name: str, source: _Source, root: Root, split: Split) -> Any:
    """Open the splits of a data set: one for a str, a tuple of them for a tuple."""
    splits = (split,) if isinstance(split, str) else tuple(split)
    if unknown := [one for one in splits if one not in source.files]:
        raise ValueError(f"split must be among {', '.join(source.files)} for {name}, got {unknown[0]!r}; choose one")
    opened = tuple(TextDataset(_items(name, source, Path(root), one), f"{name}, {one}") for one in splits)
    return opened[0] if isinstance(split, str) else opened


def _items(name: str, source: _Source, root: Path, split: str) -> Callable[[], Iterator[Any]]:
    folders = [root / "datasets" / name, root / name, root]
    for folder in folders:
        paths = [folder / file for file in source.files[split]]
        if all(path.exists() for path in paths):
            return partial(source.read, paths)
    if split in source.catalog:
        entry, its_split = source.catalog[split]
        path = catalog.locate(entry, its_split)
        if source.read_catalog is not None:
            return partial(source.read_catalog, entry, its_split)
        return partial(source.read, [path])
    files = " and ".join(source.files[split])
    raise FileNotFoundError(f"root must have {files} in {folders[0]}, got no such file; get it from {source.home}")


def _same(name: str, splits: Iterable[str]) -> dict[str, tuple[str, str]]:
    return {split: (name, split) for split in splits}


_LANGUAGE_MODELING = ("train", "valid", "test")
_CLASSES = ("train", "test")
_ZHANG = "https://arxiv.org/abs/1509.01626"


def _csv(folder: str) -> _Source:
    return _Source({split: [f"{folder}/{split}.csv"] for split in _CLASSES}, rows.labeled_csv, _ZHANG)


_SOURCES = {
    "AG_NEWS": _Source(
        {split: [f"{split}.csv"] for split in _CLASSES},
        rows.labeled_csv,
        catalog=_same("ag-news", _CLASSES),
    ),
    "AmazonReviewFull": _csv("amazon_review_full_csv"),
    "AmazonReviewPolarity": _csv("amazon_review_polarity_csv"),
    "CoNLL2000Chunking": _Source(
        {split: [f"{split}.txt"] for split in _CLASSES},
        rows.tagged_by_spaces,
        "https://www.clips.uantwerpen.be/conll2000/chunking/",
    ),
    "DBpedia": _csv("dbpedia_csv"),
    "EnWik9": _Source({"train": ["enwik9"]}, rows.lines, "http://mattmahoney.net/dc/textdata.html"),
    "IMDB": _Source(
        {split: [f"aclImdb/{split}/neg", f"aclImdb/{split}/pos"] for split in _CLASSES},
        rows.label_folders,
        catalog=_same("imdb", _CLASSES),
        read_catalog=rows.imdb_of_catalog,
    ),
    "Multi30k": _Source(
        {
            "train": ["train.de", "train.en"],
            "valid": ["val.de", "val.en"],
            "test": ["test.de", "test.en"],
        },
        rows.pairs,
        "https://www.statmt.org/wmt16/multimodal-task.html",
    ),
    "PennTreebank": _Source(
        {split: [f"ptb.{split}.txt"] for split in _LANGUAGE_MODELING},
        rows.lines,
        catalog=_same("ptb", _LANGUAGE_MODELING),
    ),
    "SST2": _Source(
        {split: [f"SST-2/{split}.tsv"] for split in ("train", "dev", "test")},
        rows.sst2,
        catalog=_same("sst2", ("train", "dev", "test")),
        read_catalog=rows.sst2_of_catalog,
    ),
    "SogouNews": _csv("sogou_news_csv"),
    "UDPOS": _Source(
        {
            split: [f"en-ud-v2/en-ud-tag.v2.{part}.txt"]
            for split, part in (("train", "train"), ("valid", "dev"), ("test", "test"))
        },
        rows.tagged_by_tabs,
        "https://universaldependencies.org",
    ),
    "WikiText103": _Source(
        {split: [f"wikitext-103/wiki.{split}.tokens"] for split in _LANGUAGE_MODELING},
        rows.whole_lines,
        catalog=_same("wikitext-103", _LANGUAGE_MODELING),
    ),
    "WikiText2": _Source(
        {split: [f"wikitext-2/wiki.{split}.tokens"] for split in _LANGUAGE_MODELING},
        rows.whole_lines,
        catalog=_same("wikitext-2", _LANGUAGE_MODELING),
    ),
    "YahooAnswers": _csv("yahoo_answers_csv"),
    "YelpReviewFull": _csv("yelp_review_full_csv"),
    "YelpReviewPolarity": _csv("yelp_review_polarity_csv"),
}


def AG_NEWS(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """AG News: pairs of a label from 1 to 4, and the title and description of a news item."""
    return _opened("AG_NEWS", _SOURCES["AG_NEWS"], root, split)


def AmazonReviewFull(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Amazon reviews: pairs of a label from 1 to 5, and the title and text of a review."""
    return _opened("AmazonReviewFull", _SOURCES["AmazonReviewFull"], root, split)


def AmazonReviewPolarity(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Amazon reviews: pairs of a label, 1 or 2, and the title and text of a review."""
    return _opened("AmazonReviewPolarity", _SOURCES["AmazonReviewPolarity"], root, split)


def CoNLL2000Chunking(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """CoNLL 2000: lists of the words of a sentence, their parts of speech and their chunks."""
    return _opened("CoNLL2000Chunking", _SOURCES["CoNLL2000Chunking"], root, split)


def DBpedia(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """DBpedia: pairs of a label from 1 to 14, and the title and text of an article."""
    return _opened("DBpedia", _SOURCES["DBpedia"], root, split)


def EnWik9(root: Root = ".data", split: Split = "train") -> Any:  # noqa: N802
    """enwik9: the lines of the first 1,000,000,000 bytes of a Wikipedia dump."""
    return _opened("EnWik9", _SOURCES["EnWik9"], root, split)


def IMDB(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """IMDB: pairs of a label, 1 for negative and 2 for positive, and a movie review; the negative ones come first."""
    return _opened("IMDB", _SOURCES["IMDB"], root, split)


def Multi30k(  # noqa: N802
    root: Root = ".data", split: Split = _LANGUAGE_MODELING, language_pair: tuple[str, str] = ("de", "en")
) -> Any:
    """Multi30k: pairs of a sentence and its translation.

    Args:
        root: Folder with the data set.
        split: "train", "valid" or "test", or several of them.
        language_pair: ("de", "en") or ("en", "de").

    Returns:
        The data set of a split, or a tuple of them.

    Raises:
        ValueError: If the split or the pair is unknown.
        FileNotFoundError: If there are no files in ``root``.
    """
    if sorted(language_pair) != ["de", "en"]:
        raise ValueError(f"language_pair must be ('de', 'en') or ('en', 'de'), got {language_pair!r}")
    source = _SOURCES["Multi30k"]
    if tuple(language_pair) == ("en", "de"):
        source = replace(source, files={name: files[::-1] for name, files in source.files.items()})
    return _opened("Multi30k", source, root, split)


def PennTreebank(root: Root = ".data", split: Split = _LANGUAGE_MODELING) -> Any:  # noqa: N802
    """Penn Treebank: the lines of Mikolov's text, without spaces around them."""
    return _opened("PennTreebank", _SOURCES["PennTreebank"], root, split)


def SST2(root: Root = ".data", split: Split = ("train", "dev", "test")) -> Any:  # noqa: N802
    """Stanford Sentiment Treebank: pairs of a text and a label, 0 or 1; the test split has no labels.

    In ``root`` it is that of GLUE, with 67,349 phrases for training; the catalog's has the 6,920 whole sentences.
    """
    return _opened("SST2", _SOURCES["SST2"], root, split)


def SogouNews(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Sogou news: pairs of a label from 1 to 5, and the title and text of a news item."""
    return _opened("SogouNews", _SOURCES["SogouNews"], root, split)


def UDPOS(root: Root = ".data", split: Split = _LANGUAGE_MODELING) -> Any:  # noqa: N802
    """Universal Dependencies: lists of the words of a sentence, and of their tags of two kinds."""
    return _opened("UDPOS", _SOURCES["UDPOS"], root, split)


def WikiText103(root: Root = ".data", split: Split = _LANGUAGE_MODELING) -> Any:  # noqa: N802
    """WikiText-103: lines with their line ends, also empty ones."""
    return _opened("WikiText103", _SOURCES["WikiText103"], root, split)


def WikiText2(root: Root = ".data", split: Split = _LANGUAGE_MODELING) -> Any:  # noqa: N802
    """WikiText-2: lines with their line ends, also empty ones."""
    return _opened("WikiText2", _SOURCES["WikiText2"], root, split)


def YahooAnswers(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Yahoo answers: pairs of a label from 1 to 10, and a question with its answer."""
    return _opened("YahooAnswers", _SOURCES["YahooAnswers"], root, split)


def YelpReviewFull(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Yelp reviews: pairs of a label from 1 to 5 and a review."""
    return _opened("YelpReviewFull", _SOURCES["YelpReviewFull"], root, split)


def YelpReviewPolarity(root: Root = ".data", split: Split = _CLASSES) -> Any:  # noqa: N802
    """Yelp reviews: pairs of a label, 1 or 2, and a review."""
    return _opened("YelpReviewPolarity", _SOURCES["YelpReviewPolarity"], root, split)
