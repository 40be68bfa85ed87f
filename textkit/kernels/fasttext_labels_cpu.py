"""From the mean of a text to the labels of a classifier of fastText, in Numba.

The best labels are kept in the same heap as in the C++ library of GNU, with which fastText is built, because the order
of equal probabilities depends on it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textkit.kernels.compiling import compiled, inlined
from textkit.kernels.fasttext_text_cpu import CENTROIDS, TOGETHER, Rows, average, rows_of_texts
from textkit.kernels.simd import load_number

SOFTMAX, SIGMOID, HIERARCHICAL = 0, 1, 2
_TABLE = 512  # values in fastText's table of the logistic function, which covers -8 to 8
_TINY = 1e-5  # added to a probability before its logarithm


class Outputs(NamedTuple):
    """The output: its matrix, (dim, labels) unless the loss is hierarchical; the children of each node of the tree."""

    loss: int
    rows: Rows
    n_labels: int
    left: Any
    right: Any
    logistic: Any


def logistic_table() -> NDArray[np.float32]:
    """Return fastText's table of the logistic function, (513,), from -8 to 8."""
    x = (np.arange(_TABLE + 1) * 16 / _TABLE - 8).astype(np.float32)
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)


@inlined
def _dot(row: Any, mean: Any, numbers: Any, codes: Any, centroids: Any, width: int, norm_codes: Any, norms: Any) -> Any:
    total = np.float32(0)
    if len(codes) == 0:
        for k in range(len(mean)):
            total += load_number(numbers, row, 4 * k) * mean[k]
        return total
    for part in range(codes.shape[1]):
        first = part * width
        size = min(width, len(mean) - first)
        place = first * CENTROIDS + codes[row, part] * size
        for k in range(size):
            total += mean[first + k] * centroids[place + k]
    return total * norms[norm_codes[row]] if len(norms) else total


@inlined
def _log(x: Any) -> Any:
    return np.float32(np.log(np.float64(x) + _TINY))


@inlined
def _probabilities(outputs: Any, scratch: Any) -> None:
    """Compute the probability of each label, of a loss that is not hierarchical."""
    scores, mean, n = scratch.scores, scratch.mean[0], outputs.n_labels
    numbers, codes, centroids, width, norm_codes, norms = outputs.rows
    if len(codes) == 0:
        scores[:] = 0
        for k in range(len(mean)):
            for label in range(n):
                scores[label] += load_number(numbers, k, 4 * label) * mean[k]
    else:
        for label in range(n):
            scores[label] = _dot(label, mean, numbers, codes, centroids, width, norm_codes, norms)
    if outputs.loss == SIGMOID:
        logistic = outputs.logistic
        for label in range(n):
            x = scores[label]
            if x < -8 or np.isnan(x):
                scores[label] = x if np.isnan(x) else 0
            else:
                scores[label] = 1 if x > 8 else logistic[np.int64((x + 8) * _TABLE / 16)]
        return
    largest = scores[0]
    for label in range(n):
        largest = max(largest, scores[label])
    total = np.float32(0)
    for label in range(n):
        scores[label] = np.exp(scores[label] - largest)
        total += scores[label]
    for label in range(n):
        scores[label] /= total


@inlined
def _sift_up(scores: Any, labels: Any, hole: int, score: Any, label: Any) -> None:
    while hole > 0 and scores[(hole - 1) // 2] > score:
        parent = (hole - 1) // 2
        scores[hole], labels[hole] = scores[parent], labels[parent]
        hole = parent
    scores[hole], labels[hole] = score, label


@inlined
def _pop(scores: Any, labels: Any, size: int) -> None:
    """Move the smallest score to the end of the heap, as ``std::pop_heap`` does."""
    size -= 1
    score, label = scores[size], labels[size]
    scores[size], labels[size] = scores[0], labels[0]
    hole = child = 0
    while child < (size - 1) // 2:
        child = 2 * (child + 1)
        if scores[child] > scores[child - 1]:
            child -= 1
        scores[hole], labels[hole] = scores[child], labels[child]
        hole = child
    if size % 2 == 0 and child == (size - 2) // 2:
        child = 2 * (child + 1)
        scores[hole], labels[hole] = scores[child - 1], labels[child - 1]
        hole = child - 1
    _sift_up(scores, labels, hole, score, label)


@inlined
def _offer(scores: Any, labels: Any, size: int, k: int, score: Any, label: int) -> Any:
    """Keep a label if it is among the ``k`` best; return their number."""
    if size == k and score < scores[0]:
        return size
    _sift_up(scores, labels, size, score, label)
    if size == k:
        _pop(scores, labels, size + 1)
        return size
    return size + 1


@inlined
def _descend(outputs: Any, least: Any, k: int, scratch: Any, scores: Any, labels: Any) -> Any:
    """Offer the leaves of the tree whose logarithm is at least ``least``, in the order of fastText."""
    n, size = outputs.n_labels, 0
    left, right, mean = outputs.left, outputs.right, scratch.mean[0]
    numbers, codes, centroids, width, norm_codes, norms = outputs.rows
    stack, stack_scores = scratch.stack, scratch.stack_scores
    # What is less likely than some leaf need not be visited. The likelier child of each node leads to a good one.
    for is_search in range(k > 1, 2):
        stack[0], stack_scores[0] = 2 * n - 2, 0
        depth = 1
        while depth > 0:
            depth -= 1
            node, score = stack[depth], stack_scores[depth]
            if score < least or (size == k and score < scores[0]):
                continue
            if node < n:
                if is_search:
                    size = _offer(scores, labels, size, k, score, node)
                else:
                    least = score
                continue
            row, x = node - n, np.float32(0)
            if len(codes) == 0:  # not a call of `_dot`, which would count references
                for column in range(len(mean)):
                    x += load_number(numbers, row, 4 * column) * mean[column]
            else:
                x = _dot(row, mean, numbers, codes, centroids, width, norm_codes, norms)
            share = np.float32(1 / (np.float32(1) + np.exp(-x)))
            if is_search or share > 0.5:
                stack[depth], stack_scores[depth] = right[row], score + _log(share)
                depth += 1
            if is_search or not share > 0.5:
                stack[depth], stack_scores[depth] = left[row], score + _log(np.float32(1.0 - share))
                depth += 1
    return size


@compiled
def best_labels(
    data: Any,
    offsets: Any,
    words: Any,
    ngrams: Any,
    matrix: Any,
    outputs: Any,
    scratch: Any,
    threshold: Any,
    labels: Any,
    found: Any,
) -> None:
    """Predict the most probable labels of texts, as fastText does.

    Args:
        data: (bytes,) uint8, the texts, one after the other, each with ``</s>`` as its last word.
        offsets: (texts + 1,) int64, the start of each text, and the end of the last.
        words: The `Words`.
        ngrams: The `Ngrams`.
        matrix: The input, `Rows`.
        outputs: The `Outputs`.
        scratch: A `Scratch`.
        threshold: Least probability, float32.
        labels: (texts, k + 1) int32, output: the labels, by falling probability; -1 where there are fewer.
        found: (texts, k + 1) float32, output: their probabilities. The last column is needed for the heap.
    """
    k = labels.shape[1] - 1
    labels[:] = -1
    scores, rows, ends = scratch.scores, np.empty(256, np.int64), np.zeros(TOGETHER + 1, np.int64)
    for first in range(0, len(labels), TOGETHER):
        last = min(first + TOGETHER, len(labels))
        rows = rows_of_texts(data, offsets, first, last, words, ngrams, scratch, matrix.numbers, rows, ends)
        for text in range(first, last):
            begin, end = ends[text - first], ends[text - first + 1]
            if begin == end:
                continue
            average(rows, begin, end, matrix, scratch.mean)
            size = 0
            if outputs.loss == HIERARCHICAL:
                size = _descend(outputs, _log(threshold), k, scratch, found[text], labels[text])
            else:
                _probabilities(outputs, scratch)
                for label in range(outputs.n_labels):
                    if not scores[label] < threshold:
                        size = _offer(found[text], labels[text], size, k, _log(scores[label]), label)
            for entries in range(size, 1, -1):
                _pop(found[text], labels[text], entries)
            labels[text, size:] = -1
            for i in range(size):
                found[text, i] = np.exp(found[text, i])


@compiled
def all_probabilities(
    data: Any,
    offsets: Any,
    words: Any,
    ngrams: Any,
    matrix: Any,
    outputs: Any,
    scratch: Any,
    probabilities: Any,
) -> None:
    """Predict the probability of every label; like `best_labels`, with output ``probabilities`` (texts, labels)."""
    n = outputs.n_labels
    rows, ends = np.empty(256, np.int64), np.zeros(TOGETHER + 1, np.int64)
    for first in range(0, len(probabilities), TOGETHER):
        last = min(first + TOGETHER, len(probabilities))
        rows = rows_of_texts(data, offsets, first, last, words, ngrams, scratch, matrix.numbers, rows, ends)
        for text in range(first, last):
            average(rows, ends[text - first], ends[text - first + 1], matrix, scratch.mean)
            if outputs.loss != HIERARCHICAL:
                _probabilities(outputs, scratch)
                for label in range(n):
                    probabilities[text, label] = np.exp(_log(scratch.scores[label]))
                continue
            found, labels = np.empty(n + 1, np.float32), np.empty(n + 1, np.int32)
            size = _descend(outputs, np.float32(-np.inf), n, scratch, found, labels)
            for i in range(size):
                probabilities[text, labels[i]] = np.exp(found[i])
