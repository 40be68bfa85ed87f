import os
import sys

import pytest

import textkit
from textkit.files.writable import check_writable


def test_a_place_that_can_be_written_stays_as_it_is(tmp_path):
    check_writable(tmp_path / "new", "path")
    (tmp_path / "old").write_text("old")
    check_writable(tmp_path / "old", "path")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="files without names are Linux's")
def test_a_kill_while_trying_leaves_nothing(tmp_path, monkeypatch):
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        pytest.skip("the file system has no files without names")
    found, system_open = [], os.open

    def look_after_opening(*arguments):
        handle = system_open(*arguments)
        found.extend(entry.name for entry in tmp_path.iterdir())
        return handle

    monkeypatch.setattr(os, "open", look_after_opening)
    check_writable(tmp_path / "new", "path")
    assert not found


def test_the_folder_of_a_links_target_counts(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError, match="the folder of path must exist"):
        check_writable(tmp_path / "link", "path")


@pytest.mark.parametrize("train", ["train_word2vec", "train_language_model"])
def test_checkpoints_are_tried_before_the_reading(train, tmp_path):
    if train == "train_language_model":
        pytest.importorskip("torch")

    def texts():
        pytest.fail("the text was read")
        yield

    (tmp_path / "file").write_text("")
    for checkpoint, error, message in (
        (tmp_path, IsADirectoryError, "checkpoint must be a file, got the folder"),
        (tmp_path / "file" / "state", FileNotFoundError, "the folder of checkpoint must exist"),
    ):
        with pytest.raises(error, match=message):
            getattr(textkit, train)(texts(), checkpoint=checkpoint)
