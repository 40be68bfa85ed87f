"""What suits the texts of a classifier that leaves it open: words or characters, and the n-grams of characters."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, chain

from textkit.data.tables import Document

_SAMPLE = 2000  # texts looked at
_LARGE_SCRIPT, _MOST_TEXT = 100, 0.9  # so many characters for so much of the texts
_FEWEST = 20  # different single words that are names rather than values
# Thai, Lao, Burmese, Khmer, kana and Chinese characters: scripts without spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


def suited_tokenizer(texts: Sequence[Document]) -> str:
    """Choose "word-lower", or "character" for names and for scripts without spaces.

    Texts are names if nearly all are single words, most of them different. In scripts without spaces, a sentence would
    be a single word.

    Args:
        texts: The training texts; those that are lists of tokens are not split in any case.

    >>> suited_tokenizer(["a good film", "so bad"])
    'word-lower'
    >>> suited_tokenizer(["很好吃", "太慢了, no"])
    'character'
    """
    sample = [text for text in _sampled(texts) if isinstance(text, str)]
    letters = sum(sum(map(str.isalpha, text)) for text in sample)
    if letters and sum(len(_UNSPACED.findall(text)) for text in sample) > letters / 2:
        return "character"
    different = len({text.casefold() for text in sample})
    single = sum(len(text.split()) == 1 for text in sample)
    if different >= _FEWEST and different > len(sample) / 2 and single > 0.9 * len(sample):
        return "character"
    return "word-lower"


def character_ngrams(texts: Sequence[Document]) -> int:
    """Choose the longest n-grams of characters for "word_avg": 3 for scripts such as that of Chinese, 4 for alphabets.

    On held-out parts of training texts, Chinese reviews were better with 3, and surnames with 4.

    Args:
        texts: The training texts; those that are lists have characters as tokens.

    >>> character_ngrams(["a good film", "so bad"])
    4
    """
    counts = sorted(Counter(chain.from_iterable(_sampled(texts))).values(), reverse=True)
    most = _MOST_TEXT * sum(counts)
    return 3 if sum(total < most for total in accumulate(counts)) >= _LARGE_SCRIPT else 4


def _sampled(texts: Sequence[Document]) -> Sequence[Document]:
    return texts[:: -(-len(texts) // _SAMPLE) or 1]
