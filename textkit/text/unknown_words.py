"""The error for an unknown word, which names the known words that are spelled most like it."""

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice

_SCANNED = 300_000  # words; the frequent ones come first, and a message must not take long
_COMPARED = 2_000  # words; difflib is slow


def closest_words(word: str, words: Iterable[str], *, limit: int = 3) -> list[str]:
    """Find the words that look most like ``word``.

    Args:
        word: The unknown word.
        words: The known ones, the more frequent ones first.
        limit: The most words to return.

    Returns:
        Words, the closest first.

    >>> closest_words("Quen", ["the", "queen", "king", "quen"])
    ['quen', 'queen']
    """
    plain = word.casefold()
    likely = (
        known
        for known in islice(words, _SCANNED)
        if known[:1].casefold() == plain[:1] and abs(len(known) - len(word)) <= 3
    )
    folded: dict[str, list[str]] = {}
    for known in islice(likely, _COMPARED):
        folded.setdefault(known.casefold(), []).append(known)
    close = difflib.get_close_matches(plain, list(folded), n=limit, cutoff=0.6) if plain else []
    return [known for match in close for known in folded[match]][:limit]


class UnknownWordError(KeyError):
    """A KeyError for a word that is not known.

    The closest words are searched for only when the message is read: code that tries a million words and
    catches the error does not pay for messages that nobody sees.

    Args:
        word: The unknown word.
        words: The known words, the more frequent ones first.
        what: The rest of the rule after "word must be one of the 8 ".
        remedy: What else to do.
    """

    def __init__(self, word: object, words: Sequence[str], what: str, remedy: str = "") -> None:
        super().__init__(word)
        self.word = word
        self._words, self._what, self._remedy = words, what, remedy

    def __str__(self) -> str:
        if isinstance(self.word, str):
            close = closest_words(self.word, self._words)
            hint = f"did you mean {', '.join(map(repr, close))}?" if close else "no known word is spelled alike"
        else:  # such as nan, of a missing value
            hint = f"a word is a str, not a {type(self.word).__name__}"
        remedy = f"; {self._remedy}" if self._remedy else ""
        return f"word must be one of the {len(self._words):,} {self._what}, got {self.word!r}; {hint}{remedy}"

    def __reduce__(self) -> tuple[type[KeyError], tuple[str]]:
        return KeyError, (str(self),)  # without the whole vocabulary
