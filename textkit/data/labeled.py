"""Texts and their labels, from a table or from memory: what a classifier learns from and is measured on."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from textkit.data import catalog
from textkit.data.columns import Choice, Row
from textkit.data.label_checks import check_class, check_classes, label_list
from textkit.data.table_sources import described, table_rows
from textkit.data.tables import TABLES, Document, Missing, check_missing, fill, is_nothing
from textkit.files.compression import size_on_disk
from textkit.progress import ReadingBar

Label: TypeAlias = str | int
"""The name of a class. Where a text may be of several classes, its label is a list of them."""

_SHOWN = 3  # values in a message
_COUNTED = 1000  # rows between two moves of the bar


@dataclass(frozen=True, kw_only=True)
class LabeledTexts:
    """Texts, each with a label.

    Attributes:
        texts: Each a str, or a list of tokens.
        labels: As many: classes, or lists of classes.
        weights: As many: how much each text counts; None without a column of weights.
    """

    texts: list[Document]
    labels: list[Any]
    weights: list[float] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield the texts, then the labels: ``X, y = read_labeled(...)``."""
        return iter((self.texts, self.labels))


def read_labeled(
    source: object,
    *,
    text: str | None = None,
    label: str | None = None,
    weight: str | None = None,
    split: str | None = None,
    label_separator: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    delimiter: str | None = None,
    missing: Missing = "error",
    member: str | None = None,
    progress: bool = False,
) -> LabeledTexts:
    """Read texts and labels.

    Args:
        source: One of these:

            - A name in the catalog, such as "reviews". A file of that name is written "./reviews".
            - A path, as a str or a Path: .csv, .tsv, .jsonl or .ndjson, .json with an array of objects, or .parquet.
              All but .parquet may end in .gz, .xz, .bz2 or .zst too, or be in a .zip archive. Labels of .csv and .tsv
              are str.
            - A pandas DataFrame; a ``datasets.Dataset`` or ``IterableDataset``, whose ``ClassLabel`` features give
              their names, or a dictionary of them with ``split``.
            - A pyarrow Table.
            - A folder with a folder for each class, whose files are its texts, as for scikit-learn's ``load_files``.
            - A pair (texts, labels), or a list of pairs (text, label).
        text: The column with the text; None for that of the catalog, or else the one called "text".
        label: The column with the label; None for that of the catalog, or else the one called "label".
        weight: The column with the weight of each text, a number of at least 0, for ``sample_weight`` of
            `TextClassifier.fit`; None for no weights.
        split: The split of a catalog name or a ``datasets.DatasetDict``, such as "test".
        label_separator: What stands between the classes where one cell of text holds several, such as ";"; every
            label is then a list. None takes a cell for one class.
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding: "strict", "replace" or "ignore".
        delimiter: Field separator of .csv and .tsv files, one character or "tab". None detects a comma, semicolon, tab
            or bar in .csv files.
        missing: What to do with a row whose text or label is missing (None, NaN, an empty label, or a JSON object
            without the column): "error" raises a ValueError; "skip" leaves the row out, also where its text is empty;
            "empty" reads a missing text as an empty one, while a missing label remains an error.
        member: Name of the file to read in a .zip archive with several files.
        progress: Whether to show progress on stderr, if it takes more than a second.

    Returns:
        Texts and labels, in the order of the source. Labels that are whole floats, such as 1.0, become int.

    Raises:
        ValueError: If a column is missing, a text or label is None, NaN or (for a label) empty, labels are floats,
            the numbers of texts and labels differ, the encoding is unknown, or there is no row.
        FileNotFoundError: If there is no such file, and a str is no catalog name either.
        TypeError: If ``source`` is nothing of the above, or a label is neither a class nor a list of classes.

    >>> read_labeled((["good", "bad"], ["positive", "negative"])).labels
    ['positive', 'negative']
    >>> found = read_labeled("names")
    >>> len(found), found.texts[0], found.labels[0]
    (1818, 'Ahmad', 'Arabic')
    """
    if label_separator == "":
        raise ValueError("label_separator must be at least one character, got ''; write ';' or None")
    check_missing(missing)
    if isinstance(source, list) and source and all(isinstance(row, tuple) and len(row) == 2 for row in source):
        source = ([text for text, _ in source], [label for _, label in source])
    if isinstance(source, tuple) and len(source) == 2:
        rows, written = _pair(*source), False
        unused = {
            "text": text,
            "label": label,
            "weight": weight,
            "split": split,
            "delimiter": delimiter,
            "member": member,
        }
        if given := [name for name, value in unused.items() if value is not None]:
            raise ValueError(f"{given[0]} must be None for a pair (texts, labels), got another; leave it out")
    else:
        choices = [Choice(column=text, argument="text", usual="text")]
        choices += [Choice(column=label, argument="label", usual="label")]
        choices += [Choice(column=weight, argument="weight")] if weight is not None else []
        found = table_rows(source, choices, split, encoding, errors, delimiter, missing, member)
        if found is None:
            raise TypeError(
                f"source must be a table ({', '.join(TABLES)}, a DataFrame or a Dataset), a catalog name or a "
                f"pair (texts, labels), got {described(source)}; give its texts and labels as a pair"
            )
        rows, written = found
    texts: list[Document] = []
    labels: list[Any] = []
    weights: list[float] = []
    with ReadingBar(size=_file_size(source) if progress else None, unit="rows", show=progress, brief=True) as bar:
        for place, (document, value, *others) in rows:
            filled = fill(document, place, missing)
            if label_separator is not None and isinstance(value, str):
                value = [name for part in value.split(label_separator) if (name := part.strip())]
            if filled is None or (missing == "skip" and (is_nothing(value) or (isinstance(value, str) and not value))):
                continue
            texts.append(filled)
            labels.append(check_label(value, place))
            weights.extend(_weight(other, place) for other in others)
            if not len(texts) % _COUNTED:
                bar.count(len(texts))
    if not texts:
        raise ValueError(f"source must hold at least one text, got none in {described(source)}; is it empty?")
    if written:
        _check_numbers(labels, described(source))
    return LabeledTexts(texts=texts, labels=labels, weights=None if weight is None else weights)


def check_label(value: Any, place: str) -> Any:
    """Return a label as plain Python: a str, an int, or a list of them.

    Args:
        value: The label.
        place: Words for the message, such as "row 3 of news.csv".

    Raises:
        ValueError: If it is missing (None, NaN or empty), a float, or has a class twice.
        TypeError: If it is neither a class nor a list of classes.

    >>> check_label(np.int64(3), "row 1"), check_label(("a", "b"), "row 2")
    (3, ['a', 'b'])
    """
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return check_classes(value, place)
    return check_class(value, place)


def _weight(value: Any, place: str) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise ValueError(f"a weight must be a finite number of at least 0, got {value!r} for {place}; correct it")
    return weight


def _pair(texts: Any, labels: Any) -> Iterator[Row]:
    for name, values in (("texts", texts), ("labels", labels)):
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise TypeError(f"{name} must be a list, got {type(values).__name__}; pass one for each text")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):
        raise TypeError(f"texts must be a list, got {type(texts).__name__}; pass one of its columns")
    # A matrix of zeros and ones is not refused here: its rows are read like lists of labels.
    labels = label_list(labels, multi_label=not hasattr(labels, "columns"))
    texts, labels = list(texts), list(labels)
    if len(texts) != len(labels):
        raise ValueError(f"labels must be as many as texts, got {len(labels)} for {len(texts)}; pair them again")
    pairs = enumerate(zip(texts, labels, strict=True), start=1)
    return (Row(f"row {number} of texts and labels", pair) for number, pair in pairs)


def _check_numbers(labels: list[Any], place: str) -> None:
    """Refuse scores that a text file has as a column of numbers with fractions: each would be a class of its own."""
    values = {label for label in labels if isinstance(label, str)}
    try:
        numbers = sorted({float(value) for value in values})
    except ValueError:
        return
    if fractions := [number for number in numbers if not number.is_integer()]:
        shown = ", ".join(map(str, fractions[:_SHOWN])) + (", ..." if len(fractions) > _SHOWN else "")
        raise ValueError(f"label must be classes, got the floats {shown} in {place}; round or bin them")


def _file_size(source: object) -> int | None:
    if not isinstance(source, str | os.PathLike) or source in catalog.names():
        return None
    return size_on_disk(source)


# the spelling of 0.1.0
read_labelled = read_labeled
LabelledTexts = LabeledTexts
