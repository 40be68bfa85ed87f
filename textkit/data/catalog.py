"""The catalog of named data sets, both public ones and those shipped with the package: ``corpora/catalog.toml``.

A file is looked up in the folder named by ``TEXTKIT_DATA``, then in the user's cache (or in the folder named by
``TEXTKIT_CACHE``), and otherwise downloaded; its hash is always checked.
"""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from textkit.data.catalog_tables import TableFormat, read_table
from textkit.data.data_files import DataFile, cache_folder, data_folder, find_file
from textkit.data.download import download

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

Kind = Literal["text", "table", "pairs", "analogies"]


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """A data set in the catalog.

    Attributes:
        name: Name of the data set in the catalog.
        title: One-line description.
        kind: ``text``, ``table`` (rows with a text and a label), ``pairs`` (word pairs with a human score) or
            ``analogies`` (questions of four words).
        license: License, as stated by the source.
        files: File of each split.
        tables: Table format of each split; empty unless the kind is ``table``.
        home: URL of its home page; may be empty.
        note: Remarks for users; may be empty.
        huggingface: Name on the Hugging Face Hub, and configuration if it has several: the arguments of
            ``datasets.load_dataset``. Empty if there is no such data set.
        shipped: Whether the data set ships with the package.
    """

    name: str
    title: str
    kind: Kind
    license: str
    files: Mapping[str, DataFile]
    tables: Mapping[str, TableFormat] = field(default_factory=dict)
    home: str = ""
    note: str = ""
    huggingface: tuple[str, ...] = ()
    shipped: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in the order of the catalog."""
        return tuple(self.files)

    def split(self, split: str | None = None) -> str:
        """Validate the name of a split; None selects ``train``, or the first split if there is no ``train``.

        Raises:
            ValueError: If there is no such split.
        """
        if split is None:
            return "train" if "train" in self.files else self.splits[0]
        if split not in self.files:
            raise ValueError(
                f"split must be one of {', '.join(self.splits)} for {self.name!r}, got {split!r}; choose one"
            )
        return split

    def table(self, split: str | None = None) -> TableFormat:
        """Return the table format of a split.

        Raises:
            ValueError: If the data set is not a table, or has no such split.
        """
        if self.kind != "table":
            raise ValueError(f"name must name a table, got {self.name!r} (kind {self.kind}); read it as {self.kind}")
        return self.tables[self.split(split)]

    @property
    def text_column(self) -> str | None:
        """Text column of the default split; None if the data set is not a table."""
        return self.table().text_column if self.tables else None

    @property
    def label_column(self) -> str | None:
        """Label column of the default split; None if it has no labels."""
        return self.table().label_column if self.tables else None


def names(kind: str | None = None) -> list[str]:
    """List the data sets in the catalog.

    Args:
        kind: Restrict the list to one kind: ``text``, ``table``, ``pairs`` or ``analogies``.

    Returns:
        The names, in alphabetical order.

    Raises:
        ValueError: If there is no such kind.

    >>> names("analogies")
    ['google-analogies', 'msr-analogies']
    """
    if kind is not None and kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}; choose one of them")
    return sorted(name for name, data_set in _catalog().items() if kind in (None, data_set.kind))


def entry(name: str) -> CatalogEntry:
    """Look up a data set.

    Args:
        name: One of ``names()``.

    Returns:
        The catalog entry.

    Raises:
        ValueError: If the name is not in the catalog; the message suggests the closest names and lists all of them.

    >>> entry("tinyshakespeare").kind
    'text'
    >>> entry("reviews").text_column
    'text'
    """
    catalog = _catalog()
    if name not in catalog:
        close = difflib.get_close_matches(str(name).lower(), catalog, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
        raise ValueError(f"name must be in the catalog, got {name!r}; {hint}it has {', '.join(names())}")
    return catalog[name]


def locate(name: str, split: str | None = None) -> Path:
    """Find a file of a data set on this machine, or download it, and check its hash.

    Args:
        name: One of ``names()``.
        split: One of the splits; None selects ``train``, or the first split if there is no ``train``.

    Returns:
        The path of the file, or of the folder if the data set is a folder of files.

    Raises:
        ValueError: If there is no such data set or split, or if the file has a wrong hash.
        FileNotFoundError: If the file is not on this machine and no public address is known.
        ConnectionError: If the file is not on this machine and cannot be downloaded.
        NotADirectoryError: If ``TEXTKIT_DATA`` does not name a folder.

    >>> locate("tales").name
    'tales.txt'
    """
    data_set = entry(name)
    split = data_set.split(split)
    file = data_set.files[split]
    if data_set.shipped:
        return corpora_folder() / file.path
    user_folder, cache = data_folder(), cache_folder()
    for root in (user_folder, cache):
        if root is not None and (path := find_file(file, root, keep_aside=root is cache)):
            return path
    rule = f"data set {name!r} (split {split!r}) must be on this machine or available for download"
    where = f"in {user_folder} (TEXTKIT_DATA)" if user_folder else "in the folder named by TEXTKIT_DATA"
    remedy = f"provide the file as {file.path} {where}, or as {file.target[0]} in {cache} (the cache)"
    remedy += _other_splits(data_set, split) + _on_the_hub(data_set)
    if not file.address:
        raise FileNotFoundError(f"{rule}, got neither: no public address is known; {remedy}")
    try:
        for part in file.parts():
            if find_file(part, cache, keep_aside=True) is None:
                download(part, cache)
    except ConnectionError as error:
        raise ConnectionError(f"{rule}, got neither: {error}; {remedy}") from error
    return cache / file.path if file.files else cache / file.target[0]


def find(name: str, split: str | None = None) -> Path | None:
    """Find a file of a data set on this machine, without checking its hash; None if it is not there.

    Args:
        name: One of ``names()``.
        split: One of the splits; None selects ``train``, or the first split if there is no ``train``.

    Raises:
        ValueError: If there is no such data set or split.
        NotADirectoryError: If ``TEXTKIT_DATA`` does not name a folder.

    >>> find("tales").name
    'tales.txt'
    """
    data_set = entry(name)
    file = data_set.files[data_set.split(split)]
    roots = [corpora_folder()] if data_set.shipped else [data_folder(), cache_folder()]
    paths = (root / path for root in roots if root is not None for path, _ in file.forms())
    return next((path for path in paths if path.exists()), None)


def rows(name: str, split: str | None = None) -> Iterator[dict[str, str]]:
    """Iterate over the rows of a table, with labels as names.

    Args:
        name: One of ``names("table")``.
        split: One of its splits; None selects ``train``, or the first split if there is no ``train``.

    Returns:
        The rows, each a mapping from column name to text.

    Raises:
        ValueError: If the data set is not a table, or a row does not match the catalog.
        OSError: As ``locate``.

    >>> next(rows("names"))
    {'name': 'Ahmad', 'language': 'Arabic'}
    """
    table = entry(name).table(split)
    return read_table(locate(name, split), table)


def corpora_folder() -> Path:
    """Return the folder of the catalog and the shipped corpora: in an installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: If the folder is missing from the installation.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "corpora", package.parent / "corpora"):
        if (folder / "catalog.toml").is_file():
            return folder
    raise FileNotFoundError(f"{package / 'corpora'} must contain catalog.toml, which is missing; reinstall textkit")


def read_catalog(path: str | os.PathLike[str]) -> dict[str, CatalogEntry]:
    """Read a catalog file; the comment at the head of ``corpora/catalog.toml`` describes the format.

    Raises:
        ValueError: If an entry has an unknown key, a missing key or an unknown kind.
    """
    with open(path, "rb") as file:
        sections: dict[str, dict[str, Any]] = tomllib.load(file)
    catalog = {}
    for name, section in sections.items():
        try:
            catalog[name] = _read_entry(name, section)
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"{path}, section [{name}]: {error}; correct the catalog") from error
    return catalog


@lru_cache(maxsize=1)
def _catalog() -> dict[str, CatalogEntry]:
    return read_catalog(corpora_folder() / "catalog.toml")


def _read_entry(name: str, section: dict[str, Any]) -> CatalogEntry:
    attributes = {key: value for key, value in section.items() if key not in ("splits", "table")}
    attributes["huggingface"] = tuple(section.get("huggingface", ()))
    files, tables = {}, {}
    for split, description in section["splits"].items():
        description = dict(description)
        table = description.pop("table", section.get("table"))
        files[split] = DataFile(**description)
        if table is not None:
            options: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
            }
            tables[split] = TableFormat(**options)
    data_set = CatalogEntry(name=name, files=files, tables=tables, **attributes)
    if data_set.kind not in get_args(Kind) or (data_set.kind == "table") != bool(tables) or not files:
        raise ValueError(
            f"kind must be one of {', '.join(get_args(Kind))}, with a table format only for a table, "
            f"got {data_set.kind!r}"
        )
    return data_set


def _other_splits(data_set: CatalogEntry, split: str) -> str:
    """Name the other splits that are on this machine, for the error about a missing split."""
    available = [other for other in data_set.splits if other != split and find(data_set.name, other)]
    return f" (on this machine: {', '.join(available)})" if available else ""


def _on_the_hub(data_set: CatalogEntry) -> str:
    """Say how to load a data set from the Hugging Face Hub, for the error about a missing file."""
    arguments = ", ".join(map(repr, data_set.huggingface))
    return f"; or pass datasets.load_dataset({arguments}) in place of the name" if arguments else ""
