import threading

import pytest

from textkit.files.prefetch import prefetched


def test_one_item_is_taken_ahead():
    taken = []

    def items():
        for number in range(4):
            taken.append(number)
            yield number

    ahead = prefetched(items())
    assert next(ahead) == 0
    assert next(ahead) == 1
    assert taken in ([0, 1], [0, 1, 2])
    assert list(ahead) == [2, 3]


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise ValueError("damaged")

    ahead = prefetched(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(ahead)


def test_the_thread_ends_with_the_generator():
    ahead = prefetched(iter(range(9)))
    next(ahead)
    ahead.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("textkit-prefetch")]
