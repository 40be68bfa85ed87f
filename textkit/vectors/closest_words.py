"""The error for an unknown word, which names the closest known ones."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice

_SCANNED = 200_000  # words looked at; vectors usually begin with the frequent ones
_COMPARED = 2_000  # words compared letter by letter


def closest_words(word: str, words: Sequence[str], count: int = 3) -> list[str]:
    """Find words that are spelled nearly like another.

    Looks at a bounded number of words, so that a million take no longer than some.

    Args:
        word: What was asked for.
        words: The known words.
        count: At most so many are given.

    Returns:
        The closest first; none if nothing is close.

    >>> closest_words("quen", ["king", "queen", "Queen", "quite"])
    ['queen', 'Queen']
    """
    plain = word.casefold()
    likely = (
        known
        for known in islice(words, _SCANNED)
        if known and abs(len(known) - len(word)) <= 3 and known[0].casefold() == plain[:1]
    )
    folded: dict[str, list[str]] = {}
    for known in islice(likely, _COMPARED):
        folded.setdefault(known.casefold(), []).append(known)
    close = get_close_matches(plain, list(folded), n=count, cutoff=0.7)
    return [known for match in close for known in folded[match]][:count]


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
