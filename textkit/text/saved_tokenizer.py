"""The tokenizer of a saved model: by name, as a file of the folder, or passed again by the caller that loads the model.

A name such as ``module:function`` stands for code, and a folder may come from anywhere. It is imported only if the
caller allows it. The files hold data alone: JSON, or a model of sentencepiece, from which tables and regular
expressions are built.
"""

import json
import os
import types
import warnings
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textkit.text.huggingface import HuggingFaceTokenizer, TokenStrings
from textkit.text.named_tokenizer import SavedTokenizer
from textkit.text.phrases import Phrases, PhraseTokenizer
from textkit.text.sentencepiece import SentencePieceTokenizer
from textkit.text.spacy_rules import DocWords, SpacyRulesTokenizer
from textkit.text.tokenizers import FunctionTokenizer, NamedTokenizer, Tokenizer, get_tokenizer, names_function

CUSTOM = "custom"
"""Saved in place of a name for a callable that cannot be imported by name."""

HUGGING_FACE, SENTENCEPIECE, SPACY_RULES, PHRASES = "huggingface", "sentencepiece", "spacy-rules", "phrases"
"""Saved in place of a name for the tokenizers that are files of the folder."""

FILES = {
    HUGGING_FACE: "tokenizer.json",
    SENTENCEPIECE: "tokenizer.model",
    SPACY_RULES: "spacy-tokenizer.json",
    PHRASES: "phrases.json",
}
"""Their files."""


def saved_name(tokenizer: str | Tokenizer) -> str:
    """Return the name to save: that of the tokenizer, or `CUSTOM` if it has none.

    >>> saved_name("word"), saved_name(lambda text: text.split("-"))
    ('word', 'custom')
    """
    found = get_tokenizer(tokenizer)
    if isinstance(found, PhraseTokenizer):
        return CUSTOM if saved_name(found.tokenizer) == CUSTOM else PHRASES
    if isinstance(found, SentencePieceTokenizer):
        return SENTENCEPIECE
    if isinstance(found, SavedTokenizer):
        return HUGGING_FACE if isinstance(found, HuggingFaceTokenizer) else SPACY_RULES
    try:
        return found.name
    except ValueError:
        return CUSTOM


def is_built_in(name: str) -> bool:
    """Return whether a saved name alone gives the tokenizer back: no code is needed, and no file.

    >>> is_built_in("spacy:en"), is_built_in("mymodule:split"), is_built_in("huggingface"), is_built_in("a.json")
    (True, False, False, False)
    """
    return name not in (CUSTOM, *FILES) and not names_function(name) and not name.endswith((".json", ".model"))


def tokenizer_entries(tokenizer: str | Tokenizer) -> dict[str, Any]:
    """Return what the config of a saved model says of its tokenizer."""
    found, name = get_tokenizer(tokenizer), saved_name(tokenizer)
    entries: dict[str, Any] = {"tokenizer": name}
    if name == CUSTOM:
        entries["tokenizer_description"] = described(found)
    if isinstance(found, HuggingFaceTokenizer):
        entries["special_tokens"] = found.special_tokens
    return entries


def tokenizer_files(tokenizer: str | Tokenizer) -> dict[str, bytes]:
    """Return the files of a tokenizer by name; a tokenizer that has a name needs none."""
    found = get_tokenizer(tokenizer)
    if isinstance(found, SentencePieceTokenizer):
        return {FILES[SENTENCEPIECE]: found.state}
    if isinstance(found, HuggingFaceTokenizer | SpacyRulesTokenizer):
        return {FILES[saved_name(found)]: found.state.encode()}
    if saved_name(found) == PHRASES:
        return {FILES[PHRASES]: _phrases_state(found)}
    return {}


def tokenizer_texts(tokenizer: str | Tokenizer) -> dict[str, str]:
    """Return the files of a tokenizer as text, by name; that of sentencepiece, which is none, in base64."""
    files = tokenizer_files(tokenizer).items()
    return {name: b64encode(file).decode() if name == FILES[SENTENCEPIECE] else file.decode() for name, file in files}


def described(tokenizer: NamedTokenizer) -> str:
    """Describe a tokenizer without a name for those who must pass it again.

    >>> described(get_tokenizer(str.upper))
    'an object of the class builtins.method_descriptor'
    """
    function: Any = getattr(tokenizer, "function", tokenizer)
    if isinstance(function, types.MethodType):
        function = function.__func__
    if isinstance(function, types.FunctionType):
        place = f"line {function.__code__.co_firstlineno} of {Path(function.__code__.co_filename).name}"
        return f"a lambda, {place}" if function.__name__ == "<lambda>" else f"{function.__qualname__}(), {place}"
    if isinstance(function, TokenStrings):
        return "a tokenizers.Tokenizer of Hugging Face with parts written in Python"
    if isinstance(function, DocWords):
        return f"the {type(function.tokenizer).__name__} of a spaCy pipeline"
    return f"an object of the class {type(function).__module__}.{type(function).__qualname__}"


def warn_if_nameless(tokenizer: str | Tokenizer) -> None:
    """Warn, before training, of a tokenizer that must be passed again to load the model."""
    found = get_tokenizer(tokenizer)
    if saved_name(found) == CUSTOM:
        warnings.warn(
            f"tokenizer cannot be saved, got {described(found)}; to load the saved model, pass it again: "
            "textkit.load(folder, tokenizer=function), or define it with def in an importable module",
            stacklevel=3,
        )


def restored_tokenizer(
    config: Mapping[str, Any],
    files: Mapping[str, bytes],
    folder: str | os.PathLike[str],
    *,
    tokenizer: str | Tokenizer | None,
    trust: bool,
) -> str | Tokenizer:
    """Return the tokenizer of a saved model: its name, that of its file, or the one that is passed.

    Args:
        config: The config of the model.
        files: The files of `FILES` that the folder holds, by name.
        folder: Folder of the model, for messages.
        tokenizer: Tokenizer that the caller passes; None for that of the folder.
        trust: Whether to import a function that the config names.

    Raises:
        ValueError: If the config names a function, or the model was saved with a callable without a name, and the
            caller neither passes it nor, for a name, trusts it; if there is no tokenizer of this name, or its file
            is missing or damaged; or if the one passed differs from the one that the model was trained with.
        TypeError: If ``tokenizer`` is neither a name nor callable.
        ImportError: If the tokenizer is one of Hugging Face or sentencepiece, none is passed, and their package is not
            installed.
    """
    name, saved = os.fspath(folder), config.get("tokenizer")
    if not isinstance(saved, str):
        raise ValueError(f"tokenizer in the config of {name!r} must be a name, got {saved!r}; save the model again")
    given = None if tokenizer is None else get_tokenizer(tokenizer)  # raises if it is none
    if saved in FILES:
        # A function may stand in for a tokenizer whose package is not installed.
        if isinstance(given, FunctionTokenizer):
            return given
        return _same(_of_file(saved, config, files, name, trust), given, saved)
    if saved != CUSTOM and not names_function(saved):
        _same(_named(saved, name), given, saved)
        return saved
    if given is not None:
        return given if isinstance(given, SavedTokenizer) else tokenizer  # type: ignore[return-value]
    if saved == CUSTOM:
        kind = config.get("tokenizer_description", "a function that has no name to import")
        raise ValueError(
            f"tokenizer must be passed for {name!r}, which was trained with {kind}; "
            "pass the same function: textkit.load(folder, tokenizer=function)"
        )
    if not trust:
        raise ValueError(
            f"tokenizer must be trusted before it is imported, got {saved!r} in the config of {name!r}; pass the "
            "function: textkit.load(folder, tokenizer=function), or trust_tokenizer=True if you trust the folder"
        )
    _named(saved, name)
    return saved


def _same(saved: NamedTokenizer, given: NamedTokenizer | None, name: str) -> NamedTokenizer:
    if given is not None and given != saved:
        raise ValueError(
            f"tokenizer must be the one that the model was trained with, {name!r}, got {given!r}; leave it out"
        )
    return saved


def _of_file(
    kind: str, config: Mapping[str, Any], files: Mapping[str, bytes], folder: str, trust: bool
) -> NamedTokenizer:
    file = FILES[kind]
    try:
        if kind == SENTENCEPIECE:
            return SentencePieceTokenizer(files[file])
        state = files[file].decode()
        if kind == HUGGING_FACE:
            return HuggingFaceTokenizer(state, config.get("special_tokens") is True)
        if kind == PHRASES:
            return _restored_phrases(state, folder, trust)
        return SpacyRulesTokenizer(state)
    except KeyError:
        raise ValueError(
            f"{folder!r} must hold the tokenizer of the model, got no {file}; copy the whole model"
        ) from None
    except ValueError as error:
        raise ValueError(f"{file} of {folder!r} must hold a tokenizer: {error}") from error


def _phrases_state(tokenizer: Any) -> bytes:
    """Return a tokenizer with phrases as JSON: what splits the text, and the files of phrases."""
    state = {
        "splits": tokenizer_entries(tokenizer.tokenizer),
        "files": tokenizer_texts(tokenizer.tokenizer),
        "phrases": ["".join(phrases.lines()) for phrases in tokenizer.steps],
    }
    return json.dumps(state, ensure_ascii=False).encode()


def _restored_phrases(state: str, folder: str, trust: bool) -> NamedTokenizer:
    try:
        found = json.loads(state)
        files = {
            name: b64decode(content, validate=True) if name == FILES[SENTENCEPIECE] else content.encode()
            for name, content in found["files"].items()
        }
        texts = [text.splitlines(keepends=True) for text in found["phrases"]]
        splits = dict(found["splits"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it must hold what splits a text, and phrases, got {error!r}; save it again") from error
    steps = tuple(Phrases.parse(lines, f"phrases {number}") for number, lines in enumerate(texts, start=1))
    tokenizer = get_tokenizer(restored_tokenizer(splits, files, folder, tokenizer=None, trust=trust))
    return PhraseTokenizer(tokenizer, steps)


def _named(saved: str, folder: str) -> NamedTokenizer:
    try:
        if saved.endswith((".json", ".model")):  # a path, which a folder has no business to name
            raise ValueError(f"tokenizer must be a name, got {saved!r}; save the model again")
        return get_tokenizer(saved)
    except ValueError as error:
        raise ValueError(f"the config of {folder!r} must name a tokenizer that exists: {error}") from error
