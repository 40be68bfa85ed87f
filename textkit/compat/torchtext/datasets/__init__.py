"""torchtext's data sets."""

from textkit.compat.torchtext.datasets.labeled_texts import IMDB, SST, TREC
from textkit.compat.torchtext.datasets.language_modeling import (
    LanguageModelingDataset,
    PennTreebank,
    WikiText2,
    WikiText103,
)
from textkit.compat.torchtext.datasets.later import (
    AG_NEWS,
    SST2,
    AmazonReviewFull,
    AmazonReviewPolarity,
    DBpedia,
    EnWik9,
    SogouNews,
    YahooAnswers,
    YelpReviewFull,
    YelpReviewPolarity,
)
from textkit.compat.torchtext.datasets.nli import SNLI, XNLI, MultiNLI
from textkit.compat.torchtext.datasets.sequence_tagging import UDPOS, CoNLL2000Chunking, SequenceTaggingDataset
from textkit.compat.torchtext.datasets.translation import IWSLT, WMT14, Multi30k, TranslationDataset

__all__ = [
    "AG_NEWS",
    "IMDB",
    "IWSLT",
    "SNLI",
    "SST",
    "SST2",
    "TREC",
    "UDPOS",
    "WMT14",
    "XNLI",
    "AmazonReviewFull",
    "AmazonReviewPolarity",
    "CoNLL2000Chunking",
    "DBpedia",
    "EnWik9",
    "LanguageModelingDataset",
    "Multi30k",
    "MultiNLI",
    "PennTreebank",
    "SequenceTaggingDataset",
    "SogouNews",
    "TranslationDataset",
    "WikiText2",
    "WikiText103",
    "YahooAnswers",
    "YelpReviewFull",
    "YelpReviewPolarity",
]
