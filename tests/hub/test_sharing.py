import filecmp
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import textkit
from textkit.hub import layouts
from textkit.models import storage
from textkit.models.rnn_language_model import RnnLanguageModel
from textkit.text.saved_tokenizer import FILES
from textkit.vectors.floret_vectors import FloretVectors
from textkit.vectors.formats.floret_file import FloretSettings, FloretTable

constants = pytest.importorskip("huggingface_hub.constants")
# huggingface_hub sends large files so.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning")
TEXTS = ["a good film", "good and kind", "a bad film", "bad and dull"] * 6
UNREACHABLE = "http://127.0.0.1:9"
LABELS = ["pos", "pos", "neg", "neg"] * 6


def vectors(words=("tea", "cup", "sea")):
    matrix = [[number, 1.0] for number in range(len(words))]
    return textkit.WordVectors(words, matrix, metadata={"tokenizer": "whitespace"}, counts=range(len(words)))


def subword_vectors():
    return textkit.SubwordVectors(["cat", "dog"], [[number, 1.0] for number in range(12)], counts=[2, 1])


def language_model():
    known = textkit.Vocabulary.from_counts(dict.fromkeys("to be", 2), specials=["<pad>", "<unk>"])
    network = RnnLanguageModel(textkit.RnnLanguageModelConfig(dim=2, hidden=2), len(known))
    model = textkit.LanguageModel(network, known, unit="char")
    model.metadata = {"trained": "2026-01-31", "versions": {"torch": "2.6"}, "data": {}, "settings": {"epochs": 2}}
    model.history = [{"epoch": 1, "loss": 3.0, "valid_loss": 2.0}, {"epoch": 2, "loss": 1.0, "valid_loss": 2.5}]
    return model


def classifier(tokenizer=None):
    settings = textkit.ClassifierSettings(epochs=1, valid_share=0.25)
    return textkit.TextClassifier(settings=settings, tokenizer=tokenizer).fit(TEXTS, LABELS)


def phrases():
    return textkit.Phrases([textkit.Phrase(("new", "york"), 9, 50.0)])


def vocabulary():
    return textkit.Vocabulary.from_counts({"a": 3, "b": 1}, specials=["<unk>"])


SAVED = [vectors, subword_vectors, language_model, classifier, phrases, vocabulary]


def saved_files(thing, path):
    """What `save` writes, by name."""
    thing.save(path)
    return {file.name: file.read_bytes() for file in (path.iterdir() if path.is_dir() else [path])}


@pytest.mark.parametrize("made", SAVED)
def test_everything_that_is_saved_comes_back_with_equal_bytes(hub, tmp_path, made):
    thing = made()
    address = thing.push_to_hub("user/thing")
    repository = hub.repositories["user/thing"]
    assert address == f"{hub.url}/user/thing/commit/{repository.branches['main']}"
    loaded = type(thing).from_pretrained("user/thing")
    assert type(loaded) is type(thing)
    name = "saved" + Path(thing._layout.files[0]).suffix * (thing._layout.kind is None)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = saved_files(thing, tmp_path / "before" / name)
    assert before == saved_files(loaded, tmp_path / "after" / name)
    uploaded = {
        name: content for name, content in repository.files.items() if name not in (".gitattributes", "README.md")
    }
    assert sorted(uploaded.values()) == sorted(before.values())
    assert set(uploaded) <= set(thing._layout.files)
    # The repository was created, and filled in one commit.
    assert len(repository.commits) == 2
    assert [path for _, path in hub.requests if path.endswith("/commit/main")] == ["/api/models/user/thing/commit/main"]


def test_the_layouts_have_the_names_of_saved_models():
    names = (storage.CONFIG, storage.TRAINING, storage.VOCABULARY, storage.WEIGHTS, *FILES.values())
    assert layouts.TEXT_CLASSIFIER.files == layouts.LANGUAGE_MODEL.files == names


def test_a_folder_or_file_of_this_machine_is_loaded_too(tmp_path):
    vectors().save(tmp_path / "vectors.safetensors")
    for place in (tmp_path, tmp_path / "vectors.safetensors"):
        assert textkit.WordVectors.from_pretrained(place).words == ("tea", "cup", "sea")


def test_only_the_files_of_the_class_are_downloaded(hub):
    thing = classifier()
    thing.push_to_hub("user/thing")
    hub.repositories["user/thing"].commit({"notes.txt": b"many", "optimizer.bin": b"large"})
    textkit.TextClassifier.from_pretrained("user/thing")
    got = {path.rpartition("/")[2] for method, path in hub.requests if method == "GET" and "/resolve/" in path}
    assert got == {"config.json", "training.json", "vocabulary.txt", "weights.safetensors"}


def test_a_revision_is_kept(hub):
    old = vectors().push_to_hub("user/thing", commit_message="first").rpartition("/")[2]
    vectors(["new"]).push_to_hub("user/thing")
    vectors(["side"]).push_to_hub("user/thing", revision="experiment")
    found = {
        name: textkit.WordVectors.from_pretrained("user/thing", revision=name) for name in (old, None, "experiment")
    }
    assert [part.words for part in found.values()] == [("tea", "cup", "sea"), ("new",), ("side",)]
    assert textkit.load(f"hf://user/thing@{old}").words == ("tea", "cup", "sea")
    assert textkit.WordVectors.from_pretrained(f"hf://user/thing@{old}").words == ("tea", "cup", "sea")
    with pytest.raises(ValueError, match="revision must be a branch, tag or commit of user/thing, got 'v2'"):
        textkit.WordVectors.from_pretrained("user/thing", revision="v2")


def test_a_pull_request_leaves_the_branch_alone(hub):
    vectors().push_to_hub("user/thing")
    address = vectors(["new"]).push_to_hub("user/thing", create_pr=True)
    assert address.endswith("/user/thing/discussions/1")
    assert textkit.WordVectors.from_pretrained("user/thing").words == ("tea", "cup", "sea")
    assert textkit.WordVectors.from_pretrained("user/thing", revision="refs/pr/1").words == ("new",)


def test_a_cut_connection_leaves_the_old_files(hub):
    vectors().push_to_hub("user/thing")
    before = dict(hub.repositories["user/thing"].files)
    hub.cut = "/commit/"
    with pytest.raises(ConnectionError, match="Hub must be in reach for user/thing"):
        vectors(["new"]).push_to_hub("user/thing")
    assert hub.repositories["user/thing"].files == before


def test_offline_the_cache_is_read(hub, monkeypatch):
    thing = classifier()
    thing.push_to_hub("user/thing")
    textkit.TextClassifier.from_pretrained("user/thing")

    def found(**options):
        return textkit.TextClassifier.from_pretrained("user/thing", **options).classes_.tolist()

    hub.requests.clear()
    assert found(local_files_only=True) == ["neg", "pos"]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert found() == textkit.load("hf://user/thing").classes_.tolist() == ["neg", "pos"]
    with pytest.raises(FileNotFoundError, match=r"user/other must be in the cache .* unset HF_HUB_OFFLINE"):
        textkit.TextClassifier.from_pretrained("user/other")
    with pytest.raises(ConnectionError, match="got HF_HUB_OFFLINE"):
        thing.push_to_hub("user/thing")
    assert not hub.requests
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", UNREACHABLE)
    assert found() == ["neg", "pos"]


def test_without_the_hub_and_a_copy(hub, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", UNREACHABLE)
    with pytest.raises(ConnectionError, match="user/thing must be in the cache or the Hugging Face Hub in reach"):
        textkit.WordVectors.from_pretrained("user/thing")


def test_what_may_not_be_read(hub, monkeypatch):
    vectors().push_to_hub("user/secret", private=True)
    assert hub.repositories["user/secret"].private
    assert len(textkit.WordVectors.from_pretrained("user/secret")) == 3
    hub.add("user/gated", {"vectors.bin": b""}, gated=True)
    with pytest.raises(PermissionError, match="'user/gated', which is gated; accept its conditions"):
        textkit.WordVectors.from_pretrained("user/gated")
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "nowhere")
    for name in ("user/secret", "user/none"):
        with pytest.raises(FileNotFoundError, match="does not exist or is private; check its spelling, or log in"):
            textkit.WordVectors.from_pretrained(name, cache_dir="empty")
    with pytest.raises(PermissionError, match="token must permit this in user/mine"):
        vectors().push_to_hub("user/mine")
    with pytest.raises(ValueError, match="repo_id must be 'user/name', got 'a/b/c'"):
        textkit.WordVectors.from_pretrained("a/b/c")


def test_private_is_never_public(hub):
    vectors().push_to_hub("user/thing")
    with pytest.raises(ValueError, match="private must be None for user/thing, which is public"):
        vectors(["new"]).push_to_hub("user/thing", private=True)
    assert len(textkit.WordVectors.from_pretrained("user/thing")) == 3


def test_another_kind_names_the_class_to_use(hub):
    classifier().push_to_hub("user/classifier")
    phrases().push_to_hub("user/phrases")
    subword_vectors().push_to_hub("user/subwords")
    hub.requests.clear()
    with pytest.raises(ValueError, match=r"a LanguageModel, got a TextClassifier; use textkit.TextClassifier.from_pre"):
        textkit.LanguageModel.from_pretrained("user/classifier")
    assert not [path for _, path in hub.requests if "weights" in path]
    with pytest.raises(
        ValueError, match=r"a WordVectors, got a Phrases; use textkit.Phrases.from_pretrained\('user/phr"
    ):
        textkit.WordVectors.from_pretrained("user/phrases")
    with pytest.raises(ValueError, match=r"must hold a model or word vectors, got a Phrases; use textkit.Phrases"):
        textkit.load("hf://user/phrases")
    assert "cats" not in textkit.WordVectors.from_pretrained("user/subwords")
    hub.add("user/newer", {"config.json": b'{"format": "textkit", "version": 1, "kind": "text-encoder"}'})
    with pytest.raises(ValueError, match="must hold a TextClassifier, got a text-encoder; upgrade textkit"):
        textkit.TextClassifier.from_pretrained("user/newer")
    # The vocabulary of a model can be loaded alone.
    assert "good" in textkit.Vocabulary.from_pretrained("user/classifier")


def test_another_kind_is_not_replaced(hub):
    classifier().push_to_hub("user/thing")
    with pytest.raises(ValueError, match="must hold a Vocabulary or nothing, got 'user/thing' with a TextClassifier"):
        vocabulary().push_to_hub("user/thing")
    hub.add("user/bert", {"config.json": b'{"model_type": "bert"}'})
    with pytest.raises(ValueError, match=r"no model of another program, got 'user/bert' with config.json"):
        classifier().push_to_hub("user/bert")


def test_files_of_an_earlier_tokenizer_are_deleted(hub):
    spaces = textkit.Phrases([textkit.Phrase(("a", "good"), 9, 50.0)]).tokenizer("word")
    classifier(spaces).push_to_hub("user/thing")
    assert "phrases.json" in hub.repositories["user/thing"].files
    hub.repositories["user/thing"].commit({"notes.txt": b"mine"})
    classifier().push_to_hub("user/thing")
    assert "phrases.json" not in hub.repositories["user/thing"].files
    assert "notes.txt" in hub.repositories["user/thing"].files


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_is_unpickled(hub, tmp_path):
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    hub.add("user/bert", {"pytorch_model.bin": trap, "config.json": b'{"model_type": "bert"}'})
    for load in (
        textkit.TextClassifier.from_pretrained,
        textkit.WordVectors.from_pretrained,
        lambda name: textkit.load(f"hf://{name}"),
    ):
        with pytest.raises(ValueError, match=r"textkit does not unpickle files such as pytorch_model\.bin"):
            load("user/bert")
    assert not [path for _, path in hub.requests if "resolve" in path and "pytorch_model" in path]
    for load in (
        lambda: textkit.WordVectors.from_pretrained("user/bert", filename="pytorch_model.bin"),
        lambda: textkit.load("hf://user/bert/pytorch_model.bin"),
    ):
        with pytest.raises(ValueError, match=r"pytorch_model\.bin"):
            load()
    hub.add(
        "user/weights", {"weights.safetensors": trap, "config.json": b'{"format": "textkit", "version": 1, "kind": 1}'}
    )
    with pytest.raises(ValueError, match="must hold a TextClassifier"):
        textkit.TextClassifier.from_pretrained("user/weights")
    assert not (tmp_path / "sprung").exists()


def test_files_of_other_programs(hub, tmp_path):
    subword_vectors().save(tmp_path / "model.bin")
    hub.add("facebook/vectors", {"model.bin": (tmp_path / "model.bin").read_bytes(), "README.md": b"# fastText"})
    for loaded in (
        textkit.WordVectors.from_pretrained("facebook/vectors", filename="model.bin"),
        textkit.load("hf://facebook/vectors/model.bin"),
    ):
        assert isinstance(loaded, textkit.SubwordVectors)
    rule = r"must hold a WordVectors, got README\.md, model\.bin; push_to_hub .*; filename= names a file"
    with pytest.raises(ValueError, match=rule):
        textkit.WordVectors.from_pretrained("facebook/vectors")
    with pytest.raises(ValueError, match="filename must be None for a TextClassifier"):
        textkit.TextClassifier.from_pretrained("facebook/vectors", filename="model.bin")


def test_a_table_of_floret_is_uploaded_as_it_is_saved(hub):
    table = FloretTable(FloretSettings(minn=2, maxn=4, hash_count=1, hash_seed=1), np.eye(8, 3, dtype=np.float32))
    floret = FloretVectors(table, words=["tea", "cup"])
    floret.push_to_hub("user/floret")
    loaded = textkit.WordVectors.from_pretrained("user/floret")
    assert loaded.words == ("tea", "cup")
    assert np.array_equal(loaded.matrix, floret.matrix)
    assert b"textkit.WordVectors.from_pretrained" in hub.repositories["user/floret"].files["README.md"]


def own_tokenizer(text):
    return text.split("-")


def test_what_load_asks_for_is_passed_on(hub):
    classifier(own_tokenizer).push_to_hub("user/thing")
    with pytest.raises(ValueError, match="trust_tokenizer=True"):
        textkit.TextClassifier.from_pretrained("user/thing")
    loaded = textkit.TextClassifier.from_pretrained("user/thing", tokenizer=own_tokenizer)
    assert loaded.tokenizer_("a-b") == ["a", "b"]


def test_commands_take_the_address(hub, capsys):
    from textkit import evaluate, predict
    from textkit.commands import info

    classifier().push_to_hub("user/thing")
    vectors().push_to_hub("user/vectors")
    predict.app(["hf://user/thing", "good and kind"], standalone_mode=False)
    assert capsys.readouterr().out.splitlines()[1].startswith("good and kind,pos,")
    evaluate.app(["neighbors", "hf://user/vectors", "sea", "-k", "1", "--quiet"], standalone_mode=False)
    assert "cup" in capsys.readouterr().out
    info.app(["hf://user/vectors"], standalone_mode=False)
    assert "word-vectors" in capsys.readouterr().out


def test_an_address_must_be_complete():
    for address in ("hf://user", "hf://user/name@", "hf://"):
        with pytest.raises(ValueError, match=f"path must be hf://user/name, .* got '{address.rstrip('/')}"):
            textkit.load(address)


def test_the_library_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"pip install textkit\[huggingface\]"):
        textkit.WordVectors.from_pretrained("user/thing")


def test_equal_files_are_equal_in_the_cache(hub, tmp_path):
    thing = vectors()
    thing.push_to_hub("user/thing")
    thing.save(tmp_path / "vectors.safetensors")
    textkit.WordVectors.from_pretrained("user/thing", cache_dir=tmp_path / "mine")
    (found,) = (tmp_path / "mine").glob("**/snapshots/*/vectors.safetensors")
    assert filecmp.cmp(found, tmp_path / "vectors.safetensors", shallow=False)
