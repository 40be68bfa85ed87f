"""Tokenizers of the Hugging Face library ``tokenizers``, an optional package."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from textkit.data.tables import loaded_classes
from textkit.text.named_tokenizer import SubwordTokenizer

_BATCH = 1000  # texts encoded at a time, by several threads


@dataclass(frozen=True)
class HuggingFaceTokenizer(SubwordTokenizer):
    """Splits into the token strings of a ``tokenizers.Tokenizer``, without padding.

    Args:
        state: The tokenizer as JSON: the contents of a ``tokenizer.json``.
        special_tokens: Whether to add the special tokens that its post-processor adds, such as ``[CLS]``.

    Raises:
        ImportError: If tokenizers is not installed.
        ValueError: If ``state`` is not that of a tokenizer.
    """

    state: str = field(repr=False)
    special_tokens: bool = False

    def __post_init__(self) -> None:
        # In the spelling of the library and without padding, so that equal tokenizers have equal states.
        object.__setattr__(self, "state", str(_opened(self.state).to_str()))

    @property
    def unknown(self) -> str | None:
        """The token that it puts in place of what it does not know; None if there is none."""
        model = json.loads(self.state)["model"]
        if (number := model.get("unk_id")) is not None:  # of a unigram model
            return str(model["vocab"][number][0])
        token: str | None = model.get("unk_token")
        return token

    def __call__(self, text: str) -> list[str]:
        """Return the token strings."""
        return next(self.pipe([text]))

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text, encoded in batches."""
        # encode_batch_fast would be no help: it returns ids, and no token strings.
        encode = _opened(self.state).encode_batch
        texts = iter(texts)
        while batch := list(islice(texts, _BATCH)):
            yield from (found.tokens for found in encode(batch, add_special_tokens=self.special_tokens))

    def tokens(self) -> list[str]:
        """Return all tokens, in the order of their ids."""
        numbers: dict[str, int] = _opened(self.state).get_vocab()
        return sorted(numbers, key=numbers.__getitem__)

    def decode(self, tokens: list[str]) -> str:
        """Return the text of tokens; incomplete characters become U+FFFD."""
        decoder = _opened(self.state).decoder
        return " ".join(tokens) if decoder is None else str(decoder.decode(tokens))


@lru_cache(maxsize=4)
def _opened(state: str) -> Any:
    try:
        tokenizers: Any = import_module("tokenizers")
    except ImportError as error:
        raise ImportError(
            "a tokenizer of Hugging Face needs tokenizers, which is not installed; pip install textkit[huggingface]"
        ) from error
    try:
        tokenizer = tokenizers.Tokenizer.from_str(state)
    except Exception as error:  # the library raises nothing more specific
        raise ValueError(
            f"tokenizer.json must describe a tokenizer of Hugging Face, got {error}; save it again"
        ) from error
    tokenizer.no_padding()  # the tokens of a text must not depend on the other texts of a batch
    return tokenizer


@dataclass(frozen=True)
class TokenStrings:
    """Calls a ``tokenizers.Tokenizer`` that cannot be saved, as it has parts that are written in Python.

    Args:
        tokenizer: The tokenizer.
        special_tokens: Whether to add its special tokens.
    """

    tokenizer: Any = field(repr=False)  # its own fails
    special_tokens: bool

    def __call__(self, text: str) -> list[str]:
        """Return the token strings."""
        tokens: list[str] = self.tokenizer.encode(text, add_special_tokens=self.special_tokens).tokens
        return tokens


def huggingface_tokenizer(tokenizer: object) -> Any:
    """Return the ``tokenizers.Tokenizer`` in an object of that library or transformers; None for any other object."""
    kinds = loaded_classes("tokenizers", "Tokenizer")
    kinds += loaded_classes("tokenizers.implementations.base_tokenizer", "BaseTokenizer")
    for found in (tokenizer, getattr(tokenizer, "backend_tokenizer", None)):
        if isinstance(found, kinds):
            return found
    return None


def state_of(tokenizer: Any) -> str | None:
    """Return a ``tokenizers.Tokenizer`` as JSON; None if it has parts that are written in Python."""
    try:
        return str(tokenizer.to_str())
    except Exception:  # the library raises nothing more specific
        return None
