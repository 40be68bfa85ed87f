"""`Phrases` joins the words of phrases to single tokens."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textkit.checks import check_path
from textkit.files.atomic import atomic_path
from textkit.hub.card import Card
from textkit.hub.layouts import PHRASES
from textkit.hub.sharing import Shared
from textkit.text.named_tokenizer import NamedTokenizer, SavedTokenizer, Tokenizer
from textkit.text.phrase_file import parse_phrases, phrase_lines
from textkit.text.tokenizers import get_tokenizer


@dataclass(frozen=True)
class Phrase:
    """A phrase.

    Attributes:
        tokens: Its words: the first, any connectors, and the last.
        count: How often it occurs in the corpus.
        score: How much more often its words occur together than by chance; see `find_phrases`.
    """

    tokens: tuple[str, ...]
    count: int
    score: float


class Phrases(Shared):
    """Phrases, and how they are joined; iteration yields each `Phrase`, highest score first.

    Two are equal if they join the same.

    Args:
        phrases: The phrases.
        delimiter: What stands between the words of a joined phrase.

    Raises:
        ValueError: If a phrase has less than two words, or ``delimiter`` is empty.

    >>> phrases = Phrases([Phrase(("new", "york"), 9, 50.0), Phrase(("bank", "of", "england"), 3, 20.0)])
    >>> phrases.join("the new york branch of the bank of england".split())
    ['the', 'new_york', 'branch', 'of', 'the', 'bank_of_england']
    >>> ("new", "york") in phrases, len(phrases)
    (True, 2)
    """

    def __init__(self, phrases: Iterable[Phrase], *, delimiter: str = "_") -> None:
        self.delimiter = checked_delimiter(delimiter)
        self._phrases = sorted(phrases, key=lambda phrase: (-phrase.score, phrase.tokens))
        self._joined = {phrase.tokens: delimiter.join(phrase.tokens) for phrase in self._phrases}
        lengths: dict[str, set[int]] = {}
        for tokens in self._joined:
            if len(tokens) < 2:
                raise ValueError(f"phrases must have at least two words, got {tokens!r}; leave it out")
            lengths.setdefault(tokens[0], set()).add(len(tokens))
        # The lengths of the phrases that begin with a word, longest first.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._pairs: dict[str, dict[str, str]] = {}
        for tokens, joined in self._joined.items():
            self._pairs.setdefault(tokens[0], {})[tokens[1]] = joined
        self._only_pairs = all(len(tokens) == 2 for tokens in self._joined)

    def __len__(self) -> int:
        return len(self._phrases)

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self._phrases)

    def __contains__(self, tokens: object) -> bool:
        return tokens in self._joined

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrases) and self._joined == other._joined

    def __hash__(self) -> int:
        return hash(frozenset(self._joined))

    def __repr__(self) -> str:
        return f"Phrases({len(self):,} phrases)"

    def join(self, tokens: list[str]) -> list[str]:
        """Replace each phrase in a text by one token, from left to right, the longest first.

        Args:
            tokens: Tokens of the text.

        Returns:
            The tokens, with phrases as single tokens. A token is part of one phrase at most.
        """
        return self._join_pairs(tokens) if self._only_pairs else self._join_any(tokens)

    def _join_pairs(self, tokens: list[str]) -> list[str]:
        """Join phrases that are all of two words; this is three times as fast."""
        joined: list[str] = []
        seconds: dict[str, str] | None = None  # what may follow the last token
        for token in tokens:
            if seconds is not None and token in seconds:
                joined[-1], seconds = seconds[token], None
            else:
                joined.append(token)
                seconds = self._pairs.get(token)
        return joined

    def _join_any(self, tokens: list[str]) -> list[str]:
        joined, position = [], 0
        while position < len(tokens):
            for length in self._lengths.get(tokens[position], ()):
                phrase = self._joined.get(tuple(tokens[position : position + length]))
                if phrase is not None:
                    joined.append(phrase)
                    position += length
                    break
            else:
                joined.append(tokens[position])
                position += 1
        return joined

    def tokenizer(self, tokenizer: str | Tokenizer = "whitespace") -> "PhraseTokenizer":
        """Return a tokenizer that splits a text and joins its phrases.

        Args:
            tokenizer: What splits the text, as for `find_phrases`: that of the corpus in which the phrases were found.
                For phrases that were found in joined text, the tokenizer of the first phrases.
        """
        found = get_tokenizer(tokenizer)
        if isinstance(found, PhraseTokenizer):
            return PhraseTokenizer(found.tokenizer, (*found.steps, self))
        return PhraseTokenizer(found, (self,))

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file that `save` writes."""
        return phrase_lines(((phrase.tokens, phrase.count, phrase.score) for phrase in self), self.delimiter)

    _layout = PHRASES

    def _card(self) -> Card:
        return Card(
            what="list of phrases: words that occur together more often than by chance",
            name="phrases",
            example=['phrases.join("some words of a text".split())'],
            tags=["phrases"],
            facts={"phrases": len(self), "delimiter": self.delimiter},
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the phrases as text, one per line: count, score and words, separated by tabs.

        Args:
            path: File to write, atomically.

        Raises:
            OSError: If it cannot be written.
        """
        target = check_path("path", path)
        with atomic_path(target) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self.lines())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Phrases":
        """Load phrases that `save` wrote.

        Raises:
            ValueError: If the file holds no phrases, or is damaged; the message names the line.
            OSError: If it cannot be read.
        """
        path = check_path("path", path)
        try:
            with path.open(encoding="utf-8", newline="\n") as file:
                return cls.parse(file, str(path))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} must be phrases in UTF-8, got the byte 0x{error.object[error.start]:02x}; "
                "save the phrases again"
            ) from error

    @classmethod
    def parse(cls, lines: Iterable[str], name: str) -> "Phrases":
        """Restore phrases from their `lines`.

        Args:
            lines: The lines, with line ends.
            name: Name of their file, for messages.

        Raises:
            ValueError: If they are no phrases; the message names the line.
        """
        phrases, delimiter = parse_phrases(lines, name)
        return cls((Phrase(*phrase) for phrase in phrases), delimiter=delimiter)


def checked_delimiter(delimiter: str) -> str:
    """Return the delimiter.

    Raises:
        ValueError: If it is empty.
    """
    if not delimiter:
        raise ValueError("delimiter must be at least one character, got ''; write '_'")
    return delimiter


@dataclass(frozen=True)
class PhraseTokenizer(SavedTokenizer):
    """Splits a text with another tokenizer, and joins the phrases in it.

    Args:
        tokenizer: What splits the text.
        steps: What joins its tokens, one after the other.
    """

    tokenizer: NamedTokenizer
    steps: tuple[Phrases, ...]

    def __call__(self, text: str) -> list[str]:
        """Return the tokens of one text, phrases as single ones."""
        return self._join(self.tokenizer(text))

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text, phrases as single ones."""
        return map(self._join, self.tokenizer.pipe(texts))

    def _join(self, tokens: list[str]) -> list[str]:
        for phrases in self.steps:
            tokens = phrases.join(tokens)
        return tokens
