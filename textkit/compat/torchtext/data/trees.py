"""Read trees in brackets, such as ``(3 (2 It) (4 works))``."""

import re

_TOKEN = re.compile(r"\(\s*([^\s()]*)|\)|[^\s()]+")


def parse_tree(text: str) -> list[tuple[str, list[str]]]:
    """Return the label and the words of each phrase, parents before children.

    Args:
        text: One tree.

    Raises:
        ValueError: If the brackets do not match.

    >>> parse_tree("(3 (2 It) (4 works))")
    [('3', ['It', 'works']), ('2', ['It']), ('4', ['works'])]
    """
    phrases: list[tuple[str, list[str]]] = []
    opened: list[int] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith("("):
            if phrases and not opened:
                raise ValueError(f"a line must hold one tree, got two: {text.strip()!r}; write one tree per line")
            opened.append(len(phrases))
            phrases.append((match.group(1), []))
        elif not opened:
            raise ValueError(f"brackets of a tree must match, got {token!r} outside of them in {text.strip()!r}")
        elif token == ")":
            opened.pop()
        else:
            for index in opened:
                phrases[index][1].append(token)
    if opened or not phrases:
        raise ValueError(f"brackets of a tree must match, got {len(opened)} unclosed in {text.strip()!r}")
    return phrases
