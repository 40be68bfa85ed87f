import json
import pickle
import sys
from types import SimpleNamespace

import pytest

from textkit.text.huggingface import HuggingFaceTokenizer
from textkit.text.saved_tokenizer import saved_name
from textkit.text.tokenizers import FunctionTokenizer, tokenizer

tokenizers = pytest.importorskip("tokenizers")
TEXTS = ["a b b", "c", "", "b a c a"]


@pytest.fixture
def words():
    """Make a tokenizer that knows a and b, adds [CLS], and pads each batch to the same length."""
    ids = {"[UNK]": 0, "a": 1, "b": 2, "[CLS]": 3, "[PAD]": 4}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 3)])
    made.enable_padding(pad_id=4, pad_token="[PAD]")
    return made


def test_token_strings_without_padding_and_special_tokens(words):
    found = tokenizer(words)
    assert list(found.pipe(TEXTS)) == [["a", "b", "b"], ["[UNK]"], [], ["b", "a", "[UNK]", "a"]]
    assert [found(text) for text in TEXTS] == list(found.pipe(TEXTS))
    assert words.padding is not None  # it is not changed


def test_special_tokens_for_those_who_ask(words):
    assert tokenizer(words, special_tokens=True)("a") == ["[CLS]", "a"]
    for other in ("word", str.split):
        with pytest.raises(ValueError, match="special_tokens must be False without a tokenizer of Hugging Face"):
            tokenizer(other, special_tokens=True)


def test_a_copy_is_taken_that_survives_pickling(words):
    found = tokenizer(words)
    words.add_tokens(["c"])
    assert found("c") == ["[UNK]"]
    assert pickle.loads(pickle.dumps(found)) == found != tokenizer(words)
    assert tokenizer(found) is found


def test_the_other_ways_to_hand_one_over(words, tmp_path):
    words.save(str(tmp_path / "tokenizer.json"))
    assert tokenizer(str(tmp_path / "tokenizer.json")) == tokenizer(words)
    assert tokenizer(SimpleNamespace(backend_tokenizer=words)) == tokenizer(words)
    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator(["low lower lowest"] * 3, vocab_size=270)
    assert "".join(tokenizer(trained)("low low")) == "lowĠlow"
    with pytest.raises(FileNotFoundError):
        tokenizer(str(tmp_path / "none.json"))


def test_parts_in_python_work_but_are_not_saved(words):
    class ByDash:
        def pre_tokenize(self, text):
            text.split(lambda _, part: part.split("-", "removed"))

    words.pre_tokenizer = tokenizers.pre_tokenizers.PreTokenizer.custom(ByDash())
    found = tokenizer(words)
    assert isinstance(found, FunctionTokenizer)
    assert found("a-b") == ["a", "b"]
    assert saved_name(words) == "custom"


@pytest.mark.parametrize("state", ["{}", "", json.dumps({"model": {"type": "WordLevel"}})])
def test_a_damaged_state(state):
    with pytest.raises(ValueError, match=r"tokenizer\.json must describe a tokenizer of Hugging Face, got"):
        HuggingFaceTokenizer(state)


def test_without_the_package_the_remedy_is_named(words, monkeypatch):
    state = words.to_str() + " "  # one that was not opened before
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"not installed; pip install textkit\[huggingface\]"):
        HuggingFaceTokenizer(state)
