import pickle
import sys
from types import SimpleNamespace

import pytest

from textkit.compat.torchtext.data import utils
from textkit.compat.torchtext.data.utils import get_tokenizer, ngrams_iterator


def test_basic_english():
    tokenize = get_tokenizer("basic_english")
    text = 'You\'ll see: <br />"GOOD" (yes)!  1.5, so?\n'
    assert tokenize(text) == ["you", "'", "ll", "see", "good", "(", "yes", ")", "!", "1", ".", "5", ",", "so", "?"]
    assert tokenize('<br" />;') == []
    with pytest.raises(ValueError, match="language must be 'en' for 'basic_english', got 'de'"):
        get_tokenizer("basic_english", language="de")


def test_none_splits_at_whitespace_and_callables_stay():
    assert get_tokenizer(None)(" a  b\n") == ["a", "b"]
    assert get_tokenizer(list) is list
    for wrong in ("basic", 5):
        with pytest.raises(ValueError, match="tokenizer must be a callable, None, 'basic_english'"):
            get_tokenizer(wrong)


@pytest.mark.parametrize("language", ["en", "en_core_web_sm", "de"])
def test_spacy_needs_no_model(language):
    tokenize = get_tokenizer("spacy", language)
    assert tokenize("Go (now)!  ok") == ["Go", "(", "now", ")", "!", " ", "ok"]  # with whitespace, as in torchtext
    assert pickle.loads(pickle.dumps(tokenize))("a b") == ["a", "b"]


def test_a_language_that_spacy_lacks():
    with pytest.raises(ValueError, match="language must be one that spaCy supports"):
        get_tokenizer("spacy", "qq")("text")


def test_packages_of_other_tokenizers(monkeypatch):
    monkeypatch.setattr(utils, "find_spec", lambda name: None)
    for name, package in (("moses", "sacremoses"), ("toktok", "nltk"), ("revtok", "revtok"), ("subword", "revtok")):
        with pytest.raises(ImportError, match=f"{name!r} needs {package}; pip install {package}, or use"):
            get_tokenizer(name)
    monkeypatch.setattr(utils, "find_spec", lambda name: name)
    split = SimpleNamespace(tokenize=lambda text, decap=False: [*text.split(), str(decap)])
    monkeypatch.setitem(sys.modules, "revtok", split)
    monkeypatch.setitem(sys.modules, "sacremoses", SimpleNamespace(MosesTokenizer=lambda: split))
    assert get_tokenizer("revtok")("a b") == ["a", "b", "False"]
    assert get_tokenizer("subword")("a b") == ["a", "b", "True"]
    assert get_tokenizer("moses")("a b") == ["a", "b", "False"]


def test_ngrams_follow_the_tokens():
    assert list(ngrams_iterator(["a", "b", "c"], 3)) == ["a", "b", "c", "a b", "b c", "a b c"]
    assert list(ngrams_iterator(iter("ab"), 5)) == ["a", "b", "a b"]
    assert list(ngrams_iterator(["a", "b"], 0)) == ["a", "b"]
