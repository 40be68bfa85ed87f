"""Prepare the texts and labels of a classifier: token ids, class ids and the validation texts."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.classifier.labels import class_ids, found_classes, label_column
from textkit.classifier.sample_weights import checked_weights, relative_weights, weighted_rows
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.vocabulary import Words, encode_training
from textkit.data.tables import Document, check_document, dataset_column
from textkit.models.classifier import UNKNOWN
from textkit.text.document_ids import DocumentIds, encode_documents
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors

_SHOWN = 40  # characters of a text in a message


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Texts with their labels.

    Attributes:
        documents: Token ids of the texts.
        targets: (texts,) int64 class ids, or (texts, classes) float32 for several labels per text.
        weights: (texts,) float32, how much each text counts, with a mean of 1; None for equal weights.
    """

    documents: DocumentIds
    targets: torch.Tensor
    weights: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifierData:
    """The data for training a classifier.

    Attributes:
        training: Training texts.
        validation: Validation texts, by which the best weights are chosen; None without any.
        everything: The training texts and those held out of them, for ``settings.refit``; None without.
        vocabulary: Vocabulary of the training texts.
        whole_vocabulary: The vocabulary followed by all other words with a pretrained vector; the ids of
            ``validation`` refer to it.
        classes: (classes,) labels, sorted.
        cut: Number of training texts that were longer than ``settings.max_length``.
        dropped: Number of tokens by which they were truncated.
    """

    training: Examples
    validation: Examples | None
    everything: Examples | None
    vocabulary: Vocabulary
    whole_vocabulary: Vocabulary
    classes: NDArray[Any]
    cut: int
    dropped: int


def prepare(
    texts: Any,
    labels: Any,
    valid: tuple[Any, ...] | None,
    *,
    sample_weight: Any = None,
    multi_label: bool,
    tokenizer: str | Tokenizer,
    settings: ClassifierSettings,
    seed: int,
    vectors: WordVectors | None = None,
    words: Words | None = None,
    known_classes: NDArray[Any] | None = None,
    progress: bool = False,
) -> ClassifierData:
    """Check texts and labels, hold out validation texts, and encode everything as ids.

    Args:
        texts: Texts, each a str or a list of tokens.
        labels: Label of each text, or its list of labels; see `found_classes`.
        valid: Validation texts, their labels, and optionally their weights; None holds out the fraction
            ``settings.valid_share`` of ``texts``.
        sample_weight: (texts,) weights of the texts; a text of weight 0 is left out. None for equal weights.
        multi_label: Whether a text may have several labels.
        tokenizer: Tokenizer for texts that are str.
        settings: Training settings.
        seed: Seed for the choice of validation texts.
        vectors: Pretrained vectors, whose words need not occur in training; None without any.
        words: What is asked of the vocabulary; None for nothing.
        known_classes: Further classes, which the labels need not have; None without.
        progress: Whether to show progress on stderr, if it takes more than a second.

    Raises:
        ValueError: If there are no texts, the numbers of texts and labels differ, a text or label is missing, or there
            are more classes than texts.
        TypeError: If a text is not a text, or ``texts`` is a single str.
    """
    texts = checked_texts(texts)
    warn_of_texts(texts, None, stacklevel=4)
    labels = label_column(labels, multi_label=multi_label)
    check_length("labels", labels, texts)
    weights, texts, labels = weighted_rows(checked_weights(sample_weight, len(texts)), texts, labels)
    classes = found_classes(labels, multi_label=multi_label, known=known_classes)
    if multi_label and known_classes is None and len(classes) > len(texts):
        raise ValueError(
            f"labels must have at most as many classes as there are texts, {len(texts)}, got {len(classes)}; add "
            "texts, and check that an indicator matrix has a row for each text"
        )
    targets = class_ids(labels, classes, multi_label=multi_label)
    options: dict[str, Any] = {"tokenizer": tokenizer, "progress": progress}
    held_out = np.empty(0, np.int64)
    if valid is not None:
        valid_texts, valid_labels, *given = valid_parts(valid)
        valid_texts = checked_texts(valid_texts, "valid texts")
        valid_labels = label_column(valid_labels, multi_label=multi_label, name="valid labels")
        check_length("valid labels", valid_labels, valid_texts)
        valid_weights = checked_weights(given[0], len(valid_texts), "valid weights") if given else None
        valid_weights, valid_texts, valid_labels = weighted_rows(valid_weights, valid_texts, valid_labels)
        valid_targets = class_ids(valid_labels, classes, multi_label=multi_label)
    elif settings.refit:
        held_out = held_out_rows(targets, settings.valid_share, seed)
        valid_texts, valid_targets, valid_weights = [], targets[:0], None
    else:
        valid_rows = held_out_rows(targets, settings.valid_share, seed)
        rows = np.setdiff1d(np.arange(len(texts)), valid_rows)
        valid_texts, valid_targets = [texts[row] for row in valid_rows], targets[valid_rows]
        texts, targets = [texts[row] for row in rows], targets[rows]
        valid_weights = None if weights is None else weights[valid_rows]
        weights = None if weights is None else weights[rows]
    documents, vocabulary = encode_training(texts, words or Words(), settings, **options)
    excess = np.maximum(documents.lengths - (settings.max_length or np.iinfo(np.int64).max), 0)
    whole_vocabulary = vocabulary
    if vectors is not None:
        # Lists of tokens may contain any word, but a tokenizer only produces some of them.
        known = vectors.words if any(not isinstance(text, str) for text in texts) else _tokens_of(vectors, tokenizer)
        room = None if settings.max_vocab is None else max(0, settings.max_vocab - len(vocabulary))
        whole_vocabulary = vocabulary.append([word for word in known if word not in vocabulary][:room])
    valid_documents, _ = encode_documents(valid_texts, vocabulary=whole_vocabulary, **options)
    documents = truncate(documents, settings.max_length)
    everything = None
    if settings.refit and len(held_out):
        everything = _examples(documents, targets, weights)
        rows = np.setdiff1d(np.arange(len(documents)), held_out)
        documents, valid_documents = documents.take(rows), _seen_words(documents.take(held_out), documents.take(rows))
        targets, valid_targets = targets[rows], targets[held_out]
        if weights is not None:
            weights, valid_weights = weights[rows], weights[held_out]
    return ClassifierData(
        training=_examples(documents, targets, weights),
        validation=_examples(truncate(valid_documents, settings.max_length), valid_targets, valid_weights)
        if len(valid_documents)
        else None,
        everything=everything,
        vocabulary=vocabulary,
        whole_vocabulary=whole_vocabulary,
        classes=classes,
        cut=int(np.count_nonzero(excess)),
        dropped=int(excess.sum()),
    )


def _examples(documents: DocumentIds, targets: torch.Tensor, weights: Any) -> Examples:
    return Examples(documents=documents, targets=targets, weights=relative_weights(weights))


def _seen_words(documents: DocumentIds, training: DocumentIds) -> DocumentIds:
    """Return documents whose words are ``<unk>`` if the training texts lack them."""
    seen = np.zeros(int(max(documents.ids.max(initial=0), training.ids.max(initial=0))) + 1, np.bool_)
    seen[training.ids] = True
    ids = np.where(seen[documents.ids], documents.ids, np.int32(UNKNOWN))
    return DocumentIds(ids=ids, offsets=documents.offsets, unknown=int(np.count_nonzero(ids == UNKNOWN)))


def checked_texts(texts: Any, name: str = "texts") -> list[Document]:
    """Check the texts and return them as a list.

    Raises:
        ValueError: If there are no texts, or a text is missing.
        TypeError: If ``texts`` is a single str or a table of several columns, or a text is not a text.
    """
    documents = list(text_stream(texts, name))
    if not documents:
        raise ValueError(f"{name} must have at least one text, got 0; check that the file is not empty")
    return documents


def text_stream(texts: Any, name: str = "texts") -> Iterator[Document]:
    """Iterate over the texts, checking each of them.

    Raises:
        ValueError: If a text is missing.
        TypeError: If ``texts`` is a single str, a table of several columns or a set, or a text is not a text.
    """
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of texts, got a single str; pass [text]")
    # The results could not be told apart: a set has an order of its own in every process.
    if isinstance(texts, set | frozenset):
        raise TypeError(f"{name} must be in an order, got a {type(texts).__name__}; pass sorted(texts)")
    texts = _column(texts, name)
    return (check_document(text, f"row {row} of {name}") for row, text in enumerate(texts, start=1))


def _column(texts: Any, name: str) -> Any:
    """Return the column of a table or an array with a single one, as ColumnTransformer and imbalanced-learn pass it."""
    texts = dataset_column(texts, name)
    shape: Any = getattr(texts, "shape", ())
    if len(shape) == 2 and shape[1] == 1 and not hasattr(texts, "toarray"):
        if hasattr(texts, "columns"):
            return texts.iloc[:, 0] if hasattr(texts, "iloc") else texts[texts.columns[0]]
        return texts[:, 0]
    # Iterating over a table would yield its column names.
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):
        raise TypeError(f"{name} must be a list of texts, got {type(texts).__name__}; pass one of its columns")
    if len(shape) > 1:
        raise TypeError(f"{name} must be one column, got the shape {tuple(shape)}; pass a column of texts")
    return texts


def warn_of_texts(texts: Sequence[Document], documents: DocumentIds | None, *, stacklevel: int) -> bool:
    """Warn of texts that are probably not what was meant.

    Args:
        texts: Texts, each a str or a list of tokens.
        documents: Their ids, to warn also of texts without any token or without any known one; None for unknown ids.
        stacklevel: As for ``warnings.warn``, seen from the caller.

    Returns:
        Whether there was a warning.
    """
    single = [text for text in texts if not isinstance(text, str) and len(text) == 1 and len(text[0].split()) > 1]
    found = []
    if single:
        shown = single[0][0] if len(single[0][0]) <= _SHOWN else single[0][0][:_SHOWN] + "..."
        found.append(
            f"{len(single):,} of {len(texts):,} texts are lists with a single token that has white space, such as "
            f"[{shown!r}]; pass the texts themselves, [text] rather than [[text]]"
        )
    if documents is not None:
        known = np.concatenate([[0], np.cumsum(documents.ids != 1)])[documents.offsets]
        empty = int(np.count_nonzero(documents.lengths == 0))
        unknown = int(np.count_nonzero(np.diff(known) == 0)) - empty
        if empty:
            found.append(
                f"{empty:,} of {len(texts):,} texts are empty; they all get the same prediction, that for no words"
            )
        if unknown:
            found.append(
                f"{unknown:,} of {len(texts):,} texts have only tokens that are unknown to the classifier; their "
                "predictions say little"
            )
    for message in found:
        warnings.warn(message, stacklevel=stacklevel + 1)
    return bool(found)


def truncate(documents: DocumentIds, max_length: int | None) -> DocumentIds:
    """Truncate each text to ``max_length`` tokens; None keeps the texts unchanged."""
    if max_length is None or not len(documents) or documents.lengths.max() <= max_length:
        return documents
    lengths = np.minimum(documents.lengths, max_length)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.arange(offsets[-1]) + np.repeat(documents.offsets[:-1] - offsets[:-1], lengths)
    ids = documents.ids[positions]
    return DocumentIds(ids=ids, offsets=offsets, unknown=int(np.count_nonzero(ids == 1)))


def held_out_rows(targets: torch.Tensor, fraction: float, seed: int) -> NDArray[np.int64]:
    """Choose the validation rows: a fraction of each class, leaving at least one row per class for training.

    Classes for which the fraction is less than half a row are pooled, and the fraction is taken of all their rows.

    Args:
        targets: (texts,) class ids; or (texts, classes), where each text belongs to the rarest of its classes.
        fraction: Fraction of the rows, from 0 to below 1.
        seed: Seed of the random choice.

    >>> held_out_rows(torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 2]), 0.25, seed=1).tolist()
    [0, 7]
    """
    random = np.random.default_rng(seed)
    classes = targets.numpy() if targets.ndim == 1 else _rarest_classes(targets.numpy())
    held_out, small_classes = [], []
    for class_id in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == class_id))
        count = min(round(fraction * len(rows)), len(rows) - 1)
        held_out.append(rows[:count])
        if count == 0:
            small_classes.append(rows)
    # The first row of each small class stays for training.
    pool = np.concatenate([rows[1:] for rows in small_classes]) if small_classes else None
    pool = np.empty(0, np.int64) if pool is None else random.permutation(pool)
    held_out.append(pool[: round(fraction * sum(map(len, small_classes)))])
    return np.sort(np.concatenate(held_out))


def _rarest_classes(targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the rarest class of each row of ``targets`` (texts, classes), or -1 for a row without classes."""
    has_class = targets > 0
    order = np.argsort(has_class.sum(0), kind="stable")
    return np.where(has_class.any(1), order[has_class[:, order].argmax(1)], -1)


def _tokens_of(vectors: WordVectors, tokenizer: str | Tokenizer) -> list[str]:
    """Return the words that the tokenizer neither splits nor changes; it never produces the other words."""
    split = get_tokenizer(tokenizer).pipe(vectors.words)
    return [word for word, tokens in zip(vectors.words, split, strict=True) if [*tokens] == [word]]


def valid_parts(valid: Any) -> tuple[Any, ...]:
    """Return validation texts, labels and, if they are given, weights.

    Raises:
        TypeError: If ``valid`` is anything else.
    """
    try:
        parts = tuple(valid)
    except TypeError:
        parts = ()
    if len(parts) not in (2, 3):
        raise TypeError(
            f"valid must be a pair (texts, labels), got {type(valid).__name__}; "
            "set valid_share in the settings to hold out a fraction of the texts"
        )
    return parts


def check_length(name: str, labels: Any, texts: Sequence[Any]) -> None:
    """Check that there is a label for each text.

    Raises:
        ValueError: If there is not.
    """
    if isinstance(labels, str) or not (hasattr(labels, "__len__") or hasattr(labels, "shape")):
        raise ValueError(f"{name} must be a list, got {type(labels).__name__}; pass one for each text")
    # Sparse matrices have a shape but no length.
    count = labels.shape[0] if hasattr(labels, "shape") else len(labels)
    if count != len(texts):
        raise ValueError(f"{name} must be as many as the texts, {len(texts)}, got {count}; pass one for each text")
