"""Checks of labels, wherever they come from: a table, a fit, an evaluation."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.data.tables import dataset_column, is_nothing


def label_list(labels: Any, *, multi_label: bool = False, name: str = "labels") -> Any:
    """Return labels as one for each text; of a table or data set with a single column, that column.

    Args:
        labels: What should be a list or an array, or with ``multi_label`` an indicator matrix.
        multi_label: Whether a text may have several labels.
        name: Name of the labels in messages.

    Raises:
        TypeError: If they are a mapping, which would be read as its keys, a set, which has no order, or a data set of
            several columns.
        ValueError: If they have several columns, though a text has a single label.
    """
    labels = dataset_column(labels, name)
    if isinstance(labels, Mapping):
        raise TypeError(
            f"{name} must be a list, got a {type(labels).__name__}; pass list(labels.values()) if it is in the order "
            "of the texts"
        )
    if isinstance(labels, set | frozenset):
        raise TypeError(f"{name} must be in the order of the texts, got a {type(labels).__name__}; pass a list")
    shape: Any = getattr(labels, "shape", ())
    if len(shape) < 2:
        return labels
    if len(shape) == 2 and shape[1] == 1 and not hasattr(labels, "toarray"):
        column = labels.iloc[:, 0] if hasattr(labels, "iloc") else np.asarray(labels)[:, 0]
        # With multi_label, a column of zeros and ones is the indicator of a single class.
        return labels if multi_label and np.asarray(column).dtype != object else column
    if not multi_label:
        kind = f"a {type(labels).__name__} of shape {tuple(shape)}"
        if hasattr(labels, "columns"):
            kind = f"a table with the columns {', '.join(map(repr, list(labels.columns)[:3]))}" + ", ..." * (
                len(labels.columns) > 3
            )
        best = "idxmax" if hasattr(labels, "idxmax") else "argmax"
        raise ValueError(
            f"{name} must be one for each text, got {kind}; pass one column, {name}.{best}(axis=1) for a one-hot "
            "encoding, or set multi_label=True if a text may have several"
        )
    return labels


def is_unicode(text: str) -> bool:
    r"""Return whether a text can be written in UTF-8, which half of a surrogate pair cannot.

    >>> is_unicode("a"), is_unicode("\ud800")
    (True, False)
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)


def check_given(value: Any, place: str) -> None:
    """Check that a label is there.

    Args:
        value: The label.
        place: Words for the message, such as "row 3 of news.csv".

    Raises:
        ValueError: If it is missing (None or NaN) or empty.
    """
    if is_nothing(value) or (isinstance(value, str) and not value):
        raise ValueError(
            f"a label must be a class, got {value!r} for {place}; leave the row out or fill it in "
            "(files and tables: missing='skip')"
        )


def check_class(value: Any, place: str) -> str | int:
    """Return the label of a text with one label as plain Python.

    Args:
        value: The label. A float that is whole, as pandas makes of integers beside missing values, becomes an int.
        place: Words for the message.

    Raises:
        ValueError: If it is missing, empty or a float with a fraction.
        TypeError: If it is neither a str nor an int.
    """
    if isinstance(value, np.generic):
        value = value.item()
    check_given(value, place)
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        raise ValueError(
            f"a label must be a class, got the float {value!r} for {place}; "
            "round floats with .astype(int), or cut them into bins"
        )
    raise TypeError(
        f"a label must be a str or an int, got {type(value).__name__} for {place}; "
        "give each class a name, or say multi_label=True for lists"
    )


def check_classes(values: Iterable[Any], place: str) -> list[str | int]:
    """Return the labels of a text with any number of labels as plain Python.

    Args:
        values: The labels. Those of a set, which has no order of its own, are sorted.
        place: Words for the message.

    Raises:
        ValueError: If one is missing, empty, a float, or there twice.
        TypeError: If one is neither a str nor an int.
    """
    classes = [check_class(value, place) for value in values]
    if len(set(classes)) < len(classes):
        raise ValueError(
            f"labels must name each class of a text once, got {classes!r} for {place}; "
            "a matrix of zeros and ones must be an array"
        )
    return sorted(classes, key=repr) if isinstance(values, set | frozenset) else classes


def indicator_matrix(labels: Any) -> NDArray[np.int64] | None:
    """Return labels as a matrix of zeros and ones (texts, classes) if they are one, dense, sparse or a DataFrame.

    Raises:
        ValueError: If they are a matrix of something else.
    """
    if hasattr(labels, "toarray"):
        labels = labels.toarray()
    matrix = np.asarray(labels) if hasattr(labels, "shape") else None
    if matrix is None or matrix.ndim != 2:
        return None
    if not np.isin(matrix, (0, 1)).all():
        raise ValueError("labels must be 0 or 1 in an indicator matrix, got something else; 1 stands for has the class")
    return matrix.astype(np.int64)
