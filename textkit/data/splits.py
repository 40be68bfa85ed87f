"""The training and the test part of a table: its own, or texts held out at random."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textkit.checks import check_count, is_finite
from textkit.data import catalog
from textkit.data.folders import is_folder
from textkit.data.labeled import LabeledTexts, read_labeled

_PARTS = ("train", "test")


def read_splits(
    source: object, *, test: float = 0.2, seed: int = 1, text: str | None = None, label: str | None = None
) -> tuple[LabeledTexts, LabeledTexts]:
    """Read a table in two parts, one for training and one for testing.

    A source with two parts of its own keeps them: a catalog name with the splits "train" and "test", a dictionary of
    data sets with these keys, or a folder with a table or a folder of each name, such as ``train.csv`` and
    ``test.csv``. Otherwise texts of each class are held out at random. Equal texts are then in the same part.

    Args:
        source: Anything `textkit.read_labeled` accepts, or a folder with both parts.
        test: Fraction of the texts of each class to hold out if there is no test part, above 0 and below 1.
        seed: Seed of the choice.
        text: The column with the text; see `textkit.read_labeled`.
        label: The column with the label; see `textkit.read_labeled`.

    Returns:
        The training texts and the test texts with their labels, in the order of the source.

    Raises:
        ValueError: If ``test`` is out of range or leaves a part empty, or for a reason of `textkit.read_labeled`.
        FileNotFoundError: If there is no such file, or a data set of the catalog is not available.
        TypeError: If ``source`` is not a table.

    >>> train, test = read_splits("names")
    >>> len(train) + len(test)
    1818
    """
    if not is_finite(test) or not 0 < test < 1:
        raise ValueError(f"test must be above 0 and below 1, got {test}; 0.2 is usual")
    seed = check_count("seed", seed, 0)
    found = [read_labeled(part, text=text, label=label, split=split) for part, split in _parts(source)]
    return (found[0], found[1]) if len(found) == len(_PARTS) else _held_out(found[0], test, seed)


def _parts(source: object) -> list[tuple[Any, str | None]]:
    """Return what to read: two parts with the names of their splits, or a source without parts."""
    if isinstance(source, str) and source in catalog.names():
        own = set(_PARTS) <= set(catalog.entry(source).splits)
        return [(source, split) for split in _PARTS] if own else [(source, None)]
    if isinstance(source, Mapping) and set(_PARTS) <= set(source):
        return [(source[part], None) for part in _PARTS]
    if isinstance(source, str | os.PathLike) and is_folder(source):
        paths = sorted(Path(source).iterdir())
        named = [[path for path in paths if path.name.split(".")[0] == part] for part in _PARTS]
        if all(len(matches) == 1 for matches in named):
            return [(matches[0], None) for matches in named]
    return [(source, None)]


def _held_out(table: LabeledTexts, test: float, seed: int) -> tuple[LabeledTexts, LabeledTexts]:
    """Divide a table at random, separately for each class."""
    first: dict[Any, int] = {}  # the first row of each text
    for row, document in enumerate(table.texts):
        first.setdefault(_key(document), row)
    classes: defaultdict[str, list[int]] = defaultdict(list)
    for row in first.values():
        classes[str(table.labels[row])].append(row)
    random = np.random.default_rng(seed)
    tested: set[int] = set()
    for _, rows in sorted(classes.items()):
        tested.update(random.permutation(rows)[: round(len(rows) * test)].tolist())
    parts: tuple[list[int], list[int]] = ([], [])
    for row, document in enumerate(table.texts):
        parts[first[_key(document)] in tested].append(row)
    if not all(parts):
        raise ValueError(
            f"test must leave at least one text in each part, got {test} of {len(table)} texts; use more texts"
        )
    return _rows(table, parts[0]), _rows(table, parts[1])


def _key(document: str | Sequence[str]) -> Any:
    return document if isinstance(document, str) else tuple(document)


def _rows(table: LabeledTexts, rows: list[int]) -> LabeledTexts:
    return LabeledTexts(texts=[table.texts[row] for row in rows], labels=[table.labels[row] for row in rows])
