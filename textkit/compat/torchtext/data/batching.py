"""Group examples into batches, plainly or by length."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from textkit.compat.torchtext.data.shuffling import RandomShuffler

T = TypeVar("T")
SizeFunction = Callable[[Any, int, int], int]


def batch(data: Iterable[T], batch_size: int, batch_size_fn: SizeFunction | None = None) -> Iterator[list[T]]:
    """Yield lists of examples of a size, in the order of the data.

    Args:
        data: The examples.
        batch_size: Size of a batch, in examples, or as ``batch_size_fn`` counts; a larger example is alone.
        batch_size_fn: Called with a new example, the number of examples with it, and the size without it; returns the
            size with it.

    Yields:
        The batches; the last one may be smaller.

    Raises:
        ValueError: If ``batch_size`` is below 1.

    >>> list(batch([3, 1, 2, 5], 5, lambda new, count, size: size + new))
    [[3, 1], [2], [5]]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if batch_size_fn is None:
        yield from _by_count(data, batch_size)
        return
    examples: list[T] = []
    size = 0
    for example in data:
        examples.append(example)
        size = batch_size_fn(example, len(examples), size)
        if size == batch_size:
            yield examples
            examples, size = [], 0
        elif size > batch_size:
            if len(examples) > 1:
                yield examples[:-1]
            examples = [example]
            size = batch_size_fn(example, 1, 0)
    if examples:
        yield examples


def _by_count(data: Iterable[T], batch_size: int) -> Iterator[list[T]]:
    examples = iter(data)
    while some := list(islice(examples, batch_size)):
        yield some


def pool(
    data: Iterable[T],
    batch_size: int,
    key: Callable[[T], Any] | None,
    batch_size_fn: SizeFunction | None = None,
    random_shuffler: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    shuffle: bool = False,
    sort_within_batch: bool = False,
) -> Iterator[list[T]]:
    """Yield batches; those of each 100 batches are made of examples of similar length, if ``sort_within_batch``.

    Args:
        data: The examples.
        batch_size: Size of a batch; see `batch`.
        key: Key by which examples are sorted.
        batch_size_fn: Counts the size; see `batch`.
        random_shuffler: Returns a shuffled copy of the 100 batches; None for `RandomShuffler`.
        shuffle: Whether to shuffle the 100 batches.
        sort_within_batch: Whether to sort the examples of 100 batches first. Without it they are not sorted at all.

    Yields:
        The batches.

    >>> list(pool([3, 1, 2, 5], 2, lambda length: length, sort_within_batch=True))
    [[1, 2], [3, 5]]
    """
    shuffled = RandomShuffler() if random_shuffler is None else random_shuffler
    for part in batch(data, batch_size * 100, batch_size_fn):
        batches = list(batch(sorted(part, key=key) if sort_within_batch else part, batch_size, batch_size_fn))  # type: ignore[type-var, arg-type, unused-ignore]
        yield from shuffled(batches) if shuffle else batches


def interleave_keys(a: int, b: int) -> int:
    """Join two sort keys into one, by interleaving their last 16 bits or more.

    Examples that are similar in both keys get similar keys: for translation, or pairs of sentences.

    >>> interleave_keys(3, 5)
    27
    """
    bits = zip(format(a, "016b"), format(b, "016b"), strict=False)
    return int("".join(bit for pair in bits for bit in pair), base=2)
