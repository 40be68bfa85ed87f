"""The tokenizer of a spaCy pipeline: its rules as JSON, from which nothing but regular expressions is built."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from textkit.data.tables import loaded_classes
from textkit.text.named_tokenizer import SavedTokenizer

_BATCH = 256  # texts per memory zone of spaCy, whose cached strings are freed after each batch
_METHODS = {
    "prefix_search": "search",
    "suffix_search": "search",
    "infix_finditer": "finditer",
    "token_match": "match",
    "url_match": "match",
}
"""Each regular expression of a tokenizer, and the method of it that spaCy calls."""


@dataclass(frozen=True)
class SpacyRulesTokenizer(SavedTokenizer):
    """Splits by the rules of a spaCy tokenizer, without whitespace tokens.

    Args:
        state: The rules, as `spacy_rules` returns them.

    Raises:
        ValueError: If ``state`` does not hold such rules.
    """

    state: str = field(repr=False)

    def __post_init__(self) -> None:
        _opened(self.state)

    def __call__(self, text: str) -> list[str]:
        """Return spaCy's tokens."""
        return next(self.pipe([text]))

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text, processed in batches."""
        tokenizer = _opened(self.state)
        texts = iter(texts)
        while batch := list(islice(texts, _BATCH)):
            with tokenizer.vocab.memory_zone():
                found = [words_of(doc) for doc in tokenizer.pipe(batch)]
            yield from found


@dataclass(frozen=True)
class DocWords:
    """Calls a spaCy tokenizer that has no rules to save, such as those of Chinese and Japanese.

    Args:
        tokenizer: Returns a ``Doc``.
    """

    tokenizer: Any

    def __call__(self, text: str) -> list[str]:
        """Return spaCy's tokens."""
        return words_of(self.tokenizer(text))


def words_of(doc: Any) -> list[str]:
    """Return the tokens of a ``Doc`` that are not white space."""
    return [text for token in doc if not (text := token.text).isspace()]


def spacy_tokenizer(tokenizer: object) -> Any:
    """Return the tokenizer of a spaCy ``Language``, or a spaCy tokenizer itself; None for any other object."""
    if isinstance(tokenizer, loaded_classes("spacy.language", "Language")):
        return tokenizer.tokenizer
    return tokenizer if isinstance(tokenizer, loaded_classes("spacy.tokenizer", "Tokenizer")) else None


def spacy_rules(tokenizer: Any) -> str | None:
    """Return the rules of a spaCy tokenizer as JSON; None if it has others than regular expressions and exceptions."""
    from spacy.tokenizer import Tokenizer

    if type(tokenizer) is not Tokenizer:
        return None
    patterns: dict[str, Any] = {}
    for name, method in _METHODS.items():
        if (function := getattr(tokenizer, name)) is None:
            patterns[name] = None
            continue
        pattern = getattr(function, "__self__", None)
        if not isinstance(pattern, re.Pattern) or function.__name__ != method:
            return None
        patterns[name] = [pattern.pattern, pattern.flags]
    exceptions = {text: [_orth(part) for part in parts] for text, parts in tokenizer.rules.items()}
    state = {**patterns, "faster_heuristics": tokenizer.faster_heuristics, "exceptions": exceptions}
    return json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True)


def _orth(part: dict[Any, Any]) -> str:
    """Return the text of a part of an exception, whose attributes are named by numbers or strings."""
    from spacy.attrs import IDS, ORTH

    return next(str(value) for key, value in part.items() if ORTH in (key, IDS.get(str(key).upper())))


@lru_cache(maxsize=4)
def _opened(state: str) -> Any:
    from spacy.tokenizer import Tokenizer
    from spacy.vocab import Vocab

    try:
        saved = json.loads(state)
        methods = {
            name: None if saved[name] is None else getattr(re.compile(*saved[name]), method)
            for name, method in _METHODS.items()
        }
        rules = {text: [{"ORTH": part} for part in parts] for text, parts in saved["exceptions"].items()}
        return Tokenizer(Vocab(), rules=rules, faster_heuristics=bool(saved["faster_heuristics"]), **methods)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, re.error) as error:
        raise ValueError(
            f"the rules of a spaCy tokenizer must be whole, got {error!r}; save the model again"
        ) from error
