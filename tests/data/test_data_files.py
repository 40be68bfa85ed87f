import hashlib

import pytest

from textkit.data.data_files import DataFile, cache_folder, data_folder, find_file

GOOD = b"good\n"
HASH = hashlib.sha256(GOOD).hexdigest()


def test_a_bad_file_of_the_user_is_named_and_left_alone(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"bad\n")
    with pytest.raises(ValueError, match=r"a.txt must have the SHA-256 .*, got .*; replace the file"):
        find_file(DataFile(path="a.txt", sha256=HASH), tmp_path, keep_aside=False)
    assert (tmp_path / "a.txt").read_bytes() == b"bad\n"


def test_a_bad_file_in_the_cache_is_kept_aside_and_not_used(tmp_path):
    file = DataFile(path="a.txt", sha256=HASH)
    (tmp_path / "a.txt").write_bytes(b"bad\n")
    with pytest.raises(ValueError, match="was renamed to"):
        find_file(file, tmp_path, keep_aside=True)
    assert (tmp_path / "a.txt.bad").read_bytes() == b"bad\n"
    assert find_file(file, tmp_path, keep_aside=True) is None


def test_a_changed_file_is_hashed_again(tmp_path):
    file = DataFile(path="a.txt", sha256=HASH)
    (tmp_path / "a.txt").write_bytes(GOOD)
    assert find_file(file, tmp_path, keep_aside=False) == tmp_path / "a.txt"
    (tmp_path / "a.txt").write_bytes(b"changed\n")
    with pytest.raises(ValueError, match="must have the SHA-256"):
        find_file(file, tmp_path, keep_aside=False)


def test_packed_and_unpacked_forms_each_have_their_hash(tmp_path):
    file = DataFile(path="a.txt.xz", sha256="0" * 64, unpacked_sha256=HASH)
    assert list(file.forms()) == [("a.txt.xz", "0" * 64), ("a.txt", HASH)]
    (tmp_path / "a.txt").write_bytes(GOOD)
    assert find_file(file, tmp_path, keep_aside=False) == tmp_path / "a.txt"


def test_a_folder_is_found_only_when_it_is_whole(tmp_path):
    folder = DataFile(path="names", files={"A.txt": HASH, "B.txt": HASH}, address="http://127.0.0.1/names/")
    assert [part.address for part in folder.parts()] == [
        "http://127.0.0.1/names/A.txt",
        "http://127.0.0.1/names/B.txt",
    ]
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "A.txt").write_bytes(GOOD)
    assert find_file(folder, tmp_path, keep_aside=False) is None
    (tmp_path / "names" / "B.txt").write_bytes(GOOD)
    assert find_file(folder, tmp_path, keep_aside=False) == tmp_path / "names"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../../up"])
def test_a_path_cannot_leave_the_folder(path):
    with pytest.raises(ValueError, match="path must stay inside the data folder"):
        DataFile(path=path)


def test_folders_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTKIT_DATA", str(tmp_path))
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path / "cache"))
    assert (data_folder(), cache_folder()) == (tmp_path, tmp_path / "cache")
    monkeypatch.setenv("TEXTKIT_DATA", "")
    monkeypatch.delenv("TEXTKIT_CACHE")
    assert data_folder() is None
    assert "textkit" in str(cache_folder())
