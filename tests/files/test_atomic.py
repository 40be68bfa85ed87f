import resource
import stat

import pytest

from textkit.files.atomic import atomic_path


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
