import numpy as np
import pytest
from safetensors.numpy import save_file

from textkit.training.checkpoint import (
    check_identity,
    check_replaceable,
    load_checkpoint,
    save_checkpoint,
)


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "state"
    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([1.5], np.float64),
        "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
        "number": np.array(7.0, np.float32),
        "nothing": np.zeros((0, 3), np.uint8),
    }
    save_checkpoint(path, arrays, {"epoch": 3, "loss": 0.1 + 0.2})
    found, state = load_checkpoint(path)
    assert state == {"epoch": 3, "loss": 0.1 + 0.2}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_missing_foreign_and_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="checkpoint must be a file"):
        load_checkpoint(tmp_path / "none")
    path = tmp_path / "state"
    save_checkpoint(path, {"a": np.zeros(100, np.float32)}, {})
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match=r"must be whole, got .*delete it to start from the beginning"):
        load_checkpoint(path)
    check_replaceable(path)  # a checkpoint, if a damaged one
    save_file({}, path, {"format": "textkit-checkpoint", "version": "99", "state": "{}"})
    with pytest.raises(ValueError, match="version 1 or lower, got 99"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"a corpus of mine\n" * 9, b"", b"short", bytes(64), b"\x02" + bytes(7) + b"{}"])
def test_a_file_of_something_else_is_neither_overwritten_nor_to_be_deleted(tmp_path, content):
    path = tmp_path / "c.txt"
    path.write_bytes(content)
    for use in (check_replaceable, load_checkpoint):
        with pytest.raises(
            ValueError, match="which is something else and would be overwritten; choose another"
        ) as error:
            use(path)
        assert "delete" not in str(error.value)


def test_weights_that_are_no_checkpoint(tmp_path):
    path = tmp_path / "weights.safetensors"
    for header in ({}, {"format": "textkit.word_vectors"}):
        save_file({"a": np.zeros(3, np.float32)}, path, header)
        with pytest.raises(ValueError, match="which is something else"):
            check_replaceable(path)


def test_where_a_checkpoint_can_be(tmp_path):
    check_replaceable(tmp_path / "new")
    with pytest.raises(FileNotFoundError, match=r"the folder of checkpoint must exist, got .*; create '.*missing'"):
        check_replaceable(tmp_path / "missing" / "state")
    with pytest.raises(IsADirectoryError):
        check_replaceable(tmp_path)


def test_a_checkpoint_through_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    link = tmp_path / "state.ck"
    link.symlink_to("disk/real")
    (tmp_path / "disk" / ".state-0123abcd.tmp.ck").touch()
    save_checkpoint(link, {"a": np.zeros(3)}, {"epoch": 1})
    check_replaceable(link)
    assert (link.is_symlink(), load_checkpoint(link)[1]) == (True, {"epoch": 1})
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["real"]


def test_a_damaged_weight_is_found(tmp_path):
    path = tmp_path / "state"
    save_checkpoint(path, {"a": np.zeros(100, np.float32)}, {})
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="weights are damaged"):
        load_checkpoint(path)


def test_another_training_is_refused_and_told_apart():
    check_identity("state", {"window": 5, "cutoffs": [1, 2], "more": 1}, {"window": 5, "cutoffs": (1, 2)})
    with pytest.raises(
        ValueError,
        match=r"got 'state' \(window 5 in the checkpoint, 6 now, seed None in the checkpoint, 1 now\); delete it",
    ):
        check_identity("state", {"window": 5}, {"window": 6, "seed": 1})
