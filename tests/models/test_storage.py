import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from textkit.models.storage import read_config, read_folder, write_folder
from textkit.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.from_counts({"a": 3, "\n": 1}, specials=["<pad>", "<unk>"])


def save(folder, number=1.0, *, kind="toy", **config):
    weights = {"w": np.full((4, 3), number, np.float32), "b": np.arange(3, dtype=np.float64)}
    write_folder(folder, kind=kind, config={"number": number, **config}, vocabulary=VOCABULARY, weights=weights)


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "model")
    return tmp_path / "model"


def changed(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_is_written_is_read(folder):
    found = read_folder(folder, kind="toy")
    assert found.folder == folder
    assert found.config["number"] == 1.0
    assert found.vocabulary == VOCABULARY
    np.testing.assert_array_equal(found.weights["w"], np.ones((4, 3), np.float32))
    assert found.weights["b"].dtype == np.float64


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, wrong):
    save(tmp_path / "model", wrong)
    with pytest.raises(ValueError, match=r"must hold finite weights, got nan or infinite ones in .w.; train"):
        read_folder(tmp_path / "model", kind="toy")


def test_the_files_are_plain_and_described(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "vocabulary.txt", "weights.safetensors"]
    config = json.loads((folder / "config.json").read_text())
    assert (config["format"], config["version"], config["kind"]) == ("textkit", 1, "toy")
    size = config["files"]["weights.safetensors"]["bytes"]
    assert size == (folder / "weights.safetensors").stat().st_size
    assert Vocabulary.load(folder / "vocabulary.txt") == VOCABULARY


def test_how_it_was_trained_has_a_file_of_its_own(tmp_path):
    arguments = {"kind": "toy", "config": {}, "vocabulary": VOCABULARY, "weights": {}}
    history = [{"epoch": 1, "loss": 2.5}]
    write_folder(tmp_path / "first", **arguments, metadata={"trained": "2026"}, history=history)
    found = read_folder(tmp_path / "first", kind="toy")
    assert (found.metadata, found.history) == ({"trained": "2026"}, history)
    write_folder(tmp_path / "second", **arguments, metadata={"trained": "2027"})
    assert (tmp_path / "first/config.json").read_bytes() == (tmp_path / "second/config.json").read_bytes()
    (tmp_path / "first/training.json").unlink()
    found = read_folder(tmp_path / "first", kind="toy")
    assert (found.metadata, found.history) == ({}, [])


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"metadata": 1, "history": []}', '{"metadata": {}, "history": 1}']
)
def test_a_damaged_file_on_how_it_was_trained_is_named(folder, content):
    (folder / "training.json").write_text(content)
    with pytest.raises(ValueError, match=r"training.json must hold metadata and history, got .*; delete it"):
        read_folder(folder, kind="toy")


def test_an_older_model_is_replaced(folder):
    (folder / "notes.txt").write_text("mine")
    save(folder, 2.0)
    assert read_folder(folder, kind="toy").weights["w"][0, 0] == 2
    assert (folder / "notes.txt").read_text() == "mine"
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("content", [None, "not JSON", '{"format": "other"}', "[]"])
def test_a_folder_that_is_no_model_is_not_replaced(content, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "me.png").touch()
    if content is not None:
        (folder / "config.json").write_text(content)
    with pytest.raises(ValueError, match="which contains other files; choose another name"):
        save(folder)
    assert (folder / "me.png").exists()
    assert not (folder / "weights.safetensors").exists()


def test_folders_that_are_no_model(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"that of a saved model, got '.*none', which does not exist"):
        read_folder(tmp_path / "none", kind="toy")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"got the file '.*file'; pass the folder"):
        read_folder(tmp_path / "file", kind="toy")
    with pytest.raises(ValueError, match=r"which has no config\.json; pass the one it was saved to"):
        read_folder(tmp_path, kind="toy")


@pytest.mark.parametrize(
    "content",
    [b"", b"not JSON", b"\xff\xfe", b"[]", b'{"format": "other"}', b'{"format": "textkit"}', b"[" * 100_000,
     b'{"format": "textkit", "version": "1", "kind": "toy"}', b'{"format": "textkit", "version": 1, "kind": 5}'],
)  # fmt: skip
def test_a_config_that_is_none(content, folder):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.json must describe a saved model, got one that does not"):
        read_folder(folder, kind="toy")


def test_a_newer_version_says_so(folder):
    path = folder / "config.json"
    path.write_text('{"format": "textkit", "version": 2, "all": "else is new"}')
    for read in (read_config, lambda folder: read_folder(folder, kind="toy")):
        with pytest.raises(ValueError, match=r"config\.json must have version 1 or lower, got 2; upgrade textkit"):
            read(folder)


def test_another_kind_is_refused(folder):
    with pytest.raises(ValueError, match=r"folder must hold a language-model, got a toy in .*; use textkit\.load"):
        read_folder(folder, kind="language-model")


@pytest.mark.parametrize("name", ["weights.safetensors", "vocabulary.txt"])
def test_missing_truncated_and_garbled_files_are_named(name, folder):
    path = folder / name
    content = path.read_bytes()
    for kept in (0, 5, len(content) - 1):
        path.write_bytes(content[:kept])
        with pytest.raises(ValueError, match=rf"{name} must have {len(content)} bytes, got {kept}; it is truncated"):
            read_folder(folder, kind="toy")
    garbled = bytearray(content)
    garbled[-2] ^= 1
    path.write_bytes(garbled)
    with pytest.raises(ValueError, match=rf"{name} must have the SHA-256 .* it is damaged"):
        read_folder(folder, kind="toy")
    path.unlink()
    with pytest.raises(ValueError, match=f"{name} must exist, got no such file"):
        read_folder(folder, kind="toy")


@pytest.mark.parametrize("files", [None, {}, {"weights.safetensors": 3, "vocabulary.txt": 3}])
def test_a_config_without_the_files(files, folder):
    changed(folder, files=files)
    with pytest.raises(ValueError, match=r"config\.json must describe vocabulary\.txt"):
        read_folder(folder, kind="toy")


def test_weights_in_another_format_are_never_unpickled(folder):
    import hashlib
    import pickle

    content = pickle.dumps({"w": 1})
    (folder / "weights.safetensors").write_bytes(content)
    files = read_config(folder)["files"]
    files["weights.safetensors"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    changed(folder, files=files)
    with pytest.raises(ValueError, match=r"weights\.safetensors must hold arrays"):
        read_folder(folder, kind="toy")


def test_a_model_can_be_read_while_it_is_replaced(folder):
    done = threading.Event()

    def replace():
        for number in range(2, 60):
            save(folder, float(number))
        done.set()

    writer = threading.Thread(target=replace)
    writer.start()
    seen = set()
    while not done.is_set():
        found = read_folder(folder, kind="toy")
        assert found.weights["w"][0, 0] == found.config["number"]  # the files belong together
        seen.add(found.config["number"])
    writer.join()
    assert len(seen) > 3


def test_a_process_killed_while_it_saves_leaves_a_whole_model(folder):
    code = (
        "import sys, itertools; import numpy as np\n"
        "from textkit.models.storage import write_folder, read_folder\n"
        "vocabulary = read_folder(sys.argv[1], kind='toy').vocabulary\n"
        "for number in itertools.count(2):\n"
        "    weights = {'w': np.full((4, 3), number, np.float32)}\n"
        "    write_folder(sys.argv[1], kind='toy', config={'number': number}, vocabulary=vocabulary, weights=weights)\n"
        "    print(number, flush=True)\n"
    )
    for wait in (0.0, 0.003, 0.011):
        process = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        found = read_folder(folder, kind="toy")
        assert found.weights["w"][0, 0] == found.config["number"]


def test_reading_needs_no_torch():
    code = "import sys, textkit.loading; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
