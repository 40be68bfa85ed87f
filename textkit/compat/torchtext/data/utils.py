"""torchtext's tokenizers by name, and its n-grams."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import Any

_NAMES = "a callable, None, 'basic_english', 'spacy', 'moses', 'toktok', 'revtok' or 'subword'"
_BASIC_ENGLISH = str.maketrans(
    {character: f" {character} " for character in "'.,()!?"} | dict.fromkeys(";:", " ") | {'"': ""}
)


def get_tokenizer(tokenizer: str | Callable[..., Any] | None, language: str = "en") -> Callable[..., Any]:
    """Get a tokenizer: a function from a text to its list of tokens.

    Args:
        tokenizer: None splits at whitespace. "basic_english" lowercases and separates punctuation. "spacy" splits by
            the rules of spaCy, without a model where none is installed. "moses" (package sacremoses), "toktok" (nltk),
            "revtok" and "subword" (revtok) need a package of their own. A callable is returned unchanged.
        language: Language of "spacy", or the name of a model, such as "en_core_web_sm".

    Returns:
        The tokenizer. Those of textkit are faster on many texts: `textkit.tokenizer("word-lower").pipe(texts)`.

    Raises:
        ValueError: If the name is unknown, or the language is not that of the tokenizer.
        ImportError: If the package of the tokenizer is not installed.

    >>> get_tokenizer("basic_english")("Don't stop: it's good!")
    ['don', "'", 't', 'stop', 'it', "'", 's', 'good', '!']
    """
    if tokenizer is None:
        return str.split
    if not isinstance(tokenizer, str):
        if not callable(tokenizer):
            raise ValueError(f"tokenizer must be {_NAMES}, got {tokenizer!r}")
        return tokenizer
    match tokenizer:
        case "basic_english":
            if language != "en":
                raise ValueError(f"language must be 'en' for 'basic_english', got {language!r}; use 'spacy'")
            return basic_english
        case "spacy":
            return partial(_spacy_words, language)
        case "moses":
            return partial(_needed("sacremoses.MosesTokenizer", tokenizer, "sacremoses")().tokenize)
        case "toktok":
            return partial(_needed("nltk.tokenize.toktok.ToktokTokenizer", tokenizer, "nltk")().tokenize)
        case "revtok":
            return partial(_needed("revtok.tokenize", tokenizer, "revtok"))
        case "subword":
            return partial(_needed("revtok.tokenize", tokenizer, "revtok"), decap=True)
    raise ValueError(f"tokenizer must be {_NAMES}, got {tokenizer!r}")


def basic_english(text: str) -> list[str]:
    """Split a text into lower-case words and punctuation; drop double quotes, colons, semicolons and ``<br />``.

    >>> basic_english('"Good" (yes), 1.5;<br />so?')
    ['good', '(', 'yes', ')', ',', '1', '.', '5', 'so', '?']
    """
    # Quotes go first, as they may stand in a tag.
    return text.lower().replace('"', "").replace("<br />", " ").translate(_BASIC_ENGLISH).split()


def ngrams_iterator(token_list: Iterable[str], ngrams: int) -> Iterator[str]:
    """Yield the tokens, then their n-grams, joined by spaces.

    Args:
        token_list: Tokens of a text.
        ngrams: Length of the longest n-grams; below 2, there are only the tokens.

    Yields:
        The tokens, then all bigrams, and so on.

    >>> list(ngrams_iterator(["here", "we", "are"], 2))
    ['here', 'we', 'are', 'here we', 'we are']
    """
    tokens = list(token_list)
    yield from tokens
    for length in range(2, ngrams + 1):
        for end in range(length, len(tokens) + 1):
            yield " ".join(tokens[end - length : end])


def _spacy_words(language: str, text: str) -> list[str]:
    return [token.text for token in _spacy(language).tokenizer(text)]


@lru_cache(maxsize=8)
def _spacy(language: str) -> Any:
    """Load a model of spaCy where it is installed; otherwise take the rules of its language."""
    import spacy

    if spacy.util.is_package(language):
        return spacy.load(language)
    try:
        return spacy.blank(language.split("_")[0])
    except (ImportError, ValueError) as error:
        raise ValueError(
            f"language must be one that spaCy supports, such as 'en', or an installed model, got {language!r}"
        ) from error


def _needed(name: str, tokenizer: str, package: str) -> Any:
    """Import a function or class of a package that textkit does not require."""
    from importlib import import_module

    if find_spec(package) is None:
        raise ImportError(
            f"the tokenizer {tokenizer!r} needs {package}; pip install {package}, or use 'basic_english' or 'spacy'"
        )
    module, _, attribute = name.rpartition(".")
    with warnings.catch_warnings():  # their sources have invalid escape sequences
        warnings.simplefilter("ignore")
        return getattr(import_module(module), attribute)
