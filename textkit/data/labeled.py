"""Texts and their labels, from a table or from memory: what a classifier learns from and is measured on."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from textkit.data import catalog
from textkit.data.columns import Choice, Row, choose_columns
from textkit.data.corpus import corpus, open_corpus
from textkit.data.folders import class_rows, is_folder
from textkit.data.label_checks import check_class, check_classes, label_list
from textkit.data.tables import (
    TABLES,
    Document,
    Missing,
    arrow_rows,
    check_missing,
    check_no_delimiter,
    dataset_rows,
    file_rows,
    fill,
    frame_rows,
    is_nothing,
    is_table,
    loaded_classes,
    take_split,
)
from textkit.files.archives import in_archive
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
    """

    texts: list[Document]
    labels: list[Any]

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
        unused = {"text": text, "label": label, "split": split, "delimiter": delimiter, "member": member}
        if given := [name for name, value in unused.items() if value is not None]:
            raise ValueError(f"{given[0]} must be None for a pair (texts, labels), got another; leave it out")
    else:
        choices = [Choice(column=text, argument="text", usual="text")]
        choices += [Choice(column=label, argument="label", usual="label")]
        found = _rows(source, choices, split, encoding, errors, delimiter, missing, member)
        if found is None:
            raise TypeError(
                f"source must be a table ({', '.join(TABLES)}, a DataFrame or a Dataset), a catalog name or a "
                f"pair (texts, labels), got {_described(source)}; give its texts and labels as a pair"
            )
        rows, written = found
    texts: list[Document] = []
    labels: list[Any] = []
    with ReadingBar(size=_file_size(source) if progress else None, unit="rows", show=progress, brief=True) as bar:
        for place, (document, value) in rows:
            filled = fill(document, place, missing)
            if label_separator is not None and isinstance(value, str):
                value = [name for part in value.split(label_separator) if (name := part.strip())]
            if filled is None or (missing == "skip" and (is_nothing(value) or (isinstance(value, str) and not value))):
                continue
            texts.append(filled)
            labels.append(check_label(value, place))
            if not len(texts) % _COUNTED:
                bar.count(len(texts))
    if not texts:
        raise ValueError(f"source must hold at least one text, got none in {_described(source)}; is it empty?")
    if written:
        _check_numbers(labels, _described(source))
    return LabeledTexts(texts=texts, labels=labels)


def read_texts(
    source: object,
    *,
    text: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    delimiter: str | None = None,
    missing: Missing = "error",
) -> Iterator[Document | None]:
    """Read texts without labels, one after another; nothing is held in memory.

    Args:
        source: All that ``read_labeled`` takes, save a pair; a text file with a text on each line; or an iterable of
            texts.
        text: The column with the text, as for ``read_labeled``.
        split: The split of a catalog name or a ``datasets.DatasetDict``.
        encoding: The encoding of files.
        errors: What becomes of bytes that are not in the encoding.
        delimiter: Field separator, as for ``read_labeled``.
        missing: What to do with a missing text; with "skip" it is None, as is an empty one, so that each row has its
            item. Lines of a text file are never missing.

    Returns:
        An iterator over documents, each a str or a list of tokens; with ``missing="skip"`` also None. Errors in the
        content are raised while it runs.

    Raises:
        ValueError: If the column is missing, a text is None or NaN, or the encoding is unknown.
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If a path is a folder.
        TypeError: If ``source`` is nothing of the above.

    >>> next(read_texts("names"))
    'Ahmad'
    """
    options: dict[str, Any] = {"encoding": encoding, "errors": errors, "delimiter": delimiter, "missing": missing}
    return (document for document, _ in read_text_rows(source, (), text=text, split=split, **options))


def read_text_rows(
    source: object,
    keep: Sequence[str],
    *,
    text: str | None = None,
    split: str | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    delimiter: str | None = None,
    missing: Missing = "error",
) -> Iterator[tuple[Document | None, tuple[Any, ...]]]:
    """Read texts like `read_texts`, each with the values of other columns of its row.

    Args:
        source: As for `read_texts`.
        keep: Names of the other columns.
        text: As for `read_texts`.
        split: As for `read_texts`.
        encoding: As for `read_texts`.
        errors: As for `read_texts`.
        delimiter: As for `read_texts`.
        missing: As for `read_texts`.

    Returns:
        An iterator over pairs of a document and its values, which are str in .csv and .tsv files.

    Raises:
        ValueError: As `read_texts`, if a column to keep is missing, or the source is no table.
    """
    check_missing(missing)
    choices = text_choices(text, keep)
    found = _rows(source, choices, split, encoding, errors, delimiter, missing)
    if found is not None:
        return ((fill(values[0], place, missing), values[1:]) for place, values in found[0])
    if keep:
        raise ValueError(
            f"keep must be left out with a source that is no table, got {', '.join(keep)}; it has no columns"
        )
    documents = corpus(source, column=text, split=split, encoding=encoding, errors=errors, delimiter=delimiter)
    return ((document, ()) for document in documents)


def text_choices(text: str | None, keep: Sequence[str]) -> list[Choice]:
    """Return the choice of the text column, and of the columns to keep beside it."""
    return [
        Choice(column=text, argument="text", usual="text"),
        *(Choice(column=name, argument="keep") for name in keep),
    ]


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


def _rows(
    source: object,
    choices: Sequence[Choice],
    split: str | None,
    encoding: str,
    errors: str,
    delimiter: str | None,
    missing: Missing,
    member: str | None = None,
) -> tuple[Iterator[Row], bool] | None:
    """Read columns of a table; also whether numbers are written out in it; None if the source is no table."""
    if isinstance(source, str) and source in catalog.names():
        rows = _catalog_rows(source, choices, split)
        check_no_delimiter(delimiter, repr(source))
        if member is not None:
            raise ValueError(f"member must be None for the catalog name {source!r}, got {member!r}; omit it")
        return None if rows is None else (rows, False)
    source, split = take_split(source, split)
    if isinstance(source, loaded_classes("datasets", "Dataset", "IterableDataset")):
        rows = _named(source, choices)
    elif isinstance(source, loaded_classes("pandas", "DataFrame")):
        rows = frame_rows(source, choices)
    elif isinstance(source, loaded_classes("pyarrow", "Table")):
        rows = arrow_rows(source, choices)
    elif isinstance(source, str | os.PathLike) and is_folder(source):
        rows = class_rows(Path(source), choices, encoding=encoding, errors=errors)
    elif isinstance(source, str | os.PathLike):
        # what is wrong with any file is wrong here too
        open_corpus(Path(source), encoding=encoding, errors=errors, member=member)
        path, member = in_archive(Path(source), member), None
        if not is_table(path):
            return None
        rows = file_rows(path, choices, encoding=encoding, errors=errors, delimiter=delimiter, missing=missing)
        delimiter = None
    else:
        return None
    check_no_delimiter(delimiter, _described(source))
    if member is not None:
        raise ValueError(
            f"member must be None for {_described(source)}, got {member!r}; it names a file in a .zip archive"
        )
    if split is not None:
        raise ValueError(f"split must be None for {_described(source)}, got {split!r}; leave it out")
    return rows, isinstance(source, str | os.PathLike)


def _catalog_rows(name: str, choices: Sequence[Choice], split: str | None) -> Iterator[Row] | None:
    known = catalog.entry(name)
    if known.kind != "table":
        return None
    table = known.table(split)
    usual = {"text": table.text_column, "label": table.label_column}
    named = [
        Choice(column=usual[choice.argument] if choice.column is None else choice.column, argument=choice.argument)
        for choice in choices
    ]
    columns = choose_columns(named, table.row_columns, repr(name))
    return (
        Row(f"row {number} of {name!r}", tuple(row[column] for column in columns))
        for number, row in enumerate(catalog.rows(name, split), start=1)
    )


def _named(dataset: Any, choices: Sequence[Choice]) -> Iterator[Row]:
    """Read columns of a data set, class ids as the names that its features have for them."""
    rows = dataset_rows(dataset, choices)
    if not dataset.features:  # a stream that has not been told of any
        return rows
    columns = choose_columns(choices, dataset.features, "the data set")
    names = [_names_of(dataset.features[column]) for column in columns]
    if not any(names):
        return rows
    return (Row(place, tuple(map(_name, values, names, [place] * len(names)))) for place, values in rows)


def _names_of(feature: Any) -> list[str] | None:
    """The names of a ``ClassLabel``, or of a list of them."""
    if isinstance(feature, list):
        feature = feature[0]
    found = getattr(getattr(feature, "feature", feature), "names", None)
    return found if isinstance(found, list) else None


def _name(value: Any, names: list[str] | None, place: str) -> Any:
    if names is None or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_name(item, names, place) for item in value]
    if not 0 <= value < len(names):  # -1 is what public test sets without labels have
        raise ValueError(
            f"a label must be a class from 0 to {len(names) - 1}, got {value} for {place}; leave the row out"
        )
    return names[value]


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


def _described(source: object) -> str:
    return repr(os.fspath(source)) if isinstance(source, str | os.PathLike) else type(source).__name__


# the spelling of 0.1.0
read_labelled = read_labeled
LabelledTexts = LabeledTexts
