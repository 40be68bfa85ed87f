"""Labels of texts: which classes there are, and each label as the number of its class."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import DataConversionWarning

from textkit.data.label_checks import check_class, check_classes, indicator_matrix, is_unicode, label_list
from textkit.data.tables import dataset_column

ClassWeight = Literal["balanced"] | Mapping[Any, float] | None


def label_column(labels: Any, *, multi_label: bool, name: str = "labels") -> Any:
    """Return labels as one for each text, with the warnings that scikit-learn's classifiers give.

    Args:
        labels: A list, an array, a Series, or one column of shape (texts, 1); with ``multi_label`` also an indicator
            matrix.
        multi_label: Whether a text may have several labels.
        name: Name of the labels in messages.

    Raises:
        TypeError: If they are a mapping or a set.
        ValueError: If they have several columns, though a text has a single label.
    """
    labels = dataset_column(labels, name)
    column = label_list(labels, multi_label=multi_label, name=name)
    if multi_label:
        return column
    if column is not labels:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. "
            f"Pass {name} of shape (texts,), for example with .ravel(), to silence this.",
            DataConversionWarning,
            stacklevel=5,
        )
    if getattr(getattr(column, "dtype", None), "kind", "") == "f" and len(column) and np.isfinite(column).all():
        whole = np.asarray(column)
        if (whole == np.floor(whole)).all():
            warnings.warn(
                f"{name} are floats without fractions, such as {float(whole[0])}, and become the classes "
                f"{int(whole[0])} and so on; pass integers or str to silence this",
                stacklevel=5,
            )
    return column


def found_classes(labels: Any, *, multi_label: bool, known: NDArray[Any] | None = None) -> NDArray[Any]:
    """The classes of some labels, sorted.

    Args:
        labels: (texts,) str, int or bool; or, where a text may have several, an indicator matrix (texts, classes) or a
            list of labels for each text.
        multi_label: Whether a text may have several.
        known: (classes,) further classes, which the labels need not have; None without. They name the columns of an
            indicator matrix.

    Returns:
        (classes,); the columns' numbers for an indicator matrix.

    Raises:
        ValueError: If a label is missing, empty or a float, a text has a class twice, there are fewer than two classes,
            or labels are of several kinds.
        TypeError: If a label is neither a str nor an int.

    >>> found_classes(["bad", "good", "bad"], multi_label=False).tolist()
    ['bad', 'good']
    >>> found_classes([["a", "b"], []], multi_label=True).tolist()
    ['a', 'b']
    """
    if multi_label and (matrix := indicator_matrix(labels)) is not None:
        return np.arange(matrix.shape[1]) if known is None else known
    flat = list(chain.from_iterable(_listed_classes(labels))) if multi_label else _single_classes(labels)
    classes = np.unique(_array(flat if known is None else [*known.tolist(), *flat]))
    if broken := [label for label in classes.tolist() if isinstance(label, str) and not is_unicode(label)]:
        raise ValueError(
            f"a label must be valid Unicode, got {broken[0]!r} with half of a surrogate pair; correct its encoding"
        )
    least = 1 if multi_label else 2
    if len(classes) < least:
        got = f"only {classes.tolist()[0]!r}" if len(classes) else "none"
        raise ValueError(f"labels must have at least {least} classes, got {got}; add texts of another class")
    return classes


def class_ids(labels: Any, classes: NDArray[Any], *, multi_label: bool) -> torch.Tensor:
    """Labels as numbers of their classes.

    Args:
        labels: As for `found_classes`.
        classes: (classes,) sorted.
        multi_label: Whether a text may have several.

    Returns:
        (texts,) int64; or (texts, classes) float32, 1 for each class that a text has.

    Raises:
        ValueError: If a label is missing, empty, a float, or not among the classes, or a text has a class twice.
        TypeError: If a label is neither a str nor an int.

    >>> class_ids(["good", "bad"], np.array(["bad", "good"]), multi_label=False).tolist()
    [1, 0]
    """
    if not multi_label:
        return torch.from_numpy(_numbers(_single_classes(labels), classes))
    if (matrix := indicator_matrix(labels)) is not None:
        if matrix.shape[1] != len(classes):
            raise ValueError(
                f"labels must have a column for each of {len(classes)} classes, got {matrix.shape[1]}; "
                "give the matrix the columns of the training"
            )
        return torch.from_numpy(matrix.astype(np.float32))
    rows = _listed_classes(labels)
    targets = np.zeros((len(rows), len(classes)), np.float32)
    numbers = _numbers(list(chain.from_iterable(rows)), classes)
    targets[np.repeat(np.arange(len(rows)), [len(row) for row in rows]), numbers] = 1
    return torch.from_numpy(targets)


def class_weights(
    class_weight: ClassWeight,
    classes: NDArray[Any],
    targets: torch.Tensor,
    sample_weights: torch.Tensor | None = None,
) -> torch.Tensor | None:
    """How much each class counts in the loss.

    Args:
        class_weight: "balanced" for texts over (classes * texts of the class), or, where a text may have several
            labels, for texts without the class over those with it; a weight for each class; or None.
        classes: (classes,).
        targets: What `class_ids` returned.
        sample_weights: (texts,) weights of the texts, with which "balanced" counts them; None to count each once.

    Returns:
        (classes,) float32; None if all count alike. Where a text may have several labels, it weighs the texts that have
        the class.

    Raises:
        ValueError: If a class is not there, or a weight is not a finite number above 0.
    """
    if class_weight is None:
        return None
    if class_weight == "balanced":
        least = 1 if sample_weights is None else float(sample_weights.min())
        if targets.ndim > 1:
            weighted = targets if sample_weights is None else targets * sample_weights[:, None]
            counts = weighted.sum(0).clamp(min=least)
            return (len(targets) - counts).clamp(min=least) / counts
        counts = torch.bincount(targets, sample_weights, minlength=len(classes)).clamp(min=least)
        return len(targets) / (len(classes) * counts)
    if not isinstance(class_weight, Mapping):
        raise ValueError(f"class_weight must be None, 'balanced' or a dict, got {class_weight!r}; try 'balanced'")
    if unknown := [label for label in class_weight if label not in classes.tolist()]:
        raise ValueError(
            f"class_weight must name classes of the labels, got {unknown[0]!r}; they are {_listed(classes)}"
        )
    weights = [float(class_weight.get(label, 1.0)) for label in classes.tolist()]
    for label, weight in zip(classes.tolist(), weights, strict=True):
        if not 0 < weight < float("inf"):
            raise ValueError(f"class_weight must be a finite number above 0 for each class, got {weight} for {label!r}")
    return torch.tensor(weights)


def _listed_classes(labels: Any) -> list[list[str | int]]:
    """Return the labels of each text of a multi-label task."""
    rows = []
    for row, label in enumerate(labels, start=1):
        if isinstance(label, str) or not isinstance(label, Iterable):
            raise ValueError(f"labels must be a list for each text with multi_label, got {label!r}; write [{label!r}]")
        rows.append(check_classes(label, f"row {row} of the labels"))
    return rows


def _array(labels: list[str | int]) -> NDArray[Any]:
    """Return labels of one kind as an array."""
    if len({isinstance(label, str) for label in labels}) > 1:
        raise ValueError("labels must be of one kind, got both str and int; turn them all into str")
    return np.array(labels) if labels else np.array([], dtype=str)


def _single_classes(labels: Any) -> list[str | int]:
    return [check_class(label, f"row {row} of the labels") for row, label in enumerate(labels, start=1)]


def _numbers(labels: list[str | int], classes: NDArray[Any]) -> NDArray[np.int64]:
    values = _array(labels)
    known = {label: number for number, label in enumerate(classes.tolist())}
    numbers = np.array([known.get(label, -1) for label in values.tolist()], dtype=np.int64)
    if (numbers < 0).any():
        counted = Counter(label for label, number in zip(values.tolist(), numbers, strict=True) if number < 0)
        shown = ", ".join(f"{label!r} ({count} times)" for label, count in counted.most_common(3))
        raise ValueError(
            f"labels must be among the classes of training, {_listed(classes)}, got {shown}; "
            "leave these texts out, or train with them"
        )
    return numbers


def _listed(classes: NDArray[Any]) -> str:
    shown = ", ".join(map(repr, classes.tolist()[:10]))
    return shown if len(classes) <= 10 else f"{shown}, ... ({len(classes)} in all)"
