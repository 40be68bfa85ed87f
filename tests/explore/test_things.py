import json
import shutil
import warnings
from pathlib import Path

import numpy as np

from textkit.explore.things import Thing, kind_at, things_at
from textkit.vectors.word_vectors import WordVectors

SAVED = Path(__file__).parents[1] / "saved"


def test_kinds_are_found_without_loading(tmp_path, royals, fasttext_bytes):
    royals.save(tmp_path / "royals.safetensors")
    (tmp_path / "labels.bin").write_bytes(fasttext_bytes(["a"], [[1.0, 2]], [[1.0, 2]] * 2, labels=["x", "y"]))
    (tmp_path / "words.bin").write_bytes(fasttext_bytes(["a"], [[1.0, 2]], [[1.0, 2]], model=2))
    assert kind_at(tmp_path / "royals.safetensors") == "vectors"
    assert kind_at(tmp_path / "labels.bin") == "classifier"
    assert kind_at(tmp_path / "words.bin") == "vectors"
    assert kind_at(SAVED / "language_model") == "language-model"
    assert kind_at(SAVED / "word_avg") == "classifier"


def test_saved_things_are_opened(one_thread):
    paths = [SAVED / "vectors.safetensors", SAVED / "language_model", SAVED / "cnn"]
    vectors, model, classifier = things = things_at(paths, table=(["a", "b"], ["x", "y"]))
    assert [thing.state for thing in things] == ["waiting"] * 3
    for thing in things:
        assert thing.wait(60)
        assert thing.state == "ready", thing.message
        json.dumps(thing.value.about())
        json.dumps(thing.described())
    assert classifier.value.about()["table"] == 2
    assert model.value.about()["writes"]
    assert vectors.described()["path"] == str(paths[0])


def test_equal_names_are_written_in_full(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(SAVED / "vectors.safetensors", tmp_path / folder)
    paths = [tmp_path / "a" / "vectors.safetensors", tmp_path / "b" / "vectors.safetensors", SAVED / "cnn"]
    assert [thing.name for thing in things_at(paths)] == [*map(str, paths[:2]), "cnn"]


def test_a_large_vocabulary_is_cut(tmp_path):
    path = tmp_path / "large.safetensors"
    WordVectors([f"w{row}" for row in range(1000)], np.eye(1000, 4, dtype=np.float32)).save(path)
    (thing,) = things_at([path], limit=100)
    assert thing.wait(30)
    about = thing.value.about()
    assert (about["count"], about["cut"]) == (100, True)


def test_numbers_that_are_not_finite(tmp_path):
    path = tmp_path / "bad.vec"
    path.write_text("2 2\na 1 2\nb 1 nan\n")
    (thing,) = things_at([path])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert thing.wait(30)
    assert thing.state == "failed"
    assert "bad.vec, line 3" in thing.message


def test_a_thing_is_loaded_once():
    calls = []
    thing = Thing("once", "vectors", calls.append)
    for _ in range(3):
        assert thing.wait(30)
    assert calls == [thing]
