"""Tokenizers: any ``Callable[[str], list[str]]`` is one; those here also have a name and process texts in bulk."""

import logging
import re
import sys
import types
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from textkit.text.huggingface import HuggingFaceTokenizer, TokenStrings, huggingface_tokenizer, state_of
from textkit.text.named_tokenizer import NamedTokenizer as NamedTokenizer
from textkit.text.named_tokenizer import Tokenizer as Tokenizer
from textkit.text.spacy_rules import DocWords, SpacyRulesTokenizer, spacy_rules, spacy_tokenizer

_NAMES = (
    "'whitespace', 'word', 'word-lower', 'character', 'fasttext', 'spacy:LANG', 'jieba', 'module:function' or a "
    "'tokenizer.json'"
)
END_OF_TEXT = "</s>"
"""The token that ends every text in fastText."""
FASTTEXT_SPACES = re.compile("[\0 \t\n\v\f\r]+")
"""What separates words in fastText."""
_SPACY_BATCH = 256  # texts per memory zone of spaCy, whose cached strings are freed after each batch


@dataclass(frozen=True)
class WhitespaceTokenizer(NamedTokenizer):
    r"""Splits on whitespace, exactly as ``str.split()``.

    >>> WhitespaceTokenizer()(" a  b\n")
    ['a', 'b']
    """

    @property
    def name(self) -> str:
        """``"whitespace"``."""
        return "whitespace"

    def __call__(self, text: str) -> list[str]:
        """Return the whitespace-separated tokens."""
        return text.split()


@dataclass(frozen=True)
class FastTextTokenizer(NamedTokenizer):
    r"""Splits on ASCII whitespace and zeros, and ends each text with ``</s>``, or at the first one, as fastText does.

    >>> FastTextTokenizer()("Good\tday\n")
    ['Good', 'day', '</s>']
    """

    @property
    def name(self) -> str:
        """``"fasttext"``."""
        return "fasttext"

    def __call__(self, text: str) -> list[str]:
        """Return the tokens, and ``</s>``."""
        tokens = [*filter(None, FASTTEXT_SPACES.split(text)), END_OF_TEXT]
        return tokens[: tokens.index(END_OF_TEXT) + 1]


@dataclass(frozen=True)
class CharacterTokenizer(NamedTokenizer):
    """Splits into code points, including whitespace.

    >>> CharacterTokenizer()("a b")
    ['a', ' ', 'b']
    """

    @property
    def name(self) -> str:
        """``"character"``."""
        return "character"

    def __call__(self, text: str) -> list[str]:
        """Return the code points."""
        return list(text)


@dataclass(frozen=True)
class WordTokenizer(NamedTokenizer):
    """Splits into Unicode words (with inner apostrophes), numbers, and single other visible characters.

    Args:
        lower: Whether to lowercase the text first.

    >>> WordTokenizer(lower=True)("Don't pay 3.50, O'Neill!")
    ["don't", 'pay', '3.50', ',', "o'neill", '!']
    """

    lower: bool = False

    @property
    def name(self) -> str:
        """``"word"`` or ``"word-lower"``."""
        return "word-lower" if self.lower else "word"

    def __call__(self, text: str) -> list[str]:
        """Return words, numbers and punctuation."""
        return _word_pattern().findall(text.lower() if self.lower else text)


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    return re.compile(word_pattern())


def word_pattern() -> str:
    """Return the regular expression of the words of `WordTokenizer`."""
    # Python's \w excludes combining marks, which would break up words in Hindi, Thai or with decomposed accents.
    # Zero-width joiners are part of Persian and Indic words. All marks lie in these two ranges.
    codes = (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    marks = "".join(c for c in map(chr, codes) if unicodedata.category(c)[0] == "M") + "\u200c\u200d"
    word = f"\\w[\\w{marks}]*"
    return f"\\d+(?:[.,]\\d+)+|{word}(?:['’]{word})*|[^\\w\\s][{marks}]*"


@dataclass(frozen=True)
class SpacyTokenizer(NamedTokenizer):
    """Splits by the rules of ``spacy.blank(lang)``, without whitespace tokens; downloads nothing.

    Args:
        lang: spaCy language code, such as "en".

    Raises:
        ValueError: If spaCy does not know the language.
    """

    lang: str

    def __post_init__(self) -> None:
        _blank(self.lang)

    @property
    def name(self) -> str:
        """``"spacy:"`` followed by the language code."""
        return f"spacy:{self.lang}"

    def __call__(self, text: str) -> list[str]:
        """Return spaCy's tokens."""
        return next(self.pipe([text]))

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text, processed in batches."""
        nlp = _blank(self.lang)
        texts = iter(texts)
        while batch := list(islice(texts, _SPACY_BATCH)):
            with nlp.memory_zone():
                docs = nlp.tokenizer.pipe(batch)
                tokens = [[token.text for token in doc if not token.is_space] for doc in docs]
            yield from tokens


@lru_cache(maxsize=8)
def _blank(lang: str) -> Any:
    import spacy

    try:
        return spacy.blank(lang)
    except (ImportError, ValueError) as error:
        raise ValueError(
            f"the language after 'spacy:' must be one that spaCy supports, such as 'en', got {lang!r}; "
            f"spaCy says: {error}"
        ) from error


@dataclass(frozen=True)
class JiebaTokenizer(NamedTokenizer):
    """Splits Chinese text into words with jieba, without whitespace tokens.

    Raises:
        ImportError: If jieba is not installed.
    """

    def __post_init__(self) -> None:
        _jieba()

    @property
    def name(self) -> str:
        """``"jieba"``."""
        return "jieba"

    def __call__(self, text: str) -> list[str]:
        """Return jieba's words."""
        return [token for token in _jieba().lcut(text) if not token.isspace()]


@lru_cache(maxsize=1)
def _jieba() -> Any:
    try:
        # jieba's source has invalid escape sequences, of which newer Python versions warn.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jieba
    except ImportError as error:
        raise ImportError("the tokenizer 'jieba' needs jieba; pip install textkit[chinese]") from error
    # By default jieba logs to stderr when it tokenizes the first text.
    jieba.setLogLevel(logging.WARNING)
    return jieba


@dataclass(frozen=True)
class FunctionTokenizer(NamedTokenizer):
    """Wraps a callable that splits a text into a list of tokens.

    Args:
        function: Tokenizer, called with one text at a time.
    """

    function: Tokenizer

    @property
    def name(self) -> str:
        """``"module:function"``.

        Raises:
            ValueError: If the callable cannot be imported by such a name.
        """
        module = getattr(self.function, "__module__", None)
        qualname = getattr(self.function, "__qualname__", None)
        if isinstance(module, str) and isinstance(qualname, str):
            name = f"{module}:{qualname}"
            try:
                if module != "__main__" and _find(name) is self.function:
                    return name
            except ValueError:
                # The error below names the remedy.
                pass
        raise ValueError(
            f"tokenizer must be a function that can be imported by name, got {self.function!r}; "
            "define it with def at the top level of an importable module of your own"
        )

    def __call__(self, text: str) -> list[str]:
        """Return the callable's tokens of the text.

        Raises:
            TypeError: If the callable does not return a list of str.
        """
        tokens = self.function(text)
        if not isinstance(tokens, list | tuple):
            raise TypeError(f"tokenizer must return a list of str, got {type(tokens).__name__} from {self.function!r}")
        if wrong := next((kind for kind in set(map(type, tokens)) if not issubclass(kind, str)), None):
            raise TypeError(
                f"tokenizer must return a list of str, got a list with {wrong.__name__} from {self.function!r}"
            )
        return list(tokens)


def _find(name: str) -> Tokenizer:
    """Import the function ``module:function``, which the module itself must define.

    The name may come from a saved file of unknown origin, so it must never resolve to a function like ``os:system``.

    Raises:
        ValueError: If the name is malformed, is in the standard library, or does not name such a function.
    """
    module_name, _, qualname = name.partition(":")
    identifiers = [*module_name.split("."), qualname]
    if not all(identifier.isidentifier() for identifier in identifiers):
        raise ValueError(f"tokenizer must be {_NAMES}, got {name!r}")
    if identifiers[0] in sys.stdlib_module_names:
        raise ValueError(
            f"tokenizer must not name a function of the standard library, got {name!r}; "
            "define a function of your own that calls it"
        )
    try:
        function = getattr(import_module(module_name), qualname)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"tokenizer must name an importable function, got {name!r} ({error}); add its module to sys.path"
        ) from error
    if not isinstance(function, types.FunctionType) or function.__module__ != module_name:
        raise ValueError(
            f"tokenizer must name a function that the module defines itself, got {name!r}, "
            f"which is {function!r}; name the module that defines it"
        )
    return function


def get_tokenizer(spec: Any, *, special_tokens: bool = False) -> NamedTokenizer:
    """Get a tokenizer by name, or wrap a callable as one.

    Args:
        spec: "whitespace" (``str.split``), "word", "word-lower", "character", "fasttext", "spacy:LANG", "jieba", the
            "module:function" of an importable function, the path of a ``tokenizer.json`` of Hugging Face, any callable
            from a str to a list of str, a Hugging Face ``tokenizers.Tokenizer`` or fast tokenizer of transformers, or a
            spaCy ``Language``, of which only the tokenizer runs. The last two are copied: later changes have no effect.
        special_tokens: Whether one of Hugging Face adds its special tokens, such as "[CLS]", to each text.

    Returns:
        A tokenizer with ``.name`` and ``.pipe(texts)``.

    Raises:
        ValueError: If there is no tokenizer of this name, it names a function of the standard library, or
            ``special_tokens`` is set for one that is not of Hugging Face.
        TypeError: If ``spec`` is neither a name nor callable.
        ImportError: If ``spec`` needs a package that is not installed: jieba, or tokenizers.
        FileNotFoundError: If ``spec`` is the path of a file that does not exist.

    >>> get_tokenizer("whitespace")("to be or not")
    ['to', 'be', 'or', 'not']
    >>> get_tokenizer("word").name
    'word'
    """
    if (found := huggingface_tokenizer(spec)) is not None:
        state = state_of(found)
        if state is None:
            return FunctionTokenizer(TokenStrings(found, special_tokens))
        return HuggingFaceTokenizer(state, special_tokens)
    if isinstance(spec, str) and spec.endswith(".json"):
        return HuggingFaceTokenizer(Path(spec).read_text(encoding="utf-8"), special_tokens)
    if special_tokens:
        raise ValueError(f"special_tokens must be False without a tokenizer of Hugging Face, got {spec!r}; omit it")
    if (found := spacy_tokenizer(spec)) is not None:
        rules = spacy_rules(found)
        return FunctionTokenizer(DocWords(found)) if rules is None else SpacyRulesTokenizer(rules)
    if isinstance(spec, NamedTokenizer):
        return spec
    if spec is str.split:
        return WhitespaceTokenizer()
    if spec is list:
        return CharacterTokenizer()
    if not isinstance(spec, str):
        if not callable(spec):
            raise TypeError(f"tokenizer must be a name or a callable, got {type(spec).__name__}; names: {_NAMES}")
        return FunctionTokenizer(spec)
    if names_function(spec):
        return FunctionTokenizer(_find(spec))
    if spec.startswith("spacy:"):
        return SpacyTokenizer(spec.removeprefix("spacy:"))
    match spec:
        case "whitespace":
            return WhitespaceTokenizer()
        case "word":
            return WordTokenizer()
        case "word-lower":
            return WordTokenizer(lower=True)
        case "character":
            return CharacterTokenizer()
        case "fasttext":
            return FastTextTokenizer()
        case "jieba":
            return JiebaTokenizer()
    raise ValueError(f"tokenizer must be {_NAMES}, got {spec!r}")


def names_function(name: str) -> bool:
    """Return whether the name of a tokenizer is that of a function, ``module:function``.

    >>> names_function("spacy:en"), names_function("mymodule:split")
    (False, True)
    """
    return ":" in name and not name.startswith("spacy:")


# The public name is textkit.tokenizer; inside the package, arguments have that name.
tokenizer = get_tokenizer


def tokenizer_name(spec: str | Tokenizer) -> str:
    """Return the name from which ``get_tokenizer(name)`` restores the tokenizer.

    Raises:
        ValueError: If a callable has no such name (a lambda or a local function), or the name is unknown.

    >>> tokenizer_name(str.split)
    'whitespace'
    """
    return get_tokenizer(spec).name
