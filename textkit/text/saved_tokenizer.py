"""The tokenizer in the config of a saved model: by name, or handed over again by whoever loads the model.

A name such as ``module:function`` stands for code, and a folder may come from anywhere. It is imported only if the
caller allows it.
"""

import os
import warnings

from textkit.text.tokenizers import NamedTokenizer, Tokenizer, get_tokenizer, names_function

CUSTOM = "custom"
"""Saved in place of a name for a callable that cannot be imported by name."""


def saved_name(tokenizer: str | Tokenizer) -> str:
    """Return the name to save: that of the tokenizer, or `CUSTOM` if it has none.

    >>> saved_name("word"), saved_name(lambda text: text.split("-"))
    ('word', 'custom')
    """
    found = get_tokenizer(tokenizer)
    try:
        return found.name
    except ValueError:
        return CUSTOM


def warn_if_nameless(tokenizer: str | Tokenizer) -> None:
    """Warn, before training, of a tokenizer that must be handed over again to load the model."""
    found = get_tokenizer(tokenizer)
    if saved_name(found) == CUSTOM:
        warnings.warn(
            f"tokenizer cannot be imported by name, got {getattr(found, 'function', found)!r}; to load the saved "
            "model, pass it again: textkit.load(folder, tokenizer=function)",
            stacklevel=3,
        )


def restored_tokenizer(
    saved: object, folder: str | os.PathLike[str], *, tokenizer: str | Tokenizer | None, trust: bool
) -> str | Tokenizer:
    """Return the tokenizer of a saved model: its name, or the function that is handed over.

    Args:
        saved: The name in its config.
        folder: Folder of the model, for messages.
        tokenizer: The tokenizer that the caller hands over; None without.
        trust: Whether to import a function that the config names.

    Raises:
        ValueError: If the config names a function, or the model was saved with a callable without a name, and the
            caller neither hands it over nor, for a name, trusts it; if there is no tokenizer of this name; or if the
            one handed over differs from the built-in one that the model was trained with.
        TypeError: If ``tokenizer`` is neither a name nor callable.
    """
    name = os.fspath(folder)
    if not isinstance(saved, str):
        raise ValueError(f"tokenizer in the config of {name!r} must be a name, got {saved!r}; save the model again")
    if saved != CUSTOM and not names_function(saved):
        built_in = _named(saved, name)
        if tokenizer is not None and get_tokenizer(tokenizer) != built_in:
            raise ValueError(
                f"tokenizer must be the one that the model was trained with, {saved!r}, got {tokenizer!r}; leave it out"
            )
        return saved
    if tokenizer is not None:
        get_tokenizer(tokenizer)  # raises if it is none
        return tokenizer
    if saved == CUSTOM:
        raise ValueError(
            f"tokenizer must be passed for {name!r}, which was trained with a function that has no name to import; "
            "pass the same function: textkit.load(folder, tokenizer=function)"
        )
    if not trust:
        raise ValueError(
            f"tokenizer must be trusted before it is imported, got {saved!r} in the config of {name!r}; pass the "
            "function: textkit.load(folder, tokenizer=function), or trust_tokenizer=True if you trust the folder"
        )
    _named(saved, name)
    return saved


def _named(saved: str, folder: str) -> NamedTokenizer:
    try:
        return get_tokenizer(saved)
    except ValueError as error:
        raise ValueError(f"the config of {folder!r} must name a tokenizer that exists: {error}") from error
