"""Public data sets by name, and the corpora that come with the package: ``corpora/catalog.toml`` read.

A file is looked for in the folder named by ``TEXTKIT_DATA``, then in the user's cache (``TEXTKIT_CACHE``
names another one), then downloaded; wherever it is found, its hash is checked.
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
    """What the catalog knows of a data set.

    Attributes:
        name: The name by which it is asked for.
        title: What it is, in a line.
        kind: ``text``, ``table`` (rows with a text and a label), ``pairs`` (of words, with a human score) or
            ``analogies`` (questions of four words).
        license: As its source states it.
        files: A file for each split.
        tables: For the kind ``table``, how each split is written.
        home: A page about it; may be empty.
        note: What one should know of it; may be empty.
        shipped: Whether it comes with the package.
    """

    name: str
    title: str
    kind: Kind
    license: str
    files: Mapping[str, DataFile]
    tables: Mapping[str, TableFormat] = field(default_factory=dict)
    home: str = ""
    note: str = ""
    shipped: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in the order of the catalog."""
        return tuple(self.files)

    def split(self, split: str | None = None) -> str:
        """Check the name of a split; None stands for ``train``, or else for the first.

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
        """How a split of a table is written.

        Raises:
            ValueError: If the set is no table, or has no such split.
        """
        if self.kind != "table":
            raise ValueError(
                f"name must be that of a table, got {self.name!r} (kind {self.kind}); read it as {self.kind}"
            )
        return self.tables[self.split(split)]

    @property
    def text_column(self) -> str | None:
        """The column with the text in the default split; None if the set is no table."""
        return self.table().text_column if self.tables else None

    @property
    def label_column(self) -> str | None:
        """The column with the label in the default split; None if there is none."""
        return self.table().label_column if self.tables else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows of the default split; empty if the set is no table."""
        return self.table().row_columns if self.tables else ()

    @property
    def separator(self) -> str | tuple[str, ...] | None:
        """What stands between the columns of the default split; None if the set is no table."""
        return self.table().separator if self.tables else None

    @property
    def header(self) -> bool:
        """Whether the first line of the default split holds the names of the columns."""
        return self.table().header if self.tables else False


def names(kind: str | None = None) -> list[str]:
    """List the names of the catalog.

    Args:
        kind: Only those of one kind: ``text``, ``table``, ``pairs`` or ``analogies``.

    Returns:
        The names, in alphabetical order.

    Raises:
        ValueError: If there is no such kind.

    >>> names("analogies")
    ['google-analogies', 'msr-analogies']
    """
    if kind is not None and kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}; choose one of them")
    return sorted(name for name, known in _catalog().items() if kind in (None, known.kind))


def entry(name: str) -> CatalogEntry:
    """Look up a data set.

    Args:
        name: One of ``names()``.

    Returns:
        What the catalog knows of it.

    Raises:
        ValueError: If the name is not in the catalog; the message has the closest ones and the whole list.

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
    """Find a file of a data set on this machine, or download it.

    Args:
        name: One of ``names()``.
        split: One of the set's splits; None stands for ``train``, or else for the first.

    Returns:
        The path of the file (of the folder, for a set that is one), its hash checked.

    Raises:
        ValueError: If there is no such set or split, or if the file has a wrong hash.
        FileNotFoundError: If it is not on this machine and no public address is known.
        ConnectionError: If it is not on this machine and cannot be downloaded.
        NotADirectoryError: If ``TEXTKIT_DATA`` names no folder.

    >>> locate("tales").name
    'tales.txt'
    """
    known = entry(name)
    split = known.split(split)
    file = known.files[split]
    if known.shipped:
        return corpora_folder() / file.path
    own, cache = data_folder(), cache_folder()
    for root in (own, cache):
        if root is not None and (found := find_file(file, root, keep_aside=root is cache)):
            return found
    what = f"data set {name!r} (split {split!r}) must be on this machine or at its address"
    where = f"in {own} (TEXTKIT_DATA)" if own else "in a folder that you name in TEXTKIT_DATA"
    remedy = f"put the file there by hand: as {file.path} {where} or as {file.target[0]} in {cache} (the cache)"
    remedy += _other_splits(known, split, own, cache)
    if not file.address:
        raise FileNotFoundError(f"{what}, got neither: no public address is known; {remedy}")
    try:
        for part in file.parts():
            if find_file(part, cache, keep_aside=True) is None:
                download(part, cache)
    except ConnectionError as error:
        raise ConnectionError(f"{what}, got neither: {error}; {remedy}") from error
    return cache / file.path if file.files else cache / file.target[0]


def rows(name: str, split: str | None = None) -> Iterator[dict[str, str]]:
    """Read a split of a table row by row, labels by their names.

    Args:
        name: One of ``names("table")``.
        split: One of its splits; None stands for ``train``, or else for the first.

    Returns:
        The rows: column name -> text.

    Raises:
        ValueError: If the set is no table, or a row is not as the catalog says.
        OSError: Where ``locate`` raises one.

    >>> next(rows("names"))
    {'name': 'Ahmad', 'language': 'Arabic'}
    """
    table = entry(name).table(split)
    return read_table(locate(name, split), table)


def corpora_folder() -> Path:
    """The folder of the catalog and the shipped corpora: in an installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: If the installation lacks it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "corpora", package.parent / "corpora"):
        if (folder / "catalog.toml").is_file():
            return folder
    raise FileNotFoundError(f"{package / 'corpora'} must hold catalog.toml, got nothing; install textkit again")


def read_catalog(path: str | os.PathLike[str]) -> dict[str, CatalogEntry]:
    """Read a catalog file; the comment at the head of ``corpora/catalog.toml`` describes the format.

    Raises:
        ValueError: If an entry has an unknown key, lacks one, or is of an unknown kind.
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
    kept = {key: value for key, value in section.items() if key not in ("splits", "table")}
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
    known = CatalogEntry(name=name, files=files, tables=tables, **kept)
    if known.kind not in get_args(Kind) or (known.kind == "table") != bool(tables) or not files:
        raise ValueError(
            f"kind must be one of {', '.join(get_args(Kind))}, with a table if it is one, got {known.kind!r}"
        )
    return known


def _other_splits(known: CatalogEntry, split: str, own: Path | None, cache: Path) -> str:
    """Name the splits that are on this machine, hashes unchecked, for the error about one that is not."""
    roots = [root for root in (own, cache) if root is not None]
    here = [
        other
        for other, file in known.files.items()
        if other != split and any((root / path).exists() for root in roots for path, _ in file.forms())
    ]
    return f" (of its splits, {', '.join(here)} are here)" if here else ""
