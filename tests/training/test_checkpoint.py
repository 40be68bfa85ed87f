import numpy as np
import pytest
from safetensors.numpy import save_file

from textkit.files.atomic import atomic_path
from textkit.training.checkpoint import check_identity, load_checkpoint, remove_leftovers, save_checkpoint


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
    with pytest.raises(ValueError, match=r"written by textkit, got .*delete it to start from the beginning"):
        load_checkpoint(path)
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match="delete it"):
        load_checkpoint(path)
    save_file({"a": np.zeros(3, np.float32)}, path)
    with pytest.raises(ValueError, match="no checkpoint header"):
        load_checkpoint(path)
    save_file({}, path, {"format": "textkit-checkpoint", "version": "99", "state": "{}"})
    with pytest.raises(ValueError, match="version 1 or lower, got 99"):
        load_checkpoint(path)


def test_a_damaged_weight_is_found(tmp_path):
    path = tmp_path / "state"
    save_checkpoint(path, {"a": np.zeros(100, np.float32)}, {})
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="weights are damaged"):
        load_checkpoint(path)


def test_leftovers_of_this_checkpoint_alone_are_removed(tmp_path):
    mine, other = tmp_path / ".state-abcd_123.tmp.ck", tmp_path / ".other-abcd_123.tmp.ck"
    second, odd = tmp_path / ".state-2-abcd_123.tmp.ck", tmp_path / ".[x]-abcd_123.tmp"
    for path in (mine, other, second, odd):
        path.touch()
    remove_leftovers(tmp_path / "state.ck")
    assert set(tmp_path.iterdir()) == {other, second, odd}
    remove_leftovers(tmp_path / "[x]")
    assert set(tmp_path.iterdir()) == {other, second}


def test_leftovers_have_the_names_that_saving_gives(tmp_path):
    with atomic_path(tmp_path / "state.ck") as temporary:
        temporary.touch()
        remove_leftovers(tmp_path / "other.ck")
        assert temporary.exists()
        remove_leftovers(tmp_path / "state.ck")
        assert not temporary.exists()
        temporary.touch()


def test_another_training_is_refused_and_told_apart():
    check_identity("state", {"window": 5, "cutoffs": [1, 2], "more": 1}, {"window": 5, "cutoffs": (1, 2)})
    with pytest.raises(
        ValueError,
        match=r"got 'state' \(window 5 in the checkpoint, 6 now, seed None in the checkpoint, 1 now\); delete it",
    ):
        check_identity("state", {"window": 5}, {"window": 6, "seed": 1})
