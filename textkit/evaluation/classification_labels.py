"""Validate labels and predicted probabilities; errors name the offending row."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.data.label_checks import check_given, indicator_matrix


def check_probabilities(probabilities: Any, texts: int, classes: int, multi_label: bool) -> NDArray[np.float64]:
    """Check predicted probabilities.

    Args:
        probabilities: What should be (texts, classes), from 0 to 1, with rows that sum to 1 unless ``multi_label``.
        texts: How many labels there are.
        classes: How many classes there are.
        multi_label: Whether a text may have several labels.

    Returns:
        (texts, classes) float64.

    Raises:
        ValueError: If they are something else, or there is nothing to compare.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    if not texts:
        raise ValueError("labels must be those of at least one text, got none; pass some texts")
    if values.shape != (texts, classes):
        raise ValueError(
            f"probabilities must have a row for each of the {texts} labels and a column for each of the {classes} "
            f"classes, got the shape {values.shape}; pass texts and labels of the same length"
        )
    wrong = ~((values >= 0) & (values <= 1)).all(axis=1)  # nan compares as False
    if not multi_label:
        wrong |= ~(np.abs(values.sum(axis=1) - 1) < 1e-3)
    if wrong.any():
        row = int(wrong.argmax())
        rule = "be from 0 to 1" if multi_label else "be from 0 to 1 and sum to 1 in each row"
        raise ValueError(
            f"probabilities must {rule}, got {np.round(values[row][:6], 4).tolist()} in row {row}; pass the output of "
            "predict_proba"
        )
    return values


def label_rows(
    labels: Sequence[Any] | NDArray[Any], classes: Sequence[Any] | NDArray[Any]
) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...]]:
    """Number the labels of texts with one label each.

    Args:
        labels: The labels.
        classes: The known ones.

    Returns:
        The position of each label among the names, (texts,); the names of the known classes and then of the others; and
        the names of the others.

    Raises:
        ValueError: If a label is None or NaN, or none is known.
        TypeError: If a label is a list.
    """
    known = _Classes(classes)
    rows = np.fromiter((known.row(label, f"labels[{i}]") for i, label in enumerate(labels)), np.int64, len(labels))
    known.check_some(labels)
    return rows, known.names, known.unseen


def label_matrix(
    labels: Sequence[Any] | NDArray[Any], classes: Sequence[Any] | NDArray[Any]
) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...]]:
    """Number the labels of texts with any number of labels each.

    Args:
        labels: A list of labels for each text; or zeros and ones (texts, classes) in an array, a sparse matrix or a
            DataFrame.
        classes: The known ones.

    Returns:
        1 where a text has the class, else 0, (texts, classes with the others); the names of the known classes and
        then of the others; and the names of the others.

    Raises:
        ValueError: If a label is None or NaN, or none is known, or an array has another shape or other numbers.
        TypeError: If a text has no list of labels.
    """
    known = _Classes(classes)
    if (given := indicator_matrix(labels)) is not None:
        if given.shape[1] != len(classes):
            raise ValueError(
                f"labels must have a column for each of the {len(classes)} classes, got the shape {given.shape}; "
                "pass lists of labels instead"
            )
        return given, known.names, ()
    positions: list[tuple[int, int]] = []
    for i, several in enumerate(labels):
        if isinstance(several, str | bytes) or not isinstance(several, Iterable):
            raise TypeError(
                f"labels[{i}] must be a list of labels, got {several!r}; write [{several!r}], or set multi_label=False"
            )
        rows = [known.row(label, f"labels[{i}]") for label in several]
        if len(set(rows)) < len(rows):
            raise ValueError(f"labels[{i}] must name each class of a text once, got {several!r}; drop the others")
        positions.extend((i, row) for row in rows)
    if positions:
        known.check_some([label for several in labels for label in several])
    matrix = np.zeros((len(labels), len(known.names)), dtype=np.int64)
    if positions:
        matrix[tuple(np.array(positions).T)] = 1
    return matrix, known.names, known.unseen


class _Classes:
    """The classes of a model, to which labels that it does not have are added as they come."""

    def __init__(self, classes: Sequence[Any] | NDArray[Any]) -> None:
        self._classes = classes.tolist() if isinstance(classes, np.ndarray) else list(classes)
        self._rows = {label: row for row, label in enumerate(self._classes)}
        self._known_seen = False
        if len(self._rows) < len(self._classes):
            raise ValueError(f"classes must differ from each other, got {self._classes}; name each once")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self._rows))

    @property
    def unseen(self) -> tuple[str, ...]:
        return self.names[len(self._classes) :]

    def row(self, label: Any, place: str) -> int:
        check_given(label, place)
        try:
            row = self._rows.setdefault(label, len(self._rows))
        except TypeError as error:  # of a list or an array, which have no hash
            raise TypeError(f"{place} must be one label, got {label!r}; set multi_label=True") from error
        self._known_seen |= row < len(self._classes)
        return row

    def check_some(self, labels: Sequence[Any] | NDArray[Any]) -> None:
        """Check that some label is known; if none is, most likely they are of another type.

        Raises:
            ValueError: If all labels so far are unknown.
        """
        if not self._known_seen:
            shown = ", ".join(map(repr, self._classes[:5])) + (", ..." if len(self._classes) > 5 else "")
            raise ValueError(
                f"labels must be among the classes {shown}, got {next(iter(labels))!r} and no other that is; "
                "pass labels of the same kind and type as in training"
            )
