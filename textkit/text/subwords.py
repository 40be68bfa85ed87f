"""Train a byte-pair vocabulary with Hugging Face's ``tokenizers``: frequent words are tokens, rare ones are split."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from textkit.text.huggingface import HuggingFaceTokenizer
from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.vocabulary import SPECIALS, Vocabulary

BYTES = 256  # tokens for single bytes, so that any text can be encoded
_LEAST_PAIRS = 2  # occurrences of a pair that becomes a token


def train_byte_pairs(texts: Iterable[str], size: int) -> HuggingFaceTokenizer:
    """Train a byte-level byte-pair tokenizer, as that of GPT-2 (Sennrich et al. 2016; Radford et al. 2019).

    The same texts give the same tokenizer. That is why there is no unigram vocabulary here: the library trains another
    one in each process.

    Args:
        texts: Texts.
        size: Maximum number of tokens, `BYTES` included; fewer if no pair of tokens occurs twice.

    Raises:
        ImportError: If tokenizers is not installed.
        ValueError: If the size has no room for the bytes.
    """
    if size < BYTES:
        raise ValueError(f"size must be at least {BYTES}, one token for each byte, got {size}; raise it")
    try:
        library: Any = import_module("tokenizers")
    except ImportError as error:
        raise ImportError(
            "unit 'subword' needs tokenizers, which is not installed; pip install textkit[huggingface]"
        ) from error
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=_LEAST_PAIRS,
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return HuggingFaceTokenizer(str(tokenizer.to_str()))


def subword_vocabulary(tokenizer: SubwordTokenizer, *, documents: bool) -> Vocabulary:
    """Return all tokens of a tokenizer as a vocabulary, with counts of 0.

    Args:
        tokenizer: The tokenizer.
        documents: Whether there is ``<bos>``, with which documents begin.
    """
    specials = [special for special in SPECIALS if documents or special != "<bos>"]
    tokens = [*specials, *(token for token in tokenizer.tokens() if token not in specials)]
    return Vocabulary(tokens, [0] * len(tokens), specials)
