"""textkit: word vectors, recurrent language models and text classifiers, trained from your own text.

The house, in the order in which text flows through it:

    text/        a corpus, tokens, a vocabulary, ids
    vectors/     words and their vectors, and the files that hold them
    batches/     ids cut into what a model is fed
    models/      the networks, plain and readable
    kernels/     the inner loops written for speed
    evaluation/  similarity, perplexity, accuracy: a trained thing in, numbers out
    generation/  a language model in, text out
    training/    the loop, checkpoints, and one function for each thing to be trained
    train.py  evaluate.py  generate.py  predict.py    the commands: python -m textkit.generate --help
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textkit.batches.bptt import BpttBatches
    from textkit.batches.bucketing import BucketBatches
    from textkit.batches.padding import PaddingCollator
    from textkit.classifier.run import ClassifierReport
    from textkit.classifier.settings import ClassifierSettings
    from textkit.classifier.text_classifier import TextClassifier
    from textkit.data.corpus import Corpus, corpus
    from textkit.data.labeled import LabelledTexts, read_labelled
    from textkit.evaluation.analogies import AnalogyReport, evaluate_analogies
    from textkit.evaluation.classification import ClassificationReport
    from textkit.evaluation.explanation import Explanation
    from textkit.evaluation.perplexity import LanguageModelScore
    from textkit.evaluation.similarity import SimilarityReport, evaluate_similarity
    from textkit.language_model.language_model import LanguageModel
    from textkit.language_model.run import LanguageModelReport
    from textkit.language_model.settings import LanguageModelSettings
    from textkit.language_model.train import train_language_model
    from textkit.loading import load
    from textkit.models.cnn import CnnConfig
    from textkit.models.rnn_classifier import RnnClassifierConfig
    from textkit.models.rnn_language_model import RnnLanguageModelConfig
    from textkit.models.word_avg import WordAvgConfig
    from textkit.text.encoding import EncodedCorpus, encode_corpus
    from textkit.text.tokenizers import Tokenizer, tokenizer
    from textkit.text.vocabulary import Vocabulary
    from textkit.vectors.word_vectors import WordVectors
    from textkit.word2vec.run import EpochReport
    from textkit.word2vec.train import train_word2vec

__version__ = "0.1.0"

_PUBLIC = {
    "AnalogyReport": "textkit.evaluation.analogies",
    "BpttBatches": "textkit.batches.bptt",
    "BucketBatches": "textkit.batches.bucketing",
    "ClassificationReport": "textkit.evaluation.classification",
    "ClassifierReport": "textkit.classifier.run",
    "ClassifierSettings": "textkit.classifier.settings",
    "CnnConfig": "textkit.models.cnn",
    "Corpus": "textkit.data.corpus",
    "EncodedCorpus": "textkit.text.encoding",
    "EpochReport": "textkit.word2vec.run",
    "Explanation": "textkit.evaluation.explanation",
    "LabelledTexts": "textkit.data.labeled",
    "LanguageModel": "textkit.language_model.language_model",
    "LanguageModelReport": "textkit.language_model.run",
    "LanguageModelScore": "textkit.evaluation.perplexity",
    "LanguageModelSettings": "textkit.language_model.settings",
    "PaddingCollator": "textkit.batches.padding",
    "RnnClassifierConfig": "textkit.models.rnn_classifier",
    "RnnLanguageModelConfig": "textkit.models.rnn_language_model",
    "SimilarityReport": "textkit.evaluation.similarity",
    "TextClassifier": "textkit.classifier.text_classifier",
    "Tokenizer": "textkit.text.tokenizers",
    "Vocabulary": "textkit.text.vocabulary",
    "WordAvgConfig": "textkit.models.word_avg",
    "WordVectors": "textkit.vectors.word_vectors",
    "corpus": "textkit.data.corpus",
    "encode_corpus": "textkit.text.encoding",
    "evaluate_analogies": "textkit.evaluation.analogies",
    "evaluate_similarity": "textkit.evaluation.similarity",
    "load": "textkit.loading",
    "read_labelled": "textkit.data.labeled",
    "tokenizer": "textkit.text.tokenizers",
    "train_language_model": "textkit.language_model.train",
    "train_word2vec": "textkit.word2vec.train",
}

__all__ = [
    "AnalogyReport",
    "BpttBatches",
    "BucketBatches",
    "ClassificationReport",
    "ClassifierReport",
    "ClassifierSettings",
    "CnnConfig",
    "Corpus",
    "EncodedCorpus",
    "EpochReport",
    "Explanation",
    "LabelledTexts",
    "LanguageModel",
    "LanguageModelReport",
    "LanguageModelScore",
    "LanguageModelSettings",
    "PaddingCollator",
    "RnnClassifierConfig",
    "RnnLanguageModelConfig",
    "SimilarityReport",
    "TextClassifier",
    "Tokenizer",
    "Vocabulary",
    "WordAvgConfig",
    "WordVectors",
    "corpus",
    "encode_corpus",
    "evaluate_analogies",
    "evaluate_similarity",
    "load",
    "read_labelled",
    "tokenizer",
    "train_language_model",
    "train_word2vec",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562), so that ``import textkit`` stays instant."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'textkit' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
