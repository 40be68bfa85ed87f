"""torchtext's tokenizers, n-grams, BLEU and text functions."""

from textkit.compat.torchtext.data.functional import (
    custom_replace,
    filter_wikipedia_xml,
    generate_sp_model,
    load_sp_model,
    numericalize_tokens_from_iterator,
    sentencepiece_numericalizer,
    sentencepiece_tokenizer,
    simple_space_split,
    to_map_style_dataset,
)
from textkit.compat.torchtext.data.metrics import bleu_score
from textkit.compat.torchtext.data.utils import get_tokenizer, ngrams_iterator

__all__ = [
    "bleu_score",
    "custom_replace",
    "filter_wikipedia_xml",
    "generate_sp_model",
    "get_tokenizer",
    "load_sp_model",
    "ngrams_iterator",
    "numericalize_tokens_from_iterator",
    "sentencepiece_numericalizer",
    "sentencepiece_tokenizer",
    "simple_space_split",
    "to_map_style_dataset",
]
