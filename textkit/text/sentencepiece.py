"""Tokenizers of the library ``sentencepiece``, an optional package."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from textkit.data.tables import loaded_classes
from textkit.text.named_tokenizer import SubwordTokenizer

_BATCH = 1000  # texts encoded at a time


@dataclass(frozen=True)
class SentencePieceTokenizer(SubwordTokenizer):
    """Splits into the pieces of a ``sentencepiece.SentencePieceProcessor``, without ``<s>`` and ``</s>``.

    Args:
        state: The tokenizer: the contents of its ``.model`` file.

    Raises:
        ImportError: If sentencepiece is not installed.
        ValueError: If ``state`` is not that of a tokenizer.
    """

    state: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _opened(self.state)

    @property
    def unknown(self) -> None:
        """None: what it does not know is a token as it is."""
        return

    def __call__(self, text: str) -> list[str]:
        """Return the pieces."""
        return next(self.pipe([text]))

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the pieces of each text, encoded in batches."""
        encode = _opened(self.state).encode
        texts = iter(texts)
        while batch := list(islice(texts, _BATCH)):
            yield from encode(batch, out_type=str)

    def tokens(self) -> list[str]:
        """Return all pieces, in the order of their ids."""
        processor = _opened(self.state)
        return [processor.id_to_piece(number) for number in range(len(processor))]

    def decode(self, tokens: list[str]) -> str:
        """Return the text of pieces; incomplete characters become U+FFFD."""
        return str(_opened(self.state).decode_pieces(tokens))


@lru_cache(maxsize=4)
def _opened(state: bytes) -> Any:
    try:
        library: Any = import_module("sentencepiece")
    except ImportError as error:
        raise ImportError(
            "a tokenizer of sentencepiece needs sentencepiece, which is not installed; "
            "pip install textkit[sentencepiece]"
        ) from error
    try:
        return library.SentencePieceProcessor(model_proto=state)
    except Exception as error:  # the library raises nothing more specific
        raise ValueError(f"tokenizer.model must be a model of sentencepiece, got {error}; save it again") from error


def sentencepiece_state(tokenizer: object) -> bytes | None:
    """Return the contents of the file of a ``SentencePieceProcessor``; None for any other object.

    Raises:
        ValueError: If it has not loaded a file yet.
    """
    kinds = loaded_classes("sentencepiece", "SentencePieceProcessor")
    if not isinstance(tokenizer, kinds):
        return None
    state: bytes = tokenizer.serialized_model_proto()
    if not state:
        raise ValueError(
            "tokenizer must be a SentencePieceProcessor with a model, got one without; load a .model first"
        )
    return state
