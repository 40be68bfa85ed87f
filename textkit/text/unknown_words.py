"""The known words that look most like an unknown one, for the message of a KeyError."""

import difflib
from collections.abc import Iterable
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


def unknown_word_message(word: str, words: Iterable[str], *, what: str = "word") -> str:
    """Word the message of a KeyError for an unknown word.

    >>> unknown_word_message("quen", ["queen"])
    "word must be a known word, got 'quen'; the closest known: 'queen'"
    """
    close = closest_words(word, words)
    remedy = "the closest known: " + ", ".join(map(repr, close)) if close else "none of the known words is close to it"
    return f"{what} must be a known word, got {word!r}; {remedy}"
