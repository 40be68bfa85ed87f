r"""Convert a prompt to tokens and tokens to text, and end a text at stop strings."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from textkit.generation.settings import Unseen
from textkit.text.id_stream import LINE_ENDS, Unit
from textkit.text.tokenizers import Tokenizer
from textkit.text.vocabulary import Vocabulary

_INCOMPLETE = "\ufffd"
_SHOWN = 10  # maximum number of unknown tokens in an error message


def start_token(vocabulary: Vocabulary, unit: Unit) -> str | None:
    """Return the token before the start of a text: ``<bos>``, or else a line end; None if neither is in the vocabulary.

    >>> start_token(Vocabulary.from_counts({"a": 1}, specials=["<eos>"]), "word")
    '<eos>'
    """
    # Only a special token counts: the text of a stream may contain "<bos>" as an ordinary word.
    if "<bos>" in vocabulary.specials:
        return "<bos>"
    return LINE_ENDS[unit] if LINE_ENDS[unit] in vocabulary else None


def prompt_tokens(prompt: str, unit: Unit, tokenizer: Tokenizer | None) -> list[str]:
    r"""Split a prompt into characters, or into words with ``<eos>`` at each line end (``\n`` or ``\r\n``).

    >>> prompt_tokens("to be\nor", "word", str.split)
    ['to', 'be', '<eos>', 'or']
    """
    prompt = prompt.replace("\r\n", "\n")
    if unit == "char" or tokenizer is None:
        return list(prompt)
    first_line, *further_lines = prompt.split("\n")
    tokens = list(tokenizer(first_line))
    for line in further_lines:
        tokens += [LINE_ENDS["word"], *tokenizer(line)]
    return tokens


def known_tokens(tokens: Sequence[str], vocabulary: Vocabulary, unit: Unit, unknown: Unseen) -> list[str]:
    """Drop the tokens that are not in the vocabulary, or raise an error.

    Raises:
        ValueError: If ``unknown`` is "error" and there are such tokens; the message names them.

    >>> known_tokens(["a", "?"], Vocabulary.from_counts({"a": 1}), "char", "skip")
    ['a']
    """
    unseen = list(dict.fromkeys(token for token in tokens if token not in vocabulary))
    if unseen and unknown == "error":
        units = {"char": "characters", "word": "words", "subword": "tokens"}[unit]
        listed = ", ".join(map(repr, unseen[:_SHOWN])) + (", ..." if len(unseen) > _SHOWN else "")
        raise ValueError(
            f"prompt must have only {units} that the model has seen, got {listed}; "
            "leave them out, or pass unknown='skip' (--skip-unknown)"
        )
    return [token for token in tokens if token in vocabulary]


def written(tokens: Iterable[str], unit: Unit, *, line_start: bool = True) -> Iterator[str]:
    r"""Convert tokens to pieces of text: words are separated by spaces, and ``<eos>`` becomes a line end.

    Args:
        tokens: The tokens.
        unit: "char" or "word".
        line_start: Whether the text starts on a new line or after white space, so that its first word needs no space.

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


def decoded(tokens: Iterable[str], decode: Callable[[list[str]], str], before: Sequence[str] = ()) -> Iterator[str]:
    r"""Convert subwords to pieces of text; ``<eos>`` becomes a line end. A character may be several tokens.

    Args:
        tokens: The tokens.
        decode: Returns the text of tokens, with U+FFFD for incomplete characters.
        before: Tokens of the line that the text continues.

    >>> "".join(decoded(["a", "b", "<eos>", "c"], "".join))
    'ab\nc'
    """
    # What a token looks like may depend on the one before it, but not on all of the line.
    shown, pending = list(before), list[str]()
    for token in tokens:
        is_end = token == LINE_ENDS["subword"]
        if not is_end:
            pending.append(token)
        piece = decode([*shown, *pending])[len(decode(shown)) :] if pending else ""
        if piece and (is_end or not piece.endswith(_INCOMPLETE)):
            yield piece
            shown, pending = pending, []
        if is_end:
            yield "\n"
            shown, pending = [], []
    if pending:
        yield decode([*shown, *pending])[len(decode(shown)) :]


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield a text up to the stop string that is completed first, which is left out; it may span several pieces.

    The end of the text is held back as long as it may be the beginning of a stop string.

    >>> list(until(["t", "o ", "b", "e"], ["be"]))
    ['t', 'o ']
    """
    held = ""
    for piece in pieces:
        held += piece
        # (end, start) of each stop string found; the smallest end is the one completed first.
        matches = [(start + len(stop), start) for stop in stops if (start := held.find(stop)) >= 0]
        if matches:
            _, start = min(matches)
            if start:
                yield held[:start]
            return
        safe = len(held) - max((_partial_match(held, stop) for stop in stops), default=0)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def _partial_match(text: str, stop: str) -> int:
    """Return the length of the longest suffix of ``text`` that is a proper prefix of ``stop``."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if stop.startswith(text[-size:])), 0)
