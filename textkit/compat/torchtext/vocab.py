"""torchtext's vocabularies and pretrained vectors."""

from textkit.compat.torchtext.later_vocab import Vocab, build_vocab_from_iterator, vocab
from textkit.compat.torchtext.pretrained_vectors import CharNGram, FastText, GloVe, Vectors, pretrained_aliases

__all__ = [
    "CharNGram",
    "FastText",
    "GloVe",
    "Vectors",
    "Vocab",
    "build_vocab_from_iterator",
    "pretrained_aliases",
    "vocab",
]
