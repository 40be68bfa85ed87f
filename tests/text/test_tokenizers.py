import builtins
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkit.text.tokenizers import (
    FunctionTokenizer,
    SpacyTokenizer,
    WhitespaceTokenizer,
    tokenizer,
    tokenizer_name,
)

NAMES = ["whitespace", "word", "word-lower", "character", "spacy:en", "jieba"]


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    (tmp_path / "my_own_splitters.py").write_text(
        "from os.path import join\n"
        "def by_comma(text):\n    return text.split(',')\n"
        "def outer():\n    def inner(text): return [text]\n    return inner\n"
        "short = lambda text: [text]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_own_splitters"
    sys.modules.pop("my_own_splitters", None)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_finds_a_tokenizer_of_that_name_that_survives_pickling(name):
    found = tokenizer(name)
    assert found.name == name == tokenizer_name(found)
    assert tokenizer(found) is found
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert copy("a b") == found("a b")


@pytest.mark.parametrize("name", NAMES)
def test_pipe_gives_what_calls_give(name):
    texts = ["The fox, it ran.", "", "  我来到北京  ", "don't\tstop"]
    found = tokenizer(name)
    assert list(found.pipe(iter(texts))) == [found(text) for text in texts]


@given(st.text())
def test_whitespace_is_str_split(text):
    assert tokenizer("whitespace")(text) == text.split()


@given(st.text())
def test_characters_join_to_the_text(text):
    assert "".join(tokenizer("character")(text)) == text


@given(st.text())
def test_words_leave_out_nothing_but_white_space(text):
    joined = "".join("".join(tokenizer("word")(text)).split())
    ignorable = "\u200c\u200d"  # joiners that join nothing
    assert joined.strip(ignorable).replace(" ", "") == "".join(text.split()).strip(ignorable)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop, O’Neill!", ["Don't", "stop", ",", "O’Neill", "!"]),
        ("'tis the dogs' bone", ["'", "tis", "the", "dogs", "'", "bone"]),
        ("3.14 1,000,000. 10th", ["3.14", "1,000,000", ".", "10th"]),
        ("well-known: (yes)...", ["well", "-", "known", ":", "(", "yes", ")", ".", ".", "."]),
        ("naïve Straße 東京 кот", ["naïve", "Straße", "東京", "кот"]),
        ("हिन्दी cafe\u0301", ["हिन्दी", "cafe\u0301"]),  # combining marks belong to their letters
        ("", []),
        (" \n\t\u3000", []),
    ],
)
def test_words(text, tokens):
    assert tokenizer("word")(text) == tokens


def test_word_lower_lowers():
    assert tokenizer("word-lower")("The ÉTÉ") == ["the", "été"]


def test_spacy_splits_by_its_rules_and_leaves_out_white_space():
    assert tokenizer("spacy:en")("I can't  go,\n Mr. Fox.") == [
        "I",
        "ca",
        "n't",
        "go",
        ",",
        "Mr.",
        "Fox",
        ".",
    ]


def test_spacy_works_on_more_texts_than_one_batch():
    texts = [f"number {i}!" for i in range(600)]
    assert list(SpacyTokenizer("en").pipe(texts)) == [["number", str(i), "!"] for i in range(600)]


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match=r"spaCy supports, such as 'en', got 'xq'"):
        tokenizer("spacy:xq")


def test_jieba_cuts_chinese_words_without_a_word_on_stderr(capfd):
    assert tokenizer("jieba")("我来到北京 清华大学") == ["我", "来到", "北京", "清华大学"]
    assert capfd.readouterr().err == ""


def test_without_jieba_the_error_says_what_to_install(monkeypatch):
    from textkit.text import tokenizers

    real = builtins.__import__

    def without_jieba(name, *rest, **named):
        if name == "jieba":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_jieba)
    tokenizers._jieba.cache_clear()
    with pytest.raises(ImportError, match=r"pip install textkit\[chinese\]"):
        tokenizer("jieba")


def test_a_function_of_a_module_is_found_by_its_name(own_module):
    found = tokenizer(f"{own_module}:by_comma")
    assert found("a,b") == ["a", "b"]
    assert found.name == f"{own_module}:by_comma"
    assert tokenizer(found.function).name == found.name
    assert pickle.loads(pickle.dumps(found)) == found


def test_functions_without_a_findable_name_work_until_the_name_is_asked_for(own_module):
    module = __import__(own_module)
    for function in (lambda text: [text], module.outer(), module.short, str.lower.__get__("x"), print):
        split = tokenizer(function)
        with pytest.raises(ValueError, match="define it with def at the top level of an importable module"):
            _ = split.name
    assert tokenizer(lambda text: text.split("-"))("a-b") == ["a", "b"]


@pytest.mark.parametrize("name", ["os:system", "subprocess:getoutput", "os.path:join", "builtins:eval"])
def test_the_standard_library_is_out_of_reach(name):
    with pytest.raises(ValueError, match="must not name a function of the standard library"):
        tokenizer(name)


@pytest.mark.parametrize("name", ["join", "outer.inner", "nothing", "join.__globals__"])
def test_a_module_is_no_back_door_to_others(own_module, name):
    with pytest.raises(ValueError, match="tokenizer must"):
        tokenizer(f"{own_module}:{name}")


@pytest.mark.parametrize("name", ["", "words", "spacy", "no_such_module_at_all:f", "a b:c", ":", "a:"])
def test_unknown_names_are_refused(name):
    with pytest.raises(ValueError, match="tokenizer must"):
        tokenizer(name)


def test_neither_name_nor_callable_is_refused():
    with pytest.raises(TypeError, match="a name or a callable, got int"):
        tokenizer(3)


@pytest.mark.parametrize("result", ["a b", None, [1], iter(["a"])])
def test_a_callable_that_returns_no_list_of_tokens_is_caught(result):
    with pytest.raises(TypeError, match="must return a list of str"):
        FunctionTokenizer(lambda text: result)("a b")


def test_the_builtin_ways_to_split_have_names():
    assert tokenizer(str.split) == WhitespaceTokenizer()
    assert tokenizer(list).name == "character"
