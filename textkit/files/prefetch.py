"""Iterators that run ahead in a thread."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

Item = TypeVar("Item")
_END: Any = object()


def prefetched(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items; a thread takes each from the iterator while the one before is in use.

    An error of the iterator is raised where its item is awaited. The thread ends with the generator.

    >>> list(prefetched(iter("abc")))
    ['a', 'b', 'c']
    """
    context = copy_context()  # so that the thread reports its progress to the bar of this one

    def following() -> Item:
        return context.run(next, items, _END)

    with ThreadPoolExecutor(1, thread_name_prefix="textkit-prefetch") as pool:
        ahead = pool.submit(following)
        while (item := ahead.result()) is not _END:
            ahead = pool.submit(following)
            yield item
