"""torchtext's data sets."""

from textkit.compat.torchtext.datasets.labeled_texts import IMDB, SST, TREC
from textkit.compat.torchtext.datasets.language_modeling import (
    LanguageModelingDataset,
    PennTreebank,
    WikiText2,
    WikiText103,
)
from textkit.compat.torchtext.datasets.nli import SNLI, XNLI, MultiNLI
from textkit.compat.torchtext.datasets.sequence_tagging import UDPOS, CoNLL2000Chunking, SequenceTaggingDataset
from textkit.compat.torchtext.datasets.translation import IWSLT, WMT14, Multi30k, TranslationDataset

__all__ = [
    "IMDB",
    "IWSLT",
    "SNLI",
    "SST",
    "TREC",
    "UDPOS",
    "WMT14",
    "XNLI",
    "CoNLL2000Chunking",
    "LanguageModelingDataset",
    "Multi30k",
    "MultiNLI",
    "PennTreebank",
    "SequenceTaggingDataset",
    "TranslationDataset",
    "WikiText2",
    "WikiText103",
]
