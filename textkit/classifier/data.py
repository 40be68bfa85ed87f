"""The texts and labels of a classifier, made ready: ids, numbers of classes, and what is held out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from textkit.classifier.labels import class_ids, found_classes
from textkit.classifier.settings import ClassifierSettings
from textkit.data.tables import Document, check_document
from textkit.text.document_ids import DocumentIds, encode_documents
from textkit.text.tokenizers import Tokenizer, get_tokenizer
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Texts with their labels.

    Attributes:
        documents: The texts.
        targets: (texts,) int64 numbers of classes, or (texts, classes) float32.
    """

    documents: DocumentIds
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.documents)


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifierData:
    """All that a classifier is trained on.

    Attributes:
        training: What is learned.
        held_out: What the best weights are chosen by; None if nothing is held out.
        vocabulary: Of the texts that are learned.
        whole_vocabulary: The same, and behind it all other words that have a vector; ``held_out`` has its ids.
        classes: (classes,) labels, sorted.
        cut: Texts of the training that were longer than ``settings.max_length``, and
        dropped: how many tokens that took away.
    """

    training: Examples
    held_out: Examples | None
    vocabulary: Vocabulary
    whole_vocabulary: Vocabulary
    classes: NDArray[Any]
    cut: int
    dropped: int


def prepared(
    texts: Any,
    labels: Any,
    valid: tuple[Any, Any] | None,
    *,
    multi_label: bool,
    tokenizer: str | Tokenizer,
    settings: ClassifierSettings,
    seed: int,
    vectors: WordVectors | None = None,
) -> ClassifierData:
    """Check texts and labels, hold some out, and turn them into ids.

    Args:
        texts: The texts, or lists of tokens.
        labels: One label for each, or several; see `found_classes`.
        valid: Held-out texts and their labels; None holds out a share of ``texts``, as the settings say.
        multi_label: Whether a text may have several labels.
        tokenizer: How texts are split.
        settings: The settings.
        seed: Chooses what is held out.
        vectors: Those of words that may be known without a training text; None for none.

    Raises:
        ValueError: If there is no text, their numbers differ, or a text or a label is none.
        TypeError: If a text is no text, or ``texts`` a single str.
    """
    texts = checked_texts(texts)
    _check_length("labels", labels, texts)
    classes = found_classes(labels, multi_label=multi_label)
    targets = class_ids(labels, classes, multi_label=multi_label)
    options: dict[str, Any] = {"tokenizer": tokenizer}
    if valid is not None:
        valid_texts = checked_texts(valid[0], "valid texts")
        _check_length("valid labels", valid[1], valid_texts)
        valid_targets = class_ids(valid[1], classes, multi_label=multi_label)
    else:
        held_out = held_out_rows(targets, settings.valid_share, seed)
        rows = np.setdiff1d(np.arange(len(texts)), held_out)
        valid_texts, valid_targets = [texts[row] for row in held_out], targets[held_out]
        texts, targets = [texts[row] for row in rows], targets[rows]
    documents, vocabulary = encode_documents(
        texts, min_count=settings.min_count, max_size=settings.max_vocab, **options
    )
    over = np.maximum(documents.lengths - (settings.max_length or np.iinfo(np.int64).max), 0)
    whole = vocabulary
    if vectors is not None:
        words = vectors.words if any(not isinstance(text, str) for text in texts) else _kept_whole(vectors, tokenizer)
        room = None if settings.max_vocab is None else max(0, settings.max_vocab - len(vocabulary))
        whole = vocabulary.append([word for word in words if word not in vocabulary][:room])
    valid_documents, _ = encode_documents(valid_texts, vocabulary=whole, **options)
    return ClassifierData(
        training=Examples(documents=shortened(documents, settings.max_length), targets=targets),
        held_out=Examples(documents=shortened(valid_documents, settings.max_length), targets=valid_targets)
        if len(valid_documents)
        else None,
        vocabulary=vocabulary,
        whole_vocabulary=whole,
        classes=classes,
        cut=int(np.count_nonzero(over)),
        dropped=int(over.sum()),
    )


def checked_texts(texts: Any, name: str = "texts") -> list[Document]:
    """The texts as a list, each of them checked.

    Raises:
        ValueError: If there is none, or one is missing.
        TypeError: If ``texts`` is a single str or a table, or one of them is no text.
    """
    found = list(text_stream(texts, name))
    if not found:
        raise ValueError(f"{name} must hold at least one text, got none; is the file empty?")
    return found


def text_stream(texts: Any, name: str = "texts") -> Iterator[Document]:
    """The texts one after another, each of them checked when it comes.

    Raises:
        ValueError: If one is missing.
        TypeError: If ``texts`` is a single str or a table, or one of them is no text.
    """
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of texts, got a single str; pass [text]")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # whose names would be taken for the texts
        raise TypeError(f"{name} must be a list of texts, got {type(texts).__name__}; pass one of its columns")
    return (check_document(text, f"row {row} of {name}") for row, text in enumerate(texts, start=1))


def shortened(documents: DocumentIds, max_length: int | None) -> DocumentIds:
    """Cut off what comes after so many tokens of each text."""
    if max_length is None or not len(documents) or documents.lengths.max() <= max_length:
        return documents
    lengths = np.minimum(documents.lengths, max_length)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(offsets[-1]) + np.repeat(documents.offsets[:-1] - offsets[:-1], lengths)
    ids = documents.ids[places]
    return DocumentIds(ids=ids, offsets=offsets, unknown=int(np.count_nonzero(ids == 1)))


def held_out_rows(targets: torch.Tensor, share: float, seed: int) -> NDArray[np.int64]:
    """Choose the rows that are held out: the share of each class, of which one row at least stays for learning.

    Classes whose share is less than half a row give the share of them all together.

    Args:
        targets: (texts,) numbers of classes; or (texts, classes), where each text counts for its rarest class.
        share: From 0 to below 1.
        seed: Which ones.

    >>> held_out_rows(torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 2]), 0.25, seed=1).tolist()
    [0, 7]
    """
    random = np.random.default_rng(seed)
    numbers = targets.numpy() if targets.ndim == 1 else _rarest_classes(targets.numpy())
    chosen, spare = [], []
    for number in np.unique(numbers):
        group = random.permutation(np.flatnonzero(numbers == number))
        most = len(group) - 1
        count = min(round(share * len(group)), most)
        chosen.append(group[:count])
        if count == 0:
            spare.append(group)
    small = random.permutation(np.concatenate([group[1:] for group in spare])) if spare else np.empty(0, np.int64)
    chosen.append(small[: round(share * sum(map(len, spare)))])
    return np.sort(np.concatenate(chosen))


def _rarest_classes(targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class of each row of ``targets`` (texts, classes) that the fewest rows have; -1 for a row without any."""
    there = targets > 0
    order = np.argsort(there.sum(0), kind="stable")
    return np.where(there.any(1), order[there[:, order].argmax(1)], -1)


def _kept_whole(vectors: WordVectors, tokenizer: str | Tokenizer) -> list[str]:
    """The words that the tokenizer neither splits nor changes; others never come."""
    split = get_tokenizer(tokenizer).pipe(vectors.words)
    return [word for word, tokens in zip(vectors.words, split, strict=True) if [*tokens] == [word]]


def _check_length(name: str, labels: Any, texts: Sequence[Any]) -> None:
    if isinstance(labels, str) or not (hasattr(labels, "__len__") or hasattr(labels, "shape")):
        raise ValueError(f"{name} must be a list, got {type(labels).__name__}; give one for each text")
    found = labels.shape[0] if hasattr(labels, "shape") else len(labels)  # sparse matrices have no length
    if found != len(texts):
        raise ValueError(f"{name} must be as many as the texts, {len(texts)}, got {found}; give one for each text")
