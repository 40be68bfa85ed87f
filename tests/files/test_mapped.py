import numpy as np
import pytest

from textkit.files.mapped import release

COUNT = 8 << 20  # 32 MiB


@pytest.fixture
def path(tmp_path):
    (tmp_path / "ids").write_bytes(np.arange(COUNT, dtype=np.int32).tobytes())
    return tmp_path / "ids"


@pytest.mark.parametrize("view", [lambda ids: ids, np.asarray, lambda ids: np.asarray(ids)[5:][::2]])
def test_pages_that_were_read_are_given_back_and_can_be_read_again(path, view, mapped_bytes):
    ids = np.memmap(path, dtype=np.int32, mode="r")
    before = mapped_bytes()
    total = int(ids.sum(dtype=np.int64))
    assert mapped_bytes() - before >= 4 * COUNT
    release(view(ids))
    assert mapped_bytes() - before < 1 << 20
    assert int(ids.sum(dtype=np.int64)) == total == COUNT * (COUNT - 1) // 2


def test_private_changes_are_kept(path):
    ids = np.memmap(path, dtype=np.int32, mode="c")
    ids[3] = -1
    release(ids)
    assert ids[:5].tolist() == [0, 1, 2, -1, 4]


def test_arrays_in_memory_are_left_alone():
    array = np.arange(3)
    release(array, array[1:], np.frombuffer(b"12345678", np.int64))
    assert array.tolist() == [0, 1, 2]
