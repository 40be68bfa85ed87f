import os
import resource
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from textkit.files import atomic as module
from textkit.files.atomic import atomic_path, remove_leftovers


def test_the_file_appears_with_what_was_written(tmp_path):
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_old_file_stays_and_nothing_is_left_behind_when_the_block_raises(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def stop_halfway():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_old_file_stays_when_the_disk_is_full(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, hard))
    try:
        with pytest.raises(OSError, match="large"), atomic_path(path) as temporary:
            temporary.write_bytes(bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_temporary_path_keeps_the_suffixes_that_choose_a_format(tmp_path):
    with atomic_path(tmp_path / "news.txt.gz") as temporary:
        assert temporary.suffixes[-2:] == [".txt", ".gz"]
        assert temporary.parent == tmp_path


def test_the_rights_of_the_old_file_are_kept(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_umask_of_the_process_is_left_alone(tmp_path, monkeypatch):
    """A file that another thread makes meanwhile would be writable by all."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("it was changed"))
        with atomic_path(tmp_path / "a.txt"):
            pass
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_the_temporary_file_is_never_more_open_than_the_old_one(tmp_path, monkeypatch, mode):
    path = tmp_path / "secret"
    path.touch()
    path.chmod(mode)
    made = []
    opened = os.open

    def record(name, flags, mode=0o777):
        if flags & os.O_CREAT:
            made.append(mode)
        return opened(name, flags, mode)

    monkeypatch.setattr(os, "open", record)
    with atomic_path(path):
        assert made == [mode]
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.bin", tmp_path / "link.txt.gz"
    target.write_text("old")
    (tmp_path / "step").symlink_to(target)
    link.symlink_to("step")
    with atomic_path(link) as temporary:
        assert temporary.parent == target.parent  # so that the rename stays within one disk
        assert temporary.suffixes[-2:] == [".txt", ".gz"]
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert (link.readlink(), target.read_text()) == (Path("step"), "new")
    assert [path.name for path in target.parent.iterdir()] == ["real.bin"]


def test_a_link_to_a_file_that_is_not_there_yet(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("later")
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert (link.is_symlink(), (tmp_path / "later").read_text()) == (True, "new")


def test_a_link_to_itself_or_to_a_missing_folder(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"), atomic_path(tmp_path / "loop"):
        pass
    (tmp_path / "far").symlink_to("missing/file")
    with pytest.raises(FileNotFoundError, match=r"create '.*missing' first"), atomic_path(tmp_path / "far"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_symlink()) == ["far", "loop"]


def test_what_is_no_regular_file_is_refused_and_stays(tmp_path):
    pipe, listener, link = tmp_path / "pipe", tmp_path / "s", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(tmp_path, os.O_RDONLY)  # the name of a socket must be short
        server.bind(f"/proc/self/fd/{folder}/s")
        os.close(folder)
        for path, kind in ((pipe, "pipe"), (link, "pipe"), (listener, "socket")):
            message = f"path must be a file or a new name, got the {kind} '.*{path.name}'; write a file"
            with pytest.raises(ValueError, match=message), atomic_path(path):
                pass
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "s"]


def test_a_device_is_refused_and_stays(tmp_path):
    device = tmp_path / "nothing"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(ValueError, match="got the device"), atomic_path(device):
        pass
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_new_file_gets_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "usual").touch()
    with atomic_path(tmp_path / "a.txt"):
        pass
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_folder_as_target_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="add a file name"), atomic_path(tmp_path):
        pass


def test_a_missing_folder_is_named(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"create .*missing"),
        atomic_path(tmp_path / "missing" / "a.txt"),
    ):
        pass


KILLED = """
import os, signal, sys
from textkit.files.atomic import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "a.bin.gz"], check=False, timeout=60)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "half"
    with atomic_path(tmp_path / "a.bin.gz") as temporary:
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin.gz"]


def test_two_writers_of_one_file_leave_each_other_alone(tmp_path):
    with atomic_path(tmp_path / "a") as first:
        with atomic_path(tmp_path / "a") as second:
            second.write_text("second")
        assert first.exists()
        first.write_text("first")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "first")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_leftovers_of_this_file_alone_are_removed(tmp_path):
    mine, other = tmp_path / ".state-0123abcd.tmp.ck", tmp_path / ".other-0123abcd.tmp.ck"
    second, odd, named = (
        tmp_path / name for name in (".state-2-0123abcd.tmp.ck", ".[x]-0123abcd.tmp", ".state-my.tmp.ck")
    )
    for path in (mine, other, second, odd, named):
        path.touch()
    remove_leftovers(tmp_path / "state.ck")
    assert set(tmp_path.iterdir()) == {other, second, odd, named}
    remove_leftovers(tmp_path / "[x]")
    assert set(tmp_path.iterdir()) == {other, second, named}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_temporary_file_that_vanishes_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, made = module._lock, []

    def late(path):
        if not made:
            path.unlink()
        made.append(path)
        return lock(path)

    monkeypatch.setattr(module, "_lock", late)
    with atomic_path(tmp_path / "a") as temporary:
        temporary.write_text("new")
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
