"""Texts without labels, such as those to classify."""

from collections.abc import Iterator, Sequence
from typing import Any

from textkit.data.columns import Choice
from textkit.data.corpus import corpus
from textkit.data.table_sources import table_rows
from textkit.data.tables import Document, Missing, check_missing, fill


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
    """Read texts without labels, one at a time, in constant memory.

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
    found = table_rows(source, choices, split, encoding, errors, delimiter, missing)
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
