import numpy as np
import pytest

import textkit
from textkit.models.storage import write_folder
from textkit.text.vocabulary import Vocabulary
from textkit.vectors.word_vectors import WordVectors

ABC = {"\n": {"a": 1}, "a": {"b": 1}, "b": {"c": 1}, "c": {"\n": 1}}


def test_a_language_model(bigrams, tmp_path):
    bigrams(ABC).save(tmp_path / "abc")
    for path in (tmp_path / "abc", str(tmp_path / "abc"), f"{tmp_path}/abc/"):
        loaded = textkit.load(path)
        assert isinstance(loaded, textkit.LanguageModel)
        assert loaded.generate("a", length=3) == "abc\n"


def test_a_text_classifier(tmp_path):
    settings = textkit.ClassifierSettings(epochs=1)
    trained = textkit.TextClassifier(textkit.CnnConfig(dim=4, filters=2), settings=settings)
    trained.fit(["a good one", "a bad one"] * 4, ["+", "-"] * 4).save(tmp_path / "signs")
    for path in (tmp_path / "signs", f"{tmp_path}/signs/"):
        loaded = textkit.load(path)
        assert isinstance(loaded, textkit.TextClassifier)
        assert loaded.predict(["good", "bad"]).tolist() == trained.predict(["good", "bad"]).tolist()
    with pytest.raises(ValueError, match=r"must hold a language-model, got a text-classifier in .*use textkit\.load"):
        textkit.LanguageModel.load(tmp_path / "signs")


def test_word_vectors(tmp_path):
    vectors = WordVectors(["sea", "boat"], np.eye(2, dtype=np.float32))
    vectors.save(tmp_path / "small.txt")
    assert textkit.load(tmp_path / "small.txt").words == vectors.words
    with pytest.raises(ValueError, match="tokenizer must be None for word vectors, got 'word'"):
        textkit.load(tmp_path / "small.txt", tokenizer="word")


def test_metadata_of_vectors_imports_nothing(tmp_path):
    vectors = WordVectors(["sea"], [[1.0]], metadata={"tokenizer": "module_of_metadata:split", "training": "{}"})
    vectors.save(tmp_path / "sea.safetensors")
    assert textkit.load(tmp_path / "sea.safetensors").metadata["tokenizer"] == "module_of_metadata:split"


def test_what_is_no_saved_thing(tmp_path):
    with pytest.raises(TypeError, match="path must be a str or a Path, got int"):
        textkit.load(3)
    with pytest.raises(FileNotFoundError, match="that of a saved model, got 'none', which does not exist"):
        textkit.load("none")
    with pytest.raises(ValueError, match=r"which has no config\.json"):
        textkit.load(tmp_path)


def test_a_kind_of_a_later_version(tmp_path):
    write_folder(
        tmp_path / "new", kind="translator", config={}, vocabulary=Vocabulary.from_counts({"a": 1}), weights={}
    )
    message = r"path must contain one of language-model, text-classifier, got 'translator' in .*upgrade"
    with pytest.raises(ValueError, match=message):
        textkit.load(tmp_path / "new")


def test_the_config_of_a_network_is_for_classifiers(tmp_path, bigrams):
    (tmp_path / "v.txt").write_text("1 2\na 1 2\n")
    with pytest.raises(ValueError, match="model must be None for word vectors"):
        textkit.load(tmp_path / "v.txt", model=dict)
    bigrams({"\n": {"a": 1}, "a": {"\n": 1}}).save(tmp_path / "m")
    with pytest.raises(ValueError, match="model must be None for a language-model"):
        textkit.load(tmp_path / "m", model=dict)
