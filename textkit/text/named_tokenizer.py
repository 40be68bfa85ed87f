"""The base class of all tokenizers, and the type of a function that is one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

Tokenizer = Callable[[str], list[str]]
"""A function that splits a text into tokens."""


class NamedTokenizer(ABC):
    """A tokenizer that ``get_tokenizer(name)`` can restore from its name. Immutable and picklable."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name to save with anything that depends on this tokenizer."""

    @abstractmethod
    def __call__(self, text: str) -> list[str]:
        """Return the tokens of one text."""

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        return map(self, texts)


class SavedTokenizer(NamedTokenizer):
    """A tokenizer that no name restores: it is saved as a file in the folder of a model."""

    @property
    def name(self) -> str:
        """None.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"tokenizer must have a name, got {self!r}, which is saved as a file; save the model instead")


class SubwordTokenizer(SavedTokenizer):
    """A tokenizer with a vocabulary of its own, whose tokens can be turned back into text."""

    @property
    @abstractmethod
    def unknown(self) -> str | None:
        """The token that it puts in place of what it does not know; None if there is none."""

    @abstractmethod
    def tokens(self) -> list[str]:
        """Return all tokens, in the order of their ids."""

    @abstractmethod
    def decode(self, tokens: list[str]) -> str:
        """Return the text of tokens; incomplete characters become U+FFFD."""
