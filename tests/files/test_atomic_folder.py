import errno
import subprocess
import sys

import pytest

from textkit.files import atomic_folder as module
from textkit.files.atomic import remove_leftovers
from textkit.files.atomic_folder import atomic_folder


def is_ours(folder):
    return (folder / "mark").exists()


def write(path, content):
    with atomic_folder(path, replaceable=is_ours) as temporary:
        (temporary / "mark").write_text(content)


@pytest.fixture(params=["one step", "two steps"])
def exchange(request, monkeypatch):
    """Both ways to swap two folders: that of the system, and that for systems without one."""
    if request.param == "two steps":
        monkeypatch.setattr(module.ctypes, "CDLL", lambda name: object())


def test_the_folder_appears_with_what_was_written(tmp_path):
    path = tmp_path / "a"
    with atomic_folder(path, replaceable=is_ours) as temporary:
        (temporary / "mark").write_text("new")
        assert not path.exists()
    assert (path / "mark").read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_one_is_replaced_and_other_files_in_it_stay(tmp_path, exchange):
    path = tmp_path / "a"
    write(path, "old")
    (path / "notes.txt").write_text("mine")
    (path / "more").mkdir()
    write(path, "new")
    assert (path / "mark").read_text() == "new"
    assert sorted(found.name for found in path.iterdir()) == ["mark", "more", "notes.txt"]
    assert (path / "notes.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_folder_is_replaced(tmp_path):
    path = tmp_path / "a"
    path.mkdir()
    write(path, "new")
    assert (path / "mark").read_text() == "new"


def test_the_old_one_stays_and_nothing_is_left_behind_when_the_block_raises(tmp_path):
    path = tmp_path / "a"
    write(path, "old")

    def stop_halfway():
        with atomic_folder(path, replaceable=is_ours) as temporary:
            (temporary / "mark").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert (path / "mark").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_one_stays_when_it_cannot_be_replaced(tmp_path, exchange, monkeypatch):
    path = tmp_path / "a"
    write(path, "old")

    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr(module.Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new")
    monkeypatch.undo()
    assert (path / "mark").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_folders_and_files_are_never_replaced(tmp_path):
    folder, file = tmp_path / "photos", tmp_path / "file"
    folder.mkdir()
    (folder / "me.png").touch()
    file.write_text("content")
    with pytest.raises(ValueError, match=r"got '.*photos', which contains other files; choose another name"):
        write(folder, "new")
    with pytest.raises(ValueError, match=r"path must be a folder, got the file '.*file'; choose another name"):
        write(file, "new")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "photos"]
    assert [found.name for found in folder.iterdir()] == ["me.png"]


def test_a_folder_that_comes_meanwhile_is_not_replaced_either(tmp_path):
    path = tmp_path / "a"

    def slow():
        with atomic_folder(path, replaceable=is_ours) as temporary:
            (temporary / "mark").touch()
            path.mkdir()
            (path / "me.png").touch()

    with pytest.raises(ValueError, match="which contains other files"):
        slow()
    assert [found.name for found in path.iterdir()] == ["me.png"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"create '.*missing' first"):
        write(tmp_path / "missing" / "a", "new")


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "mark").read_text() == "new"


def test_the_rights_are_those_of_any_new_folder(tmp_path):
    (tmp_path / "usual").mkdir()
    write(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_umask_of_the_process_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("os.umask", lambda mask: pytest.fail("it was changed"))
    write(tmp_path / "a", "new")


KILLED = """
import os, sys
from pathlib import Path
from textkit.files.atomic_folder import atomic_folder

path, left = Path(sys.argv[1]), [0]

def write():
    with atomic_folder(path, replaceable=lambda folder: True) as temporary:
        (temporary / "mark").write_text("new")

def killed_after(calls):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    left[0] = calls
    def count(event, arguments):
        if event == "open" or event.startswith(("os.", "shutil.")):
            if left[0] == 0:
                os._exit(9)
            left[0] -= 1
    sys.addaudithook(count)
    write()
    os._exit(0)

calls = 0
while killed_after(calls):
    assert (path / "mark").read_text() in ("old", "new"), calls
    write()
    assert (path / "mark").read_text() == "new", calls
    assert (path / "notes").read_text() == "mine", calls
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], (calls, list(path.parent.iterdir()))
    assert sorted(entry.name for entry in path.iterdir()) == ["mark", "notes"], calls
    (path / "mark").write_text("old")
    calls += 1
print(calls)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_writer_killed_at_any_call_leaves_nothing_that_the_next_one_does_not_tidy_up(tmp_path):
    path = tmp_path / "model"
    write(path, "old")
    (path / "notes").write_text("mine")
    done = subprocess.run([sys.executable, "-c", KILLED, path], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_replaced_folder_stays_without_the_new_one(tmp_path):
    left = tmp_path / ".model-0123abcd.tmp"
    left.mkdir()
    for name in (".replaced", "notes"):
        (left / name).write_text("mine")
    remove_leftovers(tmp_path / "model")
    assert (left / "notes").read_text() == "mine"
