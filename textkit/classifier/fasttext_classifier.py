"""`FastTextClassifier`: a classifier that fastText has trained, read from its file."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textkit.checks import check_count, check_path, is_finite
from textkit.data.tables import Document, check_document
from textkit.fasttext.huffman import huffman_tree
from textkit.fasttext.matrices import Matrix, QuantizedMatrix
from textkit.fasttext.model_file import FastTextModel, in_memory, read_model
from textkit.kernels.fasttext_labels_cpu import (
    HIERARCHICAL,
    SIGMOID,
    SOFTMAX,
    Outputs,
    all_probabilities,
    best_labels,
    logistic_table,
)
from textkit.kernels.fasttext_text_cpu import Ngrams, Rows, Scratch, Words, fill_kept, fill_words, text_means
from textkit.text.tokenizers import END_OF_TEXT, FASTTEXT_SPACES
from textkit.vectors.subword_vectors import SubwordVectors

if TYPE_CHECKING:
    from textkit.evaluation.classification import ClassificationReport

_TEXTS_AT_ONCE = 1 << 13
_PROBABILITIES_AT_ONCE = 1 << 24  # numbers
_END = f" {END_OF_TEXT}"
_LOSSES = {"softmax": SOFTMAX, "negative": SIGMOID, "one-vs-all": SIGMOID, "hierarchical": HIERARCHICAL}


class FastTextClassifier:
    """A supervised model of fastText, .bin or .ftz, which predicts what fastText predicts.

    As there, words are separated by ASCII whitespace and zeros, upper case counts, ``</s>`` ends every text, and tokens
    that begin with ``__label__`` are left out. A newline within a text is a space. Probabilities are those of fastText,
    which adds 0.00001 to each: they may sum to more than 1.

    Args:
        model: The model, of which `load` reads the file.
        name: Name of the file, for errors.

    Attributes:
        classes_: (classes,) the labels as they are in the file, sorted.
        n_classes_: Number of classes.

    Raises:
        ValueError: If the model is no classifier, or a label is not UTF-8 or occurs twice.
    """

    multi_label = False
    thresholds_: None = None

    def __init__(self, model: FastTextModel, name: str = "model") -> None:
        if not model.is_supervised:
            raise ValueError(
                f"{name} must be a supervised model, got {model.settings.model}; load it with WordVectors.load"
            )
        self._model, self._name = model, name
        try:
            self._labels = [label.decode() for label in model.dictionary.labels()]
        except UnicodeDecodeError as error:
            raise ValueError(f"{name}: the labels must be UTF-8, got {error}; the file is damaged") from error
        if not self._labels or len(set(self._labels)) < len(self._labels):
            raise ValueError(f"{name}: the labels must be distinct, and at least one, got {self._labels[:5]}")
        self._order = np.argsort(np.array(self._labels))
        self.classes_: NDArray[Any] = np.array(self._labels)[self._order]
        self.n_classes_ = len(self._labels)
        self._words, self._ngrams = _words(model), _ngrams(model)
        self._rows, self._outputs = _rows(model.input), _outputs(model)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "FastTextClassifier":
        """Open the file of a classifier, by memory map.

        Args:
            path: The file, .bin or .ftz.

        Raises:
            OSError: If the file cannot be opened.
            ValueError: If it is no classifier of version 11 or 12, or is damaged; the message names the file.
        """
        path = check_path("path", path)
        return cls(read_model(path), str(path))

    def __reduce__(self) -> tuple[Any, ...]:
        return FastTextClassifier, (in_memory(self._model), self._name)

    def __repr__(self) -> str:
        settings = self._model.settings
        return f"FastTextClassifier({self.n_classes_:,} classes, dim {settings.dim}, {settings.loss} loss)"

    @cached_property
    def vectors(self) -> SubwordVectors:
        """The vectors of its words; bytes of words that are not UTF-8 are read as U+FFFD."""
        return SubwordVectors._from_model(self._model, Path(self._name), "replace")

    def predict(self, texts: Any, *, max_length: int | None = None) -> NDArray[Any]:
        """Predict the most probable label of each text.

        Args:
            texts: (texts,) each a str, or a list of tokens.
            max_length: Maximum number of tokens of a text; of a longer one only the beginning counts. None for all.

        Returns:
            (texts,) labels. For a text without anything known, where fastText names none, the first label of the file.

        Raises:
            TypeError: If a text has a wrong type, or ``texts`` is a single str.
            ValueError: If a text is missing, or the model yields no number.
        """
        best = [labels[:, 0] for labels, _ in self._best(texts, 1, 0.0, max_length)]
        numbers = np.maximum(np.concatenate(best), 0) if best else np.empty(0, np.int32)
        return np.array(self._labels)[numbers]

    def predict_top(
        self, texts: Any, k: int | None = 5, *, threshold: float = 0.0, max_length: int | None = None
    ) -> list[list[tuple[str, float]]]:
        """Predict the ``k`` most probable labels of each text, as fastText's ``predict`` does.

        Args:
            texts: (texts,) as for `predict`.
            k: Number of labels; None for all.
            threshold: Least probability of a label.
            max_length: As for `predict`.

        Returns:
            For each text its labels with their probabilities, in descending order; none for a text without anything
            known. With hierarchical softmax, labels below a probability of about 0.00001 are left out.

        Raises:
            TypeError: As `predict`.
            ValueError: As `predict`, or if ``k`` is below 1 or ``threshold`` is not a finite number.
        """
        k = self.n_classes_ if k is None else check_count("k", k, 1, "label", remedy="None asks for all")
        if not is_finite(threshold):
            raise ValueError(f"threshold must be a finite number, got {threshold!r}")
        return [
            [(self._labels[label], float(p)) for label, p in zip(row, found, strict=True) if label >= 0]
            for labels, probabilities in self._best(texts, min(k, self.n_classes_), threshold, max_length)
            for row, found in zip(labels.tolist(), probabilities, strict=True)
        ]

    def predict_proba(self, texts: Any, *, max_length: int | None = None) -> NDArray[np.float64]:
        """Predict the probability of each class.

        Args:
            texts: (texts,) as for `predict`.
            max_length: As for `predict`.

        Returns:
            (texts, classes), in the order of ``classes_``.

        Raises:
            TypeError: As `predict`.
            ValueError: As `predict`.
        """
        blocks = [np.empty((0, self.n_classes_), np.float64)]
        for data, offsets, scratch in self._blocks(texts, max_length):
            block = np.empty((len(offsets) - 1, self.n_classes_), np.float32)
            all_probabilities(data, offsets, self._words, self._ngrams, self._rows, self._outputs, scratch, block)
            blocks.append(self._finite(block).astype(np.float64)[:, self._order])
        return np.concatenate(blocks)

    def predict_stream(
        self, texts: Iterable[Document], *, max_length: int | None = None
    ) -> Iterator[tuple[str, float]]:
        """Predict the texts of a stream, holding only some of them in memory.

        Args:
            texts: Any iterable of texts.
            max_length: As for `predict`.

        Yields:
            The most probable label and its probability.

        Raises:
            TypeError: As `predict`.
            ValueError: As `predict`.
        """
        for labels, found in self._best(texts, 1, 0.0, max_length):
            for label, probability in zip(labels[:, 0].tolist(), found[:, 0].tolist(), strict=True):
                yield self._labels[max(label, 0)], probability if label >= 0 else 0.0

    def text_vectors(self, texts: Any, *, max_length: int | None = None) -> NDArray[np.float32]:
        """Compute what the labels are predicted from: the mean of the rows of the words and n-grams of each text.

        fastText's ``get_sentence_vector`` does the same.

        Args:
            texts: (texts,) as for `predict`.
            max_length: As for `predict`.

        Returns:
            (texts, dim).

        Raises:
            TypeError: As `predict`.
            ValueError: As `predict`.
        """
        blocks = [np.empty((0, self._model.settings.dim), np.float32)]
        for data, offsets, scratch in self._blocks(texts, max_length):
            block = np.empty((len(offsets) - 1, self._model.settings.dim), np.float32)
            text_means(data, offsets, self._words, self._ngrams, self._rows, scratch, block)
            blocks.append(self._finite(block))
        return np.concatenate(blocks)

    def score(self, texts: Any, labels: Any) -> float:
        """Compute the accuracy.

        Args:
            texts: (texts,) as for `predict`.
            labels: (texts,) their labels, written as in ``classes_``.

        Returns:
            The accuracy, from 0 to 1.

        Raises:
            ValueError: If the numbers of texts and labels differ.
        """
        predicted, true = self.predict(texts), np.asarray(labels)
        if predicted.shape != true.shape or not len(true):
            raise ValueError(f"labels must be one for each of {len(predicted)} texts, got the shape {true.shape}")
        return float((predicted == true).mean())

    def evaluate(self, texts: Any, labels: Any) -> "ClassificationReport":
        """Compare predictions with labels, written as in ``classes_``; see `TextClassifier.evaluate`.

        Args:
            texts: (texts,) as for `predict`.
            labels: (texts,) their labels.

        Returns:
            The report.
        """
        from textkit.evaluation.classification import report  # takes torch along

        return report(labels, self.predict_proba(texts), self.classes_)

    def _best(
        self, texts: Any, k: int, threshold: float, max_length: int | None
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Yield the labels, -1 where there are fewer than ``k``, and the probabilities of some texts at a time."""
        for data, offsets, scratch in self._blocks(texts, max_length, labels=k):
            labels = np.empty((len(offsets) - 1, k + 1), np.int32)
            found = np.zeros(labels.shape, np.float32)
            arguments = self._words, self._ngrams, self._rows, self._outputs, scratch, np.float32(threshold)
            best_labels(data, offsets, *arguments, labels, found)
            self._finite(np.where(labels >= 0, found, 0))
            yield labels[:, :k], found[:, :k]

    def _blocks(
        self, texts: Any, max_length: int | None, labels: int | None = None
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64], Scratch]]:
        """Yield some texts at a time: their bytes, the start of each, and memory for their prediction."""
        if max_length is not None:
            check_count("max_length", max_length, 1, "token")
        remaining, row = _checked(texts), 1
        step = max(1, min(_TEXTS_AT_ONCE, _PROBABILITIES_AT_ONCE // (self.n_classes_ if labels is None else labels)))
        while batch := list(islice(remaining, step)):
            data, lengths = _encoded(batch, row, max_length)
            row += len(batch)
            offsets = np.zeros(len(batch) + 1, np.int64)
            np.cumsum(lengths, out=offsets[1:])
            longest = int(np.diff(offsets).max())
            scratch = Scratch(
                marked=np.empty(longest + 2, np.uint8),
                hashes=np.empty(longest // 2 + 2, np.int64),
                mean=np.empty((1, self._model.settings.dim), np.float32),
                scores=np.empty(self.n_classes_, np.float32),
                stack=np.empty(self.n_classes_ + 2, np.int64),
                stack_scores=np.empty(self.n_classes_ + 2, np.float32),
            )
            yield np.frombuffer(data, np.uint8), offsets, scratch

    def _finite(self, numbers: NDArray[Any]) -> NDArray[Any]:
        if not np.isfinite(numbers).all():
            raise ValueError(f"{self._name}: the rows must be finite, got nan or inf; the file is damaged")
        return numbers


def _checked(texts: Any) -> Iterator[Any]:
    """Iterate over the texts.

    Raises:
        TypeError: If ``texts`` is a single str, a table or a set.
    """
    if isinstance(texts, str):
        raise TypeError("texts must be a list of texts, got a single str; pass [text]")
    if isinstance(texts, set | frozenset | Mapping) or hasattr(texts, "columns"):
        raise TypeError(f"texts must be a list of texts, got a {type(texts).__name__}; pass a list, or one column")
    return iter(texts)


def _encoded(texts: list[Any], row: int, max_length: int | None) -> tuple[bytes, NDArray[np.int64]]:
    """Check texts, of which the first is in ``row``; return their bytes, with an end mark each, and their lengths."""
    plain: list[str] = texts
    if max_length is not None or not all(type(text) is str for text in texts):
        plain = [_plain(check_document(text, f"row {row + i} of texts"), max_length) for i, text in enumerate(texts)]
    data = (_END.join(plain) + _END).encode("utf-8", "surrogatepass")
    lengths = np.fromiter(map(len, plain), np.int64, len(plain)) + len(_END)
    if len(data) != lengths.sum():  # not ASCII
        encoded = [text.encode("utf-8", "surrogatepass") for text in plain]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded)) + len(_END)
    return data, lengths


def _plain(text: Document, max_length: int | None) -> str:
    joined = text if isinstance(text, str) else " ".join(text)
    if max_length is not None:
        joined = " ".join(islice(filter(None, FASTTEXT_SPACES.split(joined)), max_length))
    return joined


def _words(model: FastTextModel) -> Words:
    dictionary = model.dictionary
    entries = _read_only(dictionary.entries)
    table = np.zeros((_slots(len(dictionary.starts)), 2), np.uint64)
    fill_words(entries, dictionary.starts, dictionary.ends, table)
    return Words(entries, table, dictionary.n_words)


def _ngrams(model: FastTextModel) -> Ngrams:
    settings, kept = model.settings, model.dictionary.kept
    slots = _slots(0 if kept is None else len(kept))
    ngrams = Ngrams(
        min_n=settings.min_n,
        max_n=settings.max_n if settings.has_subwords else 0,
        word_ngrams=settings.word_ngrams,
        buckets=settings.buckets,
        is_pruned=kept is not None,
        kept=np.full((slots, 2), -1, np.int32),
    )
    if kept is not None:
        fill_kept(kept, ngrams.kept)
    return ngrams


def _slots(entries: int) -> int:
    """Return a power of two of at least twice the number of entries."""
    return 2 << max(entries, 1).bit_length()


def _rows(matrix: Matrix, *, transposed: bool = False) -> Rows:
    arrays: list[NDArray[Any]]
    if isinstance(matrix, QuantizedMatrix):
        arrays = [np.empty((0, 4), np.uint8), matrix.codes, matrix.centroids, matrix.norm_codes, matrix.norms]
        width = matrix.width
    else:
        numbers = np.array(matrix.numbers.T, np.float32, order="C") if transposed else matrix.numbers
        none, empty = np.empty(0, np.uint8), np.empty(0, np.float32)
        arrays, width = [_bytes(numbers), none.reshape(0, 1), empty, none, empty], 1
    numbers, codes, centroids, norm_codes, norms = map(_read_only, arrays)
    return Rows(numbers, codes, centroids, width, norm_codes, norms)


def _bytes(numbers: NDArray[np.float32]) -> NDArray[np.uint8]:
    """View numbers as bytes, which have one type for the compiler, whether they are aligned or not."""
    rows, columns = numbers.shape
    view: NDArray[np.uint8] = np.ndarray((rows, 4 * columns), np.uint8, buffer=np.ascontiguousarray(numbers, "<f4"))
    return view


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written: another type for the compiler, and the only one that maps of files have."""
    view: NDArray[Any] = array.view()
    view.flags.writeable = False
    return view


def _outputs(model: FastTextModel) -> Outputs:
    loss = _LOSSES[model.settings.loss]
    counts = model.dictionary.label_counts().tolist()
    left, right = huffman_tree(counts if loss == HIERARCHICAL else [])
    rows = _rows(model.output, transposed=loss != HIERARCHICAL)
    return Outputs(loss, rows, len(counts), left, right, logistic_table())
