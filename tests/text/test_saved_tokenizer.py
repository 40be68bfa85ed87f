import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
import spacy

from textkit.text.phrases import Phrase, Phrases
from textkit.text.saved_tokenizer import (
    CUSTOM,
    described,
    restored_tokenizer,
    saved_name,
    tokenizer_entries,
    tokenizer_files,
    warn_if_nameless,
)
from textkit.text.tokenizers import get_tokenizer


def by_dash(text):
    return text.split("-")


@pytest.fixture
def tattler(tmp_path, monkeypatch):
    """A module of which one can tell whether it was imported."""
    (tmp_path / "tattler_of_imports.py").write_text("def split(text):\n    return text.split('+')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "tattler_of_imports"
    sys.modules.pop("tattler_of_imports", None)


def restored(saved, *, tokenizer=None, trust=False):
    return restored_tokenizer({"tokenizer": saved}, {}, "m", tokenizer=tokenizer, trust=trust)


@pytest.mark.parametrize("name", ["whitespace", "word", "word-lower", "character", "spacy:en", "jieba"])
def test_built_in_names_need_no_trust(name):
    assert saved_name(name) == restored(name) == restored(name, tokenizer=name) == name
    with pytest.raises(ValueError, match=f"tokenizer must be the one that the model was trained with, '{name}', got"):
        restored(name, tokenizer=by_dash)


def test_a_named_function_is_imported_only_with_trust(tattler):
    name = f"{tattler}:split"
    with pytest.raises(ValueError, match=rf"got '{name}' in the config of 'm'; pass .* or trust_tokenizer=True"):
        restored(name)
    assert restored(name, tokenizer=by_dash) is by_dash
    assert tattler not in sys.modules
    assert restored(name, trust=True) == name
    assert tattler in sys.modules


def test_trust_opens_no_other_door(tattler):
    for name in ("os:system", f"{tattler}:sys", "no_such_module_at_all:f", ":", "a:"):
        with pytest.raises(ValueError, match="tokenizer must"):
            restored(name, trust=True)


def test_a_callable_without_a_name_is_passed_again():
    assert saved_name(lambda text: [text]) == saved_name(by_dash.__get__("a")) == CUSTOM
    with pytest.raises(ValueError, match=r"pass the same function: textkit\.load\(folder, tokenizer=function\)"):
        restored(CUSTOM, trust=True)
    assert restored(CUSTOM, tokenizer=by_dash) is by_dash
    with pytest.raises(TypeError, match="a name or a callable, got int"):
        restored(CUSTOM, tokenizer=3)


@pytest.mark.parametrize("saved", [None, 3, ["word"]])
def test_a_damaged_name(saved):
    with pytest.raises(ValueError, match="must be a name, got"):
        restored(saved)


def test_the_warning_comes_with_the_remedy(recwarn):
    warn_if_nameless(str.split)
    warn_if_nameless(by_dash)
    assert not recwarn
    with pytest.warns(UserWarning, match=r"pass it again: textkit\.load\(folder, tokenizer=function\)"):
        warn_if_nameless(lambda text: [text])


@pytest.mark.parametrize("saved", ["word-lowr", "missing_module:split"])
def test_a_name_that_does_not_exist_is_found_by_its_folder(saved):
    with pytest.raises(ValueError, match="the config of 'my-model' must name a tokenizer that exists"):
        restored_tokenizer({"tokenizer": saved}, {}, "my-model", tokenizer=None, trust=True)


def test_what_could_not_be_saved_is_described():
    line = by_dash.__code__.co_firstlineno
    assert described(get_tokenizer(by_dash)) == f"by_dash(), line {line} of test_saved_tokenizer.py"
    assert described(get_tokenizer(lambda text: [text])).startswith("a lambda, line ")
    entries = tokenizer_entries(spacy.blank("zh"))
    assert entries == {"tokenizer": "custom", "tokenizer_description": "the ChineseTokenizer of a spaCy pipeline"}
    with pytest.raises(ValueError, match="'m', which was trained with the ChineseTokenizer of a spaCy pipeline; pass"):
        restored_tokenizer(entries, {}, "m", tokenizer=None, trust=True)


def kinds():
    yield spacy.blank("en"), spacy.blank("de")
    if find_spec("tokenizers"):
        tokenizers = import_module("tokenizers")
        yield [tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, unk: 1}, unk_token=unk)) for unk in ("?", "!")]


def test_tokenizers_that_are_files():
    for made, other in kinds():
        entries, files = tokenizer_entries(made), tokenizer_files(made)
        assert all(isinstance(value, str | bool) for value in entries.values())
        found = restored_tokenizer(entries, files, "m", tokenizer=None, trust=False)
        assert found == get_tokenizer(made) == restored_tokenizer(entries, files, "m", tokenizer=made, trust=False)
        with pytest.raises(ValueError, match="tokenizer must be the one that the model was trained with"):
            restored_tokenizer(entries, files, "m", tokenizer=other, trust=True)
        assert restored_tokenizer(entries, files, "m", tokenizer=by_dash, trust=False)("a-b") == ["a", "b"]
        with pytest.raises(
            ValueError, match=r"'m' must hold the tokenizer of the model, got no .*\.json; copy the whole"
        ):
            restored_tokenizer(entries, {}, "m", tokenizer=None, trust=False)
        with pytest.raises(ValueError, match=r"json of 'm' must hold a tokenizer: "):
            restored_tokenizer(entries, dict.fromkeys(files, b"{"), "m", tokenizer=None, trust=False)


def test_a_folder_names_no_file_to_read(tmp_path):
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(ValueError, match="must name a tokenizer that exists: tokenizer must be a name, got"):
        restored(str(tmp_path / "t.json"), trust=True)


def phrases(*joined):
    return Phrases([Phrase(tuple(words.split()), 5, 10.0) for words in joined])


def test_phrases_are_saved_with_what_splits_the_text():
    for splits in ("word-lower", spacy.blank("en")):
        tokenizer = phrases("new_york times").tokenizer(phrases("new york").tokenizer(splits))
        entries, files = tokenizer_entries(tokenizer), tokenizer_files(tokenizer)
        assert entries == {"tokenizer": "phrases"}
        restored = restored_tokenizer(entries, files, "m", tokenizer=None, trust=False)
        assert restored == tokenizer
        assert restored("the new york times") == ["the", "new_york_times"]


def test_phrases_after_a_function_need_trust_and_after_a_lambda_the_function():
    tokenizer = phrases("a b").tokenizer(by_dash)
    entries, files = tokenizer_entries(tokenizer), tokenizer_files(tokenizer)
    with pytest.raises(ValueError, match="tokenizer must be trusted before it is imported"):
        restored_tokenizer(entries, files, "m", tokenizer=None, trust=False)
    restored = restored_tokenizer(entries, files, "m", tokenizer=None, trust=True)
    assert restored("a-b-c") == ["a_b", "c"]
    assert saved_name(phrases("a b").tokenizer(lambda text: [text])) == CUSTOM


@pytest.mark.parametrize("state", ["", "{}", "[]", '{"splits": {}, "files": {}, "phrases": ["x"]}', "[" * 100_000])
def test_damaged_phrases_are_named(state):
    with pytest.raises(ValueError, match=r"phrases\.json of 'm'|tokenizer in the config of 'm'"):
        restored_tokenizer({"tokenizer": "phrases"}, {"phrases.json": state.encode()}, "m", tokenizer=None, trust=True)
