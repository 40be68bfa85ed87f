"""torchtext's fields, data sets, batches and iterators."""

from textkit.compat.torchtext.data.batch import Batch
from textkit.compat.torchtext.data.batching import batch, interleave_keys, pool
from textkit.compat.torchtext.data.bptt_iterator import BPTTIterator
from textkit.compat.torchtext.data.dataset import Dataset
from textkit.compat.torchtext.data.example import Example
from textkit.compat.torchtext.data.field import Field, LabelField
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
from textkit.compat.torchtext.data.iterator import BucketIterator, Iterator
from textkit.compat.torchtext.data.metrics import bleu_score
from textkit.compat.torchtext.data.nested_field import NestedField
from textkit.compat.torchtext.data.pipeline import Pipeline
from textkit.compat.torchtext.data.raw_field import RawField
from textkit.compat.torchtext.data.reversible_field import ReversibleField, SubwordField
from textkit.compat.torchtext.data.shuffling import RandomShuffler
from textkit.compat.torchtext.data.tabular_dataset import TabularDataset
from textkit.compat.torchtext.data.utils import get_tokenizer, ngrams_iterator

__all__ = [
    "BPTTIterator",
    "Batch",
    "BucketIterator",
    "Dataset",
    "Example",
    "Field",
    "Iterator",
    "LabelField",
    "NestedField",
    "Pipeline",
    "RandomShuffler",
    "RawField",
    "ReversibleField",
    "SubwordField",
    "TabularDataset",
    "batch",
    "bleu_score",
    "custom_replace",
    "filter_wikipedia_xml",
    "generate_sp_model",
    "get_tokenizer",
    "interleave_keys",
    "load_sp_model",
    "ngrams_iterator",
    "numericalize_tokens_from_iterator",
    "pool",
    "sentencepiece_numericalizer",
    "sentencepiece_tokenizer",
    "simple_space_split",
    "to_map_style_dataset",
]
