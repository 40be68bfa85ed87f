"""From texts to ids, with a limit of their length, and from probabilities to labels."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count
from textkit.classifier.data import truncate, warn_of_texts
from textkit.data.tables import Document
from textkit.models.classifier import Classifier
from textkit.models.cnn import Cnn
from textkit.models.pretrained_classifier import PretrainedClassifier
from textkit.models.rnn_classifier import RnnClassifier
from textkit.text.document_ids import DocumentIds, encode_documents
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

# One text of this length takes half a gigabyte and a few seconds.
_LONGEST: dict[type[Classifier], int] = {RnnClassifier: 1 << 14, PretrainedClassifier: 1 << 14, Cnn: 1 << 17}
_LONGEST_OF_OTHERS = 1 << 20


def length_limit(model: Classifier, max_length: int | None, trained_length: int | None) -> int:
    """Return the maximum number of tokens of a text to predict.

    Args:
        model: The model.
        max_length: The limit that is asked for; None for one that protects the memory, depending on the model.
        trained_length: The limit in training; None if there was none.

    Raises:
        ValueError: If ``max_length`` is below 1.
    """
    limit = _LONGEST.get(type(model), _LONGEST_OF_OTHERS)
    if max_length is not None:
        limit = check_count("max_length", max_length, 1, "token")
    return limit if trained_length is None else min(limit, trained_length)


def documents_to_predict(
    texts: list[Document],
    *,
    tokenizer: str | Tokenizer,
    vocabulary: Vocabulary,
    lengths: tuple[int, int | None],
    warned: set[str],
    progress: bool = False,
) -> DocumentIds:
    """Encode texts and truncate them, with a warning of odd texts, and of those that training would not have cut.

    Args:
        texts: The texts.
        tokenizer: Tokenizer of the classifier.
        vocabulary: Vocabulary of the classifier.
        lengths: Maximum number of tokens of a text, and the limit in training, None if there was none.
        warned: Names of the warnings that were given before, which are not repeated; new ones are added.
        progress: Whether to show progress on stderr.
    """
    max_length, trained_length = lengths
    documents, _ = encode_documents(texts, tokenizer=tokenizer, vocabulary=vocabulary, progress=progress)
    if "texts" not in warned and warn_of_texts(texts, documents, stacklevel=4):
        warned.add("texts")
    cut = int(np.count_nonzero(documents.lengths > max_length))
    if cut and "cut" not in warned and max_length != trained_length:
        warned.add("cut")
        warnings.warn(
            f"{cut:,} of {len(texts):,} texts were truncated to max_length={max_length} tokens; pass a higher "
            "max_length if the memory suffices",
            stacklevel=4,
        )
    return truncate(documents, max_length)


def is_empty(texts: Any) -> bool:
    """Whether there are no texts, which is no error in prediction."""
    return not isinstance(texts, str) and hasattr(texts, "__len__") and len(texts) == 0


def decide(
    probabilities: NDArray[np.float64],
    classes: NDArray[Any],
    *,
    multi_label: bool,
    thresholds: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Return the label of each row of probabilities (texts, classes), or with ``multi_label`` the indicator matrix.

    Args:
        probabilities: (texts, classes).
        classes: (classes,) the labels.
        multi_label: Whether a text may have several labels.
        thresholds: (classes,) the probabilities above which a label is predicted with ``multi_label``; None for one
            half.
    """
    if multi_label:
        return (probabilities > (0.5 if thresholds is None else thresholds)).astype(np.int64)
    return np.asarray(classes[probabilities.argmax(1)])


def labels_of(
    probabilities: NDArray[np.float64],
    classes: NDArray[Any],
    *,
    multi_label: bool,
    thresholds: NDArray[np.float64] | None = None,
) -> Iterator[tuple[Any, float]]:
    """Yield for each row the label, or the list of labels, and the probability that exactly this is correct."""
    labels = decide(probabilities, classes, multi_label=multi_label, thresholds=thresholds)
    for label, row in zip(labels, probabilities, strict=True):
        if multi_label:
            yield classes[label > 0].tolist(), float(np.where(label > 0, row, 1 - row).prod())
        else:
            yield label.item() if isinstance(label, np.generic) else label, float(row.max())


def most_probable(probabilities: NDArray[np.float64], classes: NDArray[Any], k: int) -> list[tuple[Any, float]]:
    """Return the k most probable labels of a text with their probabilities (classes,), the most probable first.

    >>> most_probable(np.array([0.2, 0.5, 0.3]), np.array(["a", "b", "c"]), 2)
    [('b', 0.5), ('c', 0.3)]
    """
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(classes[index].item(), float(probabilities[index])) for index in order]


def class_index(label: Any, classes: NDArray[Any]) -> int:
    """Return the number of a class.

    Raises:
        ValueError: If the label is not among the classes.
    """
    known = classes.tolist()
    if label not in known:
        raise ValueError(f"label must be one of {', '.join(map(repr, known))}, got {label!r}")
    return int(known.index(label))
