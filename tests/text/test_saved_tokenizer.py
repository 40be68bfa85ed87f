import sys

import pytest

from textkit.text.saved_tokenizer import CUSTOM, restored_tokenizer, saved_name, warn_if_nameless


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
    return restored_tokenizer(saved, "m", tokenizer=tokenizer, trust=trust)


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
        restored_tokenizer(saved, "my-model", tokenizer=None, trust=True)
