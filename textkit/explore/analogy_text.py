"""Read what is typed in the field for analogies: sums of words, or proportions."""

import re

_SIGN = re.compile(r"\s+([+\-−–])\s+")  # with spaces around it, as a hyphen may be part of a word
_BETWEEN = re.compile(r"\s*(?:::|:|=|->|→)\s*|\s+is\s+to\s+|\s+as\s+")
_OPEN_END = re.compile(r"\s*(?:::|:|=|\bis\s+to)?\s*\?$")
_RULE = "query must be like 'king - man + woman' or 'man : king = woman'"


def parsed_analogy(text: str) -> tuple[list[str], list[str]]:
    """Split a sum of words, or a proportion, into the words to add and those to subtract.

    Args:
        text: "b - a + c", or "a : b = c" ("a is to b as c is to ?"), also as "a b c".

    Returns:
        The words to add and the words to subtract.

    Raises:
        TypeError: If it is not a str.
        ValueError: If it is neither.

    >>> parsed_analogy("king - man + woman")
    (['king', 'woman'], ['man'])
    >>> parsed_analogy("man : king = woman : ?"), parsed_analogy("man king woman")
    ((['king', 'woman'], ['man']), (['king', 'woman'], ['man']))
    >>> parsed_analogy("man is to king as woman is to ?")
    (['king', 'woman'], ['man'])
    """
    if not isinstance(text, str):
        raise TypeError(f"query must be a str, got {type(text).__name__}")
    text = text.strip()
    if _SIGN.search(f" {text}"):
        return _sum(text)
    proportion = _OPEN_END.sub("", text)
    words = [word for word in _BETWEEN.split(proportion) if word] if _BETWEEN.search(proportion) else proportion.split()
    if len(words) != 3:
        raise ValueError(f"{_RULE}, got {text[:80]!r}")
    return [words[1], words[2]], [words[0]]


def _sum(text: str) -> tuple[list[str], list[str]]:
    first, *rest = _SIGN.split(f" {text}")
    terms = [("+", first.strip()), *zip(rest[::2], (word.strip() for word in rest[1::2]), strict=True)]
    if not terms[0][1]:
        terms = terms[1:]  # it began with a sign
    added = [word for sign, word in terms if sign == "+"]
    subtracted = [word for sign, word in terms if sign != "+"]
    if not all((*added, *subtracted)) or not added:
        raise ValueError(f"{_RULE}, got {text[:80]!r}")
    return added, subtracted
