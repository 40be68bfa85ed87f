r"""Tokens as text: the prompt that is read, the pieces that are written, and the strings at which a text ends."""

from collections.abc import Iterable, Iterator, Sequence

from textkit.generation.settings import Unseen
from textkit.text.id_stream import LINE_ENDS, Unit
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

_SHOWN = 10  # unknown tokens named in a message


def start_token(vocabulary: Vocabulary, unit: Unit) -> str | None:
    """The token that stands before a text: ``<bos>``, or else the end of the line before; None without either.

    >>> start_token(Vocabulary.from_counts({"a": 1}, specials=["<eos>"]), "word")
    '<eos>'
    """
    if "<bos>" in vocabulary.specials:  # a stream may have a word of that name
        return "<bos>"
    return LINE_ENDS[unit] if LINE_ENDS[unit] in vocabulary else None


def prompt_tokens(prompt: str, unit: Unit, tokenizer: Tokenizer | None) -> list[str]:
    r"""Split a prompt: into characters, or into words with ``<eos>`` at each line end; ``\r\n`` is one too.

    >>> prompt_tokens("to be\nor", "word", str.split)
    ['to', 'be', '<eos>', 'or']
    """
    prompt = prompt.replace("\r\n", "\n")
    if unit == "char" or tokenizer is None:
        return list(prompt)
    first, *others = prompt.split("\n")
    tokens = list(tokenizer(first))
    for line in others:
        tokens += [LINE_ENDS["word"], *tokenizer(line)]
    return tokens


def known_tokens(tokens: Sequence[str], vocabulary: Vocabulary, unit: Unit, unknown: Unseen) -> list[str]:
    """Leave out the tokens that the vocabulary does not have, or refuse them.

    Raises:
        ValueError: If there are some and ``unknown`` is "error"; they are named.

    >>> known_tokens(["a", "?"], Vocabulary.from_counts({"a": 1}), "char", "skip")
    ['a']
    """
    unseen = list(dict.fromkeys(token for token in tokens if token not in vocabulary))
    if unseen and unknown == "error":
        what = "characters" if unit == "char" else "words"
        named = ", ".join(map(repr, unseen[:_SHOWN])) + (", ..." if len(unseen) > _SHOWN else "")
        raise ValueError(
            f"prompt must have only {what} that the model has seen, got {named}; "
            "leave them out, or pass unknown='skip' (--skip-unknown)"
        )
    return [token for token in tokens if token in vocabulary]


def written(tokens: Iterable[str], unit: Unit, *, line_start: bool = True) -> Iterator[str]:
    r"""The text of each token: itself; words with a space between them, and ``<eos>`` as a line end.

    Args:
        tokens: Tokens.
        unit: "char" or "word".
        line_start: Whether the text begins on a line of its own or after a space, and not after a word.

    >>> "".join(written(["to", "be", "<eos>", "or"], "word"))
    'to be\nor'
    """
    for token in tokens:
        if unit == "word" and token == LINE_ENDS["word"]:
            yield "\n"
            line_start = True
        else:
            yield token if unit == "char" or line_start else f" {token}"
            line_start = False


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Hand on a text up to one of some strings, which is left out: the first that is complete, across pieces too.

    What may be the beginning of such a string is held back until it is clear that it is not.

    >>> list(until(["t", "o ", "b", "e"], ["be"]))
    ['t', 'o ']
    """
    held = ""
    for piece in pieces:
        held += piece
        found = [(place + len(stop), place) for stop in stops if (place := held.find(stop)) >= 0]
        if found:
            _, place = min(found)
            if place:
                yield held[:place]
            return
        free = len(held) - max((_beginning(held, stop) for stop in stops), default=0)
        if free:
            yield held[:free]
            held = held[free:]
    if held:
        yield held


def _beginning(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` may begin ``stop``."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-size:])), 0)
