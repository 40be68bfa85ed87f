"""The data sets of `classification.py`, their splits, and cuts of them."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gpu_pack import packed_texts

from textkit.data.labeled import LabeledTexts, read_labeled


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Which splits of a catalog set are used; without a test split, a fifth of the texts is held out.

    ``vectors`` is what the vectors of its words are learned from, without labels: each a catalog name, with a colon and
    a split if it is not the first. None of it is from the test split. With ``files`` the splits are files in the folder
    of TEXTKIT_DATA, with the texts in the column ``text``. ``tokenizer`` splits the texts of every system; without, and
    with ``characters``, each has its own.
    """

    name: str
    train: str = "train"
    valid: str | None = None
    test: str | None = "test"
    characters: bool = False
    tokenizer: str | None = None
    files: bool = False
    text: str | None = None
    vectors: tuple[str, ...] = ("wiki8", "imdb")


REVIEWS = ("wiki8", "imdb", "imdb:test")  # SST is about films too
DATA = {
    "imdb": DataSet(name="imdb"),
    "sst2": DataSet(name="sst2", valid="dev", vectors=REVIEWS),
    "sst5": DataSet(name="sst5", valid="dev", vectors=REVIEWS),
    "sst2-phrases": DataSet(name="sst2-phrases", valid="dev", vectors=REVIEWS),
    "sst5-phrases": DataSet(name="sst5-phrases", valid="dev", vectors=REVIEWS),
    "trec": DataSet(name="trec"),
    "surnames": DataSet(name="surnames", characters=True),
    "ag-news": DataSet(name="ag-news", train="train10k"),
    "ohsumed": DataSet(
        name="ohsumed",
        files=True,
        train="classification/ohsumed/ohsumed_train.tsv.xz",
        test="classification/ohsumed/ohsumed_test.tsv.xz",
    ),
    "zh": DataSet(
        name="zh",
        files=True,
        text="review",
        characters=True,
        train="classification/zh/waimai_10k.csv.xz",
        test=None,
    ),
    "zh-jieba": DataSet(
        name="zh-jieba",
        files=True,
        text="review",
        tokenizer="jieba",
        train="classification/zh/waimai_10k.csv.xz",
        test=None,
    ),
    "reviews": DataSet(name="reviews", test=None),
    "names": DataSet(name="names", test=None, characters=True),
}
PUBLIC = ("imdb", "sst2", "sst5", "trec", "surnames", "ag-news")
EVERY = (*PUBLIC, "ohsumed", "zh", "zh-jieba")


def read(data: DataSet, options: dict[str, Any]) -> tuple[LabeledTexts, LabeledTexts | None]:
    """The texts to train with, and those of the data set to choose the best weights by."""
    if options["packed"]:
        return fewer(packed_texts(Path(options["packed"]), data.name, data.train), options["texts"]), None
    train = read_split(data, data.train)
    if data.test is None:
        train = _part(train, held_out=False)
    train = _cut(fewer(train, options["texts"]), options["cut"], options["seed"])
    return train, None if data.valid is None or options["cut"] else read_split(data, data.valid)


def read_split(data: DataSet, split: str) -> LabeledTexts:
    """Read a split of a data set, from the catalog or a file."""
    if data.files:
        return read_labeled(Path(os.environ["TEXTKIT_DATA"]) / split, text=data.text)
    return read_labeled(data.name, split=split)


def read_test(data: DataSet, options: dict[str, Any]) -> LabeledTexts:
    if options["packed"]:
        test = packed_texts(Path(options["packed"]), data.name, data.test or "test")
    elif data.test is None:
        test = _part(read_split(data, data.train), held_out=True)
    else:
        test = read_split(data, data.test)
    return fewer(test, options["texts"])


def fewer(texts: LabeledTexts, number: int | None) -> LabeledTexts:
    """Take some texts, from all places: data sets may be sorted by label."""
    step = max(len(texts) // number, 1) if number else 1
    return LabeledTexts(texts=texts.texts[::step][:number], labels=texts.labels[::step][:number])


def _cut(texts: LabeledTexts, number: int | None, seed: int) -> LabeledTexts:
    """Draw so many texts; another seed draws others."""
    if number is None or number >= len(texts):
        return texts
    rows = np.sort(np.random.default_rng(seed).permutation(len(texts))[:number])
    return LabeledTexts(texts=[texts.texts[row] for row in rows], labels=[texts.labels[row] for row in rows])


def _part(texts: LabeledTexts, *, held_out: bool) -> LabeledTexts:
    chosen = np.random.default_rng(0).random(len(texts)) < 0.2
    rows = np.flatnonzero(chosen == held_out)
    return LabeledTexts(texts=[texts.texts[row] for row in rows], labels=[texts.labels[row] for row in rows])


def chosen_names(given: list[str] | None) -> Sequence[str]:
    """Return the data sets that were asked for; those which are only files are left out of all if they are missing."""
    if "all" not in (given or ()):
        return given or PUBLIC
    folder = Path(os.environ.get("TEXTKIT_DATA", ""))
    missing = [name for name in EVERY if DATA[name].files and not (folder / DATA[name].train).exists()]
    for name in missing:
        print(f"{name} is left out: TEXTKIT_DATA has no {DATA[name].train}", file=sys.stderr)
    return [name for name in EVERY if name not in missing]
