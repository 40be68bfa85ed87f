import json
import sys

import numpy as np
import pytest
from sklearn.base import clone

import textkit
from textkit.classifier.defaults import default_classifier_settings
from textkit.classifier.settings import ClassifierSettings
from textkit.classifier.text_classifier import TextClassifier
from textkit.loading import load
from textkit.models.word_avg import WordAvgConfig

pytestmark = pytest.mark.usefixtures("one_thread")


def changed(kind, texts, labels):
    if kind == "int":
        return texts, [7 if label == "good" else -3 for label in labels], False
    if kind == "bool":
        return texts, [label == "good" for label in labels], False
    if kind == "several":
        return texts, [[label, "text"] if label == "good" else [] for label in labels], True
    return texts, labels, False


@pytest.mark.parametrize("kind", ["str", "int", "bool", "several"])
def test_what_is_saved_is_loaded(name, kind, tmp_path, classifier_of, reviews, small):
    texts, labels, multi_label = changed(kind, *reviews(24))
    classifier = classifier_of(name, ClassifierSettings(epochs=1), multi_label=multi_label).fit(texts, labels)
    classifier.save(tmp_path / "model")
    for found in (load(tmp_path / "model"), TextClassifier.load(str(tmp_path / "model"))):
        assert isinstance(found, TextClassifier)
        assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))
        assert found.predict(texts).tolist() == classifier.predict(texts).tolist()
        assert found.classes_.tolist() == classifier.classes_.tolist()
        assert found.classes_.dtype.kind == classifier.classes_.dtype.kind
        assert (found.model_.config, found.multi_label) == (small[name], multi_label)
        assert found.settings == classifier.settings.completed(default_classifier_settings(small[name]))
        assert not found.model_.training
        assert all(type(label) in (str, int, bool, list) for label, _ in found.predict_stream(texts[:3]))
        assert found.fit(texts, labels).predict(texts).shape[0] == 24  # it can be trained again


def test_a_folder_from_before_words_could_count_once(tmp_path, reviews, classifier_of):
    texts, labels = reviews()
    classifier = TextClassifier(
        WordAvgConfig(dim=4, buckets=64, binary=False, dropout=0.0), settings=ClassifierSettings(epochs=1)
    )
    classifier.fit(texts, labels).save(tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    config = json.loads(file.read_bytes())
    del config["model"]["binary"]
    file.write_text(json.dumps(config))
    found = load(tmp_path / "model")
    assert not found.model_.config.binary
    assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))


def test_a_tokenizer_without_a_name_is_passed_again(tmp_path, reviews, classifier_of):
    texts, labels = reviews()
    classifier = classifier_of(tokenizer=lambda text: text.split()[::-1])
    with pytest.warns(UserWarning, match=r"to load the saved model, pass it again: textkit\.load"):
        classifier.fit(texts, labels)
    classifier.save(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_bytes())["tokenizer"] == "custom"
    with pytest.raises(ValueError, match=r"tokenizer must be passed for .*model'"):
        load(tmp_path / "model")
    found = load(tmp_path / "model", tokenizer=classifier.tokenizer)
    assert np.array_equal(found.predict_proba(texts), classifier.predict_proba(texts))
    found.save(tmp_path / "again")
    assert TextClassifier.load(tmp_path / "again", tokenizer=str.split).predict(texts).shape == (len(texts),)


@pytest.mark.parametrize("kind", ["spacy", "tokenizers"])
def test_tokenizers_of_other_libraries_are_saved_with_it(kind, tmp_path, reviews, classifier_of):
    library = pytest.importorskip(kind)
    texts, labels = reviews()
    if kind == "spacy":
        tokenizer = library.blank("en")
    else:
        words = sorted({word for text in texts for word in text.split()})
        ids = {word: number for number, word in enumerate(["?", *words])}
        tokenizer = library.Tokenizer(library.models.WordLevel(ids, unk_token="?"))
        tokenizer.pre_tokenizer = library.pre_tokenizers.Whitespace()
    classifier = classifier_of(tokenizer=tokenizer).fit(texts, labels)
    expected = classifier_of(tokenizer="whitespace").fit(texts, labels).predict_proba(texts)
    assert np.array_equal(classifier.predict_proba(texts), expected)
    assert clone(classifier).fit(texts, labels).predict(texts).tolist() == classifier.predict(texts).tolist()
    classifier.save(tmp_path / "model")
    found = load(tmp_path / "model")
    assert np.array_equal(found.predict_proba(texts), expected)
    found.save(tmp_path / "model")  # over itself
    (file,) = (tmp_path / "model").glob("*tokenizer.json")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"tokenizer\.json must have \d+ bytes"):
        load(tmp_path / "model")


def test_a_function_that_the_folder_names_is_not_imported(tmp_path, monkeypatch, reviews, classifier_of):
    folder = tmp_path / "model"
    classifier_of(tokenizer="whitespace").fit(*reviews()).save(folder)
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps({**config, "tokenizer": "module_of_a_stranger:split"}))
    (tmp_path / "module_of_a_stranger.py").write_text("def split(text):\n    return ['good']\n")
    monkeypatch.syspath_prepend(tmp_path)
    for read in (load, TextClassifier.load):
        with pytest.raises(ValueError, match=r"got 'module_of_a_stranger:split' in the config .*trust_tokenizer=True"):
            read(folder)
        assert read(folder, tokenizer=str.split).predict(["bad bad"]).tolist() == ["bad"]
    assert "module_of_a_stranger" not in sys.modules
    assert load(folder, trust_tokenizer=True).predict(["bad bad"]).tolist() == ["good"]
    del sys.modules["module_of_a_stranger"]


def test_damaged_folders(tmp_path, reviews, classifier_of):
    folder = tmp_path / "model"
    classifier_of().fit(*reviews()).save(folder)
    config = json.loads((folder / "config.json").read_bytes())
    for changes in (
        {"classes": ["one"]},
        {"classes": 3},
        {"model": None},
        {"model": {**config["model"], "name": "Transformer"}},
        {"model": {**config["model"], "dim": 5}},
        {"model": {**config["model"], "depth": 5}},
        {"model": {**config["model"], "ngrams": 1}},
        {"settings": {"epochs": 0}},
        {"settings": None},
    ):
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(ValueError, match=r"folder must hold a whole classifier, got .*; save it again"):
            load(folder)
    (folder / "config.json").write_text(json.dumps({key: config[key] for key in config if key != "multi_label"}))
    with pytest.raises(ValueError, match="folder must hold a whole classifier"):
        load(folder)
    (folder / "config.json").write_text(json.dumps(config))
    load(folder)
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"weights\.safetensors must have the SHA-256"):
        load(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ValueError, match=r"weights\.safetensors must exist"):
        load(folder)


def test_nothing_is_there_to_load(tmp_path):
    with pytest.raises(FileNotFoundError, match="which does not exist"):
        TextClassifier.load(tmp_path / "none")


def test_a_saved_classifier_says_how_it_was_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    settings = textkit.ClassifierSettings(epochs=2, patience=None)
    texts, labels = ["good and kind", "so good", "bad, very bad", "a bad one"] * 5, ["+", "+", "-", "-"] * 5
    first = textkit.TextClassifier("cnn", settings=settings, seed=3).fit(texts, labels)
    first.save(tmp_path / "model")
    loaded = textkit.load(tmp_path / "model")
    found = loaded.metadata_
    assert (found["trained"], found["settings"]["seed"], found["settings"]["epochs"]) == ("1970-01-02", 3, 2)
    assert found["versions"]["textkit"] == textkit.__version__
    assert [report.loss for report in loaded.history_] == [report.loss for report in first.history_]
    assert [report.valid_accuracy for report in loaded.history_] == [report.valid_accuracy for report in first.history_]
    again = textkit.TextClassifier("cnn", settings=settings, seed=3).fit([*texts[:-1], "another"], labels, init=loaded)
    assert again.metadata_["data"]["texts"] != found["data"]["texts"]
    assert again.metadata_["data"]["labels"] == found["data"]["labels"]
    assert again.metadata_["init"] == found


def test_the_files_of_two_equal_trainings_are_equal(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    settings = textkit.ClassifierSettings(epochs=1)
    for name in ("a", "b"):
        texts, labels = ["good and kind", "so good", "bad, very bad", "a bad one"] * 5, ["+", "+", "-", "-"] * 5
        textkit.TextClassifier("word_avg", settings=settings).fit(texts, labels).save(tmp_path / name)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert files[0] == files[1]
    assert "training.json" in files[0]
