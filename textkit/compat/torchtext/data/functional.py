"""torchtext's functions over texts: splitting, replacing, numericalizing, Wikipedia's XML, SentencePiece."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import IO, Any, TypeVar

from torch.utils.data import Dataset

Item = TypeVar("Item")


class MapStyleDataset(Dataset[Item]):
    """Items in memory, by number; `to_map_style_dataset` creates it."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = list(items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Item:
        return self._items[index]


def to_map_style_dataset(iter_data: Iterable[Item]) -> MapStyleDataset[Item]:
    """Read all items of an iterable into memory, so that they have a number and can be shuffled.

    Args:
        iter_data: Any iterable, such as a data set of `textkit.compat.torchtext.datasets`.

    Returns:
        The items, as a data set for a DataLoader.

    >>> data = to_map_style_dataset(iter("abc"))
    >>> len(data), data[2]
    (3, 'c')
    """
    return MapStyleDataset(iter_data)


def simple_space_split(iterator: Iterable[str]) -> Iterator[list[str]]:
    """Split each text at whitespace.

    Args:
        iterator: Texts.

    Yields:
        The tokens of each.

    >>> list(simple_space_split(["to  be", "or not"]))
    [['to', 'be'], ['or', 'not']]
    """
    for text in iterator:
        yield text.split()


def custom_replace(replace_pattern: Iterable[tuple[str, str]]) -> Callable[[Iterable[str]], Iterator[str]]:
    r"""Create a function that replaces regular expressions in texts.

    Args:
        replace_pattern: Regular expressions and their replacements, in the order in which they are applied.

    Returns:
        A function from texts to an iterator over the changed texts.

    >>> list(custom_replace([(r"S", "s"), (r"\s+", " ")])(["Some   words"]))
    ['some words']
    """
    patterns = [(re.compile(pattern), replacement) for pattern, replacement in replace_pattern]

    def replaced(texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            for pattern, replacement in patterns:
                text = pattern.sub(replacement, text)
            yield text

    return replaced


def numericalize_tokens_from_iterator(
    vocab: Mapping[str, int] | Any, iterator: Iterable[Iterable[str]], removed_tokens: Collection[str] | None = None
) -> Iterator[Iterator[int]]:
    """Look up the ids of the tokens of texts.

    Args:
        vocab: Anything with ``vocab[token]``: a mapping or a vocabulary.
        iterator: Texts, each a list of tokens.
        removed_tokens: Tokens to leave out; None for none.

    Yields:
        An iterator over the ids of each text.

    >>> ids = numericalize_tokens_from_iterator({"as": 0, "pieces": 1}, [["pieces", "as", "pieces"]], ["as"])
    >>> [list(text) for text in ids]
    [[1, 1]]
    """
    removed = frozenset(removed_tokens or ())
    for tokens in iterator:
        yield (vocab[token] for token in tokens if token not in removed)


_DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# The rules of Matt Mahoney's wikifil.pl, which made text8: http://mattmahoney.net/dc/textdata.html. As in torchtext,
# and unlike there, their names are lower case.
_VISIBLE_TEXT = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"<.*>", ""),
        (r"&amp;", "&"),
        (r"&lt;", "<"),
        (r"&gt;", ">"),
        (r"<ref[^<]*</ref>", ""),
        (r"<[^>]*>", ""),
        (r"\[http:[^] ]*", "["),
        (r"\|thumb|\|left|\|right|\|\d+px", ""),
        (r"\[\[image:[^\[\]]*\|", ""),
        (r"\[\[category:([^|\]]*)[^]]*\]\]", r"[[\1]]"),
        (r"\[\[[a-z\-]*:[^\]]*\]\]", ""),
        (r"\[\[[^\|\]]*\|", "[["),
        (r"\{\{[^}]*\}\}", ""),
        (r"\{[^}]*\}", ""),
        (r"\[|\]", ""),
        (r"&[^;]*;", " "),
    )
]


def filter_wikipedia_xml(text_iterator: Iterable[str]) -> Iterator[str]:
    """Keep the visible text of Wikipedia's XML, as lower-case words of a to z with digits spelled out.

    Every line is text here, as in torchtext; wikifil.pl takes only those of articles.

    Args:
        text_iterator: Lines of a dump, such as those of enwik9.

    Yields:
        The text of each line that has some.

    >>> lines = ['<text xml:space="preserve">The [[Cat|cats]] of 1 &quot;king&quot;', "</text>"]
    >>> list(filter_wikipedia_xml(lines))
    ['the cats of one king']
    """
    for line in text_iterator:
        if "#redirect" in line or "#REDIRECT" in line:
            continue
        for pattern, replacement in _VISIBLE_TEXT:
            line = pattern.sub(replacement, line)
        line = re.sub("[0-9]", lambda digit: f" {_DIGITS[int(digit[0])]} ", line)
        if words := re.findall("[A-Za-z]+", line):
            yield " ".join(words).lower()


def generate_sp_model(
    filename: str, vocab_size: int = 20000, model_type: str = "unigram", model_prefix: str = "m_user"
) -> None:
    """Train a SentencePiece model, saved as ``PREFIX.model`` and ``PREFIX.vocab``.

    Args:
        filename: Text file.
        vocab_size: Number of pieces.
        model_type: "unigram", "bpe", "char" or "word".
        model_prefix: Path of the two files, without their suffixes.
    """
    _sentencepiece().SentencePieceTrainer.train(
        input=filename, vocab_size=vocab_size, model_type=model_type, model_prefix=model_prefix
    )


def load_sp_model(spm: str | IO[bytes]) -> Any:
    """Load a SentencePiece model.

    Args:
        spm: Path of a ``.model`` file, or the open file.

    Returns:
        A ``sentencepiece.SentencePieceProcessor``.
    """
    if isinstance(spm, str):
        return _sentencepiece().SentencePieceProcessor(model_file=spm)
    return _sentencepiece().SentencePieceProcessor(model_proto=spm.read())


def sentencepiece_tokenizer(sp_model: Any) -> Callable[[Iterable[str]], Iterator[list[str]]]:
    """Create a function that splits texts into the pieces of a SentencePiece model.

    Args:
        sp_model: Model of `load_sp_model`.

    Returns:
        A function from texts to an iterator over the pieces of each.
    """
    return lambda texts: (sp_model.encode(text, out_type=str) for text in texts)


def sentencepiece_numericalizer(sp_model: Any) -> Callable[[Iterable[str]], Iterator[list[int]]]:
    """Create a function from texts to the ids of a SentencePiece model.

    Args:
        sp_model: Model of `load_sp_model`.

    Returns:
        A function from texts to an iterator over the ids of each.
    """
    return lambda texts: (sp_model.encode(text, out_type=int) for text in texts)


def _sentencepiece() -> Any:
    if find_spec("sentencepiece") is None:
        raise ImportError(
            "SentencePiece models need sentencepiece; pip install sentencepiece, or train subwords with "
            "textkit.train_language_model(unit='subword')"
        )
    import sentencepiece  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return sentencepiece
