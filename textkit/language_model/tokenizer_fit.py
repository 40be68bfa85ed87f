"""Check that a tokenizer of subwords that was given is one for the text: of its language, above all."""

import warnings

from textkit.text.named_tokenizer import SubwordTokenizer
from textkit.text.vocabulary import Vocabulary

_MANY = 0.1  # fraction of unknown tokens above which there is a warning


def check_tokenizer_fit(tokenizer: SubwordTokenizer, vocabulary: Vocabulary, characters: int | None) -> None:
    """Check that a tokenizer knows the training text, and warn if it hardly does.

    Args:
        tokenizer: The tokenizer.
        vocabulary: Its vocabulary, with the counts of the training text.
        characters: Number of characters of the text; None if it is not known.

    Raises:
        ValueError: If it knows no token of the text.
    """
    counts = vocabulary.counts
    ends = {vocabulary[token] for token in ("<bos>", "<eos>") if token in vocabulary}
    tokens = int(counts.sum()) - sum(int(counts[end]) for end in ends)
    named = {"<unk>", tokenizer.unknown or "<unk>"}
    unknown = sum(int(counts[vocabulary[token]]) for token in named if token in vocabulary)
    remedy = "leave it out to train one on the text, or pass one of its language"
    if unknown == tokens:
        raise ValueError(f"tokenizer must know tokens of the text, got one that knows none of them; {remedy}")
    if unknown > _MANY * tokens:
        warnings.warn(
            f"{100 * unknown / tokens:.0f} % of the tokens of the text are unknown to the tokenizer; {remedy}",
            stacklevel=4,
        )
    elif characters is not None and tokens > characters:
        warnings.warn(
            f"the tokenizer makes {tokens / characters:.1f} tokens of each character of the text; {remedy}",
            stacklevel=4,
        )
