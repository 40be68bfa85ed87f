import subprocess
import sys

import pytest

from textkit.language_model import built_in_model as module
from textkit.language_model.built_in_model import built_in_model
from textkit.language_model.language_model import LanguageModel
from textkit.language_model.settings import LanguageModelSettings
from textkit.models.rnn_language_model import RnnLanguageModelConfig

SMALL = """
import pathlib, sys, torch
from textkit.language_model import built_in_model as module
from textkit.models.rnn_language_model import RnnLanguageModelConfig
from textkit.language_model.settings import LanguageModelSettings
module.CONFIG = RnnLanguageModelConfig(dim=4, hidden=8)
module.SETTINGS = LanguageModelSettings(batch_size=2, window=20, epochs=1)
module.corpora_folder = lambda: pathlib.Path(sys.argv[1])
torch.set_num_threads(1)
print(module.built_in_model(progress=False).generate("the", length=40))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own, a small corpus and a small model."""
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "tales.txt").write_text("the fox and the moon\n" * 20)
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "corpora_folder", lambda: tmp_path / "corpora")
    monkeypatch.setattr(module, "CONFIG", RnnLanguageModelConfig(dim=4, hidden=8))
    monkeypatch.setattr(module, "SETTINGS", LanguageModelSettings(batch_size=2, window=20, epochs=1))
    return tmp_path / "cache"


@pytest.fixture
def trainings(monkeypatch):
    """How often a model is trained."""
    train, calls = module.train_language_model, []
    monkeypatch.setattr(module, "train_language_model", lambda *a, **k: calls.append(k) or train(*a, **k))
    return calls


def test_it_is_trained_once_and_kept(cache, trainings, capsys):
    first = built_in_model(progress=False)
    second = built_in_model(progress=False)
    assert len(trainings) == 1
    assert second.generate("the fox", length=50) == first.generate("the fox", length=50)
    (folder,) = (cache / "models").iterdir()
    assert isinstance(LanguageModel.load(folder), LanguageModel)
    assert capsys.readouterr().err == ""


def test_its_place_names_the_corpus_and_the_version(cache):
    from importlib.metadata import version

    built_in_model(progress=False)
    (folder,) = (cache / "models").iterdir()
    assert folder.name.startswith("tales-")
    assert folder.name.endswith(version("textkit"))


def test_another_corpus_or_other_settings_are_another_model(cache, trainings, tmp_path, monkeypatch):
    built_in_model(progress=False)
    monkeypatch.setattr(module, "SEED", 2)
    built_in_model(progress=False)
    (tmp_path / "corpora" / "tales.txt").write_text("the fox and the sun\n" * 20)
    built_in_model(progress=False)
    assert len(trainings) == len(list((cache / "models").iterdir())) == 3


def test_progress_goes_to_stderr(capsys):
    built_in_model()
    found = capsys.readouterr()
    assert found.out == ""
    assert "training the built-in model on tales.txt" in found.err


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "vocabulary.txt"])
def test_a_damaged_one_is_made_anew(name, cache, trainings, capsys):
    text = built_in_model(progress=False).generate("the", length=30)
    (folder,) = (cache / "models").iterdir()
    (folder / name).write_bytes((folder / name).read_bytes()[:-5])
    assert built_in_model(progress=False).generate("the", length=30) == text
    assert f"damaged and will be trained again: {folder / name}" in capsys.readouterr().err
    assert LanguageModel.load(folder).generate("the", length=30) == text
    assert len(trainings) == 2


def test_a_cache_that_cannot_be_written(cache, trainings, capsys):
    cache.write_text("this is a file, and no folder")
    for _ in range(2):
        assert len(built_in_model(progress=False).generate("the", length=30)) == 33
        assert "the built-in model cannot be cached" in capsys.readouterr().err
    assert len(trainings) == 2


@pytest.mark.slow
def test_first_uses_at_the_same_time_do_not_hurt_each_other(cache, tmp_path):
    command = [sys.executable, "-c", SMALL, str(tmp_path / "corpora")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    found = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], found
    assert {err for _, err in found} == {""}
    assert len({out for out, _ in found}) == 1
    (folder,) = (cache / "models").iterdir()
    assert LanguageModel.load(folder).generate("the", length=40) == found[0][0].removesuffix("\n")
