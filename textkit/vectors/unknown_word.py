"""The error for an unknown word, which names the closest known ones."""

from collections.abc import Sequence

from textkit.text.unknown_words import closest_words


class UnknownWordError(KeyError):
    """A KeyError for a word without a vector.

    The closest words are looked for only when the message is read: code that tries a million words and
    catches the error does not pay for messages that nobody sees.

    Args:
        word: What was asked for.
        words: The known words.
    """

    def __init__(self, word: str, words: Sequence[str]) -> None:
        super().__init__(word)
        self.word = word
        self._words = words

    def __str__(self) -> str:
        close = closest_words(self.word, self._words)
        hint = f"did you mean {', '.join(map(repr, close))}?" if close else "no known word is spelled alike"
        return f"word must be one of the {len(self._words):,} words that have a vector, got {self.word!r}; {hint}"

    def __reduce__(self) -> tuple[type[KeyError], tuple[str]]:
        return KeyError, (str(self),)  # without the whole vocabulary
